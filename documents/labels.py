"""Words that say what a date, a time, an amount or a line is about, in six languages."""

from __future__ import annotations

import re

from documents.patterns import Words
from documents.words import MONTHS, WEEKDAYS, any_of


def _words(*patterns: str) -> Words:
    """Match any of the patterns at the start of a word."""
    return Words(rf"(?:(?<![^\W_])|(?<=[\u3040-\u9fff]))(?:{'|'.join(patterns)})")


# Before a date, or in its row's label.
ISSUED = _words(
    r"(?:(?:booked|reserved|ordered|sent|signed|placed|purchased|bought|received|paid) (?:on|at)|(?:issued|created"
    r"|printed|prepared|updated"
    r"|published|posted|written)\b)|(?:sent|gesendet|envoyé|enviado|inviato|verzonden|送信日時)\s*[:：]",
    r"(?:date of (?:issue|booking|purchase)|(?:booking|order|issue|invoice|purchase|ticketing|reservation"
    r"|print) date|quote of|quotation|as of|last update)",
    r"(?:stand\b|rechnungsdatum|buchungsdatum|bestelldatum|ausstellungsdatum|gebucht|ausgestellt|erstellt"
    r"|gedruckt|gekauft|bestellt|eingegangen|angebot vom|gültig|veröffentlicht)",
    r"(?:fecha de (?:reserva|emisión|compra|factura|expedición)|emitid[oa]|reservad[oa] el|publicado"
    r"|actualizado|presupuesto del?|comprad[oa]|realizad[oa] el|recibid[oa] el)",
    r"(?:emess[oa]|acquistat[oa]|ricevut[oa]|effettuat[oa]|data (?:di )?(?:prenotazione|emissione|acquisto)"
    r"|prenotat[oa] il|preventivo del|aggiornato"
    r"|pubblicato|rilasciato)",
    r"(?:date de (?:réservation|commande|émission|la réservation)|commande du|réservé(?:e)? le|émis(?:e)? le"
    r"|publié|mis à jour|devis du|facture du|acheté|passée? le|reçue? le|effectuée? le)",
    r"(?:ご?予約(?:受付)?日(?!時)|受付日|発行日?|作成日|申込日|注文日|更新日?|請求日|購入日)",
)
DUE = _words(
    r"due(?=\W*$|\W+(?:on|by|date|before|at|in|the|for|no|now|upon|payment|balance|amount|from|le)\b)|payable"
    r"|pay (?:by|before)|to be paid|fällig|zahlbar|zu zahlen|bezahlen sie|bis (?:zum|spätestens)"
    r"|à régler|à payer|exigible|"
    r"vence|vencimiento|a pagar|pagadero|da pagare|entro|scadenza|avant le|antes del|支払期限|お支払い期限|期限"
)
DEADLINE = _words(
    r"cancel|refund|storn|annul|cancela|rückerstatt|rembours|reembols|rimbors|キャンセル|取消|valid until|offer ends"
    r"|gratuit(?!ies)|échange|exchange|modif|free until|"
    r"(?:in caso di )?disdetta|gratis bis|kostenfrei|kostenlos|book (?:by|before)|(?:when|if) you book|deadline"
    r"|expires?|expiry|renew"
    r"|charged on|changed on|amended on|(?:reply|respond|answer|let us know|confirm) (?:by|before|until|no later)"
    r"|antwort\w* sie bis|répondez avant|rispond\w* entro"
)
BORN = _words(
    r"born|geb\.|geboren|date of birth|dob\b|birth|née?\s|nacid[oa]|nacimiento|nat[oa]\s|nascita|naissance"
    r"|geburts|passport|ausweis|expir|生年月日"
)

