"""Cancellations that a document tells: of all that it holds, some of it, or what it names by a number alone."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from documents import labels
from documents.dates import dates_in
from documents.model import Cancellation, How, Stay, Transport, Unresolved
from documents.patterns import Words
from documents.points import number_in
from documents.quotes import code_of
from documents.routes import mode_of
from documents.words import folded

if TYPE_CHECKING:
    from collections.abc import Iterator

    from documents.marks import Mark, Reading
    from documents.model import Activity, Plan

    Entry = Activity | Stay | Transport

WHICH = "A booking is told to be cancelled, but not which."
HEAD = 6
# A heading or subject that announces a cancellation.
NOTICE = re.compile(
    r"^\W*(?:(?:re|fw|fwd|aw|wg|tr|rv|i|r)\s*:\s*)*"
    r"(?:(?:your|the|ihre?|votre|su|tu|la|sua|vostra)\s)?"
    r"(?!\w*(?:kosten|gebühr|entgelt|bedingung|versicherung|frist|pauschale|verzekering|voorwaarden|regeling))"
    r"(?:cancell?ed|cancell?ations?|absage|storn(?:o|iert|ierung)\w*|annul\w+"
    r"|cancelaci[oó]n|anulaci[oó]n|cancelad[oa]|annullament\w+|annullat[oa]|cancellazion\w+|disdetta"
    r"|キャンセル|取消|予約取消)(?![^\W_])",
    re.IGNORECASE,
)
CONFIRMS = Words(
    r"(?:confirm\w*|bestätig\w*|confirmons|confirmamos|confermiamo)\s(?:\w+\s){0,3}(?:cancell?ation|stornierung"
    r"|annulation"
    r"|cancelación|anulación|cancellazione|annullamento)(?![^\W_])"
    r"|conferma di (?:cancellazione|annullamento)|confirmation d'annulation|confirmación de (?:cancelación|anulación)",
)
# What is said of a journey or stay that takes the place of a cancelled one.
REBOOKED = Words(
    r"(?<![^\W_])(?:(?:have|has|been|were|are) re-?booked|re-?booked (?:you|on)"
    r"|(?:moved|transferred|switched) you (?:to|on)"
    r"|your new (?:flight|train|crossing|sailing|booking|journey|trip|ticket)|umgebucht|(?:ihr"
    r"|ihre) neue[rn]? (?:flug|zug|überfahrt|fähre|reise|verbindung|fahrkarte)"
    r"|(?:re)?placée?s? sur|votre nouve(?:au|lle) (?:vol|train|traversée|trajet|voyage|billet)|avons replacée?s?"
    r"|reubicad[oa]s?|recolocad[oa]s?"
    r"|(?:tu|su) nuev[oa] (?:vuelo|tren|travesía|viaje|billete)|riprotett[oaie]"
    r"|riprenotat[oaie]|(?:tuo|suo|tua|sua) nuov[oa] (?:volo|treno|traversata|viaggio|biglietto)"
    r"|omgeboekt|uw nieuwe (?:vlucht|trein|overtocht)|remarcad[oa]s?)(?![^\W_])|振替"
)
# What is said of a booking that another one takes the place of, which is told as a whole.
REPLACED = Words(
    r"(?<![^\W_])(?:and (?:is |has been |was )?replaced (?:by|with)|(?:und|wurde|wird) (?:durch .{1,60} )?ersetzt"
    r"|remplacée?s? par|(?:sustituid|reemplazad|substituíd)[oa]s? por|sostituit[oaie] (?:da|con)|vervangen door"
    r"|(?:old|previous|former|original|earlier) (?:booking|reservation|order|itinerary|confirmation|details|dates?)"
    r"|(?:alte|bisherige|frühere|ursprüngliche|vorherige)[rn]? (?:buchung|reservierung|bestätigung)"
    r"|(?:ancienne|précédente) (?:réservation|commande|confirmation)|(?:réservation|commande) (?:précédente|initiale)"
    r"|(?:reserva|compra|confirmación) (?:anterior|antigua|original|inicial)|(?:antigua|antiga|anterior) reserva"
    r"|(?:vecchia|precedente) prenotazione|(?:prenotazione|conferma) (?:precedente|originale|originaria)"
    r"|(?:oude|vorige|eerdere) (?:boeking|reservering))(?![^\W_])|(?:旧|以前の|変更前の)ご?予約|差し替え"
)
STANDS = (
    r"(?:remains?|stays?|is|are) (?:still )?(?:booked|confirmed|valid|unchanged|in place)"
    r"|(?:bleib(?:t|en)|weiterhin|nach wie vor) (?:\w+ ){0,3}(?:bestehen|gültig|gebucht|bestätigt|unverändert)"
    r"|reste(?:nt)? (?:confirmée?s?|valables?|inchangée?s?|maintenue?s?)"
    r"|(?:sigue|siguen|queda|quedan|continúan?|se mantienen?) (?:confirmad[oa]s?|vigentes?|igual)"
    r"|(?:rimane|rimangono|resta|restano) (?:confermat|valid|invariat)[oaei]"
    r"|(?:blijft|blijven) (?:\w+ ){0,2}(?:staan|geldig|bevestigd|ongewijzigd)|mantém-se"
)
# What is said above a booking that a cancellation leaves.
KEPT = Words(
    rf"(?<![^\W_])(?:{STANDS}|not affected|unaffected|nicht betroffen|(?:n'est|ne sont) pas concernée?s?"
    r"|no se ven? afectad[oa]s?|non (?:è|sono) interessat[oaei]|não (?:é|são) afetad[oa]s?)(?![^\W_])"
)
# Words of conditions: what may be cancelled is not.
TERMS = Words(
    r"(?<![^\W_])(?:polic\w+|conditions?|terms|rules|fees?|free|until|deadline|before|within|request\w*|can|may"
    r"|insurance"
    r"|bedingung\w*|gebühr\w*|kosten\w*|bis|frist|möglich|anfrag\w*|versicherung"
    r"|gratuite?s?|jusqu\w*|frais|politique|assurance|hasta|gratuit[ao]|gastos|política|seguro"
    r"|fino|entro|penal\w*|politica|assicurazione|ポリシー|規定|無料|まで|料)(?![^\W_])|キャンセル(?:料|ポリシー"
    r"|規定|は)",
)
IF = Words(
    r"(?:^|[,;(]\s?)\W*(?:if|unless|should|in case|when|wenn|falls|sofern|sollte\w*|si|s'il|en cas|en caso|se"
    r"|qualora)(?![^\W_])|(?<![^\W_])(?:not|never|can|may|might|could|would|nicht|kann|können|könnte|no|non|peut"
    r"|puede[ns]?|può)\s(?:be\s)?$",
)
PARTLY = Words(
    rf"(?<![^\W_])(?:{STANDS}|partial(?:ly)? cancell\w+|teil(?:weise)? ?storn\w+|annulation partielle"
    r"|partiellement annulé\w*|(?:cancelación|anulación) parcial|(?:annullamento|cancellazione) parziale"
    r"|gedeeltelijk geannuleerd|cancelamento parcial)(?![^\W_])|一部(?:キャンセル|取消)"
)
THEN = re.compile(
    r"\s?,?\s?(?:if|unless|wenn|falls|sofern|werden kann|si|se|cuando)(?![^\W_])|\s(?:werden|sein)(?![^\W_])"
)
# The journey there and the one back, in sentences about cancellations.
KINDS = r"(?:flight|train|journey|leg|trip|crossing|sailing|ferry|bus|coach)"
TRAVELS = (
    r"(?:vols?|trains?|trajet|traversée|voyage|vuelo|tren|viaje|trayecto|travesía|volo|treno|viaggio|tratta"
    r"|traversata|corsa|voo|comboio|viagem)"
)
THERE = Words(
    rf"(?<![^\W_])(?:(?:outbound|outward|departing) {KINDS}|hin(?:flug|fahrt|reise)|{TRAVELS} (?:d'|de "
    rf"|di )?(?:aller|ida|andata)"
    r"|heen(?:vlucht|reis))(?![^\W_])(?! (?:et|y|e|and|und) )|往路",
)
BACK = Words(
    rf"(?<![^\W_])(?:(?:return|inbound|returning|homeward) {KINDS}|rück(?:flug|fahrt|reise)|{TRAVELS} (?:de "
    rf"|di )?(?:retour|vuelta|regreso|ritorno|volta)"
    r"|terug(?:vlucht|reis))(?![^\W_])|復路",
)
ENDS = (THERE, BACK)
# Words of sentences that are not about a whole booking.
PART = Words(
    rf"{THERE.pattern}|{BACK.pattern}|(?<![^\W_])(?:one of (?:the|your)|part of|partial(?:ly)?|ein(?:e|es|er) (?:der"
    rf"|ihrer)"
    r"|(?:ein )?teil (?:der|ihrer)|teilweise|l'une? des|une partie|partielle(?:ment)?|(?:un[ao]) de (?:los|las|sus|tus)"
    r"|parcial(?:mente)?|parte (?:de|della)|un[ao] d(?:ei|egli|elle)|parzial(?:e|mente)|een van (?:de|uw)|een deel"
    r"|gedeeltelijk\w*|um[a]? d(?:os|as))(?![^\W_])|一部"
)
# Each word for a cancellation holds one of these.
BEGINNINGS = (
    "cancel",
    "storn",
    "absag",
    "abgesagt",
    "annul",
    "anulad",
    "anulac",
    "disd",
    "not ",
    "no longer",
    "won't",
    "fällt",
    "fallen ",
    "fiel ",
    "nicht",
    "circul",
    "supprim",
    "pas lieu",
    "no saldrá",
    "no operará",
    "suprimid",
    "non partirà",
    "non sarà",
    "soppress",
    "niet",
    "vervallen",
    "realizará",
    "運休",
    "欠航",
    "キャンセル",
    "取消",
    "取り消",
)
# A number that stands beside the word without a label.
BARE = re.compile(r"(?<![\w./-])(?=[A-Z0-9-]*\d)[A-Z0-9]{1,6}(?:-?[A-Z0-9]{2,})+(?![\w/-])")
SHORTEST_BARE = 5


def cancel(plan: Plan, reading: Reading) -> None:
    """Mark what the document tells to be cancelled, and add what it names by a number only."""
    _cancel_parts(plan, reading)
    heads = [text for text in _heads(reading) if is_told(text) or _is_announced(text)]
    if heads and reading.speaks_of(PARTLY):
        heads = []
    spoken = any(word in reading.lower for word in BEGINNINGS) and reading.speaks_of(labels.CANCELLED)
    told = [
        mark for mark in reading.marks if not mark.aside and (mark.text in heads or (spoken and is_told(mark.text)))
    ]
    named = _named([*(mark.text for mark in told), *heads], reading)
    numbers = _numbers(told, reading)
    entries: list[Entry] = [*plan.activities, *plan.stays, *plan.transport]
    instead = _instead(reading) if heads else set[str]()
    parts = sum(entry.cancelled for entry in entries)
    called = [] if 0 < parts < len(entries) else [*_called(plan, told), *_leg(plan, told)]
    if any(PART.search(mark.text) for mark in told):
        heads = []
    all_of_them = bool(heads) and not 0 < len(called) < len(entries) and not 0 < parts < len(entries)
    for entry in entries:
        whole = all_of_them and not instead.issuperset(entry.quote.split("\n"))
        entry.cancelled = (
            entry.cancelled
            or any(entry is one for one in called)
            or _concerns(entry, named, numbers, whole=whole, entries=entries)
        )
    _drop_costs(plan, entries, whole=bool(heads))
    _add_named(plan, named, numbers, entries)
    status = [] if entries else [text for text in _heads(reading) if labels.CANCELLED_STATUS.fullmatch(text)]
    if not named and not numbers and (heads or status) and not any(entry.cancelled for entry in entries):
        _add_unnamed(plan, reading, [*heads, *status])
    if not heads and told and not named and not numbers and not any(entry.cancelled for entry in entries):
        plan.unresolved.append(Unresolved("cancellation", WHICH, tuple(mark.text for mark in told[:1])))
    if heads and plan.cancellations:
        # The number says which stay it is.
        plan.unresolved = [one for one in plan.unresolved if one.kind != "stay"]


def _leg(plan: Plan, told: list[Mark]) -> list[Entry]:
    """The journey there or back of two that sentences about cancellations call by that."""
    journeys = sorted(plan.transport, key=lambda one: one.depart or "")
    if len(journeys) != len(ENDS) or (journeys[0].depart or "")[:10] == (journeys[1].depart or "")[:10]:
        return []
    return [journey for journey, end in zip(journeys, ENDS, strict=True) if any(end.search(mark.text) for mark in told)]


def _called(plan: Plan, told: list[Mark]) -> list[Stay]:
    """The stays that sentences about cancellations call by name. Those of all sentences are none."""
    called: list[Stay] = []
    for mark in told:
        found = labels.CANCELLED.search(mark.text)
        clauses = [mark.text] if found is None else [_clause_around(mark.text, found.end()), mark.text]
        for clause in clauses:
            named = [stay for stay in plan.stays if folded(stay.name) in folded(clause)]
            if named:
                called += named
                break
    return called


def _clause_around(text: str, place: int) -> str:
    """Return the clause of a sentence that ends or goes on at a place."""
    begin = max(text.rfind(sign, 0, place) for sign in ",;:")
    end = next((i for i in range(place, len(text)) if text[i] in ",;:."), len(text))
    return text[begin + 1 : end]


def _drop_costs(plan: Plan, entries: list[Entry], *, whole: bool) -> None:
    """Drop the days and costs of what is cancelled."""
    if all(entry.cancelled for entry in entries) and (entries or whole):
        plan.days, plan.costs = [], []
        return
    gone, kept = ({_day_of(one) for one in entries if one.cancelled is off} for off in (True, False))
    plan.days = [day for day in plan.days if day.date not in gone - kept]
    lines = {line for entry in entries if entry.cancelled for line in entry.quote.split("\n")}
    lines -= {line for entry in entries if not entry.cancelled for line in entry.quote.split("\n")}
    plan.costs = [cost for cost in plan.costs if cost.quote not in lines]


def _day_of(entry: Entry) -> str:
    """The day on which something takes place or begins."""
    if isinstance(entry, Transport):
        return (entry.depart or "")[:10]
    return (entry.check_in or "") if isinstance(entry, Stay) else entry.date


def _instead(reading: Reading) -> set[str]:
    """The lines below one that says what was booked in place of what is cancelled."""
    begin = next((place for place, mark in enumerate(reading.marks) if _tells_instead(mark.text)), None)
    if begin is None:
        return set()
    before = {mark.text for mark in reading.marks[:begin]}
    return {mark.text for mark in reading.marks[begin:] if mark.text not in before}


def _tells_instead(text: str) -> bool:
    found = REBOOKED.search(text) or (text.endswith((":", "\uff1a")) and KEPT.search(text))
    return bool(found and not IF.search(text[: found.start()]))


def is_told(text: str) -> bool:
    """Return True if a sentence says that something is cancelled, rather than that it may be."""
    found = labels.CANCELLED.search(text)
    if found and REPLACED.search(text) and not labels.code_in(text):
        return False
    return bool(found and not IF.search(text[: found.start()]) and not THEN.match(text[found.end() :]))


def _is_announced(text: str) -> bool:
    return bool((NOTICE.match(text) or CONFIRMS.search(text)) and not TERMS.search(text))


def _heads(reading: Reading) -> list[str]:
    """The subject and the first sentences, which speak of the document as a whole."""
    first = [mark.text for mark in reading.marks if not mark.aside and not labels.GREETING.match(mark.text)][:HEAD]
    return [*dict.fromkeys(filter(None, [reading.document.subject, reading.document.title])), *first]


def _cancel_parts(plan: Plan, reading: Reading) -> None:
    """Mark what sections and rows tell that are cancelled."""
    cancelled = {mark.text for mark in reading.marks if mark.cancelled}
    cancelled -= {mark.text for mark in reading.marks if not mark.cancelled}
    for entry in [*plan.activities, *plan.stays, *plan.transport]:
        entry.cancelled = bool(cancelled) and any(line in cancelled for line in entry.quote.split("\n"))


def _named(texts: list[str], reading: Reading) -> dict[str, str]:
    """The numbers of the bookings that sentences tell to be cancelled, each with its sentence."""
    named: dict[str, str] = {}
    services = {code_of(number) for mark in reading.marks if texts and (number := number_in(mark, reading)[0])}
    for text in dict.fromkeys(texts):
        for code in _codes_in(text, services):
            # Words of the document are a better quote than its subject.
            if code not in named or named[code] not in reading.text:
                named[code] = text
    return named


def _codes_in(text: str, services: set[str]) -> Iterator[str]:
    if code := labels.code_in(text):
        yield code
        return
    taken = [(one.start, one.end) for one in dates_in(text)]
    bare = {
        match[0]
        for match in BARE.finditer(text)
        if len(match[0]) >= SHORTEST_BARE
        and code_of(match[0]) not in services
        and not any(start < match.end() and match.start() < end for start, end in taken)
    }
    if len(bare) == 1:
        yield bare.pop()


def _numbers(told: list[Mark], reading: Reading) -> dict[str, Mark]:
    """The flights and trains that sentences tell to be cancelled."""
    return {code_of(number): mark for mark in told if (number := number_in(mark, reading)[0])}


def _concerns(
    entry: Entry, named: dict[str, str], numbers: dict[str, Mark], *, whole: bool, entries: list[Entry]
) -> bool:
    number = code_of((entry.number if isinstance(entry, Transport) else None) or "")
    served = (code_of(one.number or "") for one in entries if numbers and isinstance(one, Transport))
    if numbers and (number or any(one in numbers for one in served)):
        return number in numbers
    if not named:
        return whole
    known = {code_of(code) for code in named}
    return code_of(entry.confirmation) in known if entry.confirmation else whole


def _add_named(plan: Plan, named: dict[str, str], numbers: dict[str, Mark], entries: list[Entry]) -> None:
    known = {code_of(one.confirmation) for one in entries if one.confirmation and one.cancelled}
    served = {code_of(one.number or "") for one in entries if isinstance(one, Transport)}
    for number, mark in numbers.items():
        days = mark.trip_days
        code = labels.code_in(mark.text)
        if number in served or not (days or code):
            continue
        day = days[0].isoformat() if len(days) == 1 else None
        written = next((word for word in re.split(r"[,;()]", mark.text) if number in code_of(word)), "")
        shown = re.search(r"\b[A-Z0-9]{2,3}\s?\d{1,4}\b", written)
        plan.transport.append(
            Transport(
                mark.text,
                How.RULE,
                confirmation=code,
                cancelled=True,
                mode=mode_of(mark.text) or ("flight" if re.fullmatch(r"[A-Z0-9]{2}\d{1,4}", number) else "other"),
                number=shown[0] if shown else number,
                depart=day,
            )
        )
        known |= {code_of(code)} if code else set()
    plan.cancellations += [
        Cancellation(text, How.RULE, confirmation=code, cancelled=True)
        for code, text in named.items()
        if code_of(code) not in known
    ]


def _add_unnamed(plan: Plan, reading: Reading, heads: list[str]) -> None:
    """The only number of the document is what is cancelled, else that is left open."""
    quote = next((head for head in heads if head in reading.text), heads[0])
    if code := reading.only_code:
        stated = next((mark.text for mark in reading.marks if labels.code_in(mark.text) == code), quote)
        plan.cancellations.append(Cancellation(stated, How.RULE, confirmation=code, cancelled=True))
    else:
        plan.unresolved.append(Unresolved("cancellation", WHICH, (quote,)))
