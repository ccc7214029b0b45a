const STAY_COLOURS = ['--blue', '--rust', '--green', '--violet'];
const STATUS_TONES = { confirmed: 'good', in_progress: 'good', cancelled: 'bad' };
const MOST_BUTTONS = 14;
const SHORT_MISSING = 3;

const spaced = words => plain(words).replaceAll('_', ' ');

function header(trip) {
  const { start, end, nights, days_to_go: wait } = trip;
  const facts = [
    start || end ? rangeWords(start, end) : 'no dates yet',
    nights > 0 && counted(nights, 'night'),
    trip.destinations && stored(trip.destinations),
    wait > 0 && `in ${counted(wait, 'day')}`,
    wait === 0 && 'starts today',
  ];
  return make(
    'header',
    deskLink(),
    make('div.row', make('h1.lines', stored(trip.name)), make('span.pill.' + (STATUS_TONES[trip.status] ?? 'soft'), spaced(trip.status))),
    make('p.soft.lines', kept(facts).flatMap((fact, index) => (index ? [', ', fact] : [fact]))),
  );
}

function missing(trip) {
  const phase = record(trip.phase), phases = list(phase.all), reached = phases.indexOf(phase.name);
  const lacks = list(trip.missing), total = lacks.length + (trip.missing_more ?? 0);
  const hidden = total - SHORT_MISSING;
  const ask = lack =>
    host.can('message') && lack.prompt && button('Ask', () => host.write(lack.prompt), { 'aria-label': 'Ask about: ' + lack.words });
  return section(
    total ? `Missing for ${spaced(phase.name ?? 'this trip')} (${total})` : phase.name ? `Phase: ${spaced(phase.name)}` : 'Missing',
    reached >= 0 && make('span.soft.small', `phase ${reached + 1} of ${phases.length}`),
    reached >= 0 && make('ol.steps', { 'aria-label': 'Phases' }, phases.map((name, index) =>
      make('li' + (index < reached ? '.done' : index === reached ? '.now' : ''), { title: name, 'aria-current': index === reached && 'step' }, make('span.unseen', name)))),
    lacks.length
      ? make('ul.missing.gap', lacks.map((lack, index) =>
          make('li' + (index < SHORT_MISSING ? '' : '.full-only'), make('span.lines', lack.words), ask(lack))))
      : make('p.good.gap', 'Nothing is missing.'),
    hidden > 0 && make('p.soft.small.short-only', `and ${number(hidden)} more`),
    trip.missing_more > 0 && make('p.soft.small.full-only', `and ${number(trip.missing_more)} more`),
  );
}

function moneySection({ money: sums }) {
  const { total, paid, currency, payments } = record(sums), open = total - paid;
  const share = total > 0 ? Math.min(1, paid / total) : 0;
  const words = total > 0 ? `${money(paid ?? 0, currency)} of ${money(total, currency)}` : paid > 0 ? money(paid, currency) : 'no price yet';
  const when = payment => (payment.paid_at ? 'paid ' + dateWords(payment.paid_at) : payment.due_at ? 'due ' + dateWords(payment.due_at) : '');
  return section(
    'Money',
    make('span.number', words),
    total > 0 && make('div.paid', { role: 'img', 'aria-label': 'Paid ' + words }, make('i', { style: { width: 100 * share + '%' } })),
    list(payments).length
      ? make('table.gap.full-only', make('tbody', payments.map(payment =>
          make('tr', make('td', payment.label), make('td.soft', when(payment)), make('td.number' + (payment.late ? '.bad' : ''), money(payment.amount, currency), payment.late && ' late')))))
      : open > 0 && make('p.soft.small.full-only', `${money(open, currency)} open`),
  );
}

// Each drawing has a key of its own: two clicks make one write, and a click after an undo writes again.
const newKey = () => [...crypto.getRandomValues(new Uint32Array(4))].map(part => part.toString(36)).join('');

async function change(trip, type, data, key) {
  const operations = [{ type, data }];
  const answer = await host.call('bulk_trip_operations', { trip_identifier: String(trip.trip_id), operations, idempotency_key: key });
  if (!answer) return;
  if (!answer.success) return host.say(list(answer.results)[0]?.error ?? answer.message, 'bad');
  host.tell({ trip_id: trip.trip_id, changed: answer.message });
  const now = await host.call('show_trip', { trip_identifier: String(trip.trip_id) });
  if (now) host.show(now);
  return true;
}

async function makePayer(trip, person, key) {
  const payer = { email: person.email, role: 'payer' };
  if (!(await change(trip, 'assign_client', payer, key))) return;
  const undo = button('Undo', async () => {
    if (await change(trip, 'unassign_client', payer, 'undo-' + key)) host.say(`${person.name} is no longer payer.`);
  });
  host.say(`${person.name} is payer now.`, '', undo);
}