CHECK_IN = _words(
    r"check[-\s]?in|in(?=\s?:)|arrival|arriving|arrive|anreise|ankunft|einzug|arrivée|entrée"
    r"|llegada|entrada|arrivo|aankomst|incheck\w*|chegada|チェックイン|到着日|ご?宿泊日|入室"
)
CHECK_OUT = _words(
    r"check[-\s]?out|out(?=\s?:)|departure|departing|leaving|leave(?=\s*[:：]|\son\s|\sus\s)|depart"
    r"|abreise|auszug|départ|sortie|salida"
    r"|partenza|vertrek|uitcheck\w*|saída|partida|チェックアウト|出発日|退室"
)
DEPART = Words(
    r"(?<![^\W_])(?:departure|departs?|departing|dep\b\.?|leaves|abfahrt|abflug|ab\b|départ|salida|sale"
    r"|partenza|parte|vertrek\w*|partida|saída|embark\w*|pick[-\s]?up|abholung|prise en charge|recogida|ritiro|ophalen"
    r"|levantamento|retirada)(?![^\W_])"
    r"|出発|出[港航]|発(?![行売表])",
)
ARRIVE = Words(
    r"(?<![^\W_])(?:arrival|arrives?|arriving|arr\b\.?|ankunft|an\b|arrivée|llegada|llega|arrivo|arriva|aankomst"
    r"|chegada"
    r"|drop[-\s]?off|return(?=\s*(?::|$))|rückgabe|restitution|retour(?=\s*:)"
    r"|devolución|riconsegna|terugbrengen|inleveren|devolução)(?![^\W_])|到着|入港|着(?![物用])",
)
BOOKED = _words(
    r"(?:booking|reservation|confirmation|order|ticket|voucher|record locator|pnr|itinerary)\s?(?:no\b|n[°º]"
    r"|number|code|ref|reference|id|#|:)?",
    r"(?:buchung|reservierung|auftrag|vorgang|bestätigung|reisebestätigung|rechnung|fahrkarte)",
    r"(?:réservation|référence|dossier|commande|billet|confirmation)|(?:reserva|localizador|confirmación"
    r"|billete|boleto|bono\b|alquiler)",
    r"(?:prenotazione|biglietto|conferma|codice)|(?:予約|確認書|搭乗|乗車券)",
)
CODE = re.compile(
    r"(?:(?:booking|reservation|confirmation|order|record locator|pnr|voucher|itinerary|ticket|buchungs?"
    r"|reservierungs?|auftrags?|vorgangs?|vorgang"
    r"|bestätigungs?|référence|dossier|réservation|localizador|reserva|confirmación|prenotazione|conferma"
    r"|codice|locator)"
    r"(?:\s?(?:no|nr|n[°º]|num|number|nummer|code|codes?|ref|reference|referenz|id|de (?:réservation|reserva"
    r"|dossier|confirmación)|prenotazione|\(pnr\)))*"
    r"|予約番号|確認番号|Ref)\s*(?:\.|#|:|：|\(PNR\)|is"
    r"|lautet)*\s*(?P<code>(?-i:[A-Z0-9][A-Z0-9-]{3,18}[A-Z0-9]))(?![A-Za-z0-9-])",
    re.IGNORECASE,
)
DAY = re.compile(
    r"^\W{0,3}(?:(?:day|tag|jour|j\.?|d[ií]a|giorno|dag|reisetag)\s*(?P<a>\d{1,2})\b"
    r"|(?P<b>\d{1,2})\s?(?:\.\s?(?:tag\b"
    r"|reisetag\b)|(?:st|nd|rd|th|er|e|ème|\.?[ºª°])\s(?:day|jour|d[ií]a|giorno)|日目))",
    re.IGNORECASE,
)

