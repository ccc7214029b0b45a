"""Numbers and kinds of services, and the places that a line says they run between."""

from __future__ import annotations

import re

from documents import labels
from documents.dates import dates_in
from documents.memory import remembered
from documents.patterns import Words
from documents.times import times_in

MODES = {
    "flight": r"flights?\b|flug(?:s|es|nummern?|zeiten?)?\b|flüge|rückflug|hinflug|vols?\b|vuelos?\b|vol[oi]\b|fly\b"
    r"|vluchten|vlucht(?:nummer)?\b|voos?\b|airline|airways|e-?ticket|boarding|便|航空",
    "train": r"trains?\b|zug\b|bahn\b|trenes\b|tren\b|tren[oi]\b|trein(?:en)?\b"
    r"|comboios?\b|rail\b|railway|新幹線|特急|列車|\d号",
    "ferry": r"ferry|fähre|sailings\b|(?:outward|outbound|inbound|return|your|our|this) sailing\b|crossing\b"
    r"|überfahrt|traversée|travesía|traversata"
    r"|veer(?:boot|dienst)\b|overtocht|balsa\b|traghett[oi]|transbordador|bac\b|nave\b|catamaran|フェリー",
    "bus": r"bus\b|coach\b|autobús|autobus|pullman|autocar|autocarro|ônibus|fernbus|バス",
    "car": r"car (?:hire|rental)|rental car|rent[-\s]a[-\s]car|hire car|mietwagen|voiture de location"
    r"|location de voiture|coche de alquiler"
    r"|alquiler de (?:coche|auto)"
    r"|autonoleggio|noleggio|レンタカー|car group|vehicle class|\brent\b",
    "transfer": r"transfers?\b|taxi|shuttle|navette|traslado|trasferimento|送迎",
}  # fmt: skip
# For text in lower case.
MODE = {
    name: re.compile(rf"(?<![^\W_])(?:{pattern})" if name != "flight" else rf"(?:(?<![^\W_])(?:{pattern}))|便")
    for name, pattern in MODES.items()
}
ANY_MODE = re.compile(rf"(?<![^\W_])(?:{'|'.join(MODES.values())})|便")
RAIL = (
    "ICE|ICN|IC|EC|ECE|RE|RB|IRE|IR|TGV|TER|AVE|AVLO|ALVIA|RJX|RJ|NJ|EN|WB|FLX|EST|THA|"
    "Eurostar|Frecciarossa|Frecciargento|Frecciabianca|Italo|Intercity|InterCity|Intercités|INOUI|OUIGO"
    "|KTX|SRT|THSR|EIP|EIC|TLK|REX|SuperCity|Lyntog|X2000|EuroCity|EuroNight|InterRegio|Euromed|Avant|Pendolino|RegioJet"
    "|(?i:Nozomi|Hikari|Kodama|Sakura|Mizuho|Hayabusa|Komachi|Kagayaki|Hakutaka|Haruka|Azusa|Shinkansen)"
    "|Talgo|Amtrak|Nightjet|Railjet|Acela|Regionale(?: Veloce)?|Thalys"
)
# The name of a train may go on before its number, as in "TGV INOUI n° 6607" and "ICE Sprinter Nr. 579".
RAILWAY = re.compile(
    rf"(?<![A-Za-z0-9-])(?P<n>(?:{RAIL})(?:\s[A-Z][A-Za-z]{{1,9}})?\s?(?:(?:n[°ºo]|[Nn]r|[Nn]o)\.?\s?)?\d{{1,6}})"
    r"(?![\dA-Za-z]|[.,:]\d)"
)
# Names of trains that are codes of airlines, too.
FLIES_TOO = re.compile(r"(?:RJ|EN|NJ|RE|RB|IR|IC|EC|WB)\s?\d")
# For text in lower case.
RIDES = re.compile(
    r"(?<![^\W_])(?:trains?|zug|bahn|bahnhof|gleis|rail\w*|tren|treno|trenitalia|gares?|estaci[oó]n|stazione|station"
    r"|platform|sncf"
    r"|wagen|carrozza|binario|andén|voiture)(?![^\W_])|hbf\b|bahn(?:hof|fahrt)?(?![^\W_])|新幹線|駅",
)
AIR = re.compile(r"(?<![A-Za-z0-9-])(?P<n>(?:[A-Z]{2}|[A-Z]\d|\d[A-Z])\s?\d{1,4})(?![\dA-Za-z/%-]|[.,:]\d)")
WORDED = re.compile(
    r"(?<![^\W_])(?:trains?|zug|tren|treno|trein|comboio|flights?|flug|vol|vuelo|volo|vlucht|voo|bus|coach|autobús"
    r"|ferry)\s*(?:no\.?"
    r"|nr\.?|n[°º]\.?|number|nummer|numéro|número"
    r"|numero)?\s*[:#]?\s*(?P<n>[A-Z]{0,3}\s?\d{1,5})(?![\dA-Za-z/-]|[.,:]\d)",
    re.IGNORECASE,
)
JAPANESE = re.compile(r"(?P<n>(?:[ァ-ヴー]{2,8}|[ぁ-ん]{2,6})\s?\d{1,4})号|(?P<f>[A-Z]{2}\s?\d{1,4})便")
# Words before numbers of gates, seats, rooms and papers.
NUMBERS_ELSE = Words(
    r"(?<![^\W_])(?:gates?|seats?|terminal|room|cabin|coach|car|stand|zone|group|platform|row|class|deck|berth"
    r"|passport|id"
    r"|ref(?:erence)?|booking|invoice|order|code|sitz\w*|platz|zimmer|kabine|wagen|gleis|gruppe|ausweis|rechnung|porte"
    r"|siège|place|voiture|cabine|quai|facture|puerta|asiento|plaza|coche|andén|vía|factura|uscita|posto|carrozza"
    r"|binario"
    r"|cabina|fattura|stoel|rijtuig|spoor|lugar|carruagem)(?:\s?(?:no|nr|n[°º])\.?)?[\s:#.]{0,3}$"
)
NOT_CARRIERS = {
    "NO",
    "NR",
    "ID",
    "AM",
    "PM",
    "AT",
    "TO",
    "OF",
    "ON",
    "IN",
    "BY",
    "IS",
    "OR",
    "UK",
    "US",
    "EU",
    "CO",
    "PO",
    "OK",
    "AB",
}
ARROW = re.compile(r"\s*(?:→|➔|⇒|->|–>|>|=>)\s*|\s+[-–—]\s+|\s?(?:から)\s?")
FROM_TO = re.compile(
    r"(?<![^\W_])(?:(?:from|von|ab|desde|da|dal|dalla|de|du)\s)(?P<a>[A-ZÀ-ÝŌ][^,;:()|]{1,40}?)\s(?:to|nach"
    r"|hasta|a|al|alla|à|pour)\s(?P<b>[A-ZÀ-Ý][^,;:()|.]{1,40}?)(?=$|[,;:.()|]|\s(?:at|um|on|am|le|el|il"
    r"|a las|alle|ore|à|-|–)\s|\s\d)"
)
# A place with the code of its airport, twice; or the two codes alone, which only count right after a number.
PLACED = r"[A-ZÀ-Ý][^\d,;:()|→➔>]{1,38}?\s?\([A-Z]{3}\)"
BETWEEN = r"(?:to|nach|vers|hasta|naar|per|til|a|à|→|➔|->|[-–—>/,])"
AIRPORT = r"(?!THE|AND|FOR|NEW|OLD|VIA|EUR|USD|GBP|CHF|ISK|SEK|NOK|DKK|JPY|MON|TUE|WED|THU|FRI|SAT|SUN)[A-Z]{3}"
AIRPORTS = re.compile(rf"(?P<a>{PLACED})\s?{BETWEEN}?\s?(?P<b>{PLACED})")
AIR_CODES = re.compile(rf"\W{{0,3}}(?P<a>{AIRPORT})(?:\s?{BETWEEN}\s?|\s)(?P<b>{AIRPORT})(?![A-Za-z0-9])")
ONE_PLACED = re.compile(PLACED)
NAMED = r"[A-ZÀ-Ý][^\d,;:|]{1,38}?"
NAMES = re.compile(
    rf"\W{{0,3}}(?P<a>{NAMED})\s(?:to|nach|vers|hasta|naar|til|a|à|→|➔|->)\s(?P<b>{NAMED})\s*(?=$|[,;:|(]|\s{{2}})"
)
CODE3 = re.compile(r"\(([A-Z]{3})\)")
DIGIT = re.compile(r"\d")
GLUE = re.compile(
    r"^(?:[\s:：,;.|·便号\-–—→➔>]|(?:from|to|at|in|von|nach|um|ab|an|de|du|da|à|a|al|alle|ore|las|on|am|le|el|il"
    r"|the|am|approx|airport:|date|time|time:|uhr|gate|terminal)\b\.?)+",
    re.IGNORECASE,
)
LONGEST_TAIL = 60
TAIL = Words(
    r"(?:[\s:：,;.|·\-–—→➔>(（]|(?:\b(?:at|um|on|am|le|el|il|à|a|a las|alle|ore|alle ore|ab|an|den|de|às|om|h|uhr|dep"
    r"|arr|den|um)\b))+$",
)
NOT_A_PLACE = Words(
    r"\d{3}|(?<![^\W_])(?:seats?|class|coach|platform|gate|terminal|gleis|wagen|voiture|sitz|platz|posto"
    r"|asiento|binario|economy|adult|erwachsene|duration|dauer|stops?|operated)(?![^\W_])",
)


