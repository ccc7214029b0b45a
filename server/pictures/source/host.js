// The host that shows the page: JSON-RPC over messages, as in MCP Apps of 2026-01-26
// (https://github.com/modelcontextprotocol/ext-apps). A page that carries its data, as on the desk page, needs no host.
const host = (() => {
  const root = document.documentElement;
  const main = document.querySelector('main');
  const status = document.getElementById('status');
  const waiting = new Map();
  let draw,
    lastId = 0,
    capabilities = {},
    modes = [],
    links = {};

  const post = message => parent.postMessage({ jsonrpc: '2.0', ...message }, '*');

  function request(method, params) {
    const id = ++lastId;
    post({ id, method, params });
    return new Promise((resolve, reject) => waiting.set(id, { resolve, reject }));
  }

  function say(words, tone = '', ...buttons) {
    status.className = tone;
    status.replaceChildren(...kept([words && plain(words), buttons]));
  }

  function show(answer) {
    main.replaceChildren();
    main.removeAttribute('aria-busy');
    if (!answer) return;
    try {
      main.append(...kept(draw(answer)));
    } catch (error) {
      console.error(error);
      main.append(make('p.bad', 'This could not be drawn. The answer in the conversation has the same facts.'));
    }
  }

  // Return the answer, or say the error and return nothing.
  function received({ structuredContent, content, isError }) {
    if (structuredContent && !isError) return structuredContent;
    const words = content?.map(part => part.text).join(' ') ?? '';
    say(words.slice(0, 400), 'bad');
  }

  // The short view fits into a conversation; the full view shows everything.
  const setView = mode => (root.dataset.view = mode === 'inline' ? 'short' : 'full');

  function dress(context) {
    if (context.displayMode) setView(context.displayMode);
    if (context.availableDisplayModes) modes = context.availableDisplayModes;
    if (context.theme) root.dataset.theme = context.theme;
    if (context.locale) setLocale(context.locale);
    for (const [name, value] of Object.entries(context.styles?.variables ?? {}))
      if (name.startsWith('--') && value) root.style.setProperty(name, value);
    const inset = context.safeAreaInsets;
    if (inset)
      document.body.style.padding = ['top', 'right', 'bottom', 'left'].map(side => `${16 + inset[side]}px`).join(' ');
  }

  const notices = {
    'ui/notifications/tool-result': result => show(received(result)),
    'ui/notifications/tool-cancelled': () => say('The call was stopped.', 'warn'),
    'ui/notifications/host-context-changed': dress,
  };

  function settle({ id, result, error }) {
    const { resolve, reject } = waiting.get(id) ?? {};
    waiting.delete(id);
    if (error) reject?.(error);
    else resolve?.(result);
  }

  addEventListener('message', ({ source, data }) => {
    if (source !== parent || data?.jsonrpc !== '2.0') return;
    if (!data.method) settle(data);
    else if (notices[data.method]) notices[data.method](data.params ?? {});
    else if (data.id == null) return;
    else if (['ping', 'ui/resource-teardown'].includes(data.method)) post({ id: data.id, result: {} });
    else post({ id: data.id, error: { code: -32601, message: 'Method not found' } });
  });

  const reportSize = () =>
    post({
      method: 'ui/notifications/size-changed',
      params: { width: root.scrollWidth, height: Math.ceil(document.body.getBoundingClientRect().height) },
    });

  async function start(drawing) {
    draw = drawing;
    const data = document.getElementById('data').textContent;
    if (data) {
      const held = JSON.parse(data);
      links = held.links;
      return show(held.answer);
    }
    if (parent === window) return;
    const { hostCapabilities, hostContext } = await request('ui/initialize', {
      appInfo: { name: document.title, version: '1' },
      appCapabilities: { availableDisplayModes: ['inline', 'fullscreen'] },
      protocolVersion: '2026-01-26',
    });
    capabilities = hostCapabilities ?? {};
    dress({ displayMode: 'inline', ...hostContext });
    post({ method: 'ui/notifications/initialized' });
    new ResizeObserver(reportSize).observe(document.body);
  }

  // Call a tool of the server and return its answer, or say the error and return nothing.
  async function call(name, args) {
    say('…');
    try {
      const answer = received(await request('tools/call', { name, arguments: args }));
      if (answer) say('');
      return answer;
    } catch (error) {
      say(error.message, 'bad');
    }
  }

  async function open() {
    if (root.dataset.view !== 'short') return;
    if (modes.includes('fullscreen'))
      try {
        const { mode } = await request('ui/request-display-mode', { mode: 'fullscreen' });
        if (mode === 'fullscreen') return setView(mode);
      } catch {}
    setView('full');
  }

  return {
    start,
    call,
    say,
    show,
    open,
    can: capability => capability in capabilities,
    link: (name, to = '') => links[name] && links[name] + encodeURIComponent(to),
    // Write into the conversation, as the user.
    write: text =>
      request('ui/message', { role: 'user', content: [{ type: 'text', text }] }).catch(error =>
        say(error.message, 'bad'),
      ),
    // Let the agent know what the page has changed.
    tell: facts => request('ui/update-model-context', { structuredContent: facts }).catch(() => {}),
    opener: words => make('p.gap.short', button(words, open)),
  };
})();

// The ways out of a page of the desk, and its title.
const deskLink = () => host.link('desk') && make('nav', make('a', { href: host.link('desk') }, '‹ Desk'));
