"""Appointments outside programmes: which lines with a day and a time tell one, and what it is called."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from documents import labels
from documents.marks import About
from documents.patterns import Words

if TYPE_CHECKING:
    from documents.marks import Mark, Reading

TOKEN = re.compile(r"[^\W\d_]+")
# Something that one goes to or does at a time.
OCCASION = Words(
    r"(?<![^\W_])(?:tours?\b|visits?\b|dinner|lunch|brunch|supper|table\b|concert|show\b|performance|opera|ballet"
    r"|play\b"
    r"|match\b|excursion|cruise|safari|tasting|workshop|class\b|lesson|course\b|massage|spa\b|treatment|walk|hike"
    r"|hiking"
    r"|meeting|meet\b|appointment|transfer|pick[-\s]?up|collect|reception\b|party|wedding|ceremony|museum|gallery"
    r"|exhibition|theat|film\b|screening|festival|boat\b|sail|ride\b|balloon|snorkel|div(?:e|ing)\b|kayak|canoe|golf"
    r"|tee"
    r"\b|restaurant|cocktail|drinks\b|afternoon tea|guide|rendezvous|briefing|lecture|rehearsal|fitting|session"
    r"|rafting"
    r"|zipline|surf|horse|cycling|bike\b|sightseeing|aquarium|watching|observation|beobachtung|avistamiento"
    r"|osservazione|zoo\b|circus|musical\b|gala|service at"
    r"|(?:stadt|wein|kirchen|nacht|haus)?führung|besichtigung|abendessen|mittagessen|essen\b|tisch\b|konzert"
    r"|vorstellung"
    r"|aufführung|oper\b|ausflug|\w*rundfahrt|\w*fahrt\b|wanderung|spaziergang|verkostung|\w*probe\b|kurs\b|\w*kurs\b"
    r"|termin\b|treffen|treffpunkt|abholung|feier|hochzeit|besuch|ausstellung|galerie|spiel\b|anwendung|rundgang"
    r"|visite|dîner|déjeuner|spectacle|représentation|opéra|croisière|dégustation|atelier|cours\b|soin\b|promenade"
    r"|balade|randonnée|rendez-vous|transfert|accueil|musée|exposition|théâtre|soirée|sortie|séance|vol en mont"
    r"|cena\b|almuerzo|comida|mesa\b|concierto|espectáculo|función|ópera|excursión|crucero|paseo|cata\b|degustación"
    r"|taller"
    r"|clase\b|masaje|caminata|ruta\b|cita\b|traslado|recogida|museo|exposición|teatro|partido|fiesta|boda|visita"
    r"|reunión"
    r"|pranzo|tavolo|concerto|spettacolo|escursione|crociera|gita|degustazione|laboratorio|corso|massaggio|passeggiata"
    r"|appuntamento|incontro|ritrovo|trasferimento|mostra|partita|festa|cenone|matrimonio|riunione|lezione|giro in"
    r"|rondleiding|rondvaart|boottocht|\w*tocht|diner|voorstelling|excursie|wandeling|proeverij|afspraak"
    r"|tentoonstelling"
    r"|wedstrijd|feest|tafel|jantar|almoço|espetáculo|passeio|degustação|prova de|aula|excursão|cruzeiro|museu|jogo)"
    r"|wandeling|rondleiding|wanderung|führung|besichtigung|verkostung|proeverij|rundgang|spaziergang|konzert"
    r"|observação"
    r"|ツアー|見学|夕食|昼食|ディナー|ランチ|公演|コンサート|観劇|体験|集合|美術館|博物館|食事会|懇親会|会議|クルーズ"
    r"|エステ|お茶|ライブ|花火|遊覧|教室|会席|レストラン",
)
# Wishes and questions.
WISH = Words(
    r"(?<![^\W_])(?:(?:would|we'd|i'd|should) (?:also |really )?(?:like|love|prefer)|could (?:we|you|i)|can (?:we"
    r"|you|i)\b"
    r"|do you have|is it possible|would it be|please (?:book|reserve|add|check)|was hoping|were hoping"
    r"|möcht|hätten? gern|könnt|wäre es|haben sie|wünsch|bitte (?:buchen|reservieren)|würden"
    r"|souhait|voudri|aimeri|pourri|serait-il|avez-vous|est-il possible|gustaría|quisiér|querría|podrí|tienen"
    r"|sería posible|vorre(?:i|mmo)|potre(?:bbe|mmo|ste)|sarebbe|avete|desider|zou(?:den)?\b.{0,20}graag|gostarí"
    r"|poderí|têm)|[?？]\s*$"
    r"|希望|お願いできます|可能でしょうか|いただけます(?:か|でしょう)|でしょうか",
)
# What nobody has confirmed yet.
PENDING = Words(
    r"(?<![^\W_])(?:sold out|fully booked|no longer available|ausgebucht|ausverkauft|complet|épuisé"
    r"|está (?:complet|agotad)[oa]"
    r"|agotad[oa]s?|esaurit[oaie]|al completo|volgeboekt|uitverkocht|esgotad[oa]s?|lotad[oa]|(?:have|has"
    r"|'ve) asked|not (?:yet )?(?:replied|confirmed|answered)|waiting (?:list|for)|waitlist"
    r"|awaiting"
    r"|unconfirmed|angefragt|noch nicht|warteliste|en attente|pas encore|liste d'attente|todavía no|aún no"
    r"|lista de espera"
    r"|in attesa|non ancora|lista d'attesa|wachtlijst|nog niet|aangevraagd|em espera|ainda não|reminder|erinnerung"
    r"|rappel\b|recordatorio|promemoria|herinnering|lembrete)(?![^\W_])|満席|売り切れ|未確定|仮予約|リクエスト中"
    r"|キャンセル待ち",
)
# Words before the price of an offer.
OFFERED = Words(
    r"(?:(?<![^\W_])(?:from|vanaf|v\.a\.|fr\.|ab|schon ab|à partir de|dès|desde|a partir de|da|a partire da"
    r"|starting(?: at"
    r"| from)?|starts? (?:at|from)|only|nur|as low as|up to|bis zu|jusqu'à|hasta|fino a|save|spare\w*|value"
    r"|worth|menu à|entry|entrée|eintritt ab))\s?$",
)
# What was done with an order or a message, with the moment it was done.
RECORDED = Words(
    r"(?<![^\W_])(?:registered|angemeldet|inscrite?s?\b|registrad[oa]|registrat[oa]|ingeschreven"
    r"|wrote|schrieb|a écrit|escribió|ha scritto|schreef|escreveu|posted|order(?:ed)?\b|ordine|bestell\w*"
    r"|commande|pedido|bestelling|encomenda|pa(?:id|yment)|bezahlt|zahlung|payé|paiement|pagad[oa]|pago|pagat[oa]"
    r"|pagamento|betaald|received|eingegangen|reçu|recibid|ricevut|ontvangen|issued|confirmed (?:on|at)"
    r"|bestätigt (?:am|um)"
    r"|confirmé le|updated|aktualisiert|mis à jour|actualizad|aggiornat|bijgewerkt|last (?:change|modified)|printed"
    r"|gedruckt|imprimé|impreso|stampat|checked (?:on|at)|created|erstellt|créé|cread[oa]|creat[oa]|logged|signed"
    r"|unterschrieben|signé|firmad|firmat|sent\b|gesendet|envoyé|enviad|inviat|verzonden|purchased|gekauft|acheté"
    r"|comprad|acquist|gekocht)|受付日|申込日|注文日|発行日|購入日|更新日|送信|入金",
)
# What happens again and again, and nobody has booked for a day.
RECURRING = Words(
    r"(?<![^\W_])(?:special offer|offre spéciale|sonderangebot|oferta especial|offerta speciale|aanbieding|daily"
    r"|every (?:day|hour|half hour|\d+ min\w*)|täglich|jeden tag|stündlich|alle \d+ minuten"
    r"|quotidien\w*|tous les jours|toutes les heures|diari[oa]s?|diariamente|todos los días|cada (?:hora|día)"
    r"|giornalier[oaie]|ogni (?:giorno|ora)|tutti i giorni|dagelijks|elke dag|todos os dias)(?![^\W_])|毎日|毎時"
)
# What was planned once.
RETIMED = Words(
    r"(?<![^\W_])(?:(?:was|were) (?:due|scheduled|planned|supposed|originally|to)|(?:has|have) been (?:re-?timed"
    r"|rescheduled"
    r"|moved|brought forward|postponed|delayed|replaced|changed)|(?:wurde|wird|wurden) [^.!?]{0,60}(?:verlegt"
    r"|verschoben|geändert|vorgezogen)|sollte[n]? (?:ursprünglich|eigentlich)|(?:war"
    r"|waren) (?:ursprünglich"
    r"|eigentlich|geplant|vorgesehen)|(?:devait|devaient|était prévue?|étaient prévu\w*|est reporté|a été (?:reporté"
    r"|décalé|déplacé|avancé))|(?:estaba|estaban) (?:previst|programad)\w+|ha sido (?:aplazad|reprogramad|retrasad)\w+"
    r"|(?:era|erano) previst\w+|doveva|dovevano|è stat[oa] (?:spostat|posticipat|anticipat|rinviat)\w+"
    r"|(?:zou|stond|was) (?:oorspronkelijk|gepland)|is verplaatst|estava previst\w+|foi adiad\w+)(?![^\W_])"
    r"|予定でした|予定だった"
)
# What stands directly before the last moment of something.
UNTIL = Words(
    r"(?<![^\W_])(?:until|till|by|before|no later than|not later than|up to|latest|after|since|as of|bis(?: zum)?"
    r"|vor(?: dem)?"
    r"|spätestens(?: am| bis)?|ab dem|seit(?: dem)?|nach dem|jusqu'(?:à|au)|avant(?: le)?|au plus tard(?: le)?"
    r"|à partir du"
    r"|depuis(?: le)?|après le|hasta(?: el)?|antes(?: de| del)?|a más tardar(?: el)?|a partir del?|desde(?: el)?"
    r"|después del?|fino (?:a|al|alle)|entro(?: il| le)?|prima (?:di|del|delle)|a partire dal|dopo il|dal"
    r"|tot(?: en met)?"
    r"|uiterlijk(?: op)?|vóór|vanaf|até(?: a| ao| o)?|a partir de)\s(?:the\s|ore\s|um\s|las\s|le\s|el\s"
    r"|il\s)?\W{0,2}$",
)
UNTIL_AFTER = re.compile(r"\s?(?:[)\uff09])?\s?(?:まで|迄|以前|以降|より前)")
# Words of labels and forms that name no occasion.
PLAIN = frozenset(
    TOKEN.findall(
        """when date dates time times day start starts starting begin begins beginning from entry entrance admission
    slot window
    timeslot visit arrival session of and for the at your reserved reservation booked booking scheduled appointment
    doors open event performance on valid ticket tickets hour hours local guests party
    size schedule
    wann datum tag uhrzeit zeit zeitpunkt beginn start einlass eintritt termin zeitfenster besuch besuchstag
    besuchsdatum besuchszeit besuchstermin veranstaltungsdatum veranstaltungsbeginn veranstaltung am um der des die
    reserviert reservierung für ihr ihre ihren gebucht buchung gültig vorstellung vorstellungsbeginn uhr startzeit
    einlasszeit und ab ankunft veranstaltungstag reisedatum ausflugsdatum tourdatum spielzeit
    quand date heure horaire horaires début jour entrée créneau visite votre de du le la séance rendez vous et à réservé
    réservée réservation accès ouverture portes arrivée représentation événement pour les billet
    cuándo cuando fecha hora horario horarios inicio día entrada acceso visita y su tu cita franja horaria sesión
    comienzo apertura puertas reservado reserva reservada llegada evento función el del para
    quando data ora orario orari inizio giorno ingresso accesso e fascia oraria turno entrata appuntamento apertura
    porte prenotazione prenotato prenotata arrivo evento spettacolo il per della dello
    wanneer tijd tijdstip aanvang toegang bezoek tijdslot dag uur entree starttijd begintijd en van reservering op om
    stalls circle row seat seats block section gate reihe platz plätze sitz parkett rang loge orchestre balcon place
    places     siège fila asiento asientos butaca butacas platea posto posti file rij stoel stoelen doors einlass
    início dia acesso sessão horas da do"""
    )
)
JAPANESE_PLAIN = re.compile(
    r"\W*(?:ご?(?:来店|来場|利用|入場|入館|開催|集合|開始|体験|参加|見学|公演|訪問|乗船|来館|希望))?(?:日時?"
    r"|日付|時間|時刻|日程)\W*"
    r"|\W*(?:開演|開場|開始|入場|集合)\W*"
)
PERSONS = (
    r"(?:persons?|people|persone?n|personnes?|personas?|persone|pessoas?|pax|guests?|gäste|covers?|couverts?"
    r"|comensales|coperti|players?|spieler|joueurs|jugadores|giocatori|spelers|tickets?|karten|adults?|erwachsene"
    r"|adultes?|adultos?|adulti|convives|places?|seats?|plätze|名様?|人)"
)
PARTY = Words(
    r"\W*(?:(?:(?:a |ein(?:en)? |una? |une |un )?(?:table|tisch|mesa|tavolo|tafel)\s)?(?:for|für|pour|para|per"
    r"|voor)\s)?"
    rf"(?:\d{{1,3}}|two|three|four|five|six|zwei|drei|vier|deux|trois|quatre|dos|tres|cuatro|due|tre|quattro)\s?x?\s?"
    rf"{PERSONS}?\W*(?:(?:·|,|;|\||–|-)?\s?(?:au nom de|auf den namen|in the name of|under(?: the name)?|name"
    rf"|a nombre de"
    r"|a nome(?: di)?|op naam van|em nome de)\W.*)?",
)
PLACE = re.compile(
    r"^\W{0,3}(?:restaurant|ristorante|restaurante|lokal|venue|museum|museo|musée|museu|attraction|attraktion"
    r"|theat(?:re|er)"
    r"|théâtre|teatro|product|produkt|produit|producto|prodotto|film|konzert|concert|concerto|concierto|voorstelling"
    r"|service|servicio|servizio|serviço|leistung|prestation|passeio|atividade|experiência|experiencia|behandlung"
    r"|treatment|kurs|workshop|class|course|clase|curso|corso"
    r"|ingresso|entrée|entrada|eintritt|admission|toegang|cours|atelier|taller|cruise|croisière|crucero|crociera"
    r"|rondleiding|uitje|activiteit|evenement|führung|title"
    r"|titre|título|titolo|店名|店舗名?|お店|会場|施設|公演名?|ツアー名?"
    r"|商品名?|コース名?)"
    r"\s*[:：]\s*(?P<name>\S.{2,120})$",
    re.IGNORECASE,
)
# Labels of where something is, which name it only if nothing else does.
VENUE = re.compile(
    r"^\W{0,3}(?:venue|theat(?:re|er)|théâtre|teatro|lokal|location|ort|lieu|lugar|luogo|local|会場|施設)\s*[:：]",
    re.IGNORECASE,
)
# Words of headings that say what kind of message it is.
GENERIC = Words(
    r"(?<![^\W_])(?:reserv|réserv|prenota|buchung|booking|booked|bestell|bestätig|order|ordine|commande|pedido"
    r"|ticket|billet"
    r"|biglietti|entradas\b|eintrittskarten|details?\b|détails|confirm|conferma|voucher|gutschein|thank|danke|dank\b"
    r"|merci|graci"
    r"|grazie|bedankt|obrigad|hello|hi\b|hallo|bonjour|hola\b|ciao|dear|lieber?\b|caro|cara\b|information|übersicht"
    r"|summary"
    r"|résumé|resumen|riepilogo|overzicht|your\b|ihre?\b|votre|vos\b|tus?\b|sus?\b|uw\b|il tuo|la tua|i tuoi|le tue"
    r"|customer"
    r"|kunde|client|cliente|klant|important|wichtig|contact|kontakt|address|adresse|dirección|indirizzo|adres"
    r"|payment|zahlung"
    r"|paiement|pago|pagamento|number|nummer|numéro|número|numero|status|cancel|storn|annul|wann|when\b|quand|cuándo"
    r"|quando)"
    r"|予約|確認|注文|ありがとう|ご案内|お客様|内容|様$",
)
DIGIT = re.compile(r"\d")
LABEL = re.compile(r"[^:：\d]{1,30}[:：]")
NUMBERING = re.compile(r"^\W*\d{1,2}\s?[.)]\s+|^[■●◆★▪•*\-–—\s]+")
PHRASES = re.compile(r"\s*[,;|·–—]\s+|\s+[-–—]\s+|、")
NAME_WORDS = 14
LONGEST_NAME = 8
NAME_LENGTH = 110
REACH = 4
FEWEST_PHRASES = 2


def is_entry(mark: Mark) -> bool:
    """Return True if a line begins with a time below a day, as the entries of a programme do."""
    return bool(mark.day and mark.times and mark.times[0].start <= 3 and not mark.text.endswith(("?", "？")))


def is_no_appointment(mark: Mark) -> bool:
    """Return True if a line's day and time are those of a wish, a message, a record or a last chance."""
    text = mark.text
    if not is_entry(mark) and (WISH.search(text) or PENDING.search(text)):
        return True
    if any(UNTIL_AFTER.match(text, time.end) for time in mark.times):
        return True
    told = [*mark.told, *(time for time in mark.times if not time.ends)]
    if not is_entry(mark) and (
        any(OFFERED.search(text[: one.start].rstrip()[-32:]) for one in mark.amounts) or RECURRING.search(text)
    ):
        return True
    if not told or not mark.told:
        return False
    if RETIMED.search(text):
        return True
    first = min(one.start for one in told)
    last = max(one.end for one in told)
    return bool(
        UNTIL.search(text[max(0, first - 30) : first])
        or any(OFFERED.search(text[: one.start].rstrip()[-32:]) for one in mark.amounts)
        or UNTIL_AFTER.match(text, last)
        or (RECORDED.search(text) and not OCCASION.search(text))
    )