@remembered
def mode_of(text: str) -> str | None:
    text = text.lower()
    if not ANY_MODE.search(text):
        return None
    return next((name for name, pattern in MODE.items() if pattern.search(text)), None)


@remembered
def number_of(text: str, *, flies: bool, rides: bool = True) -> tuple[str | None, str | None]:
    """The number of a flight, train or bus in a line, and its mode.

    `flies` is whether the document speaks of flights at all, `rides` whether it speaks of trains.
    """
    if not DIGIT.search(text):
        return None, None
    if ("号" in text or "便" in text) and (match := JAPANESE.search(text)):
        return (match["n"] or match["f"]), ("train" if match["n"] else "flight")
    if (match := RAILWAY.search(text)) and (rides or not FLIES_TOO.match(match["n"])):
        return match["n"], "train"
    if (match := WORDED.search(text)) and _believable(match["n"]):
        return match["n"].strip(), mode_of(match[0])
    for match in AIR.finditer(text):
        carrier = match["n"][:2].upper()
        if carrier in NOT_CARRIERS or text[max(0, match.start() - 2) : match.start()].strip() in {"#", "/"}:
            continue
        if NUMBERS_ELSE.search(text, 0, match.start()):
            continue
        mode = mode_of(text)
        if mode == "flight" or (mode is None and _like_a_service(text, match) and flies):
            return match["n"], "flight"
        if mode in {"train", "bus", "ferry"}:
            return match["n"], mode
    return None, None


