// Visits a server as an application of the AI SDK does, whose client is an implementation of its own, and prints as JSON
// what it was told and what it shows to a model.
// Arguments: whether to probe for the newest protocol, a note to leave on a trip, and the address of the server or the
// command that starts it.

import { createMCPClient } from "@ai-sdk/mcp";
import { StdioMCPTransport } from "@ai-sdk/mcp/mcp-stdio";

const [probing, note, ...target] = process.argv.slice(2);

const client = await createMCPClient({
  protocolVersionDiscovery: probing === "true",
  transport: URL.canParse(target[0])
    ? { type: "http", url: target[0] }
    : new StdioMCPTransport({ command: target[0], args: target.slice(1) }),
});
const tools = await client.tools();
const call = (name, args) => tools[name].execute(args, { toolCallId: "1", messages: [] });
const shown = (name, output) => tools[name].toModelOutput({ output }).value.map((part) => part.text);

const found = await call("get_anything", { query: "kyoto" });
const changed = await call("bulk_trip_operations", {
  trip_identifier: found.structuredContent.trip.trip_id,
  operations: [{ type: "add_note", data: { note } }],
});
const refused = await call("get_anything", { query: "%" });
const schema = await tools.bulk_trip_operations.inputSchema.jsonSchema;
const { protocolVersion, serverInfo } = client.initializeResult;
await client.close();

console.log(
  JSON.stringify({
    server: serverInfo.name,
    tools: Object.keys(tools),
    found: found.structuredContent.trip.trip_name,
    changed: changed.structuredContent.success,
    refused: refused.isError && shown("get_anything", refused).join(),
    protocol: protocolVersion,
    shown: shown("get_anything", found).join(),
    operations: schema.properties.operations,
  }),
);