def set_records(marks: list[Mark]) -> None:
    """Note the days of lines such as "1 May, 11:02 - Order received" as those of what was done with a booking."""
    for mark in marks:
        if len(mark.told) != 1 or mark.line.level or mark.line.cells:
            continue
        if TOKEN.search(mark.text[: mark.told[0].start]) and (
            mark.about[0] is not About.TRIP or not RECORDED.match(mark.text)
        ):
            continue
        if len(mark.text.split()) <= NAME_WORDS and RECORDED.search(mark.text) and not OCCASION.search(mark.text):
            mark.about = [About.ISSUED]


def is_appointment(mark: Mark, title: str, below: Mark | None = None) -> bool:
    """Return True if a line outside a programme tells an appointment: by what it is, or as a name and a place.

    A price at the end of the line, as in a bill, tells it as well, and so do prices in the row below a name.
    """
    if RECORDED.search(mark.text):
        return False
    if OCCASION.search(title) or (len(mark.amounts) == 1 and not mark.text[mark.amounts[0].end :].strip(" .")):
        return True
    if ":" in title or title.endswith((".", "!")):
        return False
    if below and below.amounts and below.line.cells and title[:1].isupper() and len(title.split()) <= LONGEST_NAME:
        return not GENERIC.search(title)
    phrases = [phrase for phrase in PHRASES.split(title) if TOKEN.search(phrase)]
    return len(phrases) >= FEWEST_PHRASES and all(phrase.strip()[:1].isupper() for phrase in phrases)