def _believable(number: str) -> bool:
    return len(re.sub(r"\D", "", number)) >= 2 or bool(re.match(r"[A-Z]{2}", number))


def _like_a_service(text: str, match: re.Match[str]) -> bool:
    """Return True if the number begins the line, or the line tells a departure or a route."""
    begins = not text[: match.start()].strip(" :|-–—")
    return bool(begins or labels.DEPART.search(text) or route_of(text) or len(times_in(text)) >= 2)


@remembered
def route_of(text: str) -> tuple[str, str] | None:
    """From and to of a line such as "Lisbon - Porto" or "from Lisbon to Porto"."""
    plain = without_moments(text)
    if match := AIRPORTS.search(plain) or _behind_number(plain):
        return match["a"].strip(), match["b"].strip()
    if match := FROM_TO.search(plain):
        pair = place_of(match["a"]), place_of(match["b"])
        return (pair[0], pair[1]) if pair[0] and pair[1] else None
    for arrow in ARROW.finditer(plain):
        before = re.split(r"[,;:|(]\s|\s{2,}|\d{2,}\w*\s", plain[: arrow.start()])[-1]
        after = re.split(r"[,;|]|\s\(|\s{2,}", plain[arrow.end() :])[0]
        before, after = place_of(bare(before)), place_of(after)
        if before and after and is_named(before) and is_named(after):
            return before, after
    return None


