"""Words of journeys: labels of their ends, names of stops, and what stands beside times without being a place."""

from __future__ import annotations

import re

from documents.patterns import Words

ORIGIN = Words(
    r"\W{0,3}(?:from|origin|depart\w* (?:airport|station|city|port|stop)|start|abflughafen|startbahnhof|abfahrtsort"
    r"|abfahrtshafen|einstieg|von|ab|"
    r"de|au départ de|gare de départ|aéroport de départ|provenance|origine|ville de départ|origen|desde"
    r"|(?:aeropuerto|estación|puerto) de salida|da|partenza da|(?:aeroporto|stazione|porto) di partenza|van|vertrek van"
    r"|origem|partida de|(?:出発|乗車)(?:地|駅|空港|バス停|場所)|乗車|departure"
    r"|departs?|départ|salida|partenza|abfahrt|abflug"
    r"|vertrek|partida|出発|from station|embark\w*)\W{0,3}"
)
GOAL = Words(
    r"\W{0,3}(?:to|destination|arriv\w* (?:airport|station|city|port|stop)|zielflughafen|zielbahnhof|zielhafen|ziel"
    r"|ankunftsort|ausstieg|nach|an|"
    r"à|vers|gare d'arrivée|aéroport d'arrivée|ville d'arrivée|destino|hasta|(?:aeropuerto|estación|puerto) de llegada"
    r"|a|destinazione|arrivo a|(?:aeroporto|stazione|porto) di arrivo|naar|bestemming|aankomst in|chegada a|para"
    r"|(?:到着|降車)(?:地|駅|空港|バス停|場所)|降車|目的地|arrival|arrives?|ankunft|arrivée|llegada|arrivo|aankomst"
    r"|chegada|到着"
    r"|disembark\w*)\W{0,3}"
)
ROUTE = Words(
    r"\W{0,3}(?:route|journey|leg|trip|trajet|itinéraire|parcours|strecke|verbindung|relation|ruta|trayecto|tramo"
    r"|tratta|percorso|itinerario|traject|trecho|trajeto|percurso|区\s?間|経路|航路|flight|train|ferry|bus|flug|zug|vol"
    r"|vuelo|volo|treno|tren|fähre|traversée|travesía|traghetto|crossing|overtocht|vlucht|trein|voo|comboio|便"
    r"|列車)\W{0,3}"
)
ENDS = ((ORIGIN, True), (GOAL, False), (ROUTE, None))
# Words of lines, or of labels, whose times are not those of a journey's ends.
OTHER_TIMES = Words(
    r"(?<![^\W_])(?:boarding|gate|check[-\s]?in|bag(?:gage)? drop|last (?:check|entry)|latest|opens?|closes?|closing"
    r"|duration|transit|layover|stopover|connection|change|wait\w*|einsteigen|einstieg|schalter|gepäck\w*|dauer|umstieg"
    r"|umsteige\w*|aufenthalt|wartezeit|embarquement|enregistrement|durée|correspondance|escale|attente|embarque|puerta"
    r"|facturación|duración|conexión|transbordo|escala|imbarco|durata|coincidenza|cambio|scalo|attesa|instappen|duur"
    r"|overstap\w*|wachttijd|duração|conexão|issued|printed|booked|gebucht|réservé|reservad[oa]|prenotat[oa]"
    r"|acquistat[oa]|valid\w*|until|gültig|hotline|hours|horario|öffnungszeiten|present yourself|be at|report"
    r"|présentation|présentez-vous"
    r"|presentaci[oó]n|presentarse|presentazione|presentarsi|au plus tard|spätestens|a más tardar|al più tardi"
    r"|no later than"
    r"|previously|formerly|instead of|statt|bisher|au lieu de|anteriormente|en lugar de|invece|anziché|in plaats van)"
    r"(?![^\W_])|締切|搭乗|所要|乗換|待ち|受付|お問い合わせ|集合|時間[:：]|変更前"
)
# Words of the hours of offices and shops.
OPEN = Words(
    r"(?<![^\W_])(?:open(?:s|ing)?|office|customer (?:service|care|support|team)|help ?(?:line|desk)|kundenservice"
    r"|servicetelefon"
    r"|hotline|service clients?|service clientèle|(?:servicio de )?atención al cliente|servizio clienti"
    r"|assistenza clienti"
    r"|klantenservice|apoio ao cliente|hours|daily|geöffnet|öffnungszeiten|büro|sprechzeiten|täglich"
    r"|erreichbar|ouvert\w*|horaires d'ouverture|horaires de l'agence|agence|tous les jours|abiert[oa]s?"
    r"|oficina|horario de|todos los días|apert[oa]|ufficio|orari[oa]? (?:di|ufficio)|tutti i giorni|geopend"
    r"|openingstijden|kantoor|dagelijks|abert[oa])(?![^\W_])|営業|受付時間"
)
# Words of names of stops, which may have the kind of service in them.
STOP = Words(
    r"(?<![^\W_])(?:station|stop|terminal|terminus|airport|port|harbou?r|hall|pier|bahnhof|hafen|anleger|haltestelle"
    r"|gare"
    r"|aéroport|arrêt|quai|estación|aeropuerto|puerto|parada|stazione|aeroporto|porto|fermata|halte|haven|luchthaven"
    r"|estação|paragem)(?![^\W_])"
)
SERVICES = re.compile(
    r"(?<![^\W_])(?:train|bus|coach|ferry|zug|bahn|autobus|autobuses|tren|treno|terminal|standard|first|business)\b",
    re.IGNORECASE,
)
# Words of pieces that name no place.
NO_PLACE = Words(
    r"(?<![^\W_])(?:mrs?|ms|miss|mstr|dr|herrn?|frau|m\.|mme|mlle|sr|sra|srta|sig|sig\.ra|dhr|mevr"
    r"|passengers?|travell?ers?|adults?|child(?:ren)?|infants?|name|reisende[rn]?|erwachsene[rn]?|kind(?:er)?|fahrgast"
    r"|fahrgäste|passagers?|voyageurs?|adultes?|enfants?|pasajer[oa]s?|adult[oai]|niñ[oa]s?|passegger[oi]"
    r"|viaggiator[ei]"
    r"|bambin[oi]|reizigers?|volwassenen?|passageiros?"
    r"|economy|business|premium|first|second|standard|classe?|klasse|fare|tarif\w*|tarifa|tariffa|flex|saver|comfort"
    r"|light|basic|eco|cabin|kabine|cabine|cabina|camarote|deck|seats?|sitz\w*|platz|siège|asiento|posto|plaza|coach"
    r"|wagen|voiture|coche|carrozza|rijtuig|stoel|bags?|baggage|luggage|gepäck|bagages?|equipaje|bagaglio|meal"
    r"|direct|direkt\w*|directo|diretto|non-?stop|stops?|via|operated|operating|marketed|durchgeführt|betrieben|opéré"
    r"|effectué|operado|operato|uitgevoerd|airways|airlines?|aerolíneas?|boeing|airbus|embraer|bombardier|aircraft"
    r"|flugzeug|appareil|avión|aereo|equipment|terminal|gate|platform|gleis|quai|voie|andén|vía|binario|spoor|status"
    r"|confirmed|ok|bestätigt|confirmée?|confirmad[oa]|confermat[oa]|bevestigd|booking|reference|buchung\w*|référence"
    r"|réservation|reserva|localizador|prenotazione|codice|boeking\w*|tickets?|e-?ticket|itinerary|total|duration|dauer"
    r"|durée|duración|durata|duur|hours?|std|min|minutes?|stunden|heures?|horas?|ore|ora|next day|tag|jour|día|giorno"
    r"|your|ihre?|votre|tu|su|il tuo|uw|dear|hello|thank|please|bitte|merci|gracias|grazie|flights?|flug|vols?|vuelo"
    r"|volo|trains?|zug|treno|tren|trein|bus|ferry|fähre|outbound|inbound|outward|return|hinflug|rückflug|hinfahrt"
    r"|rückfahrt|aller|retour|ida|vuelta|andata|ritorno|heenreis|terugreis|change|umstieg|umsteigen|correspondance"
    r"|connection|transbordo|cambio|coincidenza|overstap\w*|layover|departs?|arrives?|date|datum|fecha|data|time|zeit"
    r"|heure|hora|placement|libre|reservation|reservierung|vessel|ship|schiff|navire|buque|nave|vehicle|fahrzeug"
    r"|departure|arrival|abfahrt|ankunft|abflug|départ|arrivée|salida|llegada|partenza|arrivo|vertrek|aankomst|from|to"
    r"|origin|destination|service|carrier|compagnie|compañía|compagnia|changed?|details|nr|no|km|miles)(?![^\W_])"
    r"|様|号車|席$|座席|指定席|自由席|普通車|グリーン車|列車|便名|予約|合計|大人|おとな|こども|泊|乗車日|日付"
    r"|翌[日朝]|当日|同日|窓側"
    r"|通路側"
)
KIND = re.compile(
    r"^(?:ferry|crossing|fähre|überfahrt|traversée|travesía|traversata|traghetto|veerboot|overtocht|train|zug|treno"
    r"|tren"
    r"|trein|bus|coach|autobus|autobús|vol|vuelo|volo|flug|flight|vlucht|fahrt|trajet|trayecto|tratta|strecke)\s+",
    re.IGNORECASE,
)
NO_OFFICE = Words(
    r"^(?:[ap]\.?m\.?|h|hrs?|uhr|hours?|o'clock|at|um|à|alle|ore|a las|om|às)$|(?<![^\W_])(?:open|opening|hours|tel"
    r"|phone|driver|fahrer"
    r"|conducteur|conductor|conducente|or similar|oder ähnlich|o similar|ou similaire|o simile|class"
    r"|klasse|group|gruppe|grupo|gruppo|catégorie|category|kategorie|categoría|categoria)(?![^\W_])|車種|クラス"
)
FORMER = Words(
    r"(?:instead of|previously|formerly|was|were|not|no longer|statt|anstatt|bisher|früher|vorher|nicht mehr|au lieu de"
    r"|auparavant|initialement|en (?:lugar|vez) de|antes|anteriormente|invece (?:di|delle|del)|anziché|prima"
    r"|in plaats van|eerder|em vez de|変更前)\W{0,3}(?:(?:at|um|à|a las|las|alle|delle|le|ore|om|às|de)\s)?$"
)
