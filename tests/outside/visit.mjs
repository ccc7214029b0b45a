// Visits a server as a client written in TypeScript does, and prints as JSON what it was told.
// Arguments: the client, a note to leave on a trip, and the address of the server or the command that starts it.

const [kind, note, ...target] = process.argv.slice(2);

const first = async () => ({
  ...(await import("@modelcontextprotocol/sdk/client/index.js")),
  ...(await import("@modelcontextprotocol/sdk/client/stdio.js")),
  ...(await import("@modelcontextprotocol/sdk/client/streamableHttp.js")),
});

const second = async () => ({
  ...(await import("@modelcontextprotocol/client")),
  ...(await import("@modelcontextprotocol/client/stdio")),
});

const [load, options] = {
  "sdk 1": [first, {}],
  "client 2, legacy": [second, { versionNegotiation: { mode: "legacy" } }],
  "client 2": [second, { versionNegotiation: { mode: { pin: "2026-07-28" } } }],
}[kind];

const { Client, StdioClientTransport, StreamableHTTPClientTransport } = await load();
const client = new Client({ name: "visitor", version: "1.0.0" }, options);
const call = (name, args) => client.callTool({ name, arguments: args });

await client.connect(
  URL.canParse(target[0])
    ? new StreamableHTTPClientTransport(new URL(target[0]))
    : new StdioClientTransport({ command: target[0], args: target.slice(1) }),
);
const { tools } = await client.listTools();
const found = await call("get_anything", { query: "kyoto" });
const changed = await call("bulk_trip_operations", {
  trip_identifier: found.structuredContent.trip.trip_id,
  operations: [{ type: "add_note", data: { note } }],
});
const refused = await call("get_anything", { query: "%" });
const server = client.getServerVersion().name;
await client.close();

console.log(
  JSON.stringify({
    server,
    tools: tools.map((tool) => tool.name),
    found: found.structuredContent.trip.trip_name,
    changed: changed.structuredContent.success,
    refused: refused.isError && refused.content[0].text,
  }),
);