LODGING_WORD = (
    r"hotels?|hôtel|hotel\w*|pension|pensión|pensione|inn|lodge|hostel|hostal|hostería|hospedería|ryokan|riad"
    r"|parador|gasthof|gasthaus|gästehaus|guest\s?house|"
    r"b&b|auberge|albergo|agriturismo|masseria|palazzo|villa|casa|quinta|posada|finca|cortijo|resort|suites?"
    r"|apartments?|apartamentos?|appartement|ferienwohnung|"
    r"chalet|château|cottages?|hótel|hotell|lodges|house|haus|hof|manor|castle|camp(?:ing)?|campsite"
    r"|cabins?|bungalow|motel"
    r"|maison|gîte|chambres?"
    r"|rooms|residence|résidence|residenz|retreat|palace|palais|"
    r"schloss|schlosshotel|landhaus|landhuis|vakantiehuis|vakantiewoning|vakantiepark|boerderij|podere|borgo|tenuta"
    r"|cascina|baita|seehotel|berghotel|rifugio|refuge|refugio|locanda|relais|domaine|hacienda"
    r"|estancia|machiya|minshuku|tower|towers|plaza|spa|glamping|"
    r"houseboat|farm|ranch|bothy|station|kasbah|dar|mas|monasterio|convento"
)
LODGING = Words(
    rf"(?<![^\W_])(?:{LODGING_WORD})(?![^\W_])|[^\W_]{{3,}}(?:hotel|hof|haus|pension)(?![^\W_])|旅館|ホテル|民宿"
    rf"|温泉宿"
    rf"|荘(?=\s|$|（|\()|ペンション|ゲストハウス",
)
LODGED = re.compile(
    r"^\W{0,3}(?:(?:hotel|hôtel|accommodation|unterkunft|hébergement|alojamiento|alloggio|struttura|verblijf"
    r"|accommodatie)"
    r"\s(?-i:(?:per|for|during|für|während|pour|pendant|durant|para|durante|voor|tijdens)(?:\s[a-zß-ÿ']+){1,5})"
    r"|(?:hotel|property|accommodation)\s?name|name of (?:the )?(?:hotel|property)"
    r"|hotel|your hotel|accommodations?|lodging|overnight(?: at| in)?|stay(?:ing)?(?: at)?|property"
    r"|übernachtung|unterkunft|nacht in|hébergement|hôtel|nuit(?:ée)? à l'|logement"
    r"|alojamiento|noche en|alloggio|pernottamento|struttura|accommodatie|overnachting|verblijf|alojamento|hospedagem"
    r"|establecimiento|établissement|宿泊施設"
    r"|宿泊先|ご?宿泊|施設名|ホテル名?|宿名?)(?:\s*[:：]\s*|(?<=宿泊施設)\s|(?<=宿泊先)\s|(?<=[設テ宿]名)\s)",
    re.IGNORECASE,
)
STAYING = re.compile(
    r"(?:(?:you are |you're |we are |we're |you will be |we )?(?:staying|stay|overnight|accommodation"
    r"|nights?) (?:at|in)|booked (?:into|at)|your (?:stay|booking|reservation) at"
    r"|(?:Ihr(?:en)? )?Aufenthalt im|übernachten (?:wir )?im"
    r"|(?:votre )?séjour à(?: l')?|(?:su |tu )?estancia en(?: el| la)?|(?:vostro )?soggiorno (?:presso|al"
    r"|all')|alojamiento en|(?:ihre |deine |eure )?(?:buchung|reservierung) (?:im|bei|beim)"
    r"|(?:votre )?réservation (?:à l'|chez)|(?:su|tu|vuestra) reserva en (?:el|la)"
    r"|(?:sua |tua |vostra )?prenotazione (?:presso|all')|(?:uw |je )?(?:reservering|boeking|verblijf) bij"
    r"|(?:sua |tua )?reserva n[oa]|(?:we |i )?sleep(?:ing)? (?:at|in)|(?:wir )?(?:schlafen"
    r"|übernachten) (?:wir )?(?:im|in der|bei)"
    r"|(?:nous |on )?(?:dormons|dort|logeons|loge) (?:au|à l'|chez)|(?:nos )?(?:dormimos|alojamos|quedamos) en (?:el"
    r"|la)"
    r"|(?:dormiamo|alloggiamo|pernottiamo|si dorme) (?:presso|al|all'|alla|allo)|(?:we )?slapen bij"
    r"|dormimos n[oa])\s*(?:the\s|l'|el\s|la\s)?",
    re.IGNORECASE,
)
# Numbers of nights in words.
COUNTS = {
    word: number
    for number, words in enumerate(
        [
            "one eine una une",
            "two zwei deux dos due duas twee",
            "three drei trois tres tre três drie",
            "four vier quatre cuatro quattro quatro",
            "five fünf cinq cinco cinque vijf",
            "six sechs seis sei zes",
            "seven sieben sept siete sette sete zeven",
            "eight acht huit ocho otto oito",
            "nine neun neuf nueve nove negen",
            "ten zehn dix diez dieci dez tien",
        ],
        start=1,
    )
    for word in words.split()
}
NIGHTS = Words(
    rf"(?<![\d.,])(?P<n>\d{{1,2}}|(?<![^\W_])(?:{any_of(COUNTS)})(?=\s))\s?-?\s?(?:nights?|nächten?|nacht|nachten"
    rf"|nuits?|nuitées?"
    r"|noches?|noites?|notti|notte|泊)(?![^\W_])",
    sign=r"n(?:ight|ächt|acht|uit|och|oit|ott)|泊",
)
ROOM = re.compile(
    r"^\W{0,3}(?:room(?: type)?|zimmer(?:typ)?|chambre|habitación|camera|部屋(?:タイプ)?"
    r"|cabin)(?:\s*[:：]\s*|\s+(?!(?:ab|from|rate|price|charge|desde|à partir)\b))(?P<room>\S.{2,80})$",
    re.IGNORECASE,
)

