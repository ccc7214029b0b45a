// The request of a batch: read within the size limit, checked, and allowed for the scope of its token.

import { isQuery } from "./queries.js";
import { Refusal } from "./refusals.js";
import { decodeParam } from "./values.js";

// Bytes of a request. D1 itself limits a value to 2 MB and a statement to 100 kB.
export const LARGEST = 8_000_000;

export async function requestIn(request, scope) {
  const asked = checked(parsed(await textOf(request)));
  if (asked.mode === "write" && scope !== "write") throw readOnly("This token only reads.");
  if (asked.mode === "read" && !asked.statements.every(({ sql }) => isQuery(sql))) {
    throw readOnly("A read can only have queries.");
  }
  return asked;
}

function readOnly(message) {
  return new Refusal(403, "SQLITE_READONLY", message);
}

async function textOf(request) {
  const decoder = new TextDecoder();
  let text = "";
  let size = 0;
  for await (const chunk of request.body ?? []) {
    size += chunk.byteLength;
    if (size > LARGEST) throw new Refusal(413, "TOO_LARGE", `A request has at most ${LARGEST} bytes.`);
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    throw invalid("The request is not JSON.");
  }
}

function checked(asked) {
  const { mode, id, bookmark, cut, statements } = asked ?? {};
  if (mode !== "read" && mode !== "write") throw invalid("mode must be read or write.");
  if (id !== undefined && !(mode === "write" && /^[\w-]{16,64}$/.test(id))) {
    throw invalid("id must have 16 to 64 letters, digits, _ or -, and belongs to a write.");
  }
  if (bookmark !== undefined && !/^[\w-]{1,200}$/.test(bookmark)) throw invalid("bookmark is none of D1's.");
  if (!Array.isArray(statements) || !statements.length || !statements.every(isStatement)) {
    throw invalid("statements must be a list of {sql, params}.");
  }
  if (cut !== undefined && !(mode === "read" && Number.isInteger(cut) && cut > 0 && statements.length === 1)) {
    throw invalid("cut must be a number of bytes, and belongs to a read of one statement.");
  }
  return { mode, id, bookmark, cut, statements: statements.map(decoded) };
}

function isStatement(one) {
  return typeof one?.sql === "string" && (one.params === undefined || Array.isArray(one.params));
}

function decoded({ sql, params = [] }) {
  try {
    return { sql, params: params.map(decodeParam) };
  } catch {
    throw invalid('a parameter must be null, a number, a text or {"blob": base64}.');
  }
}

function invalid(problem) {
  return new Refusal(400, "BAD_REQUEST", problem);
}
