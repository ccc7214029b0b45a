const STATUSES = ['confirmed', 'in_progress', 'completed', 'planning', 'cancelled'];
const SHORT_TRIPS = 5;
const SHORT_CLASHES = 1;
const MONTH = { month: 'long', year: 'numeric' };

const firstOf = month => month + '-01';

function shifted(month, by) {
  const day = utc(firstOf(month));
  day.setUTCMonth(day.getUTCMonth() + by);
  return day.toISOString().slice(0, 7);
}

// The dates of a month.
function datesOf(month) {
  const first = utc(firstOf(month));
  const days = (utc(firstOf(shifted(month, 1))) - first) / 864e5;
  return Array.from({ length: days }, (_, index) => month + '-' + String(index + 1).padStart(2, '0'));
}

const isWeekend = date => [0, 6].includes(utc(date).getUTCDay());

function turn({ month, client }, by) {
  const to = shifted(month, by);
  const name = dateWords(firstOf(to), MONTH);
  const sign = by < 0 ? '‹' : '›';
  const go = async () => {
    const answer = await host.call('show_month', { month: to, ...(client && { client }) });
    if (answer) host.show(answer);
  };
  if (host.link('month')) return make('a', { href: host.link('month', to), 'aria-label': name }, sign);
  return host.can('serverTools') && button(sign, go, name);
}

function header(answer) {
  const { total, people, leaving, month, client } = answer;
  const facts = [
    counted(total, 'trip'),
    `${counted(people, 'traveler')} away`,
    leaving > 0 && `${counted(leaving, 'trip')} leaving within a week`,
    client && ['only ', stored(client)],
  ];
  return make(
    'header',
    deskLink(),
    make('div.row', make('h1', dateWords(firstOf(month), MONTH)), make('span.turn', turn(answer, -1), turn(answer, 1))),
    make('p.soft.one-line', total ? separated(facts) : 'Nobody travels this month.'),
  );
}

function clashes({ clashes: all, clashes_more: hidden }) {
  const row = ({ name, trips, from, to }, index) =>
    make(
      'p.clash.two-lines' + (index < SHORT_CLASHES ? '' : '.full'),
      make('b.warn', 'Twice away: '),
      stored(name),
      ' is on ',
      stored(trips[0]),
      ' and ',
      stored(trips[1]),
      ', ',
      rangeWords(from, to, DAY),
    );
  return [all.map(row), more(all.length + hidden - SHORT_CLASHES, 'short'), more(hidden, 'full')];
}

// The cells that show weekends and today, behind a row or as the numbers above the rows.
function cells(dates, today, numbers) {
  const now = dates.indexOf(today);
  return dates.map((date, index) => {
    const day = index + 1;
    const minor = index !== now && (day % 5 > 0 || Math.abs(index - now) === 1);
    const look = kept([index === now && '.today', isWeekend(date) && '.weekend', minor && '.minor']);
    const style = { 'grid-column': day };
    return (numbers || look[0] !== '.minor') && make('span' + look.join(''), { style }, numbers && day);
  });
}

function bar({ place, start, end, status }, dates) {
  const first = dates[0];
  const last = dates.at(-1);
  const from = start < first ? 1 : Number(start.slice(8));
  const to = end > last ? dates.length : Number(end.slice(8));
  const look = kept(['trip', STATUSES.includes(status) && status, start < first && 'earlier', end > last && 'later']);
  const style = { 'grid-column': `${from} / ${to + 1}` };
  return make('div.' + look.join('.'), { style, 'aria-hidden': true }, to - from > 1 && stored(place));
}

// A trip's name and travelers. Where the trip can be opened, a click anywhere in the row opens it.
function who({ trip_id: id, name, place, start, end, status, travelers, travelers_total: total, unreadable }) {
  const two = travelers.slice(0, 2);
  const others = total - two.length;
  const words = kept([place, rangeWords(start, end), spaced(status)]).join(', ');
  const link = host.link('trip', id);
  const open = host.can('message') && (() => host.write(`Show me trip ${id}.`));
  return make(
    link ? 'a.who' : open ? 'button.who' : 'div.who',
    { href: link, click: open, title: `${name}, ${words}` },
    make('b.one-line', stored(name)),
    make('span.unseen', `, ${words}`),
    unreadable && make('span.warn', 'clients unreadable'),
    total
      ? make('span.soft', separated(two.map(stored)), others > 0 && ` +${number(others)}`)
      : !unreadable && make('span.warn', 'nobody yet'),
  );
}

function line(trip, index, dates, today) {
  return make(
    'li.line' + (index < SHORT_TRIPS ? '' : '.full'),
    who(trip),
    make('div.lane', cells(dates, today), bar(trip, dates)),
  );
}

host.start(answer => {
  const { month, today, trips, total, more: hidden } = answer;
  const dates = datesOf(month);
  const used = STATUSES.filter(status => trips.some(trip => trip.status === status));
  return [
    header(answer),
    clashes(answer),
    total > 0 &&
      make(
        'div.gap',
        { style: { '--days': dates.length } },
        make('div.line.heads', { 'aria-hidden': true }, make('span'), make('div.lane', cells(dates, today, true))),
        make(
          'ol',
          trips.map((trip, index) => line(trip, index, dates, today)),
        ),
      ),
    more(hidden, 'full'),
    make(
      'p.note.key',
      used.map(status => make('span', make('i.' + status), spaced(status))),
    ),
    total > SHORT_TRIPS && host.opener(`All ${number(total)} trips`),
  ];
});