OPENING = _words(
    r"(?:customer (?:care|services?|support)|help ?desk|support|kundenservice|kundendienst|service clients?"
    r"|service client\w*"
    r"|sav\b|atención al cliente|servizio clienti|klantenservice|bereikbaar|assistência|apoio ao cliente"
    r"|our office|büro\b)"
    r"|open\b|opens?\b|opening|hours\b|daily|call\b|phone|tel\b|telephone|hotline|helpline|reception (?:is"
    r"|hours)|customer service|every day|24/7|jeden tag|chaque jour|cada día|ogni giorno|service[-\s]telefon"
    r"|öffnungszeiten|geöffnet|täglich|erreichbar|telefon",
    r"horaires? d'ouverture|ouvert\w*|ouvre|appelez|assistance|tous les jours|abiert[oa]s?|abre|horario"
    r"|todos los días|teléfono|llame|apert[oaie]|apre|orari[oa]?\b(?! di)|telefono|tutti i giorni",
    r"年中無休|毎日|営業時間|受付時間|受付|開館|定休|お問い合わせ|電話|mon(?:day)?\s?(?:-|–|to)\s?(?:fri|sat|sun)"
    r"|mo\s?(?:-"
    r"|–"
    r"|bis)\s?(?:fr|sa|so)"
    r"|lun\w*\s?(?:-|–|a|à)\s?(?:ven|vie|sab|sáb|dom)|"
    r"breakfast|desayuno|frühstück|petit[-\s]déjeuner|colazione|朝食|local time|ortszeit",
)
# Hours of desks and of checking in online, which are no appointments.
CLOSING = _words(
    r"check[-\s]?in (?:online |desks? |counters? |windows? )?(?:opens?|closes?|is open|öffnet|schließt)"
    r"|online check[-\s]?in|web check[-\s]?in"
    r"|(?:counters?|desks?|gates?|bag drop|boarding) (?:opens?|closes?)|schalter|gepäckaufgabe|facturación"
    r"|mostrador(?:es)?"
    r"|enregistrement|comptoirs?|accettazione|check[-\s]?in (?:apre|chiude|ouvre|ferme|abre|cierra)"
)
MEAL_HOURS = Words(r"breakfast|desayuno|frühstück|petit[-\s]déjeuner|colazione|朝食")
OFFERS = Words(
    r"why not (?:add|try|book|treat)|enhance your|treat yourself|fancy (?:a|an|some)|warum nicht|lust auf"
    r"|pourquoi ne pas"
    r"|envie d|¿?por qué no|añade a|perché non|aggiungi|waarom niet|voeg toe|ご一緒に|"
    r"you (?:may|might) (?:also )?like|recommended|special offers?|offers for you|more (?:hotels|offers"
    r"|ideas)|people also|upgrade your|add to your (?:trip|booking|stay)|make the most|"
    r"das könnte|empfehlungen|weitere (?:angebote|hotels)|unsere angebote|sonderangebote|vous aimerez"
    r"|nos offres|offres|suggestions|también te|te puede|ofertas|recomendad|"
    r"potrebbe|ti potrebbe|offerte|consigliat|おすすめ|オススメ|advert|sponsored|anzeige|newsletter",
)
# Headings of conditions and advice.
TERMS = Words(
    r"(?<![^\W_])(?:cancell?ation|conditions?|terms|polic(?:y|ies)|fare rules|important|please note|good to know"
    r"|(?:house )?rules|before you (?:go|travel|arrive)|need to know|stornier\w*|storno\w*|\w*bedingungen|agb"
    r"|wichtig\w*"
    r"|hinweise?|gut zu wissen|bitte beachten|annulation|importante?s?|(?:bon )?à savoir|informations? (?:utiles?"
    r"|pratiques?)"
    r"|règlement|condiciones|cancelación|política|a tener en cuenta|normas|condizioni|cancellazione|disdetta|politica"
    r"|da sapere|avvertenze|regole|penali|voorwaarden|annulering|belangrijk\w*|goed om te weten|condições|cancelamento"
    r"|endorsements?)(?![^\W_])|キャンセル|取消|注意|備考|規約|規定|ポリシー|ご案内",
)
# The end of a letter, below which no day goes on.
SIGNED = re.compile(
    r"^\W{0,3}(?:(?:kind |best |warm )?regards|best wishes|yours|sincerely|cheers|mit (?:freundlichen|besten"
    r"|herzlichen)"
    r"|(?:viele|liebe|herzliche|beste) grüße|cordialement|bien à vous|bien cordialement|salutations|(?:un )?saludos?"
    r"|atentamente"
    r"|cordiali|distinti|a presto|met (?:vriendelijke|hartelijke) groet(?:en)?|hartelijke groet(?:en)?|groetjes"
    r"|com os melhores cumprimentos|cumprimentos|atenciosamente|敬具)(?![^\W_])",
    re.IGNORECASE,
)
# The opening of a letter. Words that begin titles as well need the sign after them.
GREETING = re.compile(
    r"^\W{0,3}(?:(?:dear|sehr geehrte[rs]?|estimad[oa]s?|apreciad[oa]s?|prezad[oa]s?|gentil[ei]"
    r"|gentilissim[oaie]|egregi[oa]?"
    r"|geachte|kære|vážen[ýá]|szanown[aiy]|уважаем\w+|拝啓)(?![^\W_])[^\d:]{0,60}[,!:.]?$"
    r"|(?:good (?:morning|afternoon|evening|day)|hello|hi|hey|greetings|to whom|liebe[rs]?|guten (?:tag|morgen|abend)"
    r"|hallo"
    r"|moin|grüß \w+|servus|bonjour|bonsoir|chers?|chères?|madame|monsieur|mesdames|messieurs|hola"
    r"|buen[oa]s (?:días|tardes)"
    r"|querid[oa]s?|buongiorno|buonasera|ciao|salve|car[oaie]|spett\w*|beste|olá|exm[oa]s?|hej|hei|bom dia)(?![^\W_])"
    r"[^\d:]{0,60}[,!:]$|[^\d:]{1,30}(?:様|さま|御中)(?:、|$))",
    re.IGNORECASE,
)
CANCELLED = Words(
    r"(?:has|have|is|was|were|been|now|'ve|successfully)\s(?:been\s|now\s|successfully\s)?cancell?ed"
    r"|(?:booking|reservation|stay|order) cancell?ed|cancellation (?:confirmed|confirmation|notice"
    r"|number|complete\w*)"
    r"|(?:confirm|processed|received|registered) (?:the|your) cancellation|cancell?ed (?:on|at) (?=\d|[a-z]{3,9} \d)"
    r"|(?:wurde|ist|sind|haben|wird)\s.{0,60}storniert|storniert\b|(?:wurde|ist|haben)\s.{0,60}abgesagt"
    r"|(?:müssen wir|wir müssen)\s.{0,120}(?:absagen|stornieren)(?![^\W_])|we (?:must|have to|had to|need to) cancel"
    r"|nous (?:devons|sommes contraints d')\s?annuler|(?:obligados a|tenemos que) (?:cancelar|anular)"
    r"|dobbiamo (?:annullare|cancellare|disdire)"
    r"|stornierungsbestätigung|storno(?:nummer|bestätigung)|stornierung (?:bestätigt|ist erfolgt|erfolgreich)"
    r"|stornierungs(?:nummer|datum)"
    r"|(?:bestätigen|bestätigung)\s.{0,30}(?:die|der|ihrer?) stornierung"
    r"|(?:a (?:bien )?été|est|ont été|sont|avons(?: bien)?)\s(?:bien\s)?annulée?s?"
    r"|annulation (?:confirmée|enregistrée|effectuée|de votre)|numéro d'annulation"
    r"|(?:confirmons|enregistré|pris en compte|traité) (?:l'|votre (?:demande d')?)annulation|annulée? le (?=\d)"
    r"|(?:ha sido|está|fue|han sido|hemos|ha|han|queda|quedado)\s(?:cancelad|anulad)[oa]s?"
    r"|(?:cancelación|anulación) (?:confirmada|realizada|de (?:su|tu|la) reserva)|número de (?:cancelación|anulación)"
    r"|(?:confirmamos|tramitado|procesado) (?:la|su|tu) (?:cancelación|anulación)"
    r"|(?:è stat[oa]|sono stat[ei]|abbiamo|risulta)\s(?:annullat|cancellat|disdett)[oaei]"
    r"|(?:confermiamo|confermato|effettuato|registrato) (?:l'annullamento|la (?:cancellazione|disdetta))"
    r"|(?:annullamento|cancellazione|disdetta) (?:confermat[oa]|effettuat[oa]|(?:del|della) (?:sua|tua|vostra))"
    r"|(?:foi|está|foram) (?:cancelad|anulad)[oa]s?|cancelamento (?:confirmado|da sua)"
    r"|(?:is|zijn|werd|hebben)\s.{0,40}geannuleerd|annulering (?:bevestigd|van uw)|annuleringsnummer"
    r"|(?:will|does|do) (?:not|no longer) (?:run|operate|depart|sail|take place)|won't (?:run|operate|depart|sail)"
    r"|(?:fällt|fallen|fiel) (?:leider )?aus(?![^\W_])|(?<![^\W_])entfällt|verkehrt (?:leider )?nicht"
    r"|ne circulera (?:malheureusement )?pas"
    r"|n'(?:aura|ont) pas lieu|(?:est|a été|sera) supprimée?|no (?:circulará|saldrá|operará)|(?:ha sido"
    r"|queda) suprimid[oa]"
    r"|non (?:circolerà|partirà|sarà effettuat[oa])|(?:è stat[oa]|sarà) soppress[oa]|rijdt (?:helaas )?niet|(?:komt"
    r"|is) (?:helaas )?te vervallen"
    r"|não (?:circulará|se realizará)|運休(?:とな|いたし|し)|欠航(?:とな|いたし|し)"
    r"|キャンセルされました|キャンセル(?:確認|完了)|キャンセル(?:手続き|処理)?(?:を|が|は)?(?:承りました|受け付け"
    r"|受付け?(?:いた"
    r"|まし"
    r"|完了"
    r"|日)"
    r"|いたしました|確定|完了)|キャンセルのお知らせ|取り?消し?(?:しました|されました|いたしました|を承りました"
    r"|のお知らせ"
    r"|完了)"
    r"|^cancelled$",
)
OLD = Words(
    r"^\W{0,3}(?:(?:your|the|ihr\w*|de[rmns]|die|das|votre|vos|le|la|les|l'|sus?|tus?|el|los|las|il|lo|i|gli"
    r"|vostr[oaie]|tuo)\s)?(?:old|previous|former|original|before|was|bisher\w*|alte[rs]?|(?:alt|avant|antes|prima"
    r"|oud|voorheen)(?=\s*:)|oude|vorige|vorher|ursprünglich\w*"
    r"|ancien(?:ne)?s?|précédent|initial|anterior|antiguo|vecchio|precedente|originale|変更前|旧)\b"
    r"|変更前|^旧",
)
NEW = re.compile(
    r"^\W{0,3}(?:(?:your|the|ihr\w*|de[rmns]|die|das|votre|vos|le|la|les|l'|sus?|tus?|el|los|las|il|lo|i|gli"
    r"|vostr[oaie]|tuo)\s)?(?:new|updated|revised|now|after|neu\w*|nieuwe?|(?:après|después|dopo|voortaan)(?=\s*:)"
    r"|aktuell\w*|nouve(?:au|l|lle)s?|nuev[oa]s?"
    r"|actualizado"
    r"|nuov[oa]|aggiornato)\b|\W{0,3}変更後|^新",
    re.IGNORECASE,
)
DATE_WORDS = re.compile(
    rf"(?<![^\W_])(?:{any_of(MONTHS)}|{any_of([w for w in WEEKDAYS if len(w) > 2])})(?![^\W_])", re.IGNORECASE
)
# Parts of the day that a programme gives instead of a time.
DAYPART = re.compile(
    r"^(?:in the )?(?:morning|afternoon|evening|noon|midday|night|morgens|vormittags?|mittags?|nachmittags?"
    r"|abends?|am (?:morgen|vormittag|nachmittag|abend)|matin|après-midi|soir(?:ée)?|midi|"
    r"mañana|tarde|noche|mediodía|mattin[oa]|pomeriggio|sera|午前|午後|夕方|夜|朝)(?![^\W_])[\s:：,-]*",
    re.IGNORECASE,
)
FREE = re.compile(
    r"^(?:day )?(?:free|at leisure|zur freien verfügung|freizeit|tarde libre|día libre|libre|temps libre"
    r"|journée libre|tempo libero|giornata libera|no programme|at sea|seetag|en mer|en navegación|自由行動|終日自由|"
    r"nothing|breakfast|frühstück|petit[-\s]déjeuner|desayuno|colazione|meals|mahlzeiten"
    r"|b(?:,\s?l)?(?:,\s?d)?|[-–—])\b",
    re.IGNORECASE,
)

