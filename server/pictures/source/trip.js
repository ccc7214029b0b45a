const STAY_COLOURS = ['--blue', '--rust', '--green', '--violet'];
const STATUS_TONES = { confirmed: 'good', in_progress: 'good', cancelled: 'bad' };
const MOST_BUTTONS = 14;
const SHORT_MISSING = coarse ? 2 : 3;

function header({ name, status, start, end, nights, destinations, days_to_go: wait }) {
  const facts = [
    rangeWords(start, end) || 'no dates yet',
    nights > 0 && counted(nights, 'night'),
    destinations && stored(destinations),
    wait > 0 && `in ${counted(wait, 'day')}`,
  ];
  const pill = make('span.pill.' + (STATUS_TONES[status] ?? 'soft'), spaced(status));
  return make(
    'header',
    deskLink(),
    make('div.row', make('h1.one-line', stored(name)), pill),
    make('p.soft.one-line', separated(facts)),
  );
}

function missing(trip) {
  const { name, all: phases } = trip.phase;
  const reached = phases.indexOf(name);
  const lacks = trip.missing;
  const total = lacks.length;
  const title = total
    ? `Missing for ${spaced(name ?? 'this trip')} (${total})`
    : spaced(name ? 'Phase: ' + name : 'Missing');
  const step = (phase, index) =>
    make('li' + (index < reached ? '.done' : index === reached ? '.now' : ''), {
      title: phase,
      'aria-current': index === reached && 'step',
    });
  const lack = ({ words, prompt }, index) =>
    make(
      'li' + (index < SHORT_MISSING ? '' : '.full'),
      make('span.one-line', words),
      host.can('message') && prompt && button('Ask', () => host.write(prompt), 'Ask about: ' + words),
    );
  return section(
    title,
    reached >= 0 && make('span.note', `phase ${reached + 1} of ${phases.length}`),
    reached >= 0 && make('ol.steps', phases.map(step)),
    total ? make('ul.missing.gap', lacks.map(lack)) : make('p.good.gap', 'Nothing is missing.'),
    more(total - SHORT_MISSING, 'short'),
  );
}

function moneySection(trip) {
  const { total, paid, currency, payments, payments_more: hidden } = trip.money;
  const sum = (amount, own = currency) => money(amount, own);
  const words = total > 0 ? `${sum(paid)} of ${sum(total)}` : paid > 0 ? sum(paid) : 'no price yet';
  const share = { style: { width: Math.min(100, (100 * paid) / total) + '%' } };
  const row = ({ label, amount, currency: own, paid_at: paidAt, due_at: dueAt, late }) =>
    make(
      'tr',
      make('td', label),
      make('td.soft', paidAt ? 'paid ' + dateWords(paidAt) : dueAt && 'due ' + dateWords(dueAt)),
      make('td.number' + (late ? '.bad' : ''), sum(amount, own), late && ' late'),
    );
  return section(
    'Money',
    make('span.number', words),
    total > 0 && make('div.paid', { role: 'img', 'aria-label': 'Paid ' + words }, make('i', share)),
    payments.length > 0 && make('table.gap.full', make('tbody', payments.map(row))),
    more(hidden, 'full'),
  );
}

// Run an operation on the trip and draw it anew; return its result if it was done.
async function change(trip, type, data, key) {
  const trip_identifier = String(trip.trip_id);
  const operations = [{ type, data }];
  const answer = await host.call('bulk_trip_operations', { trip_identifier, operations, idempotency_key: key });
  if (!answer) return;
  if (!answer.success) return host.say(answer.results[0]?.error ?? answer.message, 'bad');
  host.tell({ trip_id: trip.trip_id, changed: answer.message });
  const now = await host.call('show_trip', { trip_identifier });
  if (now) host.show(now);
  return answer.results[0];
}

async function makePayer(trip, { name, email }, key) {
  const payer = { email, role: 'payer' };
  const undo = async () => {
    if (await change(trip, 'unassign_client', payer, 'undo-' + key)) host.say(`${name} is no longer payer.`);
  };
  const done = await change(trip, 'assign_client', payer, key);
  if (done) host.say(`${name} is payer now.`, '', done.created && button('Undo', undo));
}

