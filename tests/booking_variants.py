"""Bookings drawn at random: other languages, layouts, orders of sections, names and dates, with what they tell."""

from __future__ import annotations

import html
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from random import Random

Told = dict[str, Any]


@dataclass(frozen=True)
class Language:
    """Words and forms of one language."""

    tag: str
    months: list[str]
    weekdays: list[str]
    # Forms of dates: d, m (number), M (name), y, W (weekday).
    dates: list[str]
    short: list[str]
    times: list[str]
    day: list[str]
    hotels: list[str]
    nights: str
    night: str
    check_in: list[str]
    check_out: list[str]
    hotel_label: list[str]
    depart: list[str]
    arrive: list[str]
    flight: str
    train: str
    total: list[str]
    deposit: str
    due: str
    code: list[str]
    issued: str
    doings: list[str]
    price: str
    headers: tuple[str, str, str]
    traps: list[str]


def _months(text: str) -> list[str]:
    return text.split()


LANGUAGES = [
    Language(
        "en",
        _months("January February March April May June July August September October November December"),
        _months("Monday Tuesday Wednesday Thursday Friday Saturday Sunday"),
        ["W {d} {M} {y}", "W, {d} {M} {y}", "{d} {M} {y}", "W, {M} {d}, {y}"],
        ["W {d} {M}", "{M} {d}", "{d} {M}"],
        ["{H:02}:{I:02}", "{h}:{I:02} {p}", "{h}.{I:02} {p}"],
        ["Day {n} - {date}: {title}", "{date}: {title}", "{date} - {title}"],
        ["Hotel Marlowe", "The Fern Inn", "Harcourt Lodge", "Brindle House Hotel"],
        "{n} nights",
        "1 night",
        ["Check-in", "Arrival"],
        ["Check-out", "Departure"],
        ["Hotel", "Accommodation"],
        ["Depart", "Departs", "Departure"],
        ["Arrive", "Arrives", "Arrival"],
        "Flight",
        "Train",
        ["Total", "Total price", "Grand total"],
        "Deposit",
        "due",
        ["Booking reference", "Confirmation number"],
        "Booked on",
        [
            "Guided walk in the old town",
            "Museum of ships",
            "Lunch at the harbour",
            "Boat trip to the island",
            "Cooking class",
            "Wine tasting",
        ],
        "EUR {a}",
        ("Date", "Time", "Programme"),
        [
            "Reception is open daily 7:00-22:00.",
            "Rooms from EUR 89 a night.",
            "Est. 1898. Rated 4.7/5.",
            "Call +44 1632 960000.",
            "© 2012-2031 Agency Ltd.",
        ],
    ),
    Language(
        "de",
        _months("Januar Februar März April Mai Juni Juli August September Oktober November Dezember"),
        _months("Montag Dienstag Mittwoch Donnerstag Freitag Samstag Sonntag"),
        ["W, {d}. {M} {y}", "{d}. {M} {y}", "W, {d:02}.{m:02}.{y}", "{d:02}.{m:02}.{y}"],
        ["W, {d}. {M}", "{d}. {M}", "W, {d:02}.{m:02}."],
        ["{H:02}:{I:02} Uhr", "{H}.{I:02} Uhr", "{H:02}:{I:02}"],
        ["{n}. Tag ({date}): {title}", "Tag {n} - {date}: {title}", "{date}: {title}"],
        ["Hotel Lindenhof", "Gasthof Adler", "Pension Waldblick", "Seehotel Möwe"],
        "{n} Nächte",
        "1 Nacht",
        ["Anreise", "Check-in"],
        ["Abreise", "Check-out"],
        ["Hotel", "Unterkunft"],
        ["ab", "Abfahrt"],
        ["an", "Ankunft"],
        "Flug",
        "Zug",
        ["Gesamtpreis", "Reisepreis gesamt", "Gesamtbetrag"],
        "Anzahlung",
        "fällig am",
        ["Buchungsnummer", "Vorgangsnummer"],
        "Gebucht am",
        [
            "Stadtführung",
            "Besuch im Museum",
            "Mittagessen am Hafen",
            "Schifffahrt zur Insel",
            "Weinprobe",
            "Wanderung zur Burg",
        ],
        "{a} EUR",
        ("Datum", "Zeit", "Programm"),
        [
            "Rezeption täglich 7:00-22:00 Uhr.",
            "Zimmer ab 79 EUR pro Nacht.",
            "Gegründet 1887, Stammkapital 25.000 EUR.",
            "Tel. 030 5550000",
            "© 2012-2031 Reisebüro GmbH",
        ],
    ),
    Language(
        "fr",
        _months("janvier février mars avril mai juin juillet août septembre octobre novembre décembre"),
        _months("lundi mardi mercredi jeudi vendredi samedi dimanche"),
        ["W {d} {M} {y}", "{d} {M} {y}", "{d:02}/{m:02}/{y}"],
        ["W {d} {M}", "{d} {M}"],
        ["{H}h{I:02}", "{H:02}:{I:02}", "{H:02}h{I:02}"],
        ["Jour {n} - {date} : {title}", "{date} - {title}"],
        ["Hôtel des Tilleuls", "Auberge du Lac", "Hôtel Beauséjour", "Relais Saint-Jean"],
        "{n} nuits",
        "1 nuit",
        ["Arrivée", "Check-in"],
        ["Départ", "Check-out"],
        ["Hôtel", "Hébergement"],
        ["Départ", "Départ"],
        ["Arrivée", "Arrivée"],
        "Vol",
        "Train",
        ["Montant total", "Prix total", "Total"],
        "Acompte",
        "à régler avant le",
        ["Référence", "Numéro de réservation"],
        "Réservé le",
        [
            "Visite guidée de la ville",
            "Musée de la mer",
            "Déjeuner au port",
            "Balade en bateau",
            "Cours de cuisine",
            "Dégustation de vins",
        ],
        "{a} €",
        ("Date", "Heure", "Programme"),
        [
            "Réception ouverte de 7h à 22h.",
            "Chambres à partir de 69 € la nuit.",
            "Maison fondée en 1902.",
            "Tél. 01 99 00 00 00",
            "© 2012-2031 Agence SARL",
        ],
    ),
    Language(
        "es",
        _months("enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre"),
        _months("lunes martes miércoles jueves viernes sábado domingo"),
        ["W, {d} de {M} de {y}", "{d} de {M} de {y}", "{d:02}/{m:02}/{y}"],
        ["W {d} de {M}", "{d} de {M}"],
        ["{H:02}:{I:02}", "{H}:{I:02} h"],
        ["Día {n} - {date}: {title}", "{date}: {title}"],
        ["Hotel Mirasierra", "Hostal Los Olivos", "Parador del Río", "Hospedería San Lucas"],
        "{n} noches",
        "1 noche",
        ["Entrada", "Llegada"],
        ["Salida", "Salida"],
        ["Hotel", "Alojamiento"],
        ["Salida", "Salida"],
        ["Llegada", "Llegada"],
        "Vuelo",
        "Tren",
        ["Importe total", "Precio total", "Total"],
        "Depósito",
        "a pagar antes del",
        ["Localizador", "Número de reserva"],
        "Reservado el",
        ["Visita guiada", "Museo del mar", "Comida en el puerto", "Paseo en barco", "Clase de cocina", "Cata de vinos"],
        "{a} €",
        ("Fecha", "Hora", "Programa"),
        [
            "Recepción abierta de 7:00 a 22:00.",
            "Habitaciones desde 59 € por noche.",
            "Casa fundada en 1889.",
            "Teléfono 910 000 000",
            "© 2012-2031 Agencia S.L.",
        ],
    ),
    Language(
        "it",
        _months("gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre"),
        _months("lunedì martedì mercoledì giovedì venerdì sabato domenica"),
        ["W {d} {M} {y}", "{d} {M} {y}", "{d:02}/{m:02}/{y}"],
        ["W {d} {M}", "{d} {M}"],
        ["ore {H}.{I:02}", "{H:02}:{I:02}", "ore {H:02}:{I:02}"],
        ["Giorno {n} - {date}: {title}", "{date} - {title}"],
        ["Hotel Belvedere", "Albergo della Posta", "Locanda del Ponte", "Pensione Aurora"],
        "{n} notti",
        "1 notte",
        ["Arrivo", "Check-in"],
        ["Partenza", "Check-out"],
        ["Hotel", "Alloggio"],
        ["Partenza", "Partenza"],
        ["Arrivo", "Arrivo"],
        "Volo",
        "Treno",
        ["Prezzo totale", "Totale", "Importo totale"],
        "Acconto",
        "entro il",
        ["Codice prenotazione", "Numero di prenotazione"],
        "Prenotato il",
        [
            "Visita guidata",
            "Museo del mare",
            "Pranzo al porto",
            "Gita in barca",
            "Lezione di cucina",
            "Degustazione di vini",
        ],
        "€ {a}",
        ("Data", "Ora", "Programma"),
        [
            "Reception aperta dalle 7:00 alle 22:00.",
            "Camere da € 59 a notte.",
            "Casa fondata nel 1889.",
            "Tel. 06 0000000",
            "© 2012-2031 Agenzia S.r.l.",
        ],
    ),
    Language(
        "ja",
        [f"{n}月" for n in range(1, 13)],
        list("月火水木金土日"),
        ["{y}年{m}月{d}日(W)", "{y}年{m}月{d}日", "{y}/{m:02}/{d:02}"],
        ["{m}月{d}日(W)", "{m}月{d}日"],
        ["{H}:{I:02}", "{H}時{I:02}分"],
        ["{n}日目 {date} {title}", "{date} {title}"],
        ["ホテル青葉", "松風旅館", "湖畔ホテル", "民宿はまや"],
        "{n}泊",
        "1泊",
        ["チェックイン", "チェックイン日"],
        ["チェックアウト", "チェックアウト日"],
        ["ホテル", "宿泊施設"],
        ["出発", "出発"],
        ["到着", "到着"],
        "便",
        "列車",
        ["合計", "料金合計", "旅行代金合計"],
        "申込金",
        "お支払い期限",
        ["予約番号", "確認番号"],
        "予約日",
        ["市内観光", "海の博物館", "港で昼食", "遊覧船", "陶芸体験", "城の見学"],
        "{a}円",
        ("日付", "時間", "内容"),
        ["フロント受付時間 7:00～22:00", "客室は8,900円から", "創業1889年", "電話 03-0000-0000", "© 2012-2031 旅行社"],
    ),
]
TOWNS = ["Lisbon", "Porto", "Bergen", "Graz", "Rouen", "Cadiz", "Parma", "Delft"]
CARRIERS = [("LX", "flight"), ("KM", "flight"), ("ICE", "train"), ("TGV", "train"), ("IC", "train")]


