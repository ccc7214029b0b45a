"""Documents that offer rather than tell what is booked: results of a search, and proposals without obligation."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from documents.advertising import CONFIRMED, excerpt_of, is_for_sale

if TYPE_CHECKING:
    from documents.marks import Reading

# These are looked for in text in lower case. The first ones say that nothing is booked.
NOTHING = re.compile(
    r"nothing (?:has been|is|was) (?:yet )?(?:booked|reserved)|no (?:booking|reservation)s? (?:has"
    r"|have) (?:yet )?been made"
    r"|(?:this|it) is not (?:yet )?a (?:booking|reservation)|(?:have|has) not (?:yet )?(?:been )?(?:booked|reserved)"
    r"|(?:haven't|haven\u2019t|not) (?:yet )?(?:booked|reserved|held) (?:anything|any)|nothing is (?:being )?held"
    r"|(?:no|not holding any) (?:rooms?|seats?|places|space|flights?) (?:is|are|has been"
    r"|have been) (?:being )?(?:held|blocked)"
    r"|noch n(?:icht|ichts) (?:fest )?(?:gebucht|reserviert)|(?:keine|noch keine) (?:feste )?(?:buchung"
    r"|reservierung)\b(?! (?:erforderlich|nötig|notwendig|möglich|vorab))|keine (?:plätze|zimmer"
    r"|flüge) (?:fest )?(?:reserviert|geblockt)"
    r"|rien n'(?:est|a été) (?:encore )?réservé|aucune (?:réservation|place|chambre|option) n'(?:est|a)"
    r"|n'avons (?:encore )?(?:rien réservé|posé aucune option)"
    r"|ne constitue pas une (?:réservation|confirmation)"
    r"|no (?:supone|constituye) (?:una )?(?:reserva|confirmación)|(?:aún|todavía) no (?:hay|hemos) .{0,20}reservad"
    r"|no hemos (?:bloqueado|reservado)|no se ha (?:reservado|bloqueado|hecho ninguna reserva)|hecho ninguna reserva"
    r"|non abbiamo (?:ancora )?(?:prenotato|bloccato|opzionato)|nessuna prenotazione è"
    r"|non è stat[oa] (?:ancora )?prenotat"
    r"|non (?:costituisce|rappresenta) (?:una )?(?:prenotazione|conferma)|nulla è (?:stato )?(?:ancora )?prenotat"
    r"|nog n(?:iets|iet) (?:geboekt|gereserveerd)|geen (?:boeking|reservering) gemaakt|nenhuma reserva foi"
    r"|nada (?:está|foi) (?:ainda )?reservado|予約はまだ"
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
    r"to confirm,? (?:please )?(?:sign|reply|return)|sign and return|unterschrieben zurück|firmado y|per accettazione"
    r"|voor akkoord|until booked|(?:estimated|indicative|guide) (?:price|cost|total)|prix estim|precio estimado"
    r"|prezzo (?:stimato|indicativo)"
    r"|richtpreis|richtprijs|preço estimado|unverbindlich|freibleibend|vorbehaltlich (?:der )?verfügbarkeit"
    r"|non-binding|without obligation|no obligation"
    r"|subject to availability|sans engagement|sous réserve de disponibilité|sin compromiso|sujeto a disponibilidad"
    r"|senza impegno|salvo disponibilità|vrijblijvend|sem compromisso|(?:would you like|do you want|wish) to book"
    r"|(?:quote|quotation|offer|proposal|prices?|rates?|this) (?:is|are|remains?)?\s?valid (?:until|for|through|till)"
    r"|(?:valid|validity)\s?(?:until|for|through|:)|(?:to|like to|want to) (?:go ahead|proceed)|happy to (?:book"
    r"|proceed)"
    r"|gültig(?:keit)? ?(?:bis|:|\d)|gerne buchen wir|ihre (?:zusage|rückmeldung)|bei gefallen"
    r"|valable jusqu|valables? \d+ jours|validité|dans l'attente de votre (?:accord|retour|réponse)|bon pour accord"
    r"|válid[oa]s? (?:hasta|durante|por)|validez|si (?:os|te|le|les) interesa|orientativ"
    r"|valid[oiea] (?:fino|per)|validità|in attesa di (?:un )?(?:suo|vostro|tuo)|resto in attesa|geldig tot"
    r"|válid[oa]s? até|validade|有効期限"
    r"|möchten sie buchen|souhaitez-vous réserver|(?:desea|quiere)s? reservar|(?:desidera"
    r"|vuole) prenotare|空室状況により"
)
PROPOSED = re.compile(
    r"(?<![^\W_])(?:quote|quotation|proposal|offer|(?:reise|hotel)?angebot|(?:reise)?vorschl[aä]ge?"
    r"|devis|proposition|offre"
    r"|presupuesto|propuesta|oferta|voorstel|preventivo|proposta|offerta|orçamento|reisvoorstel|offerte)(?![^\W_])"
    r"|見積|ご提案"
)
# Names of papers that are nothing but proposals.
PAPER = re.compile(
    r"(?<![^\W_])(?:quotation|(?:your|our|tailor-made|travel|trip|holiday|tour|group) (?:proposal|quote)"
    r"|(?:proposal|quote) (?:for|no|ref)"
    r"|(?:reise|gruppen|hotel)?angebot (?:für|nr)|(?:reise|gruppen)angebot|reisevorschlag|kostenvoranschlag|devis"
    r"|presupuesto"
    r"|propuesta de viaje|preventivo|proposta di viaggio|orçamento|proposta de viagem|offerte (?:voor|nr)"
    r"|reisvoorstel)(?![^\W_])"
    r"|見積"
)
PAID = re.compile(
    r"(?<![^\W_])(?:deposit|anzahlung|acompte|arrhes|acconto|caparra|señal|anticipo|aanbetaling|sinal|paid"
    r"|received|bezahlt|erhalten|eingegangen|payée?|reçue?|versée?|pagad[oa]|recibid[oa]"
    r"|pagat[oa]|ricevut[oa]"
    r"|versat[oa]|betaald|ontvangen|pago)(?![^\W_])|入金"
)
# Requests to judge what is over.
REVIEW = re.compile(
    r"how was your (?:stay|trip|visit)|rate your (?:stay|trip)|leave a review|share your (?:experience|feedback)"
    r"|wie war (?:ihr|dein|euer) (?:aufenthalt|reise)|bewerten sie (?:ihren|ihre)|bewerte deine[nm]?"
    r"|comment s'est passé|donnez votre avis|votre avis (?:nous|sur)|(?:cómo|qué tal) (?:fue|ha ido"
    r"|estuvo)|valora (?:tu|su)"
    r"|com'è andato|lascia una recensione|como foi a sua|hoe was (?:uw|je) verblijf|ご滞在はいかがでした|アンケート"
)
# For text in lower case.
SEARCH = re.compile(
    r"\d+\s(?:properties|hotels|results|unterkünfte|ergebnisse|treffer|hébergements|résultats|alojamientos"
    r"|resultados|strutture|risultati)|check availability|verfügbarkeit prüfen|best hotels|beste hotels"
    r"|meilleurs hôtels|mejores hoteles|migliori hotel|where to (?:stay|eat)|où dormir|空室",
)
HEAD = 4


def is_offer(reading: Reading) -> bool:
    """Return True if a document offers rather than tells what is booked."""
    heads = f"{reading.document.title or ''}\n{reading.document.subject or ''}".lower()
    text = excerpt_of(reading)
    if NOTHING.search(text) or FULL.search(text):
        return True
    if CONFIRMED.search(heads):
        return False
    if SEARCH.search(f"{heads}\n{text}"):
        return True
    if REVIEW.search(_first(reading)) or is_for_sale(reading):
        return True
    return is_proposal(reading)


def is_proposal(reading: Reading) -> bool:
    """Return True if a document calls itself a proposal, without obligation or for some days only.

    Its number is that of the proposal.
    """
    text = excerpt_of(reading)
    first = _first(reading)
    proposed = PROPOSED.search(first) and (
        WITHOUT_OBLIGATION.search(text)
        or (PAPER.search(first) and not PAID.search(text) and not _is_programme(reading))
    )
    return bool(proposed and not CONFIRMED.search(text))


def _is_programme(reading: Reading) -> bool:
    """Return True if a document tells what takes place at which time on several days."""
    return len({mark.day for mark in reading.marks if mark.day and mark.times and not mark.aside}) > 1


def _first(reading: Reading) -> str:
    heads = [reading.document.title or "", reading.document.subject or ""]
    return "\n".join([*heads, *(mark.text for mark in reading.marks[:HEAD])]).lower()
