"""Names of places to stay: in a line, after a label, or nearest to the dates of a stay."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING

from documents import labels
from documents.dates import dates_in
from documents.houses import STRONG_WORD, houses_in
from documents.marks import About
from documents.patterns import Words
from documents.times import times_in

if TYPE_CHECKING:
    from datetime import date

    from documents.marks import Mark, Reading

# A name and the town.
Name = tuple[str, str | None]
# A street with a number, and what stands below the name of somebody's home.
STREET = re.compile(r"[^\W\d_]{3,}\.?,?\s\d{1,4}\s?[a-z]?(?:\s?[,;/-]|$)|^\d{1,5}(?:[/-]\d+)?\s[^\W\d_]{2,}")
HOSTED = Words(
    r"(?<![^\W_])(?:hosted by|host:|gastgeber\w*|proposé par|hôte\b|anfitri[oó]n\w*|alojamiento entero"
    r"|entire (?:home|place"
    r"|apartment|rental|house|villa|cabin)|logement entier|gesamte unterkunft|intero alloggio|host\s?:"
    r"|espaço inteiro)",
)
# Labels of people, below which a name is theirs.
PERSON = Words(
    r"(?<![^\W_])(?:guests?|travell?ers?|passengers?|customer|booked (?:by|for)|contact|name|gast|gäste"
    r"|reisende\w*|kunde|bucher"
    r"|client\w*|voyageur\w*|nom|huésped\w*|viajer\w*|titular|nombre|ospit[ei]|viaggiator\w*"
    r"|intestatari\w*|nome|hóspede\w*"
    r"|gasten|naam)(?![^\W_])|様|氏名|お名前|宿泊者",
)
QUOTED = re.compile(r"[「『]([^「」『』]{2,40})[」』]")
# What rooms are called, rather than houses.
ROOMS = Words(
    r"^\W*(?:\d{1,2}\s?(?:x\s?)?)?(?:rooms?|suites?|zimmer|[^\W_]*zimmer|chambres?|habitaci[oó]n(?:es)?"
    r"|camer[ae]|kamers?|quartos?"
    r"|apartments?|appartements?|apartamentos?|appartamento|studios?|cabins?|types?|art|kategorie"
    r"|catégorie|categor[ií]a)"
    r"(?![^\W_])(?!.*(?:d'hôtes))",
)
# Words that name nothing but places to stay. The others, such as "house", need more evidence.
STRONG = re.compile(
    rf"(?<![^\W_])(?:{STRONG_WORD})(?![^\W_])|旅館|ホテル|民宿|ペンション|ゲストハウス",
    re.IGNORECASE,
)
INTRO = re.compile(
    r"^(?:.*?(?:booked|confirmed|confirmation|booking|reservation|reservierung|buchung|bestätigung|bestätigt"
    r"|réservation|confirmée?|reserva|confirmada|prenotazione|confermata|voucher|welcome to|willkommen im"
    r"|bienvenue (?:à|au)"
    r"|thank(?:s| you) for (?:booking|choosing|reserving)|danke)\b(?:\s(?:at|in|with|im|bei|chez|à|en|presso|of"
    r"|for))?\s*[-–—:|]?\s*(?:the\s(?=[a-z]))?)",
    re.IGNORECASE,
)
CUT = re.compile(
    r"\s[-–—|·•]\s|[,;:：(（|]|\s(?-i:from|until|till|bis|jusqu'|hasta|fino|for \d|on|am)\s|\s(?-i:vom|von|du|del|dal"
    r"|le|el|il)\s+(?=\d|$)"
    r"|[.!?](?:\s|$)|[★☆*]|\s(?:with us|bei uns|avec nous|con nosotros|da noi)\b",
    re.IGNORECASE,
)
NO_NAME = Words(
    r"^(?:your|our|the|this|ihr|unser|votre|notre|su|tu|vostro|hotels?|accommodation|details|room|double"
    r"|single|twin|zimmer|doppelzimmer|habitación|chambre|camera|info|check|total|price|n/?a|tbc|-|–)$"
    r"|\?|@|https?:|www\.|\b(?:cancel|terms|please|bitte|thank|policy|tel|phone|call|find|search|best|ab|from)\b",
)
ROOMY = Words(
    r"(?<![^\W_])(?:room|zimmer|doppelzimmer|einzelzimmer|double|twin|single|doble|doppia|singola|chambre"
    r"|habitación|camera|suite|board|breakfast|frühstück|nights?|nächte|night)(?![^\W_])",
)
GENERIC = Words(
    r"booking|reserv|confirm|thank|details|your |itinerary|voucher|overview|buchung|bestätig|danke|ihre "
    r"|rechnung|votre|merci|récapitulatif|tu |su |gracias|detalles|vostr|grazie|riepilogo|予約|確認|receipt"
    r"|invoice|"
    r"stay|payment|price|hello|hi |dear|guten|bonjour|hola|ciao|new |nuevo|ancien|old",
)


ADDRESS_WORD = (
    r"(?:(?:hotel|property|street|postal|full)\s)?address|(?:hotel|post)?adresse|anschrift|dirección"
    r"|domicilio|indirizzo"
    r"|morada|endereço|adres|adress|location|lage|ubicación|localización|posizione|住所|所在地"
)
ADDRESS_LABEL = re.compile(rf"\W{{0,3}}(?:{ADDRESS_WORD})\s*[:：]?", re.IGNORECASE)
ADDRESS = re.compile(rf"\W{{0,3}}(?:{ADDRESS_WORD})\s*[:：]\s*(?P<address>\S.+)$", re.IGNORECASE)
# Marks before and after a stay's dates that its address is looked for in.
FAR, NEAR = 14, 7
PAIR = 2
FEW_WORDS = 3
# What makes the words before it a label.
LABELLING = re.compile(r"\s?[:：]")
ROOM_WORDS = 8
LONGEST = 160

# Words before a name, as in "Wir freuen uns auf Sie im Landhaus Tannenried".
AT = re.compile(
    rf"^.*(?<![^\W_])(?:im|in|at|ins|zum|beim|bei|à|au|chez|en|nel|al|presso)\s(?:the\s|el\s|la\s|l')?"
    rf"(?=[^\W_]*(?:{labels.LODGING_WORD})(?![^\W_]))"
    rf"|^.*(?<![^\W_])(?:à|dans|all|nell|dell)\s?(?:l)?['’](?=(?:{labels.LODGING_WORD})(?![^\W_]))",
    re.IGNORECASE,
)
# The number of an entry of a list.
NUMBERING = re.compile(r"^\W{0,3}\d{1,2}[.)]\s+(?=[^\W\d_])")
BARE = re.compile(rf"(?:the |das |le |el |il |l')?(?:{labels.LODGING_WORD})", re.IGNORECASE)


def name_in(text: str) -> Name | None:
    """The name of a place to stay at the start of a text, and its town if one follows."""
    spans = [(one.start, one.end) for one in [*dates_in(text), *times_in(text)]]
    if spans:
        text = text[: min(start for start, _ in spans)]
    whole = NUMBERING.sub("", labels.LODGED.sub("", text))
    text = whole.strip(" -–—:：•*·\"'«»“”")
    parts = [part.strip(" -–—.\"'«»“”)）") for part in CUT.split(text)]
    name = AT.sub("", parts[0]) if parts else ""
    if LABELLING.match(whole, whole.find(name) + len(name)) and not labels.LODGING.search(name):
        return None
    name = re.sub(r"\s+(?:from|vom|von|du|del|dal|on|am|for|ab)$", "", name)
    if not is_name(name) or BARE.fullmatch(name):
        return None
    town = parts[1] if len(parts) > 1 else ""
    located = (
        bool(town) and len(town) <= 40 and not re.search(r"\d", town) and town[:1].isupper() and not ROOMY.search(town)
    )
    return name, (town if located else None)


def address_near(marks: list[Mark], name: str, begin: int, end: int) -> tuple[str, int] | None:
    """The address that a label tells between a stay's name and its dates or after them, and the place of its mark.

    `begin` and `end` are the places of the marks that tell the dates.
    """
    first = next((i for i in range(begin, max(-1, begin - FAR), -1) if marks[i].text == name), begin)
    for place in range(first, min(len(marks), end + NEAR)):
        mark = marks[place]
        if place > end and mark.text != name and _begins_another(mark):
            return None
        if (address := _address_of(mark)) is not None:
            return address, place
    return None


def _begins_another(mark: Mark) -> bool:
    lodged = labels.LODGED.match(mark.text) or (mark.told and labels.CHECK_IN.match(mark.text.lstrip()))
    return bool(mark.line.level or lodged)


def _address_of(mark: Mark) -> str | None:
    """The address in a line, beside its label or below it."""
    if mark.aside or mark.old:
        return None
    match = ADDRESS.match(mark.text)
    cells = mark.line.cells
    if len(cells) == PAIR and ADDRESS_LABEL.fullmatch(cells[0]):
        address = cells[1]
    elif match:
        address = match["address"]
    else:
        address = mark.text if ADDRESS_LABEL.fullmatch(mark.label) else ""
    return address if re.search(r"[^\W\d_]{2}", address) and "@" not in address and len(address) <= LONGEST else None


def is_name(text: str) -> bool:
    if not 2 <= len(text) <= 70 or len(text.split()) > 9 or NO_NAME.search(text) or not re.search(r"[^\W\d_]{2}", text):
        return False
    return text[:1].isupper() or not text[:1].isascii() or text[:1].isdigit() or bool(STRONG.match(text))


def nearest_name(reading: Reading, place: int, end: int, since: int = 0) -> tuple[Name, str] | None:
    """The name that dates of a stay belong to, and the text it stands in.

    `since` is where the lines of the stay before end. Only rooms of one house have no name of their own after that.
    """
    marks = reading.marks
    first = max(0, place - 14)
    before, after = marks[first:place][::-1], marks[end + 1 : end + 9]
    own = marks[max(since, first) : place][::-1]
    if since > first:
        found = _labelled(own, []) or _worded(own, []) or _headed(own, None) or _addressed(own)
        if found or any(_is_like_a_name(mark) for mark in own):
            return found
    inside = [mark for mark in marks[place : end + 1] if not mark.line.cells]
    return (
        _labelled(before, after)
        or _labelled(inside, [])
        or _worded(before, after)
        or _in_sentences(before, after)
        or _headed(before, reading)
        or _addressed(before)
        or _signed(marks[end:])
    )


def _is_like_a_name(mark: Mark) -> bool:
    """Return True if a line may be the name of a house that no word shows to be one."""
    plain = not (mark.aside or mark.told or mark.times or mark.amounts or len(mark.line.cells) > 1)
    if not plain or len(mark.text.split()) > 6 or re.search(r"[:：]", mark.text) or ROOMY.search(mark.text):
        return False
    if mark.text[-1:] in ".!?,;" or labels.GREETING.match(mark.text) or HOSTED.search(mark.text):
        return False
    return mark.text[:1].isupper() and not GENERIC.search(mark.text) and name_in(mark.text) is not None


def _addressed(before: list[Mark]) -> tuple[Name, str] | None:
    """The name that stands right above an address, or above the words that tell whose home it is."""
    for below, mark in pairwise(before):
        text = below.text
        address = STREET.search(text) and len(text.split()) <= 10 and not (below.told or below.times or below.amounts)
        if (address or HOSTED.search(text)) and _is_like_a_name(mark) and not PERSON.search(mark.label):
            name = name_in(mark.text)
            return (name, mark.text) if name else None
    return None


def _signed(after: list[Mark]) -> tuple[Name, str] | None:
    """The name of the house that signs a letter."""
    signed = next((i for i, mark in enumerate(after) if labels.SIGNED.match(mark.text)), len(after))
    for mark in after[signed + 1 : signed + 5]:
        if STRONG.search(mark.text) and (name := name_of_line(mark.text)) and STRONG.search(name[0]):
            return name, mark.text
    return None


def is_range_alone(mark: Mark) -> bool:
    """Return True if a line tells a range of days and hardly anything else."""
    rest = mark.text[: mark.told[0].start] + mark.text[mark.told[-1].end :]
    few = len(re.findall(r"[^\W\d_]{2,}", rest)) <= FEW_WORDS
    return not mark.amounts and (few or tells_room(mark) or _tells_nights(mark))


def _tells_nights(mark: Mark) -> bool:
    """Return True if a line begins with a range of days and goes on with the number of its nights and a few words."""
    after = mark.text[mark.told[-1].end :].lstrip(" ,;:-–(")
    begins = not re.search(r"[^\W\d_]{2}", mark.text[: mark.told[0].start])
    return begins and bool(labels.NIGHTS.match(after)) and len(after.split()) <= ROOM_WORDS


def tells_room(mark: Mark) -> bool:
    """Return True if a line tells a room after a range of days that it begins with."""
    before, after = mark.text[: mark.told[0].start], mark.text[mark.told[-1].end :].lstrip(" ,;:-–")
    return (
        len(re.findall(r"[^\W\d_]{2,}", before)) <= 1 and bool(ROOMS.match(after)) and len(after.split()) <= ROOM_WORDS
    )


def stands_below_house(marks: list[Mark], place: int) -> bool:
    """Return True if one of the few lines above names a house."""
    for mark in marks[max(0, place - 3) : place][::-1]:
        if mark.told and all(about is About.OLD for about in mark.about):
            continue
        if mark.told or mark.aside or len(mark.text.split()) > 9:
            return False
        if STRONG.search(mark.text) and name_of_line(mark.text) and not ROOMS.match(mark.text):
            return True
    return False


def stands_below_room(marks: list[Mark], place: int) -> bool:
    """Return True if the line above tells the room that a range of days is about."""
    above = marks[place - 1] if place else None
    return above is not None and not above.told and len(above.text.split()) <= 6 and bool(ROOMS.match(above.text))


def stands_above_house(marks: list[Mark], place: int, span: tuple[date, date]) -> bool:
    """Return True if the line below names a house, and the nights told further below are those of the range."""
    below = marks[place + 1 : place + 8]
    if not below or below[0].told or not (STRONG.search(below[0].text) and name_of_line(below[0].text)):
        return False
    counts = [labels.nights_of(nights) for mark in below if (nights := labels.NIGHTS.search(mark.text))]
    return bool(counts) and counts[0] == (span[1] - span[0]).days


def _in_sentences(before: list[Mark], after: list[Mark]) -> tuple[Name, str] | None:
    """The name of the only house that sentences around the dates tell."""
    found: dict[str, str] = {}
    for mark in [*before, *after]:
        if not mark.aside and not labels.OPENING.search(mark.text):
            quoted = [one[1] for one in QUOTED.finditer(mark.text) if labels.LODGING.search(one[1])]
            for name in quoted or [name for name, _, _ in houses_in(mark.text, strong=True)]:
                found.setdefault(name, mark.text)
    named = [(name, text) for name, text in found.items() if is_name(name) and not ROOMS.search(name)]
    return ((named[0][0], None), named[0][1]) if len(named) == 1 else None


def _labelled(before: list[Mark], after: list[Mark]) -> tuple[Name, str] | None:
    for mark in [*before, *after]:
        if mark.aside:
            continue
        labelled = labels.LODGED.match(mark.text) or (mark.label and labels.LODGED.match(mark.label + ":"))
        staying = labels.STAYING.search(mark.text)
        text = _leading(mark.text[staying.end() :]) if staying and not labelled else mark.text
        if (labelled or staying) and (name := name_in(text)):
            return name, mark.text
        cells = mark.line.cells
        if len(cells) == 2 and labels.LODGED.match(cells[0] + ":") and (name := name_in(cells[1])):
            return name, mark.text
    return None


def _leading(text: str) -> str:
    """Return the name that a sentence goes on with, as in "Ashdown Manor has been moved"."""
    name, _, _ = next(houses_in(text), ("", 0, 0))
    if name and text.startswith(name):
        return text[: len(name)] + (text[len(name) :] if text[len(name) :].startswith((",", " (")) else "")
    return text


def _worded(before: list[Mark], after: list[Mark]) -> tuple[Name, str] | None:
    for pattern in (STRONG, labels.LODGING):
        for mark in [*before, *after[:3]]:
            if mark.aside or mark.amounts or labels.OPENING.search(mark.text):
                continue
            for text in [cell for i, cell in enumerate(mark.line.cells) if i != mark.old_cell] or [mark.text]:
                name = name_of_line(text) if pattern.search(text) else None
                if name and pattern.search(name[0]) and not ROOMS.match(name[0]):
                    return name, mark.text
    return None


def _headed(before: list[Mark], reading: Reading | None) -> tuple[Name, str] | None:
    for mark in before:
        named = mark.line.level and not (mark.aside or GENERIC.search(mark.text) or ROOMS.match(mark.text))
        if named and (name := name_in(mark.text)):
            return name, mark.text
    for head in (reading.document.title, reading.document.subject) if reading else ():
        for part in re.split(r"\s[-–—|·:]\s|:\s", head or ""):
            if reading and labels.LODGING.search(part) and (name := name_of_line(part)) and name[0] in reading.text:
                return name, name[0]
    return None


def name_of_line(text: str) -> Name | None:
    """The name in a short line, without words such as "Reservation confirmed" before it."""
    if len(text.split()) > 14:
        return None
    plain = text
    for _ in range(4):
        if intro := INTRO.match(plain):
            plain = plain[intro.end() :]
    return name_in(plain) or (name_in(text) if plain != text and not GENERIC.search(text) else None)
