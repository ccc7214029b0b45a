"""Words of dates in eight languages, and the guess at the language of a text."""

from __future__ import annotations

import re
from collections import Counter
from unicodedata import combining, normalize

MONTHS = {
    name: number
    for number, names in enumerate(
        [
            "january januar jänner janvier enero gennaio jan janv ene gen januari janeiro",
            "february februar feber février fevrier febrero febbraio feb febr févr fév februari fevereiro fev",
            "march märz mars marzo mar mär mrz maart mrt março",
            "april avril abril aprile apr avr abr",
            "may mai mayo maggio mag mei maio",
            "june juni juin junio giugno jun giu junho",
            "july juli juillet julio luglio jul juil lug julho",
            "august août aout agosto aug ago augustus",
            "september septembre septiembre setiembre settembre sep sept set setembro",
            "october oktober octobre octubre ottobre oct okt ott outubro",
            "november novembre noviembre nov",
            "december dezember décembre decembre diciembre dicembre dec dez déc dic dezembro",
        ],
        start=1,
    )
    for name in names.split()
}

WEEKDAYS = {
    name: number
    for number, names in enumerate(
        [
            "monday montag lundi lunes lunedì lunedi mon lun mo maandag segunda-feira 月曜日 月曜 月",
            "tuesday dienstag mardi martes martedì martedi tues tue mar di dinsdag terça-feira 火曜日 火曜 火",
            (
                "wednesday mittwoch mercredi miércoles miercoles mercoledì mercoledi woensdag quarta-feira"
                " wed mer mié mie mi wo 水曜日 水曜 水"
            ),
            (
                "thursday donnerstag jeudi jueves giovedì giovedi donderdag quinta-feira thurs thur thu jeu jue gio do"
                " 木曜日 木曜 木"
            ),
            "friday freitag vendredi viernes venerdì venerdi fri ven vie fr vrijdag sexta-feira vr 金曜日 金曜 金",
            "saturday samstag sonnabend samedi sábado sabado sabato sat sam sáb sab sa zaterdag za 土曜日 土曜 土",
            "sunday sonntag dimanche domingo domenica sun dim dom so zondag zo 日曜日 日曜 日",
        ]
    )
    for name in names.split()
}

# Words that stand in one of these languages only, among those that bookings and programmes are full of.
TELLING = {
    "en": "the and your with from for you booking arrive depart thank room night nights guests to at please",
    "de": "der die das und für ihre mit vom uhr buchung anreise abreise nacht nächte übernachtung ab zum "
    "reise tag gesamt",
    "fr": "le les des votre vos pour avec départ arrivée nuit nuits réservation vol du au référence voyage chambre est",
    "es": "el los las del su tu para con reserva llegada salida noche noches habitación hora viaje días vuelo y",
    "it": "il lo gli della dal al vostro con per prenotazione partenza arrivo notte notti ore camera volo giorno di",
}
WORD = re.compile(r"[^\W\d_]+")
KANA = re.compile(r"[\u3040-\u30ff]|[年月日時](?=\d|[(（\s]|$)")


def any_of(names: list[str] | dict[str, int]) -> str:
    """A regular expression that matches any of the names, longest first."""
    return "|".join(re.escape(name) for name in sorted(names, key=lambda name: -len(name)))


def folded(text: str) -> str:
    """The text in lower case without accents, for comparing names."""
    if text.isascii():
        return text.lower()
    return "".join(c for c in normalize("NFKD", text).casefold() if not combining(c))


def _by_word() -> dict[str, list[str]]:
    languages: dict[str, list[str]] = {}
    for language, words in TELLING.items():
        for word in dict.fromkeys(words.split()):
            languages.setdefault(word, []).append(language)
    return languages


LANGUAGES = _by_word()


def language_of(text: str) -> str | None:
    """The language that most of the telling words belong to, or None if that is not clear."""
    text = text[:20_000]
    if KANA.search(text):
        return "ja"
    counts: Counter[str] = Counter()
    for word in WORD.findall(text.lower()):
        counts.update(LANGUAGES.get(word, ()))
    ranked = counts.most_common(2)
    if not ranked or (len(ranked) > 1 and ranked[0][1] < ranked[1][1] * 1.5):
        return None
    return ranked[0][0]