def is_nameless(title: str) -> bool:
    """Return True if a title only says that something begins, or for how many."""
    if JAPANESE_PLAIN.fullmatch(title) or PARTY.fullmatch(title):
        return True
    words = TOKEN.findall(title.lower())
    return not words or all(word in PLAIN or len(word) == 1 for word in words)


def heading_of(title: str, place: int, reading: Reading, covered: set[int]) -> Mark | None:
    """The heading right above a line such as "Sailing: 12 June, 10:20", whose label is not all of the name."""
    mark, above = reading.marks[place], reading.marks[place - 1] if place else None
    label = re.match(r"\W{0,3}([^\W\d_]+(?:\s[^\W\d_]+)?)\s?[:：]", mark.text)
    if not above or not above.line.level or not label or label[1] != title.strip() or place - 1 in covered:
        return None
    return above if _name(above) else None


def name_near(place: int, reading: Reading, covered: set[int]) -> tuple[str, list[Mark]] | None:
    """The name of what a line without one tells, from the lines of its block, and the lines from there to it."""
    marks = reading.marks
    if stacked := _stacked(place, marks):
        return stacked
    venue: tuple[str, list[Mark]] | None = None
    after = range(place + 1, min(len(marks), place + REACH))
    before = range(place - 1, max(-1, place - 1 - REACH), -1)
    for other in [*before, *after]:
        if other in before and other not in covered and (name := _name(marks[other])):
            above = marks[other - 1] if other else None
            if above and above.line.level and not marks[other].line.level and DIGIT.search(name) and _name(above):
                # An address below the name.
                return str(_name(above)), marks[other - 1 : place + 1]
            return name, marks[other : place + 1]
        if not (marks[other].times or marks[other].amounts) and (name := _labelled_name(marks[other])):
            found = name, marks[min(place, other) : max(place, other) + 1]
            if not _is_venue(marks[other]):
                return found
            venue = venue or found
            continue
        if other in before and (marks[other].times or marks[other].line.aside):
            if venue:
                return venue
            return None if not (found := _labelled(marks, after)) else (found[0], marks[place : found[1] + 1])
    return venue


