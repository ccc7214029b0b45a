const STATUSES = ['confirmed', 'in_progress', 'completed', 'planning', 'cancelled'];
const SHORT_TRIPS = 5;
const SHORT_CLASHES = 2;

const spaced = words => plain(words).replaceAll('_', ' ');

// The month's days: their dates, and which are weekends or today.
function calendar(month, today) {
  const [year, of] = month.split('-').map(Number);
  const days = new Date(Date.UTC(year, of, 0)).getUTCDate();
  return Array.from({ length: days }, (_, index) => {
    const date = `${month}-${String(index + 1).padStart(2, '0')}`;
    return { date, day: index + 1, weekend: [0, 6].includes(utc(date).getUTCDay()), today: date === today };
  });
}

function shifted(month, by) {
  const [year, of] = month.split('-').map(Number);
  return new Date(Date.UTC(year, of - 1 + by, 1)).toISOString().slice(0, 7);
}

function turn(answer, by) {
  const to = shifted(answer.month, by), name = { 'aria-label': dateWords(to + '-01', { month: 'long', year: 'numeric' }) };
  const sign = by < 0 ? '‹' : '›';
  if (host.link('month')) return make('a', { href: host.link('month', to), ...name }, sign);
  if (!host.can('serverTools')) return null;
  const args = { month: to, ...(answer.client && { client: answer.client }) };
  return button(sign, async () => {
    const there = await host.call('show_month', args);
    if (there) host.show(there);
  }, name);
}

function header(answer) {
  const { total = 0, people = 0, leaving, month } = answer;
  const facts = [counted(total, 'trip'), `${counted(people, 'traveler')} away`, leaving > 0 && `${number(leaving)} ${leaving === 1 ? 'leaves' : 'leave'} this week`];
  return make(
    'header',
    deskLink(),
    make('div.row', make('h1', dateWords(month + '-01', { month: 'long', year: 'numeric' })), make('span.turn', turn(answer, -1), turn(answer, 1))),
    make('p.soft', total ? kept(facts).join(', ') : 'Nobody travels this month.'),
  );
}

function clashes(answer) {
  const all = list(answer.clashes), hidden = all.length - SHORT_CLASHES;
  const row = ({ name, trips, from, to }, index) =>
    make('p.clash.lines' + (index < SHORT_CLASHES ? '' : '.full-only'), { style: { '--lines': 2 } },
      make('b.warn', 'Twice away: '), stored(name), ' is on ', list(trips).map((trip, index) => [index > 0 && ' and ', stored(trip)]), ', ', rangeWords(from, to, DAY));
  return [all.map(row), hidden > 0 && make('p.soft.small.short-only', `and ${number(hidden)} more`)];
}

function backdrop(days) {
  const column = day => ({ 'aria-hidden': true, style: { 'grid-column': day.day } });
  return days.filter(day => day.weekend || day.today).map(day => [day.weekend && make('i.weekend', column(day)), day.today && make('i.today', column(day))]);
}

function bar(trip, days) {
  const first = days[0].date, last = days.at(-1).date, status = STATUSES.includes(trip.status) ? trip.status : '';
  const from = trip.start < first ? 1 : Number(trip.start.slice(8)), to = trip.end > last ? days.length : Number(trip.end.slice(8));
  const words = `${trip.name}, ${rangeWords(trip.start, trip.end)}, ${spaced(trip.status)}`;
  const look = kept(['trip', status, trip.start < first && 'earlier', trip.end > last && 'later']).join('.');
  const attributes = { title: words, style: { 'grid-column': `${from} / ${to + 1}` } };
  const place = to - from > 1 && trip.place ? stored(trip.place) : make('span.unseen', words);
  if (host.link('trip')) return make('a.' + look, { href: host.link('trip', trip.trip_id), 'aria-label': words, ...attributes }, place);
  if (!host.can('message')) return make('div.' + look, attributes, place);
  return make('button.' + look, { type: 'button', 'aria-label': words, click: () => host.write(`Show me trip ${trip.trip_id}.`), ...attributes }, place);
}

function line(trip, index, days) {
  const people = list(trip.travelers), total = trip.travelers_total ?? people.length, others = total - Math.min(2, people.length);
  const names = people.slice(0, 2).map((name, index) => [index > 0 && ', ', stored(name)]);
  return make(
    'li.line' + (index < SHORT_TRIPS ? '' : '.full-only'),
    make('div.who', make('b', { title: trip.name }, stored(trip.name)), total ? make('div.soft', { title: people.join(', ') }, names, others > 0 && ` +${number(others)}`) : make('div.warn', 'nobody yet')),
    make('div.lane', backdrop(days), bar(trip, days)),
  );
}

host.start(answer => {
  const days = calendar(answer.month, answer.today), trips = list(answer.trips).filter(trip => trip.start && trip.end);
  const used = STATUSES.filter(status => trips.some(trip => trip.status === status));
  const head = day => make('span' + (day.today ? '.today' : day.weekend ? '.weekend' : '') + (day.day % 5 && !day.today ? '.minor' : ''), { style: { 'grid-column': day.day } }, day.day);
  return [
    header(answer),
    clashes(answer),
    make('div.gap', { style: { '--days': days.length } },
      make('div.line.heads', { 'aria-hidden': true }, make('span'), make('div.lane', days.map(head))),
      make('ol', trips.map((trip, index) => line(trip, index, days)))),
    answer.more > 0 && make('p.soft.small.gap.full-only', `and ${counted(answer.more, 'more trip')}`),
    used.length > 0 && make('p.soft.small.key', used.map(status => make('span', make('i.' + status), spaced(status)))),
    trips.length > SHORT_TRIPS && host.opener(`All ${number(answer.total)} trips`),
  ];
});
