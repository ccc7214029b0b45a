"""Costs as a document tells them: totals, deposits, balances with their due dates. Offers and ranges are no costs."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from documents import labels
from documents.fees import is_former, is_no_cost, is_rate
from documents.marks import About, Mark, Reading
from documents.model import Cost, How, Kind, Unresolved
from documents.money import Amount, settled
from documents.occasions import OFFERED
from documents.patterns import Words

if TYPE_CHECKING:
    from datetime import date


def _words(pattern: str) -> Words:
    return Words(rf"(?<![^\W_])(?:{pattern})")


FROM_AFTER = re.compile(r"^\s?(?:から|～|~|\+|起)")
UNRELATED = _words(
    r"not included|excluded|nicht enthalten|nicht inbegriffen|non compris"
    r"|no incluye|no incluid|non compres|non inclus|after that|thereafter|danach"
    r"|capital\b|stammkapital|capitale|cancellation fee|cancellation charge|storno|annulation|penalit|penalty"
    r"|refund|rückerstattung|erstattung|rembours|reembols|rimbors|excess|deductible|selbstbehalt|franchise"
    r"|franquicia|"
    r"franchigia|liabilit|insured|versicherungssumme|voucher worth|credit of|points|discount|rabatt|réduction"
    r"|descuento|sconto|was\b|statt\b|instead of|キャンセル|資本金|no[-\s]show|per mile|per km|charges? apply"
    r"|if you cancel|"
    r"\w*absicherung|insolven\w*|bürgschaft|garantie financière|garanzia|"
    r"security deposit|kaution|caution|fianza|cauzione|deposit refundable|minimum spend|share price|turnover|revenue"
)
OPTIONAL = _words(
    r"optional|aufpreis|zuschlag|gegen gebühr|auf wunsch|wahlweise|zubuchbar|supplement"
    r"|single room supplement|facoltativ|supplemento|a richiesta|opcional|suplemento|en option|facultati"
    r"|supplément|on request|upgrade|add-on|if you (?:like|wish)|オプション|任意|追加"
)
DEPOSIT = _words(
    r"deposit|anzahlung|acompte|arrhes|depósito|anticipo|señal|acconto|caparra|prepayment|vorauszahlung|aanbetaling"
    r"|sinal\b|申込金"
    r"|手付金|内金|デポジット"
)
BALANCE = _words(
    r"balance|remaining|restzahlung|restbetrag|outstanding|solde|restant|reste à|saldo|resto"
    r"|importe pendiente|pendiente|rimanente|a pagar|da pagare|to (?:be )?pa(?:y|id)|zu (?:be)?zahlen|à (?:payer"
    r"|régler)"
    r"|te betalen|openstaand|restbedrag|resterend|falta pagar|残金|残額|amount due|still to pay|left to pay|rest\b"
)
PAID = _words(
    r"paid|bezahlt|payée?|réglé|pagad[oa]|pagat[oa]|abonado|charged|お支払い?済|支払済|payment received|betaald"
    r"|voldaan"
    r"|zahlung erhalten|abgebucht|belastet"
)
ALREADY_PAID = Words(
    r",\s(?:(?:already|fully|schon|bereits|déjà|già|ya)\s)?(?:paid|bezahlt|payée?s?|réglée?s?|pagad[oa]"
    r"|pagat[oaie])(?![^\W_])",
)
TAX = _words(
    r"tax(?:es)?\b|city tax|kurtaxe|steuern?\b|mwst|vat\b|iva\b|tva\b|taxe de séjour|tasa|imposta|tassa|税|duty"
)
TOTAL = _words(
    r"(?:sub)?total|grand total|gesamt\w*|insgesamt|summe|endpreis|reisepreis|montant|importe|totale|prezzo"
    r"|(?:rechnungs|end|zahl)?betrag|(?:factuur|eind)?bedrag|price|preis|prix|precio|amount\b|cost\b|kosten"
    r"|coste?\b|costo|quota|fare\b|fahrpreis|tarif|package"
    r"|pauschal|comes to|revient à|le tout|zusammen|in tutto|en todo|会費|参加費"
    r"|totaal\w*|reissom|prijs|preço|valor\b|合計"
    r"|総額|代金"
    r"|料金|金額|お支払い"
)
PART = _words(r"subtotal|zwischensumme|sous-total|base fare|room charge|net\b|netto|小計")
EACH = Words(
    r"(?<![^\W_])(?:(?:per|pro|par|por|a|each|je|/)\s?(?:person\w*|night|nacht|nuit|noche|notte|day|tag|jour"
    r"|d[ií]a|giorno|persona|personne|adult|erwachsene\w*|guest|gast|traveller|room|zimmer|pax)"
    r"|p\.?\s?p\.?(?![^\W_])|each\b|chacun|cada uno|1名様|おひとり様|一人|/n\b|a person|pro kopf|la nuit|la noche"
    r"|al giorno|a notte)",
)
# A price of one of something, such as 4 a basket.
PER = Words(r"\s?(?:(?:a|an|per|each|pro|je|par|por|al?|cada|/)\s?(?:half )?[^\W\d_]{3,})")
CURRENCYLESS = Words(
    r"(?<![^\W_])(?:total|amount|price|fare|cost|gesamtpreis|preis|summe|betrag|montant|prix|importe|precio"
    r"|totale|prezzo|importo|合計)\b[^\d\n]{0,20}?(?P<n>\d[\d.,' ]*\d|\d)\s*(?:each|p\.?p\.?)?\s*$"
    r"|(?<![\d.,:/])(?P<m>\d{1,6}(?:[.,]\d\d)?)\s(?:each|per person|pro person|par personne|por persona"
    r"|a persona|p\.?p\.)(?![^\W_])",
)
NO_CURRENCY = "The currency of this amount is told nowhere."
DIGIT = re.compile(r"\d")
RANK = ["total", "paid", "deposit", "balance", "item", "tax", "optional", "range"]
LABEL = 80
LONG = 16
SHORT = 6
LETTERS = re.compile(r"[^\W\d_]")
BRACKETS = re.compile(r"[(\[][^()\[\]]*[)\]]?")
RUNNING = Words(
    r"(?<![^\W_])(?:is|are|was|were|will|can|you|we|costs?|comes|kostet|kosten|ist|sind|wird|werden|kann|können|sie"
    r"|wir|est|sont|sera|seront|coûte|coûtent|vous|nous|es|son|será|serán|cuesta|cuestan|puede|è|sono|sarà|costa"
    r"|costano"
    r"|può|is|zijn|wordt|worden|kost|u|é|são|custa)(?![^\W_])",
)
BOOKED = Words(
    r"(?<![^\W_])(?:flight|train|ferry|tour|flug|zug|fähre|vol|train|vuelo|tren|volo|treno|vlucht|trein|voo)"
)
# What one may pay there.
ON_SITE = Words(
    r"\W*(?:on[-\s]site|locally|at the (?:door|desk|gate|venue)|vor ort|sur place|in loco|sul posto|in situ"
    r"|en el lugar"
    r"|ter plaatse|no local)(?![^\W_])|\W*現地"
)
FURTHER = Words(
    r"(?<![^\W_])(?:second|extra|additional|further|another|other|each|every|zweite\w*|weitere\w*|zusätzlich\w*"
    r"|jede\w*"
    r"|andere\w*|deuxième|second|supplémentaire|autre|chaque|segund[oa]|adicional|otr[oa]|cada|ulterior[ei]"
    r"|aggiuntiv[oa]"
    r"|altr[oa]|ogni|tweede|elke|outr[oa])(?![^\W_])",
)


def costs_of(reading: Reading, *, dated: bool, booked: bool) -> tuple[list[Cost], set[int], list[Unresolved]]:
    """The costs of a document, the places of the marks that tell them, and amounts without a currency.

    `dated` is whether the document has anything with a day, `booked` whether it looks like a booking.
    """
    found: list[tuple[int, Cost, bool]] = []
    unresolved: list[Unresolved] = []
    if not (dated or booked):
        return [], set(), []
    for place, mark in enumerate(reading.marks):
        if mark.aside or mark.old or mark.cancelled:
            continue
        if not (mark.amounts or mark.told or mark.times) and DIGIT.search(mark.text) and CURRENCYLESS.search(mark.text):
            unresolved.append(Unresolved("cost", NO_CURRENCY, (mark.text,)))
        alone = _is_priced_line(reading.marks, place)
        for i, amount in enumerate(mark.amounts):
            cost, each = _cost(mark, i, amount, reading, alone=alone)
            if cost is None:
                continue
            if cost.currency is None:
                unresolved.append(Unresolved("cost", NO_CURRENCY, (mark.text,)))
            else:
                found.append((place, cost, each))
    if not dated:
        found = _settled(found)
    return _chosen(found), {place for place, _, _ in found}, unresolved


def _settled(found: list[tuple[int, Cost, bool]]) -> list[tuple[int, Cost, bool]]:
    """The totals and payments among costs, and the items if they add up to one of these."""
    sums = {cost.amount for _, cost, _ in found if cost.of in {"total", "paid"}}
    items = [cost.amount for _, cost, each in found if cost.of in {"item", "tax"} and not each and cost.amount]
    whole = sum(items) in sums
    return [one for one in found if one[1].of in {"total", "paid", "deposit", "balance"} or (whole and not one[2])]


def _is_priced_line(marks: list[Mark], place: int) -> bool:
    """Return True if all sentences of a line tell an amount, as those of a bill in one line do."""
    index = marks[place].index
    near = [mark for mark in marks[max(0, place - 2) : place + 3] if mark.index == index]
    return all(mark.amounts for mark in near)


def _cost(mark: Mark, i: int, amount: Amount, reading: Reading, *, alone: bool) -> tuple[Cost | None, bool]:
    """The cost that an amount tells, if any, and whether it is that of one person or night."""
    before, after = _around(mark, i, amount)
    clause = f"{before} {after}"
    if (
        amount.ranged
        or amount.value <= 0
        or OFFERED.search(before.rstrip()[-32:])
        or FROM_AFTER.match(after)
        or UNRELATED.search(clause)
    ):
        return None, False
    product = bool(i) and _is_product(mark, i)
    each = not product and bool(
        EACH.search(after[:40]) or PER.match(after) or (EACH.search(before[-60:]) and not TOTAL.search(after[:20]))
    )
    kind = _kind(before, after)
    if kind != "optional" and is_no_cost(mark, before, after):
        return None, False
    if kind == "item" and ON_SITE.match(after):
        return None, False
    if mark.terms and each:
        return None, False
    # What an entry of a calendar costs may stand there without a word.
    entry = reading.document.kind is Kind.CALENDAR and not before.strip() and len(mark.text.split()) <= SHORT
    if kind in {"item", "tax"} and (mark.terms or not (entry or _is_priced(mark, i, before, after, alone=alone))):
        return None, False
    currency = amount.currency or settled(
        amount, reading.holds, language=reading.language, trip_currency=reading.context.trip_currency
    )
    cost = Cost(mark.text, How.RULE, amount=amount.value, currency=currency, of=kind, label=_label(before))
    if kind in {"deposit", "balance"} and (due := _due(mark, amount, i)):
        cost.due = due.isoformat()
    return cost, each


def _around(mark: Mark, i: int, amount: Amount) -> tuple[str, str]:
    """The words before and after an amount that belong to it."""
    start = mark.amounts[i - 1].end if i else 0
    end = mark.amounts[i + 1].start if i + 1 < len(mark.amounts) else len(mark.text)
    before = re.split(r"[;!?]\s|\.\s(?=[A-ZÀ-Ý])", mark.text[start : amount.start])[-1]
    rest = re.split(r"[;!?]\s|\.\s(?=[A-ZÀ-Ý])", mark.text[amount.end : end])[0]
    paid = ALREADY_PAID.search(rest)
    after = rest.split(", ")[0] + (paid[0] if paid else "")
    if end < len(mark.text) and is_former(after):
        # It is said of the next amount.
        after = ""
    if i and mark.line.cells and _is_product(mark, i):
        before = mark.text[: mark.amounts[0].start]
    elif not LETTERS.search(before):
        before = mark.text[: mark.amounts[0].start] if i and _is_product(mark, i) else before if i else mark.label
    return before, after


def _is_product(mark: Mark, i: int) -> bool:
    """Return True if an amount is the one before it times the number in the line, as in 2 x 24.50 49.00."""
    unit, whole = mark.amounts[i - 1].value, mark.amounts[i].value
    numbers = {int(number) for number in re.findall(r"(?<![\d.,])\d{1,2}(?![\d.,])", mark.text)}
    return any(unit * number == whole for number in numbers)


def _kind(before: str, after: str) -> str:
    clause = f"{before} {after[:50]}"
    if OPTIONAL.search(clause):
        return "optional"
    for kind, pattern in (("deposit", DEPOSIT), ("balance", BALANCE), ("paid", PAID)):
        if pattern.search(before):
            return kind
    if TAX.search(before) and not re.search(r"(?i)incl|inkl|compris|ttc|inclu", before) and not TOTAL.search(before):
        return "tax"
    if PART.search(before):
        return "item"
    if TOTAL.search(before) or re.match(
        r"\s*(?:in (?:total|all)|total|gesamt|insgesamt|en total|au total|in totale|in totaal"
        r"|no total)\b",
        after,
        re.IGNORECASE,
    ):
        return "total"
    if DEPOSIT.search(after[:40]):
        return "deposit"
    if PAID.search(after[:20]) or ALREADY_PAID.search(after):
        return "paid"
    return "item"


def _is_priced(mark: Mark, i: int, before: str, after: str, *, alone: bool) -> bool:
    """Return True if an amount without a word such as "total" stands where prices stand: in a row, or after a label."""
    if mark.line.cells:
        return True
    if not LETTERS.search(before):
        return False
    if is_rate(before) or len(BRACKETS.sub("", after).split()) > SHORT:
        return False
    if labels.DEADLINE.search(mark.text):
        return False
    if i + 1 < len(mark.amounts) and _is_product(mark, i + 1):
        return False
    if RUNNING.search(re.split(r"[.!?]\s", mark.text[: mark.amounts[i].start])[-1]):
        booked = labels.LODGING.search(before) or BOOKED.search(before)
        return bool(booked and not FURTHER.search(before)) and len(mark.text.split()) <= LONG
    if not alone or (mark.times and labels.OPENING.search(mark.text)):
        return False
    if len(mark.amounts) > 1 and any(is_rate(mark.text[: one.start]) for one in mark.amounts):
        return False
    ends = mark.text.endswith((".", "。")) and not re.search(r"[:：=]", mark.text)
    prose = ends and len(mark.text.split()) > (SHORT if len(mark.amounts) == 1 else SHORT * 2)
    return len(before.split()) <= LONG and not prose


def _label(before: str) -> str | None:
    label = before.strip(" .:,;-–—|(（：")
    return label[-LABEL:].strip() or None


def _due(mark: Mark, amount: Amount, i: int) -> date | None:
    following = mark.amounts[i + 1].start if i + 1 < len(mark.amounts) else len(mark.text)
    for one, about, day in zip(mark.told, mark.about, mark.days, strict=True):
        if (
            day
            and about in {About.DUE, About.DEADLINE}
            and one.start < following
            and (one.start > amount.start or not i)
        ):
            return day
    return None


def _exceeds(cost: Cost, totals: list[Cost]) -> bool:
    """Return True if an amount is larger than all totals in its currency, so that it can't be a part of one."""
    same = [one.amount for one in totals if one.currency == cost.currency and one.amount]
    return bool(same and cost.amount and cost.amount > max(same))


def _chosen(found: list[tuple[int, Cost, bool]]) -> list[Cost]:
    """The costs without those told twice, and without prices of one person where there is a total."""
    totals = [cost for _, cost, each in found if cost.of in {"total", "paid"} and not each]
    whole = bool(totals)
    kept: list[Cost] = []
    for _, cost, each in sorted(found, key=lambda entry: RANK.index(entry[1].of)):
        if cost.of == "item" and _exceeds(cost, totals):
            continue
        if each and whole and cost.of in {"item", "total"}:
            continue
        if each and cost.of == "total":
            cost.of = "item"
        twin = next((one for one in kept if (one.amount, one.currency) == (cost.amount, cost.currency)), None)
        again = twin and any(one.label and PART.search(one.label) for one in (twin, cost))
        if twin and again and twin.of == "item":
            continue
        if twin and not (twin.of == cost.of == "item" and twin.quote != cost.quote and twin.label != cost.label):
            twin.due = twin.due or cost.due
            continue
        kept.append(cost)
    return kept