def _is_venue(mark: Mark) -> bool:
    cells = [cell for cell in mark.line.cells if cell]
    label = f"{cells[0]}:" if cells else mark.text if LABEL.match(mark.text) else f"{mark.label.strip(' :：')}:"
    return bool(VENUE.match(label))


def _stacked(place: int, marks: list[Mark]) -> tuple[str, list[Mark]] | None:
    """The name in the first line of a cell with several, whose lines are rows with the same other cells."""
    cells = marks[place].line.cells
    column = next((i for i, cell in enumerate(cells) if cell and cell in marks[place].text), None)
    if column is None or len(cells) < 2:
        return None
    others = [cell for i, cell in enumerate(cells) if i != column]
    first = place
    while first and [c for i, c in enumerate(marks[first - 1].line.cells) if i != column] == others and any(others):
        first -= 1
    name = marks[first].line.cells[column] if first < place else ""
    usable = name and not marks[first].times and not marks[first].told and not is_nameless(name)
    return (name, marks[first : place + 1]) if usable else None


def name_of_form(place: int, reading: Reading) -> tuple[str, list[Mark]] | None:
    """The name below a label such as "Event", above a line with a time below the label "Time"."""
    marks = reading.marks
    if not marks[place].label or not is_nameless(marks[place].label):
        return None
    for other in range(place - 1, max(-1, place - 2 * REACH), -1):
        if marks[other].label and not marks[other].told and (name := _labelled_name(marks[other])):
            return name, marks[other : place + 1]
    return None


