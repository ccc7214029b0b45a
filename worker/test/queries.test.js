import assert from "node:assert/strict";
import { test } from "node:test";

import { isQuery } from "../src/queries.js";

const QUERIES = [
  "SELECT 1",
  "  select 1;",
  "-- a comment\nSELECT 'DELETE; INSERT', \"update\", [delete], `insert`",
  "WITH a(x) AS (SELECT 1), b AS MATERIALIZED (SELECT 2) SELECT replace(x, 'a', 'b') FROM a",
  "VALUES (1), (2)",
  "SELECT 1 /* DELETE */ ; -- end",
  "SELECT last_insert_rowid(), \"a;b\", 'it''s; DELETE'",
  "SELECT x'00', $1, ?2",
];

const WRITES = [
  "",
  "INSERT INTO t VALUES (1)",
  "WITH x AS (SELECT 1) INSERT INTO t SELECT * FROM x",
  "WITH x AS (SELECT 1) DELETE FROM t",
  "WITH x AS (SELECT 1) REPLACE INTO t VALUES (1)",
  "with x as (select 1) replace/* ( */into t values (1)",
  "with x as (select 1) update\u000ct set a = 1",
  "SELECT 1; DELETE FROM t",
  "SELECT 1;;",
  "SELECT ';'; DELETE FROM t",
  "SELECT 'a''; DELETE FROM t",
  "SELECT '' '; DELETE FROM t; --'; DELETE FROM t",
  "SELECT [a''] ; DELETE FROM t --]",
  "SELECT [a]]; DELETE FROM t",
  "SELECT 1 -- \r; a line ends only at \\n\n; DELETE FROM t",
  "SELECT 1\0; DELETE FROM t",
  "/* SELECT */ DELETE FROM t",
  "/* */ /* DELETE",
  "PRAGMA recursive_triggers = ON",
  "CREATE TABLE t (x)",
  "DROP TABLE t",
  "EXPLAIN SELECT 1",
  "BEGIN",
  "\ufeffSELECT 1",
  "\u00a0SELECT 1",
];

test("a query is recognized, whatever its comments, quotes and names contain", () => {
  for (const sql of QUERIES) assert.ok(isQuery(sql), sql);
});

test("a statement that might write is none", () => {
  for (const sql of WRITES) assert.ok(!isQuery(sql), sql);
});
