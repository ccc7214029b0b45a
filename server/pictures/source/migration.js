const PHASES = ['dual_write', 'prefer_junction', 'normalized'];
const SHORT_OBSTACLES = 3;
const SLOW_MS = 250;
const LONGEST_MS = 10000;

const spaced = words => plain(words).replaceAll('_', ' ');
const percent = (share, digits) => new Intl.NumberFormat(locale, { style: 'percent', minimumFractionDigits: digits, maximumFractionDigits: digits }).format(share);

function verdict(answer) {
  const { trips = 0, assignments = 0, differing_trips: differing, source, age } = record(answer.agreement);
  const unknown = differing == null;
  const words = unknown ? 'Not checked yet' : differing ? `${number(differing)} of ${counted(trips, 'trip')} differ` : 'Both stores agree';
  const check = async ({ target }) => {
    target.disabled = true;
    const now = await host.call('show_migration', { check: true, ...(answer.hours && { hours: answer.hours }) });
    if (now) host.show(now);
    target.disabled = false;
  };
  return make(
    'header',
    deskLink(),
    make('div.row', make('h2', 'Migration of who travels'), host.can('serverTools') && button('Check now', check)),
    make('h1.verdict.' + (unknown ? 'soft' : differing ? 'bad' : 'good'), words),
    make('p.soft', kept([trips && counted(trips, 'trip'), assignments && counted(assignments, 'assignment'), !unknown && `${source === 'check' ? 'checked' : 'last proof'} ${plain(age)}`]).join(', ')),
  );
}

function phase(answer) {
  const obstacles = list(answer.obstacles), next = answer.next_phase, at = PHASES.indexOf(answer.phase);
  const hidden = obstacles.length - SHORT_OBSTACLES;
  const step = (name, index) => make('li' + (index < at ? '.done' : index === at ? '.now' : ''), { 'aria-current': index === at && 'step' }, spaced(name));
  return section(
    'Phase',
    null,
    make('ol.steps', PHASES.map(step)),
    obstacles.length
      ? [make('p.gap', `Before ${spaced(next)}:`), make('ul.obstacles.warn', obstacles.map((obstacle, index) => make('li.lines' + (index < SHORT_OBSTACLES ? '' : '.full-only'), obstacle)))]
      : next && make('p.good.gap', `Nothing stands in the way of ${spaced(next)}.`),
    hidden > 0 && make('p.soft.small.short-only', { style: { margin: 0 } }, `and ${number(hidden)} more`),
  );
}

const ends = (from, to) => make('div.ends', { 'aria-hidden': true }, make('span', from), make('span', to));

// Differences over time, as steps: what a proof found holds until the next.
function drift(proofs) {
  const times = proofs.map(proof => Date.parse(proof.at)), start = times[0], length = times.at(-1) - start || 1;
  const most = Math.max(1, ...proofs.map(proof => proof.drift)), last = proofs.at(-1);
  const x = index => (100 * (times[index] - start)) / length, y = drift => 100 - (92 * drift) / most;
  const steps = proofs.map(({ drift }, index) => (index ? `H${x(index)}V${y(drift)}` : `M0 ${y(drift)}`)).join('');
  const words = `Trips that differed, by proof: at most ${number(Math.max(...proofs.map(proof => proof.drift)))}, now ${number(last.drift)}`;
  const day = proof => dateWords(plain(proof.at).slice(0, 10));
  return [
    make('div.chart', { role: 'img', 'aria-label': words, style: { '--height': '80px' } },
      make('div.top', number(most)),
      make('svg', { viewBox: '0 0 100 100', preserveAspectRatio: 'none' }, make('path.under', { d: steps + 'V100H0Z' }), make('path.drift', { d: steps })),
      make('i.dot.' + (last.drift ? 'bad' : 'good'), { style: { bottom: `${100 - y(last.drift)}%` } })),
    ends(day(proofs[0]), `${day(last)}: ${number(last.drift)}`),
  ];
}