def name_below(place: int, reading: Reading, covered: set[int]) -> tuple[str, list[Mark]] | None:
    """The name in the line below one with a time alone, if the programme of the day begins with such a line."""
    marks = reading.marks
    first = place
    while first and not marks[first - 1].leads and marks[first - 1].day == marks[place].day:
        first -= 1
    begins = marks[first].times and not TOKEN.search(marks[first].text[marks[first].times[-1].end :])
    if not begins or place + 1 >= len(marks) or place + 1 in covered or marks[place + 1].day != marks[place].day:
        return None
    name = _name(marks[place + 1])
    return (name, marks[place : place + 2]) if name else None


def _labelled(marks: list[Mark], places: range) -> tuple[str, int] | None:
    for other in places:
        if name := _labelled_name(marks[other]):
            return name, other
    return None


def _labelled_name(mark: Mark) -> str | None:
    """The name beside or below a label such as "Event", or in the last cell of a row that it begins."""
    cells = [cell for cell in mark.line.cells if cell]
    text = f"{cells[0]}: {cells[-1]}" if len(cells) > 1 else mark.text
    if mark.label and not cells and not LABEL.match(text):
        text = f"{mark.label.strip(' :：')}: {text}"
    match = labels.WHAT.match(text) or PLACE.match(text)
    return str(match["name"]).strip() if match else None


def _name(mark: Mark) -> str | None:
    """The text of a line that can be a name: a heading, or a few words without a date, a label or a price."""
    if mark.told or mark.times or mark.amounts or mark.line.cells or labels.GREETING.match(mark.text):
        return None
    name = NUMBERING.sub("", mark.text).strip(" .:")
    if len(name) > NAME_LENGTH or len(name.split()) > NAME_WORDS or len(TOKEN.findall(name)) < 1 or len(name) < 2:
        return None
    if re.search(
        r"[!?]|[^\W\d_]{3}\.\s" if mark.line.level else r"[:：!?]|[^\W\d_]{3}\.\s", name
    ) or mark.text.rstrip().endswith((".", "。")):
        return None
    if GENERIC.search(name) or is_nameless(name) or labels.code_in(mark.text) or WISH.search(name):
        return None
    return name
