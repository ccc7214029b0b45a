import assert from "node:assert/strict";
import { test } from "node:test";

import { codeOf } from "../src/refusals.js";

const CODES = [
  ["D1_ERROR: CHECK constraint failed: guard_epoch: SQLITE_CONSTRAINT", "SQLITE_CONSTRAINT", "CHECK constraint failed: guard_epoch"],
  ["D1_ERROR: UNIQUE constraint failed: t.a: SQLITE_CONSTRAINT (extended: SQLITE_CONSTRAINT_UNIQUE)", "SQLITE_CONSTRAINT", "UNIQUE constraint failed: t.a"],
  ["D1_ERROR: UNIQUE constraint failed: batch_ids.id: SQLITE_CONSTRAINT", "SENT_BEFORE", "This batch was stored before."],
  ["D1_ERROR: no such table: t: SQLITE_ERROR", "SQLITE_ERROR", "no such table: t"],
  ["D1_ERROR: Exceeded maximum DB size: SQLITE_FULL", "SQLITE_FULL", "Exceeded maximum DB size"],
  ["Network connection lost.", "D1_TRANSIENT", "Network connection lost."],
  ["D1_ERROR: D1 DB is overloaded. Requests queued for too long.", "D1_TRANSIENT", "D1 DB is overloaded. Requests queued for too long."],
  ["Internal error while starting up D1 DB storage caused object to be reset.", "D1_TRANSIENT", "Internal error while starting up D1 DB storage caused object to be reset."],
  ["D1_TYPE_ERROR: Type 'object' not supported", "D1_ERROR", "D1_TYPE_ERROR: Type 'object' not supported"],
];

test("an error of D1 has a code, and its message loses what D1 adds", () => {
  for (const [text, code, message] of CODES) assert.deepEqual(codeOf(text), { code, message });
});
