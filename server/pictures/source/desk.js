const STATUS_TONES = { confirmed: 'good', in_progress: 'good' };
const MONTHS_AHEAD = 3;

function travels({ trip_id, trip_name, start_date, end_date, status, travelers, traveler_names, balance, currency }) {
  const names = traveler_names.slice(0, 2).map((name, index) => [index > 0 && ', ', stored(name)]);
  const others = travelers - Math.min(2, traveler_names.length);
  return make(
    'li.travel',
    make(
      'div.who',
      make('a', { href: host.link('trip', trip_id) }, stored(trip_name)),
      make('div.note', travelers ? [names, others > 0 && ` +${number(others)}`] : make('span.warn', 'nobody yet')),
    ),
    make('span.note.dates', rangeWords(start_date, end_date, DAY)),
    make('span.note.number', balance > 0 && `${money(balance, currency)} to pay`),
    make('span.pill.' + (STATUS_TONES[status] ?? 'soft'), spaced(status)),
  );
}

function months(today) {
  const [year, month] = today.split('-').map(Number);
  const first = ahead => new Date(Date.UTC(year, month - 1 + ahead, 1)).toISOString().slice(0, 10);
  const words = day => dateWords(day, { month: 'long', year: 'numeric' });
  return Array.from({ length: MONTHS_AHEAD }, (_, ahead) => first(ahead)).map(day =>
    make('li', make('a', { href: host.link('month', day.slice(0, 7)) }, words(day))),
  );
}

function migration({ phase, next_phase: next, agreement, obstacles }) {
  const differs = agreement?.differences > 0;
  const words = agreement ? (differs ? 'The stores differ' : 'Both stores agree') : 'Not checked yet';
  const tone = agreement ? (differs ? 'bad' : 'good') : 'soft';
  const checked = agreement && `, ${agreement.source === 'check' ? 'checked' : 'last proof'} ${agreement.age}`;
  return section(
    'Migration',
    null,
    make('p.' + tone, words),
    make('p.note', `Phase ${spaced(phase)}`, checked),
    obstacles.length > 0 && make('p.note', `Before ${spaced(next)}: ${obstacles.join(', ')}`),
    make(
      'ul.ways.gap',
      make('li', make('a', { href: host.link('migration') }, 'Migration board')),
      make('li', make('a', { href: host.link('check') }, 'Check now')),
    ),
  );
}

host.start(answer => [
  make('header', make('h1', 'Trip desk'), make('p.soft', dateWords(answer.today, { weekday: 'long', ...DATE }))),
  make(
    'div.columns',
    section(
      'Trips under way and soon',
      make('span.note', counted(answer.total, 'trip')),
      answer.trips.length ? make('ol', answer.trips.map(travels)) : make('p.soft', 'Nobody travels in the next weeks.'),
      more(answer.total - answer.trips.length, 'full'),
    ),
    make('div.side', section('Who travels when', null, make('ul.ways', months(answer.today))), migration(answer)),
  ),
]);
