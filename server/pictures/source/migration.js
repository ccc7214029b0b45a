const PHASES = ['dual_write', 'prefer_junction', 'normalized'];
const SHORT_OBSTACLES = 3;
const SLOW_MS = 250;
const LONGEST_MS = 30000;

const percent = (share, digits) => `${number(+(100 * share).toFixed(digits))}%`;

function verdictOn(agreement) {
  const { trips, differences, differing_trips: differing } = agreement ?? {};
  if (differences == null) return ['soft', 'Not checked yet'];
  if (differing) return ['bad', `${number(differing)} of ${counted(trips, 'trip')} differ`];
  return differences ? ['bad', counted(differences, 'difference')] : ['good', 'Both stores agree'];
}

function header({ agreement, hours }) {
  const [tone, words] = verdictOn(agreement);
  const { trips, assignments, source, age } = agreement ?? {};
  const facts = [counted(trips, 'trip'), counted(assignments, 'assignment')];
  const check = async ({ target }) => {
    target.disabled = true;
    const answer = await host.call('show_migration', { check: true, hours });
    if (answer) host.show(answer);
    target.disabled = false;
  };
  const link = host.link('check');
  const checkNow = link
    ? make('a', { href: link }, 'Check now')
    : host.can('serverTools') && button('Check now', check);
  return make(
    'header',
    deskLink(),
    make('div.row', make('h2', 'Migration of who travels'), checkNow),
    make('h1.verdict.' + tone, words),
    make(
      'p.soft.one-line',
      age ? [...facts, `${source === 'check' ? 'checked' : 'last proof'} ${age}`].join(', ') : 'No proof is recorded.',
    ),
  );
}

function phaseSection({ phase, next_phase: next, obstacles }) {
  const reached = PHASES.indexOf(phase);
  const step = (name, index) =>
    make(
      'li' + (index < reached ? '.done' : index === reached ? '.now' : ''),
      { 'aria-current': index === reached && 'step' },
      spaced(name),
    );
  const row = (words, index) => make('li.one-line' + (index < SHORT_OBSTACLES ? '' : '.full'), words);
  return section(
    'Phase',
    null,
    make('ol.steps', PHASES.map(step)),
    obstacles.length
      ? [make('p.gap', `Before ${spaced(next)}:`), make('ul.obstacles.warn', obstacles.map(row))]
      : next && make('p.good.gap', `Nothing stands in the way of ${spaced(next)}.`),
    more(obstacles.length - SHORT_OBSTACLES, 'short'),
  );
}

// make, for elements of SVG.
function shape(tag, attributes, ...children) {
  const element = document.createElementNS('http://www.w3.org/2000/svg', tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...kept(children));
  return element;
}

// A chart that fills its width; `labels` stand below its ends.
function chart(words, height, labels, ...children) {
  const drawing = shape('svg', { viewBox: '0 0 100 100', preserveAspectRatio: 'none' }, children.shift());
  return [
    make('div.chart', { role: 'img', 'aria-label': words, style: { height } }, drawing, children),
    make(
      'div.ends',
      { 'aria-hidden': true },
      labels.map(label => make('span', label)),
    ),
  ];
}

// Differences over time, as steps: what a proof found holds until the next.
function drift(proofs) {
  const times = proofs.map(proof => Date.parse(proof.at));
  const [start, length] = [times[0], times.at(-1) - times[0] || 1];
  const most = Math.max(...proofs.map(proof => proof.drift));
  const now = proofs.at(-1).drift;
  const x = index => ((100 * (times[index] - start)) / length).toFixed(2);
  const y = drift => (98 - (88 * drift) / (most || 1)).toFixed(2);
  const steps = proofs.map(({ drift }, index) => (index ? `H${x(index)}V` : 'M0 ') + y(drift)).join('');
  const day = proof => dateWords(proof.at.slice(0, 10));
  return make(
    'div.scaled',
    { style: { '--scale': number(most).length + 'ch' } },
    chart(
      `Differences by proof: at most ${number(most)}, now ${number(now)}`,
      '80px',
      [day(proofs[0]), `${day(proofs.at(-1))}: ${number(now)}`],
      [shape('path', { class: 'under', d: steps + 'V98H0Z' }), shape('path', { class: 'drift', d: steps })],
      most > 0 && make('div.top', make('span', number(most))),
      make('i.dot.' + (now ? 'bad' : 'good'), { style: { top: y(now) + '%' } }),
    ),
  );
}

