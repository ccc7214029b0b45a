// A host in a browser: the MCP client, the bridge of ext-apps, and a sandbox on another origin.
import {
  AppBridge,
  getToolUiResourceUri,
  PostMessageTransport,
  RESOURCE_MIME_TYPE,
} from '@modelcontextprotocol/ext-apps/app-bridge';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';

const HOST = { name: 'test-host', version: '1' };
const EXTENSIONS = { 'io.modelcontextprotocol/ui': { mimeTypes: [RESOURCE_MIME_TYPE] } };
const CAPABILITIES = {
  message: { text: {} },
  openLinks: {},
  serverTools: {},
  updateModelContext: { structuredContent: {} },
};

const client = new Client(HOST, { capabilities: { extensions: EXTENSIONS } });
const connected = client.connect(new StreamableHTTPClientTransport(new URL('/mcp', location.href)));

// What the picture asked of the host.
window.asked = [];

const once = (target, isIt) =>
  new Promise(resolve =>
    target.addEventListener('message', function listen(event) {
      if (!isIt(event)) return;
      target.removeEventListener('message', listen);
      resolve();
    }),
  );

function bridgeTo(frame, tools, capable, context) {
  const bridge = new AppBridge(null, HOST, capable ? CAPABILITIES : {}, { hostContext: context });
  const heard = kind => async params => (window.asked.push({ kind, ...params }), {});
  bridge.oncalltool = async params => {
    window.asked.push({ kind: 'call', ...params });
    return client.callTool(params);
  };
  bridge.onmessage = heard('message');
  bridge.onupdatemodelcontext = heard('context');
  bridge.onrequestdisplaymode = async ({ mode }) => {
    window.asked.push({ kind: 'mode', mode });
    bridge.setHostContext({ ...context, displayMode: mode });
    return { mode };
  };
  bridge.addEventListener('sizechange', ({ height }) => {
    frame.style.height = height + 'px';
  });
  return bridge;
}

// Call a tool and draw its answer in a new frame, as a host does.
window.show = async ({ tool: name, arguments: args, context, capable = true }) => {
  await connected;
  const { tools } = await client.listTools();
  const uri = getToolUiResourceUri(tools.find(tool => tool.name === name));
  const [page] = (await client.readResource({ uri })).contents;
  if (page.mimeType !== RESOURCE_MIME_TYPE) throw new Error(page.mimeType);
  window.asked.length = 0;
  const frame = document.createElement('iframe');
  frame.title = 'Sandbox';
  frame.setAttribute('sandbox', 'allow-scripts allow-same-origin allow-forms');
  const ready = once(
    window,
    ({ source, data }) => source === frame.contentWindow && data?.method?.endsWith('proxy-ready'),
  );
  frame.src = window.sandbox;
  document.querySelector('main').replaceChildren(frame);
  await ready;
  const bridge = bridgeTo(frame, tools, capable, {
    theme: 'light',
    displayMode: 'inline',
    locale: 'en-US',
    ...context,
  });
  window.bridge = bridge;
  const initialized = new Promise(resolve => bridge.addEventListener('initialized', resolve));
  await bridge.connect(new PostMessageTransport(frame.contentWindow, frame.contentWindow));
  await bridge.sendSandboxResourceReady({ html: page.text });
  await initialized;
  bridge.sendToolInput({ arguments: args });
  const result = await client.callTool({ name, arguments: args });
  bridge.sendToolResult(result);
  return { uri, bytes: new TextEncoder().encode(page.text).length, result };
};