function travelers(trip) {
  const people = list(trip.travelers), total = trip.travelers_total ?? people.length, key = newKey();
  const payer = (person, index) =>
    host.can('serverTools') && person.email && !list(person.roles).includes('payer') &&
    button('Payer', () => makePayer(trip, person, `picture-${key}-${index}`), { 'aria-label': `Make ${person.name} payer` });
  const row = (person, index) =>
    make('li', make('b', stored(person.name)), make('span.' + (person.lacks ? 'warn' : 'soft'), list(person.roles).map(spaced).join(', '), person.lacks && ` · ${person.lacks}`, payer(person, index)));
  const name = (person, index) => [index > 0 && ', ', make('span' + (person.lacks ? '.warn' : ''), stored(person.name))];
  return section(
    `Travelers (${total})`,
    null,
    total ? make('p.lines.short-only', { style: { '--lines': 2, margin: 0 } }, people.slice(0, 12).map(name)) : make('p.warn', 'Nobody travels yet.'),
    make('ul.people.full-only', people.map(row)),
    total > people.length && make('p.soft.small.full-only', `and ${number(total - people.length)} more`),
  );
}

const stayStyle = stay => (stay ? { style: { '--stay': `var(${stay.colour})` } } : {});

function ribbon(days, stayOn) {
  const long = days.length > MOST_BUTTONS, every = Math.ceil(days.length / 6);
  const jump = index => {
    host.open();
    document.documentElement.dataset.days = 'all';
    document.getElementById('day-' + index).scrollIntoView({ block: 'nearest' });
  };
  const cell = (day, index) => {
    const look = ['li' + (list(day.items).length ? '' : '.empty'), stayStyle(stayOn(day.date))];
    if (long) return make(...look, index % every === 0 && index + every / 2 < days.length && make('span', dateWords(day.date)));
    const spoken = [dateWords(day.date, { month: 'long' }), day.title, !list(day.items).length && 'nothing planned'];
    return make(...look, button([make('small', dateWords(day.date, { weekday: 'narrow' })), dateWords(day.date, { day: 'numeric' }), make('span.unseen', ' ' + kept(spoken).join(', '))], () => jump(index)));
  };
  return make('ol.ribbon' + (long ? '.long' : ''), { 'aria-hidden': long, style: { '--days': days.length } }, days.map(cell));
}

function dayRow(day, index, stayOn, dayBefore) {
  const stay = stayOn(day.date), arrives = stay && (!dayBefore || stayOn(dayBefore.date) !== stay);
  const items = list(day.items), date = day.date;
  return [
    make('div.date', make('span.soft.small', dateWords(date, { weekday: 'short' })), make('b', dateWords(date, { day: 'numeric' })), (!dayBefore || plain(date).endsWith('-01')) && make('span.soft.small', dateWords(date, { month: 'short' }))),
    make('div.rail', { 'aria-hidden': true, ...stayStyle(stay) }, make('i' + (arrives ? '.arrival' : ''))),
    make(
      'div.plan' + (items.length ? '' : '.empty'),
      day.title && make('b', stored(day.title)),
      items.map(item => make('div.item', make('span.soft.number', item.time ?? ''), make('span', stored(item.title), item.place && make('span.soft', ', ', stored(item.place))))),
      !items.length && make('div.nothing.small', 'Nothing planned'),
      arrives && make('div.stay.soft.small', stayStyle(stay), stored(stay.name), ', ', counted(stay.nights, 'night'), stay.confirmation ? [', ', stored(stay.confirmation)] : make('span.warn', ', not confirmed')),
    ),
  ];
}

function dayByDay(trip) {
  const days = list(trip.days), total = days.length + (trip.days_more ?? 0);
  const stays = list(trip.stays).map((stay, index) => ({ ...stay, colour: STAY_COLOURS[index % STAY_COLOURS.length] }));
  const stayOn = date => stays.find(stay => stay.from <= date && date < stay.to);
  // Narrow pages show the next days and those without a plan first.
  const next = Math.max(0, days.findIndex(day => day.date >= (trip.today ?? '')));
  const first = (day, index) => days.length < 6 || (index >= next && index < next + 3) || !list(day.items).length;
  const more = !days.every(first) && button(`Show all ${days.length} days`, () => (document.documentElement.dataset.days = 'all'));
  return section(
    'Day by day',
    total > days.length && make('span.soft.small', `${days.length} of ${total} days`),
    days.length ? ribbon(days, stayOn) : make('p.soft', 'No days yet: the trip has no dates.'),
    make('ol.full-only', days.map((day, index) => make('li.day' + (first(day, index) ? '' : '.later'), { id: 'day-' + index }, dayRow(day, index, stayOn, days[index - 1])))),
    more && make('p.more-days.later.full-only', more),
  );
}

host.start(trip => [
  header(trip),
  make('div.columns', make('div.side', missing(trip), moneySection(trip), travelers(trip)), dayByDay(trip)),
  host.opener('All days and payments'),
]);