def _behind_number(text: str) -> re.Match[str] | None:
    """From and to right after the number of a service, as in "LH1784 MUC-OPO" or "LH1784 Munich to Porto"."""
    if not (number := AIR.search(text) or RAILWAY.search(text)):
        return None
    rest = text[number.end() :]
    return AIR_CODES.match(rest) or NAMES.match(rest)


def codes_of(text: str) -> tuple[str, str] | None:
    """From and to of a text that is nothing but the codes of two airports."""
    match = AIR_CODES.fullmatch(text.strip())
    return (match["a"], match["b"]) if match else None


def shows_airports(text: str) -> bool:
    """Return True if a line tells two airports: with codes in brackets, or with codes after a flight's number."""
    number = AIR.search(text)
    return bool(AIRPORTS.search(text) or (number and AIR_CODES.match(text[number.end() :])))


def airport_in(text: str) -> str | None:
    """The place with its airport's code that a line tells."""
    match = ONE_PLACED.search(text)
    return match[0].strip() if match else None


def flight_number_at_start(text: str) -> bool:
    """Return True if a line begins with what looks like the number of a flight."""
    number = AIR.search(text)
    return bool(number and number["n"][:2] not in NOT_CARRIERS and not re.search(r"[^\W\d_]", text[: number.start()]))


def is_named(place: str) -> bool:
    return (
        len(place) <= 40
        and bool(re.match(r"[A-ZÀ-ÝŌ\u3040-\u9fff]", place))
        and not labels.DATE_WORDS.match(place)
        and not labels.DAY.match(place)
    )


def bare(text: str) -> str:
    """A text without the kind and number of the service before it."""
    text = re.sub(
        r"^.*\b(?:flights?|flug|vols?|vuelo|volo|trains?|zug|treno|tren|bus|ferry|fähre|linea|route|strecke"
        r"|line|trajet|ruta|tratta)\b\s*(?:no\.?|nr\.?)?\s*:?\s*",
        "",
        text,
        flags=re.IGNORECASE,
    )
    return re.sub(
        rf"^(?:(?:{RAIL}|[A-Z]{{2}}|[A-Z]\d)?\s?\d{{1,5}}\s+|(?:[A-Z]{{2}}|[A-Z]\d|\d[A-Z])\s?\d{{1,4}}\b\s*:?\s*)",
        "",
        text,
    ).strip()


def without_moments(text: str) -> str:
    """The text with its dates and times blanked out, of the same length."""
    spans = [(one.start, one.end) for one in [*dates_in(text), *times_in(text)]]
    for start, end in spans:
        text = text[:start] + " " * (end - start) + text[end:]
    return text


def place_of(text: str) -> str | None:
    text = GLUE.sub("", text.strip())
    tail = TAIL.search(text, max(0, len(text) - LONGEST_TAIL))
    text = (text[: tail.start()] if tail else text).strip()
    text = re.sub(r"\s{2,}.*$", "", text)
    text = re.split(r"[,;|]\s*(?:ab|an|dep|arr|departs?|arrives?)\b", text, flags=re.IGNORECASE)[0].strip(" ,;")
    text = re.split(
        r"[,;]?\s*\(?(?<![^\W_])(?=(?:terminal|gate|platform|gleis|quai|voie|binario|andén|spoor|t\s?\d[a-z]?$)\b)",
        text,
        maxsplit=1,
        flags=re.IGNORECASE,
    )[0].strip(" ,;(")
    text = re.sub(r"\s+(?:発|着)$|(?:発|着)$", "", text)
    if not text or len(text) > 60 or NOT_A_PLACE.search(text) or not re.search(r"[^\W\d_]{2}", text):
        return None
    return text
