// The host's page and its sandbox, on two origins of this machine, and the MCP server behind the host's.
import http from 'node:http';
import fs from 'node:fs';

// What the specification lets a page do by default.
const SANDBOX_POLICY =
  "default-src 'none'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; " +
  "img-src 'self' data:; media-src 'self' data:; connect-src 'none'; frame-src 'self'";

const file = name => fs.readFileSync(new URL(name, import.meta.url));

async function listening(answer) {
  const server = http.createServer(answer);
  await new Promise(resolve => server.listen(0, '127.0.0.1', resolve));
  return { server, origin: `http://127.0.0.1:${server.address().port}` };
}

function send(response, type, body, headers = {}) {
  response.writeHead(200, { 'content-type': type, ...headers });
  response.end(body);
}

function forward(request, response, mcp) {
  const { origin, ...headers } = request.headers;
  const ahead = http.request(
    mcp,
    { method: request.method, headers: { ...headers, host: new URL(mcp).host } },
    answer => {
      response.writeHead(answer.statusCode, answer.headers);
      answer.pipe(response);
    },
  );
  ahead.on('error', () => response.destroy());
  request.pipe(ahead);
}

// Start both; `script` is the host's, bundled. `behind.mcp` is the address of the MCP server.
export async function startServers(script, behind) {
  const sandbox = await listening((request, response) => {
    if (request.url !== '/') return response.writeHead(404).end();
    send(response, 'text/html', file('sandbox.html'), { 'content-security-policy': SANDBOX_POLICY });
  });
  const host = await listening((request, response) => {
    if (request.url === '/mcp') return forward(request, response, behind.mcp);
    if (request.url === '/host.js') return send(response, 'text/javascript', script);
    if (request.url === '/') return send(response, 'text/html', file('host.html'));
    response.writeHead(request.url === '/favicon.ico' ? 204 : 404).end();
  });
  return { host: host.origin, sandbox: sandbox.origin };
}
