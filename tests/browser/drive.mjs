// A browser that takes commands, one JSON object a line, and answers each with one.
//   node drive.mjs MODULES CHROMIUM
// MODULES is the folder with the packages of package.json.
import fs from 'node:fs';
import path from 'node:path';
import readline from 'node:readline';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { startServers } from './servers.mjs';

const [modules, executablePath] = process.argv.slice(2);
const require = createRequire(path.join(modules, 'package.json'));
const { chromium } = require('playwright-core');
const { buildSync } = require('esbuild');
const axe = fs.readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');

const here = fileURLToPath(new URL('.', import.meta.url));
const bundled = buildSync({
  entryPoints: [path.join(here, 'host.js')],
  bundle: true,
  format: 'esm',
  write: false,
  nodePaths: [path.join(modules, 'node_modules')],
});
const behind = { mcp: null };
const origins = await startServers(bundled.outputFiles[0].text, behind);
const ARGUMENTS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];
const browser = await chromium.launch({ executablePath, args: ARGUMENTS });

// Complaints of the pages, and requests to anywhere else than this machine's own servers.
let complaints = [];
let strays = [];
const own = [...Object.values(origins), 'data:', 'blob:', 'about:'];

async function newPage(options) {
  const context = await browser.newContext({ locale: 'en-US', deviceScaleFactor: 1, ...options });
  const page = await context.newPage();
  page.on('pageerror', error => complaints.push(String(error)));
  page.on('console', message => {
    // The host's MCP client tries a GET that the server doesn't offer.
    const isOurs = message.location().url !== origins.host + '/mcp';
    if (isOurs && ['error', 'warning'].includes(message.type())) complaints.push(message.text());
  });
  page.on('request', request => own.some(start => request.url().startsWith(start)) || strays.push(request.url()));
  return page;
}

// Pages by kind of pointer, and the one in use; a host's page shows the picture in its innermost frame.
const pages = {
  fine: await newPage({}),
  coarse: await newPage({ hasTouch: true, isMobile: true }),
};
let page = pages.fine;

const picture = () => page.frames().at(-1);

async function settled() {
  await picture().waitForSelector('main:not([aria-busy])', { state: 'attached' });
  await picture().evaluate(() => new Promise(drawn => requestAnimationFrame(() => requestAnimationFrame(drawn))));
}

// Runs in the page: what does not fit, and how large it is.
function measured() {
  const shown = element => element.checkVisibility() && element.getBoundingClientRect().width > 1;
  const sizes = [...document.querySelectorAll('button, a')].filter(shown).map(target => target.getBoundingClientRect());
  const isClipped = element =>
    element !== document.body &&
    (getComputedStyle(element).overflowX !== 'visible' || isClipped(element.parentElement));
  const outside = [...document.body.querySelectorAll('*')].filter(element => {
    const { left, right } = element.getBoundingClientRect();
    return shown(element) && (left < -0.5 || right > innerWidth + 0.5) && !isClipped(element.parentElement);
  });
  return {
    height: Math.ceil(document.body.getBoundingClientRect().height),
    overflow: Math.max(0, document.documentElement.scrollWidth - innerWidth),
    outside: outside.map(element => element.outerHTML.slice(0, 120)),
    smallest: Math.min(...sizes.map(size => Math.min(size.width, size.height))),
    view: document.documentElement.dataset.view ?? 'full',
    text: document.body.innerText,
    elements: document.querySelectorAll('img, iframe, object, link, script[src]').length,
  };
}

const commands = {
  // Draw the answer of a tool of the server at `mcp` in the host.
  async show({ mcp, pointer = 'fine', width = 736, ...call }) {
    behind.mcp = mcp;
    page = pages[pointer];
    await page.setViewportSize({ width, height: 900 });
    await page.goto(origins.host);
    const shown = await page.evaluate(
      ([call, sandbox]) => ((window.sandbox = sandbox), window.show(call)),
      [call, origins.sandbox],
    );
    await settled();
    return shown;
  },
  // Open a page that carries its data.
  async open({ url, width = 736, theme = 'light' }) {
    page = pages.fine;
    own.push(new URL(url).origin);
    await page.setViewportSize({ width, height: 900 });
    await page.emulateMedia({ colorScheme: theme });
    const answer = await page.goto(url);
    if (answer.ok()) await settled();
    return { status: answer.status() };
  },
  // Follow a link to a page of the desk, from a page of another site; return the title and the statuses on the way.
  async follow({ url }) {
    page = pages.fine;
    own.push(new URL(url).origin);
    const statuses = [];
    const listen = answer => statuses.push(answer.status());
    await page.goto(`data:text/html,<a href="${url}">Desk</a>`);
    page.on('response', listen);
    await page.getByText('Desk').click();
    await page.waitForURL('**/desk');
    await page.getByRole('heading', { level: 1 }).waitFor();
    page.off('response', listen);
    complaints = [];
    return { title: await page.title(), statuses };
  },
  // Measure the picture at a width and in a theme; `check` runs axe.
  async look({ width, theme, check = true }) {
    await page.setViewportSize({ width, height: 900 });
    if (theme && page.frames().length > 1)
      await page.evaluate(theme => window.bridge.sendHostContextChange({ theme }), theme);
    else if (theme) await page.emulateMedia({ colorScheme: theme });
    await settled();
    const found = await picture().evaluate(measured);
    if (check) {
      if (!(await picture().evaluate(() => 'axe' in window))) await picture().evaluate(axe);
      const { violations } = await picture().evaluate(() => window.axe.run(document, { resultTypes: ['violations'] }));
      found.violations = violations.map(
        ({ id, nodes }) => `${id}: ${nodes[0].html.slice(0, 200)} ${nodes[0].failureSummary}`,
      );
    }
    const said = { complaints, strays };
    complaints = [];
    strays = [];
    return { ...found, ...said };
  },
  // Click a button `times` times before the page can react.
  async click({ name, times = 1, exact = true }) {
    const button = picture().getByRole('button', { name, exact });
    await button.waitFor();
    await button.evaluate((element, times) => {
      for (let time = 0; time < times; time++) element.click();
    }, times);
    await settled();
    return {};
  },
  async find({ text }) {
    await picture().getByText(text).first().waitFor();
    return {};
  },
  async asked() {
    return { asked: await page.evaluate(() => window.asked) };
  },
  // Write a picture of what is drawn, at most `highest` pixels high.
  async shoot({ file, highest = Infinity }) {
    const height = await picture().evaluate(() => Math.ceil(document.body.getBoundingClientRect().height));
    const clip = { x: 0, y: 0, width: page.viewportSize().width, height: Math.min(height, highest) };
    await page.screenshot({ path: file, fullPage: true, clip });
    return {};
  },
};

for await (const line of readline.createInterface({ input: process.stdin })) {
  const { command, ...options } = JSON.parse(line);
  let answer;
  try {
    answer = await commands[command](options);
  } catch (error) {
    answer = { failed: String(error.stack ?? error) };
  }
  console.log(JSON.stringify(answer));
}
await browser.close();
process.exit(0);
