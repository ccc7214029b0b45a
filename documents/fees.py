"""Amounts that a document names but nobody pays for the booking: fees of conditions, held sums, old prices, rewards."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from documents.labels import CONDITIONAL, TERMS
from documents.occasions import WISH, is_entry
from documents.patterns import Words

if TYPE_CHECKING:
    from documents.marks import Mark


def _words(pattern: str) -> Words:
    return Words(rf"(?<![^\W_])(?:{pattern})")


FEE = _words(
    r"(?:change|cancell?ation|amendment|modification|no[-\s]?show|rebooking|refund|name change|reissue"
    r"|late (?:return|arrival"
    r"|check[-\s]?out|cancellation)|damage|smoking|lost (?:key|ticket)|(?:after|out of)[-\s]hours|overtime"
    r"|excess (?:baggage"
    r"|luggage)|extra (?:bag|bed|night|hour|person|driver)|additional (?:bag|night|hour|driver|person|guest))s?\b"
    r"(?:\s(?:fees?|charges?|costs?|penalt\w+))?\W*(?:is|are)?\s?(?:charged|of|costs?|at)?\s?(?:at)?\W*$"
    r"|(?:change|cancell?ation|amendment|no[-\s]?show|rebooking|refund|reissue) (?:fees?|charges?|penalt\w+)"
    r"|(?:late payment|pénalités? de retard|indemnité|verzug\w*|mahn\w*|intereses|interessi|mora\b)"
    r"|(?:umbuchung|storn|änderung|no-show|namensänderung|rückerstattung|verspätung|nichterschein|nachtzuschlag)\w*"
    r"|(?:frais|pénalités?|retenue) (?:de |d'|pour )(?:la )?(?:modification|annulation|changement|échange|rembours"
    r"|no[-\s]?show"
    r"|non[-\s]présentation|dossier en cas)"
    r"|(?:gastos|cargos?|penalización|tasas?|comisión|recargo) (?:de|por) (?:la )?(?:cambio|modificación|cancelación"
    r"|anulación"
    r"|no presentación|no[-\s]show|devolución)|fuera de horario|hors horaires|fuori orario|außerhalb der"
    r"|(?:penal[ei]|spese|costo|tariffa|supplemento|commissione) (?:di |per )(?:il |la )?(?:cambio|modifica"
    r"|cancellazione"
    r"|annullamento|rimborso|mancata)|penal[ei]\b|(?:wijzigings|annulerings|omboekings)kosten"
    r"|taxas? de (?:alteração|cancelamento|remarcação|no[-\s]show)"
)
JAPANESE_FEE = re.compile(
    r"(?:払い?戻し?|変更|取消|キャンセル|解約|違約)(?:手数)?[料金]|保証金|預[りか]り?金|補償|ポイント|還元"
)
HELD = _words(
    r"bloque\w+|blockiert|geblockt|pre-?authori\w+|(?:be |is |are )held\b|hold on|vorautorisier\w*|préautoris\w*"
    r"|empreinte"
    r"|preautori\w+|retendr\w+|bloccat\w*|geblokkeerd|waarborg|borg\b|caução|security|(?:refundable|damage) deposit"
    r"|hinterleg\w*|sicherheitsleistung|garantía|garanzia"
)
REWARD = _words(
    r"(?:on-?board|shipboard|store|future|travel) credit|bordguthaben|crédit à bord|crédito a bordo"
    r"|credito a bordo|tegoed|cash\s?back|bonus|treue|fidélité|fidelidad|fedeltà|loyalty|rewards?\b|gutschein"
    r"|bon d'achat|un avoir|cupón|buono"
    r"|coupon|guthaben|sav(?:e|ed|ing)\b|spar(?:en|t|st)\b|ersparnis|économi|ahorr|risparmi|bespaa|earn(?:ed)?\b"
    r"|verdien"
    r"|cagnott|next (?:trip|booking|stay)|nächste buchung|prochain|próxim[oa]|prossim[oa]"
)
INSURED = _words(
    r"cover(?:age|ed)? (?:up to|of)|sum insured|deckung|versichert|couverture|couvert jusqu|plafond|cobertura|asegurad"
    r"|massimale|copertura|dekking|excess\b|liabil|haftung|responsab|selbstbeteiligung|eigen risico|waiver"
)
FORMER = _words(
    r"(?:instead of|rather than|au lieu des?|en (?:lugar|vez) del?|anziché|invece di|in plaats van|em vez de|statt"
    r"|was|were"
    r"|before|previously|formerly|vorher|bisher|zuvor|auparavant|anteriormente|voorheen|ursprünglich|originally"
    r"|rrp|uvp"
    r"|regular (?:price|rate)|(?:old|previous|original) (?:price|total|fare|rate)|listenpreis|normalpreis|alter preis"
    r"|bisheriger \w+|ancien(?:ne)? \w+|prix public|precio (?:anterior|habitual|original)|prezzo (?:precedente"
    r"|di listino"
    r"|originale)|vecchio \w+|oude prijs)\W*(?:the\s|de\s|von\s)?\W*$|(?:旧料金|変更前|通常価?格?|定価|旧)\W*$"
)
ROUGHLY = _words(
    r"(?:höchstens|maximal|mindestens|at (?:most|least)|max\.|maximum|minimum|au (?:maximum|plus|moins)|como máximo"
    r"|al (?:massimo|meno)|almeno|maximaal|minstens|no máximo)\.?\s?$|budget|estimat\w*|geschätzt\w*"
    r"|voraussichtlich\w*|schätz\w*|estimé\w*|estimad\w*|stimat\w*|geschat\w*|richtpreis"
    r"|guide price|indicati\w*|(?:about|approx\w*|around|circa|ca|rund|etwa|environ|autour de|alrededor de|un[oa]s"
    r"|aprox\w*"
    r"|ongeveer|cerca de|intorno a)\.?\s?$|(?:約|およそ|予算)\W*$"
)
# Behind a sum that somebody thinks of.
LIKE = re.compile(r"\s?(?:くらい|ぐらい|ほど|程度|前後|or so|or thereabouts|más o menos|o più o meno)")
LAST_TIME = _words(
    r"last (?:time|year)|letztes (?:mal|jahr)|la dernière fois|l'an dernier|la última vez|el año pasado|l'ultima volta"
    r"|l'anno scorso|vorige keer|vorig jaar|da última vez"
)
ABSENT = _words(
    r"(?:price|cost|total|fare|fee)s? would (?:be|come)|(?:preis|kosten) (?:wäre|würde)\w*|würden? \w+ kosten"
    r"|(?:prix|tarif) serait"
    r"|precio sería|prezzo sarebbe|prijs zou|preço seria|(?:in|for|im|bei|en|em|per) (?:the )?(?:case|fall|cas"
    r"|caso|geval)\b|in case|(?:late|early) cancel|absence"
    r"|ausbleiben"
    r"|nichterscheinen|will be charged (?:if|for)|charged per|fällig bei|en caso de|no se presenta"
    r"|mancata presentazione"
    r"|per day late|unless|si no\b|wenn sie|falls"
)
ASIDE = Words("|".join(pattern.pattern for pattern in (HELD, REWARD, INSURED, JAPANESE_FEE)))
UNCERTAIN = Words("|".join(pattern.pattern for pattern in (WISH, LAST_TIME, CONDITIONAL, ABSENT)))
AFTER = re.compile(r"^\W*(?:(?:an|in|de|di|of|as)\s)?")
# A price that someone asks for a thing, such as a menu, without having booked it.
RATE = _words(r"(?:at|for|à|zu|je|por|um|für|per|voor|a|al|tot|only|nur|seulement|solo|just)\s$")
SECTION = Words(
    r"\W{0,3}(?:total|price|cost|payment|itinerary|programme|program|day|hotel|flight|your|booking|reservation|gesamt"
    r"|preis|zahlung|reise|kosten|tag|prix|paiement|voyage|jour|vol\b|precio|pago|viaje|día|vuelo|prezzo|pagamento"
    r"|viaggio"
    r"|giorno|volo|reis|prijs|betaling|dag\b|料金|合計|日程|支払)",
)
TITLE = re.compile(r"[■●◆【】\[\]=_*~-]+")
PLAIN = 7
HEAD_WORDS = 6
HEAD_LENGTH = 60
COUNTED = re.compile(r"\d|[×x]\s")


def is_no_cost(mark: Mark, before: str, after: str) -> bool:
    """Return True if the words around an amount say that it isn't paid for what is booked."""
    if (
        FORMER.search(before[-48:])
        or LIKE.match(after)
        or ROUGHLY.search(before[-48:])
        or FEE.search(before[-64:])
        or FEE.match(AFTER.sub("", after))
    ):
        return True
    clause = f"{before[-90:]} {after[:60]}"
    return bool(ASIDE.search(clause) or (not is_entry(mark) and UNCERTAIN.search(mark.text)))


