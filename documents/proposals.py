"""Documents that offer rather than tell what is booked: results of a search, and proposals without obligation."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from documents import labels

if TYPE_CHECKING:
    from documents.marks import Reading

# These are looked for in text in lower case. The first ones say that nothing is booked.
NOTHING = re.compile(
    r"nothing (?:has been|is|was) (?:yet )?(?:booked|reserved)|no (?:booking|reservation)s? (?:has"
    r"|have) (?:yet )?been made"
    r"|(?:this|it) is not (?:yet )?a (?:booking|reservation)|(?:have|has) not (?:yet )?(?:been )?(?:booked|reserved)"
    r"|noch n(?:icht|ichts) (?:fest )?(?:gebucht|reserviert)|(?:keine|noch keine) (?:feste )?(?:buchung"
    r"|reservierung)\b"
    r"|rien n'(?:est|a été) (?:encore )?réservé|aucune réservation n'"
    r"|ne constitue pas une (?:réservation|confirmation)"
    r"|no (?:supone|constituye) (?:una )?(?:reserva|confirmación)|(?:aún|todavía) no (?:hay|hemos) .{0,20}reservad"
    r"|non (?:costituisce|rappresenta) (?:una )?(?:prenotazione|conferma)|nulla è (?:stato )?(?:ancora )?prenotat"
    r"|nog niets (?:geboekt|gereserveerd)|nada (?:está|foi) (?:ainda )?reservado|予約はまだ"
)
FULL = re.compile(
    r"(?:unfortunately|regret|afraid)[^.!?]{0,80}(?:fully booked|no (?:rooms?|availability)|not available|sold out)"
    r"|(?:leider|bedauer)[^.!?]{0,80}(?:ausgebucht|kein(?:e|en)? (?:freien? )?(?:zimmer|verfügbarkeit)"
    r"|nicht verfügbar)"
    r"|(?:malheureusement|regrett)[^.!?]{0,80}(?:complets?|pas (?:de )?disponib)"
    r"|(?:lamentablemente|desgraciadamente|sentimos|lamentamos)[^.!?]{0,80}(?:complet[oa]s?|no (?:hay"
    r"|tenemos) disponib)"
    r"|(?:purtroppo|spiacenti)[^.!?]{0,80}(?:al completo|non (?:abbiamo|c'è) disponib)"
    r"|helaas[^.!?]{0,80}(?:volgeboekt|vol\b)"
    r"|infelizmente[^.!?]{0,80}(?:esgotad|lotad)|満室(?:の|と|で)"
)
# These say so only in a document that calls itself a proposal.
WITHOUT_OBLIGATION = re.compile(
    r"unverbindlich|freibleibend|vorbehaltlich (?:der )?verfügbarkeit|non-binding|without obligation|no obligation"
    r"|subject to availability|sans engagement|sous réserve de disponibilité|sin compromiso|sujeto a disponibilidad"
    r"|senza impegno|salvo disponibilità|vrijblijvend|sem compromisso|(?:would you like|do you want|wish) to book"
    r"|möchten sie buchen|souhaitez-vous réserver|(?:desea|quiere)s? reservar|(?:desidera"
    r"|vuole) prenotare|空室状況により"
)
PROPOSED = re.compile(
    r"(?<![^\W_])(?:quote|quotation|proposal|offer|(?:reise|hotel)?angebot|(?:reise)?vorschl[aä]ge?"
    r"|devis|proposition|offre"
    r"|presupuesto|propuesta|oferta|preventivo|proposta|offerta|orçamento|reisvoorstel|offerte)(?![^\W_])|見積|ご提案"
)
# Requests to judge what is over.
REVIEW = re.compile(
    r"how was your (?:stay|trip|visit)|rate your (?:stay|trip)|leave a review|share your (?:experience|feedback)"
    r"|wie war (?:ihr|dein|euer) (?:aufenthalt|reise)|bewerten sie (?:ihren|ihre)|bewerte deine[nm]?"
    r"|comment s'est passé|donnez votre avis|votre avis (?:nous|sur)|(?:cómo|qué tal) (?:fue|ha ido"
    r"|estuvo)|valora (?:tu|su)"
    r"|com'è andato|lascia una recensione|como foi a sua|hoe was (?:uw|je) verblijf|ご滞在はいかがでした|アンケート"
)
HEAD = 4


def is_offer(reading: Reading) -> bool:
    """Return True if a document offers rather than tells what is booked."""
    heads = f"{reading.document.title or ''}\n{reading.document.subject or ''}".lower()
    if labels.SEARCH.search(f"{heads}\n{reading.lower}") or NOTHING.search(reading.lower) or FULL.search(reading.lower):
        return True
    first = "\n".join([heads, *(mark.text.lower() for mark in reading.marks[:HEAD])])
    if REVIEW.search(first):
        return True
    return bool(PROPOSED.search(first) and WITHOUT_OBLIGATION.search(reading.lower))