function callsSection({ calls, success_rate: rate, hours, by_hour: counts, violations }) {
  const most = Math.max(1, ...counts.map(hour => hour.calls));
  const width = 100 / counts.length;
  const failed = counts.reduce((sum, hour) => sum + hour.failed, 0);
  const rect = (look, index, height) =>
    shape('rect', { class: look, x: index * width, y: 100 - height, width: width * 0.86, height });
  const bar = (hour, index) => [
    rect('calls', index, (96 * hour.calls) / most),
    hour.failed > 0 && rect('failed', index, Math.max(4, (96 * hour.failed) / most)),
  ];
  const clock = hour => new Date(hour + ':00Z').toLocaleTimeString('en-GB', { hour: '2-digit', minute: '2-digit' });
  const refused = Object.entries(violations).map(([kind, times]) => `${number(times)} ${kind}`);
  const words = `Calls by hour: ${number(calls)}, of which ${number(failed)} failed`;
  return section(
    `Calls, last ${counted(hours, 'hour')}`,
    calls > 0 && make('span.note', `${counted(calls, 'call')}, ${percent(rate, 2)} succeeded`),
    calls
      ? chart(words, '56px', [clock(counts[0].hour), 'now'], counts.map(bar))
      : make('p.soft', 'No calls were counted.'),
    refused.length > 0 && make('p.note', 'Refused by constraints, nothing stored: ', refused.join(', ')),
  );
}

// Times on a logarithmic scale.
function timesSection({ operations, operations_more: hidden }) {
  const known = ms => ms ?? LONGEST_MS;
  const longest = Math.log(Math.max(100, ...operations.map(tool => known(tool.p95_ms))));
  const place = ms => (100 * Math.log(Math.max(1, known(ms)))) / longest + '%';
  const short = ms => (ms == null ? '>' : '') + number(known(ms));
  const dot = (look, ms) => make('i' + look, { style: { left: place(ms) } });
  const row = ({ tool, p50_ms: half, p95_ms: most, success_rate: rate }) =>
    make(
      'tr',
      make('td', tool),
      make(
        'td',
        make(
          'div.track',
          make('s'),
          make('u', { style: { left: place(half), right: `calc(100% - ${place(most)})` } }),
          dot('', half),
          dot('.most' + (known(most) > SLOW_MS ? '.slow' : ''), most),
        ),
      ),
      make('td.number.soft', `${short(half)} / ${short(most)} ms`),
      make('td.number.' + (rate < 0.99 ? 'bad' : 'soft'), percent(rate, 1)),
    );
  return section(
    'Time and success by tool',
    operations.length > 0 && make('span.note', '○ half of the calls, ● 95 of 100'),
    operations.length ? make('table.times', make('tbody', operations.map(row))) : make('p.soft', 'None yet.'),
    more(hidden, 'full'),
  );
}

function differences({ differing, differing_more: hidden }) {
  const side = ({ email, role }, isThere) =>
    make('div.pair', isThere ? [stored(email), ' · ', stored(role)] : make('span.absent.bad', 'not here'));
  const row = ({ trip_id: id, name, kinds, pairs, pairs_more: others }) =>
    make(
      'li',
      make('div.row', make('b', stored(name)), make('span.note', `trip ${id}: ${kinds.map(spaced).join(', ')}`)),
      make(
        'div.sides',
        pairs.map(pair => [side(pair, pair.junction), side(pair, pair.json)]),
      ),
      more(others, 'full'),
    );
  const repair = () => host.write('Run repair_consistency as a dry run and tell me what it would do.');
  return make(
    'div.wide.full',
    section(
      'Where they differ',
      null,
      make('div.sides.note', make('span', 'Junction table'), make('span', 'JSON column')),
      make('ol.differing', differing.map(row)),
      more(hidden, 'full'),
      host.can('message') && make('p.gap', button('Ask for a dry run of the repair', repair)),
    ),
  );
}

host.start(answer => {
  const { proofs, differing } = answer;
  const few = proofs.length ? 'One proof so far.' : 'No proof yet.';
  return [
    header(answer),
    make(
      'div.columns',
      phaseSection(answer),
      section('Differences, proof by proof', null, proofs.length > 1 ? drift(proofs) : make('p.soft', few)),
      differing.length > 0 && differences(answer),
      make('div.full', callsSection(answer)),
      make('div.full', timesSection(answer)),
    ),
    host.opener((differing.length ? 'Where they differ, calls' : 'Calls') + ' and times'),
  ];
});