@dataclass
class Drawn:
    """A drawn document, what it tells, and its form: html or text."""

    language: Language
    rng: Random
    name: str = ""
    html: bool = False
    body: str = ""
    told: Told = field(default_factory=dict[str, Any])

    def day(self, day: date, forms: list[str]) -> str:
        form = self.rng.choice(forms)
        weekday = self.language.weekdays[day.weekday()]
        text = form.format(d=day.day, m=day.month, M=self.language.months[day.month - 1], y=day.year)
        return text.replace("W", weekday, 1) if "W" in form else text

    def clock(self, form: str, minutes: int) -> str:
        hour, minute = divmod(minutes, 60)
        return form.format(H=hour, I=minute, h=(hour - 1) % 12 + 1, p="am" if hour < 12 else "pm")

    def price(self, amount: int) -> str:
        tag = self.language.tag
        if tag == "ja":
            return self.language.price.format(a=f"{amount:,}")
        text = (
            f"{amount:,}.00"
            if tag == "en"
            else f"{amount:,},00".replace(",", ".", 1)
            if amount >= 1000
            else f"{amount},00"
        )
        return self.language.price.format(a=text)

    @property
    def currency(self) -> str:
        return "JPY" if self.language.tag == "ja" else "EUR"


def hhmm(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"


def programme(rng: Random) -> Drawn:
    """A programme of some days with hotels and prices, its sections in any order."""
    drawn = Drawn(rng.choice(LANGUAGES), rng, html=rng.random() < 0.6)
    language = drawn.language
    start = date(2027, 1, 3) + timedelta(rng.randrange(600))
    count = rng.randrange(2, 6)
    days = [start + timedelta(i) for i in range(count)]
    expect: Told = {"days": [d.isoformat() for d in days], "activities": [], "stays": [], "transport": [], "money": []}
    time_form = rng.choice(language.times)
    layout = rng.choice(["headings", "table"] if drawn.html else ["headings", "lines"])
    schedule = _schedule(drawn, days, expect, time_form, layout)
    sections = [schedule, _hotels(drawn, days, expect), _prices(drawn, expect, start)]
    if layout != "headings" or not drawn.html:
        rng.shuffle(sections)
    else:
        sections = rng.sample(sections, len(sections))
    head = [_tag("h1", f"{rng.choice(TOWNS)} {start.year}") if drawn.html else f"{rng.choice(TOWNS)} {start.year}"]
    trap = rng.choice(language.traps)
    lines = [*head, *(line for section in sections for line in section), _tag("p", trap) if drawn.html else trap]
    drawn.body = _page(drawn, lines) if drawn.html else "\n".join(lines) + "\n"
    drawn.name = f"programme-{language.tag}-{layout}"
    drawn.told = _told(expect)
    return drawn


def _schedule(drawn: Drawn, days: list[date], expect: Told, time_form: str, layout: str) -> list[str]:
    language, rng = drawn.language, drawn.rng
    day_form = rng.choice(language.day)
    short = [rng.choice(language.short)]
    lines: list[str] = []
    if layout == "table":
        lines.append("<table><tr>" + "".join(_tag("th", head) for head in language.headers) + "</tr>")
    for number, day in enumerate(days, start=1):
        first = number == 1
        told = drawn.day(
            day, [form for form in language.dates if "M" in form or language.tag in {"de", "ja"}] if first else short
        )
        doings = rng.sample(language.doings, rng.randrange(1, 4))
        minutes = sorted(rng.sample(range(8 * 60, 21 * 60, 15), len(doings)))
        if layout != "table":
            title = day_form.format(n=number, date=told, title=rng.choice(TOWNS))
            lines += [_tag("h3", title) if drawn.html else title]
        items: list[str] = []
        for minute, doing in zip(minutes, doings, strict=True):
            clock = drawn.clock(time_form, minute)
            items.append(f"{clock} {doing}")
            expect["activities"].append({"date": day.isoformat(), "time": hhmm(minute), "words": [doing]})
            if layout == "table":
                lines.append("<tr>" + "".join(_tag("td", cell) for cell in (told, clock, doing)) + "</tr>")
        if layout == "headings" and drawn.html:
            lines.append("<ul>" + "".join(_tag("li", item) for item in items) + "</ul>")
        elif layout != "table":
            lines += items
    if layout == "table":
        lines.append("</table>")
    return lines


def _hotels(drawn: Drawn, days: list[date], expect: Told) -> list[str]:
    language, rng = drawn.language, drawn.rng
    name = rng.choice(language.hotels)
    nights = len(days) - 1
    first, last = days[0], days[-1]
    span = f"{drawn.day(first, language.dates[1:2])} - {drawn.day(last, language.dates[1:2])}"
    told = language.night if nights == 1 else language.nights.format(n=nights)
    line = f"{name}, {rng.choice(TOWNS)}: {span} ({told})"
    expect["stays"].append(
        {"name": name, "check_in": first.isoformat(), "check_out": last.isoformat(), "nights": nights}
    )
    title = rng.choice(language.hotel_label)
    return [_tag("h2", title), _tag("p", line)] if drawn.html else [title, line]


def _prices(drawn: Drawn, expect: Told, start: date) -> list[str]:
    language, rng = drawn.language, drawn.rng
    total = rng.randrange(300, 9000)
    deposit = total // 5
    due = drawn.day(start - timedelta(40), language.dates[1:2])
    lines = [
        f"{rng.choice(language.total)}: {drawn.price(total)}",
        f"{language.deposit}: {drawn.price(deposit)}, {language.due} {due}",
    ]
    expect["money"] += [
        {"amount": total, "currency": drawn.currency, "of": "total"},
        {"amount": deposit, "currency": drawn.currency, "of": "deposit"},
    ]
    return [_tag("p", line) for line in lines] if drawn.html else lines


def hotel(rng: Random) -> Drawn:
    """A hotel's confirmation with labels."""
    drawn = Drawn(rng.choice(LANGUAGES), rng, html=rng.random() < 0.5)
    language = drawn.language
    first = date(2027, 1, 3) + timedelta(rng.randrange(600))
    nights = rng.randrange(1, 12)
    last = first + timedelta(nights)
    which = rng.randrange(2)
    name, code, total = rng.choice(language.hotels), f"HB-{rng.randrange(10000, 99999)}", rng.randrange(80, 4000)
    forms = [
        rng.choice([form for form in language.dates if "M" in form or language.tag in {"de", "ja", "fr", "es", "it"}])
    ]
    time_form = rng.choice(language.times)
    rows = [
        (language.check_in[which], f"{drawn.day(first, forms)}, {drawn.clock(time_form, 15 * 60)}"),
        (language.check_out[which], f"{drawn.day(last, forms)}, {drawn.clock(time_form, 11 * 60)}"),
    ]
    others = [
        (rng.choice(language.code), code),
        (rng.choice(language.total), drawn.price(total)),
        (language.issued, drawn.day(first - timedelta(50), forms)),
    ]
    rng.shuffle(others)
    rows = [*others[:1], *rows, *others[1:]]
    labelled = rng.random() < 0.5
    if labelled:
        rows.insert(0, (rng.choice(language.hotel_label), name))
    lines = [] if labelled else [_tag("h2", name) if drawn.html else name]
    style = rng.choice(["table", "dl", "p"]) if drawn.html else rng.choice([": ", " : ", ":\n"])
    lines += _rows(rows, style, html_page=drawn.html)
    trap = rng.choice(language.traps)
    lines.append(_tag("p", trap) if drawn.html else trap)
    drawn.body = _page(drawn, lines) if drawn.html else "\n".join(lines) + "\n"
    drawn.name = f"hotel-{language.tag}-{style.strip() or 'text'}"
    stay = {
        "name": name,
        "check_in": first.isoformat(),
        "check_out": last.isoformat(),
        "nights": nights,
        "check_in_time": "15:00",
        "check_out_time": "11:00",
    }
    money = [{"amount": total, "currency": drawn.currency, "of": "total"}]
    drawn.told = _told({"days": [], "activities": [], "stays": [stay], "transport": [], "money": money})
    return drawn


def journey(rng: Random) -> Drawn:
    """A ticket with two legs, in lines, in labelled blocks or in a table."""
    drawn = Drawn(rng.choice([one for one in LANGUAGES if one.tag != "ja"]), rng, html=rng.random() < 0.5)
    language = drawn.language
    first = date(2027, 1, 3) + timedelta(rng.randrange(600))
    code = f"{rng.choice('KLMNPR')}{rng.randrange(10, 99)}{rng.choice('XYZ')}{rng.choice('QRT')}{rng.randrange(10)}"
    carrier, mode = rng.choice(CARRIERS)
    towns = rng.sample(TOWNS, 2)
    forms = [rng.choice([form for form in language.dates if "M" in form or language.tag in {"de", "fr", "es", "it"}])]
    time_form = rng.choice(language.times)
    word = language.flight if mode == "flight" else language.train
    layout = rng.choice(["block", "line", "table"] if drawn.html else ["block", "line"])
    which = rng.randrange(2)
    legs: list[list[str]] = []
    expected: list[Told] = []
    for way in range(2):
        origin, destination = towns if way == 0 else towns[::-1]
        day = first + timedelta(way * rng.randrange(1, 9))
        begin = rng.randrange(6 * 60, 18 * 60, 5)
        end = begin + rng.randrange(50, 290, 5)
        number = f"{carrier} {rng.randrange(100, 999)}"
        departs, arrives = drawn.clock(time_form, begin), drawn.clock(time_form, end)
        told = drawn.day(day, forms)
        expected.append(
            {
                "kind": mode,
                "number": number,
                "from": origin,
                "to": destination,
                "depart": f"{day}T{hhmm(begin)}",
                "arrive": f"{day}T{hhmm(end)}",
            }
        )
        if layout == "block":
            legs.append(
                [
                    f"{word} {number}, {told}",
                    f"{language.depart[1]}: {origin} {departs}",
                    f"{language.arrive[1]}: {destination} {arrives}",
                ]
            )
        elif layout == "line":
            moments = f"{language.depart[which]} {departs}, {language.arrive[which]} {arrives}"
            legs.append([f"{told}: {word} {number} {origin} - {destination}, {moments}"])
        else:
            legs.append(
                [
                    "<tr>"
                    + "".join(_tag("td", cell) for cell in (told, number, origin, destination, departs, arrives))
                    + "</tr>"
                ]
            )
    total = rng.randrange(40, 1900)
    head = f"{rng.choice(language.code)}: {code}"
    cost = f"{rng.choice(language.total)}: {drawn.price(total)}"
    lines = _legs(drawn, legs, layout, word)
    plain = [head, *lines, cost] if rng.random() < 0.5 else [head, cost, *lines]
    drawn.body = (
        _page(drawn, [line if line.startswith("<") else _tag("p", line) for line in plain])
        if drawn.html
        else "\n".join(plain) + "\n"
    )
    drawn.name = f"journey-{language.tag}-{mode}-{layout}"
    drawn.told = _told(
        {
            "days": [],
            "activities": [],
            "stays": [],
            "transport": expected,
            "money": [{"amount": total, "currency": drawn.currency, "of": "total"}],
        }
    )
    return drawn


COLUMNS = {
    "en": ("Date", "Service", "From", "To", "Departs", "Arrives"),
    "de": ("Datum", "Verbindung", "Von", "Nach", "Abfahrt", "Ankunft"),
    "fr": ("Date", "Vol", "De", "À", "Départ", "Arrivée"),
    "es": ("Fecha", "Vuelo", "Origen", "Destino", "Salida", "Llegada"),
    "it": ("Data", "Volo", "Da", "A", "Partenza", "Arrivo"),
}


def _legs(drawn: Drawn, legs: list[list[str]], layout: str, word: str) -> list[str]:
    if layout != "table":
        return [line for leg in legs for line in leg]
    columns = list(COLUMNS[drawn.language.tag])
    columns[1] = word
    head = "<tr>" + "".join(_tag("th", cell) for cell in columns) + "</tr>"
    return ["<table>" + head + "".join(line for leg in legs for line in leg) + "</table>"]


def _rows(rows: list[tuple[str, str]], style: str, *, html_page: bool) -> list[str]:
    if not html_page:
        return [f"{label}{style}{value}" for label, value in rows]
    if style == "table":
        return [
            "<table>"
            + "".join(f"<tr>{_tag('th', label)}{_tag('td', value)}</tr>" for label, value in rows)
            + "</table>"
        ]
    if style == "dl":
        return ["<dl>" + "".join(_tag("dt", label) + _tag("dd", value) for label, value in rows) + "</dl>"]
    return [_tag("p", f"{label}: {value}") for label, value in rows]


def _tag(name: str, text: str) -> str:
    return f"<{name}>{html.escape(text)}</{name}>"


def _page(drawn: Drawn, lines: list[str]) -> str:
    head = f'<html lang="{drawn.language.tag}"><head><meta charset="utf-8"><title>-</title></head>'
    return f"<!doctype html>{head}<body>{''.join(lines)}</body></html>"


def _told(expect: Told) -> Told:
    return {"context": {}, "expect": expect, "optional": {}, "never": []}
