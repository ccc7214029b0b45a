// A D1 database over HTTP. `POST /v1/batch` runs statements as one transaction:
//
//   {mode: "read" | "write", id?, bookmark?, cut?, statements: [{sql, params}]}
//   → {results: [{columns, rows, read, written}], bookmark, more?}, or {code, message}
//
// A write with an id runs once, however often it is sent: sent again, it is refused with SENT_BEFORE. A read with `cut`
// has one statement; its reply ends after so many bytes of rows, and `more` says whether there were any left.

import { scopeOf } from "./tokens.js";
import { Refusal, refusalOf } from "./refusals.js";
import { requestIn } from "./requests.js";
import { encodeResults } from "./values.js";

export const PROTOCOL = 1;

// A client gives up long before this time, in seconds.
const REMEMBERED = 24 * 60 * 60;

const REMEMBER = "INSERT INTO batch_ids (id, sent_at) VALUES (?1, unixepoch())";
const FORGET = "DELETE FROM batch_ids WHERE sent_at < unixepoch() - ?1";

export default {
  async fetch(request, env) {
    try {
      return Response.json(await answer(request, env));
    } catch (error) {
      const { status, code, message, headers } = refusalOf(error);
      return Response.json({ code, message }, { status, headers });
    }
  },

  async scheduled(_event, env) {
    await env.DB.prepare(FORGET).bind(REMEMBERED).run();
  },
};

async function answer(request, env) {
  const { pathname } = new URL(request.url);
  if (pathname === "/healthz" && request.method === "GET") return { voygen: "d1", protocol: PROTOCOL };
  if (pathname !== "/v1/batch") throw new Refusal(404, "NOT_FOUND", "There is only /v1/batch and /healthz.");
  if (request.method !== "POST") throw new Refusal(405, "METHOD", "Send a POST request.", { allow: "POST" });
  const scope = await scopeOf(request, env);
  return run(await requestIn(request, scope), env.DB);
}

async function run({ mode, id, bookmark, cut, statements }, database) {
  const session = database.withSession(bookmark ?? "first-primary");
  const sent = id ? [{ sql: REMEMBER, params: [id] }, ...statements] : statements;
  const prepared = sent.map(({ sql, params }) => {
    const statement = session.prepare(sql);
    return params.length ? statement.bind(...params) : statement;
  });
  const results = await session.batch(prepared);
  if (mode === "read" && results.some(({ meta }) => meta.changes > 0 && meta.changed_db)) {
    console.error("a read changed the database", statements);
    throw new Refusal(500, "READ_WROTE", "A statement sent as a read changed the database.");
  }
  return { ...encodeResults(id ? results.slice(1) : results, cut), bookmark: session.getBookmark() ?? null };
}
