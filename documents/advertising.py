"""Newsletters, offers of many things and forgotten baskets: what is for sale, rather than booked."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from documents.occasions import OFFERED

if TYPE_CHECKING:
    from documents.marks import Reading

# All patterns are looked for in text in lower case. These say that a booking stands.
CONFIRMED = re.compile(
    r"(?<!instant )(?<!immediate )(?<!price )(?:(?:booking|reservation|order|payment|your|travel) confirmation"
    r"|confirmed"
    r"|we confirm|i confirm"
    r"|(?:confirm|acknowledge) your)|thank(?:s| you) for (?:your )?(?:booking|reserv|order|purchase|payment)"
    r"|you(?:'re|\u2019re| are) (?:all )?(?:booked|set|going)|(?:i have|i've|i\u2019ve"
    r"|we have|we've|we\u2019ve|has been|have been"
    r"|is|are) booked|your (?:e-?)?tickets? (?:is|are|below|for)"
    r"|(?:buchungs|reservierungs|reise|auftrags|termin|hotel)bestätigung|bestätig(?:en|t|e) |hiermit bestätig"
    r"|(?:danke|dank) für (?:ihre|deine|eure|die) (?:buchung|reservierung|bestellung)"
    r"|(?:ist|sind|habe|haben|wurde|wurden) (?!noch|nicht)[^.!?]{0,40}(?:gebucht|reserviert)"
    r"|(?:réservation|commande|séjour|voyage|vol) (?:est |a (?:bien )?été )?(?:bien )?confirmée?s?|nous confirmons"
    r"|vous confirm|confirmation de (?:votre |la |ma )?(?:réservation|commande)"
    r"|merci (?:pour|de|d'avoir) [^.!?]{0,12}(?:réserv|command)"
    r"|(?:reserva|compra|pedido|viaje) (?:est[áa] |ha sido |queda )?confirmad|confirmamos|confirmación de (?:la "
    r"|su |tu )?"
    r"(?:reserva|compra|pedido)|gracias por (?:su |tu )?(?:reserva|compra)"
    r"|prenotazione (?:è )?(?:stata )?confermata|confermiamo|conferma (?:di |della |d')?(?:prenotazione|ordine"
    r"|acquisto)"
    r"|confermarle|grazie per (?:la |aver )?(?:tua |sua )?(?:prenota|acquist)"
    r"|bevestig(?:ing|en|d)|bedankt voor (?:je|uw) (?:boeking|reservering|bestelling)"
    r"|reserva confirmada|confirmação d|obrigad[oa] pela (?:sua )?(?:reserva|compra)"
    r"|ご?予約(?:を?承り|いただき|ありがとう|確認|完了|確定|内容)|確認書|手配完了"
)
# A basket, or a search that someone saved.
BASKET = re.compile(
    r"price (?:alert|drop|watch)|(?:your|you) saved search|(?:fares?|prices?) ha(?:s|ve) (?:dropped|gone down|fallen)"
    r"|preisalarm|preiswecker|alerte prix|alerta de precio|avviso prezz|prijsalert|alerta de preço|値下がり"
    r"|(?:in|from|to) your (?:basket|cart|shopping bag)|your (?:basket|cart) (?:is|expires|will|has)"
    r"|left (?:something|it|this|a little something)[^.!?]{0,20}behind"
    r"|(?:complete|finish|resume|continue) your (?:booking|reservation|purchase|order)"
    r"|still (?:thinking|dreaming|interested|undecided)"
    r"|(?:forgot(?:ten)?|forget) something|(?:proceed|continue|return) to checkout|your selection is"
    r"|oublié quelque chose|(?:votre|ta) sélection"
    r"|(?:validez|valide) (?:votre|ta) commande|etwas vergessen|zur kasse|olvidado algo|tramitar (?:el )?pedido"
    r"|dimenticato qualcosa|procedi all'acquisto|iets vergeten|naar de kassa|esqueceu"
    r"|wish ?list|saved items|merkliste|wunschliste|liste d'envies|lista de deseos|lista dei desideri|verlanglijst"
    r"|お気に入り"
    r"|warenkorb|merkzettel|buchung (?:jetzt )?(?:abschließen|fortsetzen|fertigstellen)"
    r"|schließ(?:e|en)[^.!?]{0,30}buchung[^.!?]{0,12} ab|buchung (?:noch )?nicht abgeschlossen"
    r"|(?:votre|ton|mon) panier|(?:finalise[rz]|termine[rz]|reprenez|reprendre) (?:votre|ma|la) (?:réservation"
    r"|commande)"
    r"|(?:tu|su) (?:carrito|cesta)|(?:completa|finaliza|termina|retoma)r? (?:tu|su|la) (?:reserva|compra)"
    r"|(?:tuo|suo|nel) carrello|(?:completa|concludi|termina|riprendi)(?:re)? (?:la tua|la sua|la|il tuo|il)"
    r" (?:prenotazione|acquisto)"
    r"|winkel(?:wagen|mandje|mand)|(?:rond|maak)[^.!?]{0,20} boeking [^.!?]{0,10}af\b|boeking afronden"
    r"|(?:seu|teu) carrinho|(?:conclua|finalize|complete) (?:a )?(?:sua |tua )?(?:reserva|compra)"
    r"|カートに|お?買い?忘れ|ご?予約(?:手続き)?[がは]?まだ|予約手続きを(?:続|完了)"
)
UNSUBSCRIBED = re.compile(
    r"unsubscribe|manage (?:your )?(?:e-?mail )?preferences|newsletter|mailing list|abbestellen|abmelden"
    r"|nicht mehr erhalten"
    r"|désabonn|désinscri|infolettre|lettre d'information|darse? de baja|date de baja|boletín|suscri(?:t|pt|pci)"
    r"|disiscri|annulla (?:l')?iscrizione|cancella(?:ti|rsi) dalla|non (?:desider|vuo)[^.!?]{0,30}ricevere"
    r"|uitschrijven|afmelden|nieuwsbrief|cancelar (?:a )?subscri|descadastr|deixar de receber|配信停止|配信解除"
    r"|メルマガ|メールマガジン"
)
CALL = re.compile(
    r"(?:reply|call us|e-?mail us|click)[^.!?]{0,30} to (?:reserve|book|register)|to (?:reserve|book) (?:yours?"
    r"|a place)"
    r"|sign up|register (?:now|here|by)|anmeldung (?:unter|bis|auf|ab|hier)|melde[nt]? (?:sie )?(?:sich|dich"
    r"|euch) (?:jetzt )?an"
    r"|inscrivez-vous|inscriptions? (?:sur|avant|ouverte)|apúntate|inscríbete|inscripciones|iscriviti|iscrizioni"
    r"|schrijf je in"
    r"|inscreva-se|お申し?込みは|申込受付|book (?:now|today|early|online|your (?:place|seat|spot|cabin|stay))"
    r"|reserve now|shop now|secure your"
    r"|grab (?:your|a)"
    r"|(?:view|see|discover|explore) (?:the |this |all |more |our )?(?:offers?|deals?|dates|packages)|(?:find out"
    r"|learn) more"
    r"|jetzt (?:\w+ )?(?:sichern|buchen|anfragen|entdecken|anmelden)|zum angebot|(?:zu den|alle) (?:angebote"
    r"|termine)n?|gleich buchen"
    r"|mehr erfahren|j'en profite|profitez|réservez|je réserve|(?:voir|découvr\w+) (?:l'offre|les offres"
    r"|nos offres)|en savoir plus"
    r"|reserva(?:r)? (?:ya|ahora)|resérval|ver (?:la )?oferta|(?:ver|descubre) (?:las|nuestras|más)"
    r"|más información|aprovecha"
    r"|(?:^|\n)reservar(?:\n|$)|prenota (?:ora|subito|adesso|il tuo)|scopri (?:l'offerta|le offerte|di più|tutte)"
    r"|approfitta"
    r"|boek (?:nu|snel|direct|vóór)|bekijk (?:de |het |alle )?(?:aanbod|aanbieding|deal)|meer info"
    r"|reserve (?:já|agora)|ver oferta|saiba mais|aproveite|空室を|予約する|ご予約はこちら|詳しくはこちら|今すぐ"
)
SCARCE = re.compile(
    r"(?:places|spaces|seats|spots|numbers) are limited|plätze (?:sind )?begrenzt|begrenzte (?:plätze|teilnehmer)"
    r"|places limitées|plazas limitadas|posti limitati|beperkt (?:aantal|beschikbaar)|lugares limitados"
    r"|only \d+ (?:rooms?|seats?|places?|cabins?|left)|\d+ (?:rooms?|seats?|places?|spaces) (?:left|remaining)"
    r"|subject to availability|while (?:stocks|places|seats) last|limited (?:availability|places|time)"
    r"|(?:sale|offer|deal)s? (?:ends?|valid|closes|expires)|nur noch \d|(?:wenige|letzte|freie) plätze|restplätze"
    r"|auf anfrage"
    r"|nach verfügbarkeit|solange der vorrat|frühbucher|aktionszeitraum|buchbar bis"
    r"|plus que \d|(?:dernières|quelques) (?:places|chambres)|sous réserve de disponibilité|offre (?:valable|soumise)"
    r"|(?:solo )?quedan? \d|últimas (?:plazas|habitaciones)|sujet[oa]s? a disponibilidad|según disponibilidad"
    r"|oferta válida"
    r"|(?:solo|ultim[ie]) \d* ?(?:posti|camere)|ultimi posti|salvo disponibilità|secondo disponibilità|offerta valida"
    r"|nog (?:maar )?\d+ (?:kamers?|plaatsen)|laatste plaatsen|op aanvraag|actie (?:loopt|geldig)"
    r"|restam \d|últim[oa]s (?:lugares|vagas)|sujeit[oa]s? à disponibilidade|残り(?:わずか|\d)|先着|空室状況"
    r"|期間限定|満席"
)
SALE = re.compile(
    r"(?<![^\W_])(?:news|neuigkeiten|rundbrief|actualités|novedades|novità|notiziario|nieuws|novidades|sale|deals?"
    r"|offers?|specials?|promo\w*|newsletter|bargains?|save (?:up to )?[\d£$€]|% off"
    r"|last[- ]minute"
    r"|escapes?|getaways?|flash|inspiration"
    r"|angebote?|rabatt\w*|sparen|spar\w*|frühbucher\w*|schnäppchen|sonder\w*|aktion\w*|neues für|traumreisen"
    r"|promotions?|offres?|bons plans|soldes|réductions?|évadez|ofertas?|oferta|promoci[oó]n\w*|descuentos?"
    r"|chollos?|escápate"
    r"|offert[ae]|sconti?|promozion[ei]|occasioni|aanbieding(?:en)?|korting|promoç\w+|descontos?"
    r"|(?:from|ab|dès|desde|à partir de|a partir (?:de|da)|da|vanaf) (?:£|€|\$|us\$|chf ?)?\d[\d.,]*\s?(?:€|eur|£"
    r"|chf|pp)?)(?![^\W_])"
    r"|セール|特集|おすすめ|お得|キャンペーン|割引|メルマガ"
)
UPWARDS = re.compile("\\s?[\uff5e~]")
BEGINNING, END = 20_000, 5_000
ENOUGH = 3
MOST = 300
HEAD = 4
MANY = 2


def excerpt_of(reading: Reading) -> str:
    """The beginning and the end of a text in lower case, where a document says what it is."""
    lower = reading.lower
    return lower if len(lower) <= BEGINNING + END else f"{lower[:BEGINNING]}\n{lower[-END:]}"


def is_for_sale(reading: Reading) -> bool:
    """Return True if a document wants to sell: several signs of that in it, and none of a booking."""
    text = excerpt_of(reading)
    return (bool(BASKET.search(text)) or _signs(reading, text) >= ENOUGH) and not CONFIRMED.search(text)


def _signs(reading: Reading, text: str) -> int:
    head = [reading.document.title or "", reading.document.subject or "", *(m.text for m in reading.marks[:HEAD])]
    signs = _starting_prices(reading) + bool(SALE.search("\n".join(head).lower()))
    return signs + sum(bool(pattern.search(text)) for pattern in (UNSUBSCRIBED, CALL, SCARCE))


def _starting_prices(reading: Reading) -> int:
    """Count prices "from": none, some, or several and hardly any other."""
    priced = [(mark.text, one) for mark in reading.marks[:MOST] for one in mark.amounts]
    starting = sum(
        bool(OFFERED.search(text[: one.start].rstrip()[-32:]) or UPWARDS.match(text, one.end)) for text, one in priced
    )
    if starting * 2 <= len(priced):
        return 0
    return MANY if starting >= MANY else 1