WHAT = re.compile(
    r"^\W{0,3}(?:what|event|activity|tour|experience|excursion|show|performance|titel|veranstaltung|ausflug|erlebnis"
    r"|aktivität"
    r"|activité|événement|spectacle|visite|actividad|evento|excursión|espectáculo|attività|esperienza"
    r"|spettacolo|visita"
    r"|内容|プラン名?|イベント名?|体験)(?:\s*[:：]\s*|\s+(?=[^\W\d_]))(?P<name>\S.{2,120})$",
    re.IGNORECASE,
)
WHEN = re.compile(
    r"\W*(?:when|date|time|date (?:and|&) time|date/time|start(?:s|ing)?(?: time)?|wann|datum|termin|uhrzeit|zeit"
    r"|beginn"
    r"|datum und uhrzeit|quand|date et heure|heure|horaire|début|cuándo|fecha|hora|fecha y hora|quando|data|ora"
    r"|data e ora|orario"
    r"|日時|日付|時間|開始(?:時間)?)\W*",
    re.IGNORECASE,
)
# The headings of a journey there and back.
LEG = re.compile(
    r"\W*(?:outbound|outward|inbound|return|departing|returning|hinfahrt|rückfahrt|hinflug|rückflug"
    r"|hinreise|rückreise"
    r"|aller|retour|andata|ritorno|ida|vuelta|regreso|往路|復路)(?: (?:journey|flight|trip|train))?\W*",
    re.IGNORECASE,
)
# Conditions and advice, whose times are no appointments.
CONDITIONAL = Words(
    r"^\W{0,3}(?:if|should you|unless|in case|falls|wenn|sollten|si|s'il|en cas|en caso|se|qualora|in caso)(?![^\W_])"
    r"|もし|場合",
)
# Points of a loyalty scheme.
LOYALTY = Words(
    r"(?<![\w.,])\d[\d.,]{0,9}\s?(?:(?:bonus|status|treue|reward)?\s?(?:points?|miles|meilen|punkte"
    r"|puntos|punti|millas"
    r"|miglia)"
    r"(?![^\W_])|ポイント|マイル)|(?:ポイント|マイル)[:：]",
    sign=r"point|mile|meilen|punt|punkt|milla|migli|ポイント|マイル",
)
# Alone in a line or cell: the status of what stands below or beside.
CANCELLED_STATUS = re.compile(
    r"\W*(?:(?:status|estado|statut|stato|ステータス)\s*[:：]\s*)?(?:cancell?ed|storniert|annulée?s?|anulad[oa]s?"
    r"|cancelad[oa]s?"
    r"|annullat[oaie]|cancellat[oaie]|キャンセル済み?|取消済み?)\W*",
    re.IGNORECASE,
)
CONFIRMED_STATUS = re.compile(
    r"\W*(?:(?:status|estado|statut|stato|ステータス)\s*[:：]\s*)?(?:confirmed|bestätigt|gebucht|unverändert"
    r"|confirmée?s?"
    r"|confirmad[oa]s?"
    r"|confermat[oaie]|unchanged|booked|active|sin cambios|inchangée?s?|ご?予約済み?|(?:予約)?確定|予約中)\W*",
    re.IGNORECASE,
)
CODED = re.compile(r"(?<![A-Za-z0-9-])[A-Z0-9][A-Z0-9-]{3,18}[A-Z0-9](?![A-Za-z0-9-])")


def code_in(text: str) -> str | None:
    """The code of a booking, which has digits or looks like a record locator."""
    if not CODED.search(text):
        return None
    for match in CODE.finditer(text):
        code = match["code"]
        if any(c.isdigit() for c in code) or (len(code) == 6 and not text.isupper()):
            return code
    return None


def nights_of(match: re.Match[str]) -> int:
    """The number of nights that a match of `NIGHTS` tells."""
    return COUNTS[match["n"].lower()] if match["n"].isalpha() else int(match["n"])