def set_terms(marks: list[Mark]) -> None:
    """Mark the sections of conditions and advice, to the next heading of their level."""
    level: int | None = None
    for place, mark in enumerate(marks):
        head = _is_head(mark) and place > 0
        if level is not None and ((mark.line.level and mark.line.level <= level) or (level == PLAIN and _ends(mark))):
            level = None
        if head and TERMS.search(mark.text) and mark.line.level != 1:
            level = mark.line.level or PLAIN
        mark.terms = level is not None


def _is_head(mark: Mark) -> bool:
    text = mark.text
    if mark.told or mark.times or mark.amounts or len(mark.line.cells) > 1 or mark.line.item:
        return False
    return len(text.split()) <= HEAD_WORDS and len(text) <= HEAD_LENGTH and not text.endswith((".", "!"))


def _ends(mark: Mark) -> bool:
    """Return True if a line of plain text looks like the next section's heading, or tells what is paid."""
    text = mark.text.strip()
    letters = TITLE.sub("", text)
    return _is_head(mark) and (text.isupper() or letters.endswith((":", "：")) or bool(SECTION.match(text)))


def is_former(before: str) -> bool:
    """Return True if the words before an amount say that another has replaced it."""
    return bool(FORMER.search(before[-48:]))


def is_rate(before: str) -> bool:
    """Return True if an amount is the price at which something is offered."""
    return bool(RATE.search(before)) and not COUNTED.search(before)