function travelers(trip) {
  const { travelers: people, travelers_total: total, others } = trip;
  const isPaid = [...people, ...others].some(({ roles }) => roles.includes('payer'));
  // Each drawing has a key of its own: two clicks make one write, and a click after an undo writes again.
  const key = [...crypto.getRandomValues(new Uint32Array(4))].join('-');
  const row = (person, index) => {
    const { name, roles, email, note, lacks } = person;
    const pay = () => makePayer(trip, person, index + key);
    const facts = kept([roles.map(spaced).join(', '), note, lacks]).join(' · ');
    return make(
      'li',
      make('div.row', stored(name), make('span.' + (lacks ? 'warn' : 'soft'), facts)),
      !isPaid && email && !note && host.can('serverTools') && button('Make payer', pay, 'Make payer: ' + name),
    );
  };
  const names = people.slice(0, 12).map(({ name, lacks }) => make(lacks ? 'span.warn' : 'span', stored(name)));
  return section(
    `Travelers (${total})`,
    null,
    total ? make('p.two-lines.short', separated(names)) : make('p.warn', 'Nobody travels yet.'),
    make('ul.people.full', people.map(row)),
    more(total - people.length, 'full'),
    others.length > 0 && make('h2.gap.full', 'Not traveling'),
    make('ul.people.full', others.map(row)),
    trip.unreadable && make('p.warn.full', trip.unreadable),
  );
}

const stayStyle = ({ colour }) => ({ style: colour && { '--stay': `var(${colour})` } });

function showDay(index) {
  host.open();
  showAllDays();
  document.getElementById('day-' + index).scrollIntoView({ block: 'nearest' });
}

const showAllDays = () => (document.documentElement.dataset.days = 'all');

// The nights as a strip: a button for each day, or a scale where there are many.
function ribbon(days) {
  const long = days.length > MOST_BUTTONS;
  const every = Math.ceil(days.length / 6);
  const cell = (day, index) => {
    const { date, title, planned } = day;
    const marked = long && index % every === 0 && index < days.length - every / 2;
    const spoken = [dateWords(date, { month: 'long' }), title, !planned && 'nothing planned'];
    const words = [
      make('small', dateWords(date, { weekday: 'narrow' })),
      dateWords(date, { day: 'numeric' }),
      make('span.unseen', ' ' + kept(spoken).join(', ')),
    ];
    return make(
      'li' + (planned ? '' : '.empty'),
      stayStyle(day),
      long ? marked && make('span', dateWords(date)) : button(words, () => showDay(index)),
    );
  };
  return make('ol.ribbon' + (long ? '.long' : ''), { style: { '--days': days.length } }, days.map(cell));
}

function dayRow(day, before) {
  const { date, title, items, items_more: hidden, planned, stay } = day;
  const arrival = stay && before?.stay !== stay;
  const month = dateWords(date, { month: 'short' });
  const timed = items.some(({ time }) => time);
  const item = ({ time, title, place }) =>
    make(
      'div.item',
      timed && make('span.soft.number', time),
      make('span', stored(title), place && make('span.soft', ', ', stored(place))),
    );
  return [
    make(
      'div.date.note',
      dateWords(date, { weekday: 'short' }),
      make('b', dateWords(date, { day: 'numeric' })),
      !before || date.endsWith('-01') ? month : before.later && make('span.gap-only', month),
    ),
    make('div.rail', stayStyle(day), make('i' + (arrival ? '.arrival' : ''))),
    make(
      'div.plan' + (timed ? '' : '.untimed'),
      title && make('b', stored(title)),
      planned ? items.map(item) : make('div.warn', 'Nothing planned'),
      more(hidden, 'full'),
      arrival &&
        make(
          'div.stay.note',
          stayStyle(day),
          separated([
            stored(stay.name),
            stay.nights > 0 && counted(stay.nights, 'night'),
            stay.confirmation && stored(stay.confirmation),
          ]),
          !stay.confirmation && make('span.warn', ', not confirmed'),
        ),
    ),
  ];
}

function dayByDay(trip) {
  const { days: all, days_more: hidden, stays, today } = trip;
  // Narrow pages show the next days, and those without a plan, first.
  const next = Math.max(
    0,
    all.findIndex(({ date }) => date >= today),
  );
  const days = all.map((day, index) => {
    const stay = stays.findIndex(({ from, to }) => from <= day.date && day.date < to);
    const planned = day.items_more > 0 || day.items.length > 0;
    return {
      ...day,
      planned,
      later: planned && all.length > 5 && (index < next || index > next + 2),
      stay: stays[stay],
      colour: STAY_COLOURS[stay % 4],
    };
  });
  const row = (day, index) =>
    make('li.day' + (day.later ? '.later' : ''), { id: 'day-' + index }, dayRow(day, days[index - 1]));
  return section(
    'Day by day',
    hidden > 0 && make('span.note', `${days.length} of ${days.length + hidden} days`),
    days.length ? ribbon(days) : make('p.soft', 'No days yet.'),
    make('ol.full', days.map(row)),
    days.some(({ later }) => later) && make('p.gap.gap-only.full', button(`Show all ${days.length} days`, showAllDays)),
  );
}

host.start(trip => [
  header(trip),
  make('div.columns', make('div.side', missing(trip), moneySection(trip), travelers(trip)), dayByDay(trip)),
  host.opener('All days and payments'),
]);
