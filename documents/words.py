"""Words of dates in six languages and, written out, in some more; and the guess at a text's language."""

from __future__ import annotations

import re
from collections import Counter
from unicodedata import combining, normalize

MONTHS = {
    name: number
    for number, names in enumerate(
        [
            "january januar jänner janvier enero gennaio jan janv ene gen",
            "february februar feber février fevrier febrero febbraio feb febr févr fév",
            "march märz mars marzo mar mär mrz",
            "april avril abril aprile apr avr abr",
            "may mai mayo maggio mag",
            "june juni juin junio giugno jun giu",
            "july juli juillet julio luglio jul juil lug",
            "august août aout agosto aug ago",
            "september septembre septiembre setiembre settembre sep sept set",
            "october oktober octobre octubre ottobre oct okt ott",
            "november novembre noviembre nov",
            "december dezember décembre decembre diciembre dicembre dec dez déc dic",
        ],
        start=1,
    )
    for name in names.split()
}

WEEKDAYS = {
    name: number
    for number, names in enumerate(
        [
            "monday montag lundi lunes lunedì lunedi mon lun mo 月曜日 月曜 月",
            "tuesday dienstag mardi martes martedì martedi tues tue mar di 火曜日 火曜 火",
            "wednesday mittwoch mercredi miércoles miercoles mercoledì mercoledi wed mer mié mie mi 水曜日 水曜 水",
            "thursday donnerstag jeudi jueves giovedì giovedi thurs thur thu jeu jue gio do 木曜日 木曜 木",
            "friday freitag vendredi viernes venerdì venerdi fri ven vie fr 金曜日 金曜 金",
            "saturday samstag sonnabend samedi sábado sabado sabato sat sam sáb sab sa 土曜日 土曜 土",
            "sunday sonntag dimanche domingo domenica sun dim dom so 日曜日 日曜 日",
        ]
    )
    for name in names.split()
}

# The months and the days of the week, written out in languages of which other words are not known.
for names in (
    "januari februari maart april mei juni juli augustus september oktober november december",
    "janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro",
    "januari februari mars april maj juni juli augusti september oktober november december",
    "januar februar marts april maj juni juli august september oktober november desember",
    "stycznia lutego marca kwietnia maja czerwca lipca sierpnia września października listopada grudnia",
    "ledna února března dubna května června července srpna září října listopadu prosince",
):
    MONTHS.update((name, number) for number, name in enumerate(names.split(), start=1))
for names in (
    "maandag dinsdag woensdag donderdag vrijdag zaterdag zondag",
    "segunda-feira terça-feira quarta-feira quinta-feira sexta-feira sábado domingo",
    "måndag tisdag onsdag torsdag fredag lördag söndag",
    "mandag tirsdag onsdag torsdag fredag lørdag søndag",
):
    WEEKDAYS.update((name, number) for number, name in enumerate(names.split()))

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