function calls(answer) {
  const hours = list(answer.by_hour), most = Math.max(1, ...hours.map(hour => hour.calls)), width = 100 / hours.length;
  const clock = hour => new Intl.DateTimeFormat(locale, { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' }).format(new Date(hour + ':00Z'));
  const bar = ({ hour, calls, failed }, index) => {
    const rect = (look, height) => make('rect.' + look, { x: index * width, y: 100 - height, width: width * 0.86, height });
    return [rect('calls', (96 * calls) / most), failed > 0 && rect('failed', Math.max(4, (96 * failed) / most))];
  };
  const failed = hours.reduce((sum, hour) => sum + hour.failed, 0);
  const refused = Object.entries(record(answer.violations)).map(([kind, times]) => `${number(times)} ${kind}`);
  return section(
    `Calls, last ${counted(answer.hours ?? hours.length, 'hour')}`,
    answer.calls > 0 && make('span.small.number', `${counted(answer.calls, 'call')}, ${percent(answer.success_rate, 2)} succeeded`),
    answer.calls > 0
      ? [make('div.chart', { role: 'img', 'aria-label': `Calls by hour: ${number(answer.calls)}, of which ${number(failed)} failed`, style: { '--height': '56px' } }, make('svg', { viewBox: '0 0 100 100', preserveAspectRatio: 'none' }, hours.map(bar))), hours.length > 0 && ends(clock(hours[0].hour), 'now')]
      : make('p.soft', 'No calls were counted.'),
    refused.length > 0 && make('p.soft.small', 'Refused by constraints, nothing stored: ', refused.join(', ')),
  );
}

function times(answer) {
  const tools = list(answer.operations);
  const longest = Math.log(Math.max(100, ...tools.map(tool => tool.p95_ms ?? LONGEST_MS)));
  const place = ms => (100 * Math.log(Math.max(1, ms ?? LONGEST_MS))) / longest;
  const short = ms => (ms == null ? '>' + number(LONGEST_MS) : number(ms));
  const row = ({ tool, p50_ms: half, p95_ms: most, success_rate: rate }) =>
    make('tr',
      make('td', tool),
      make('td', make('div.track', { 'aria-hidden': true }, make('s'),
        make('u', { style: { left: place(half) + '%', right: 100 - place(most) + '%' } }),
        make('i', { style: { left: place(half) + '%' } }),
        make('i.most' + ((most ?? LONGEST_MS) > SLOW_MS ? '.slow' : ''), { style: { left: place(most) + '%' } }))),
      make('td.number.soft', `${short(half)} / ${short(most)} ms`),
      make('td.number.' + (rate < 0.99 ? 'bad' : 'soft'), percent(rate, 1)));
  return section(
    'Time and success by tool',
    tools.length > 0 && make('span.small.soft', '○ half of the calls, ● 95 of 100'),
    tools.length ? make('table.times', make('tbody', tools.map(row))) : make('p.soft', 'None yet.'),
  );
}

function differences(answer) {
  const trips = list(answer.differing), side = (pair, name) => make('div.pair', pair[name] ? [stored(pair.email), ' · ', pair.role] : make('span.absent.bad', 'not here'));
  const row = trip => make('li', make('div.row', make('b', stored(trip.name)), make('span.soft.small', `trip ${trip.trip_id}`)), make('div.sides', list(trip.pairs).map(pair => [side(pair, 'junction'), side(pair, 'json')])));
  const repair = () => host.write('Run repair_consistency as a dry run and tell me what it would do.');
  return make('div.wide.full-only',
    section('Where they differ', null,
      make('div.sides.small.soft', make('span', 'Junction table'), make('span', 'JSON column')),
      make('ol.differing', trips.map(row)),
      answer.differing_more > 0 && make('p.soft.small', `and ${number(answer.differing_more)} more`),
      host.can('message') && make('p.gap', button('Ask for a dry run of the repair', repair))));
}

host.start(answer => {
  const proofs = list(answer.proofs);
  return [
    verdict(answer),
    make('div.columns',
      phase(answer),
      section('Trips that differed, proof by proof', null, proofs.length > 1 ? drift(proofs) : make('p.soft', proofs.length ? 'One proof so far.' : 'No proof yet.')),
      list(answer.differing).length > 0 && differences(answer),
      make('div.full-only', calls(answer)),
      make('div.full-only', times(answer))),
    host.opener('Where they differ, calls and times'),
  ];
});
