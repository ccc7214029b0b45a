import assert from "node:assert/strict";
import { test } from "node:test";

import { decodeParam, encodeResults } from "../src/values.js";

const result = (...results) => ({ results, meta: { rows_read: 3, rows_written: 0 } });

test("blobs and integers beyond 2^53 are marked", () => {
  const row = { a: 1.5, b: null, c: "text", d: [0, 255], e: 2 ** 53, f: -(2 ** 63), g: 1e300, h: 2 ** 53 - 1 };
  assert.deepEqual(encodeResults([result(row)]).results, [
    {
      columns: ["a", "b", "c", "d", "e", "f", "g", "h"],
      rows: [
        [1.5, null, "text", { blob: "AP8=" }, { big: "9007199254740992" }, { big: "-9223372036854775808" }, 1e300, 2 ** 53 - 1],
      ],
      read: 3,
      written: 0,
    },
  ]);
});

test("a large blob survives the way there and back", () => {
  const bytes = Array.from({ length: 100_000 }, (_, i) => i % 256);
  const [[value]] = encodeResults([result({ bytes })]).results[0].rows;
  assert.deepEqual([...decodeParam(value)], bytes);
});

test("a parameter that is no value is refused", () => {
  for (const wrong of [true, {}, [1], { blob: 7 }, { blob: "*" }, undefined]) assert.throws(() => decodeParam(wrong));
});

test("a cut reply ends before the limit, after at least one row, and says that there is more", () => {
  const rows = [{ x: "aaaa" }, { x: "bbbb" }, { x: "cccc" }];
  const cut = (limit) => {
    const { results, more } = encodeResults([result(...rows)], limit);
    return [results[0].rows.length, more];
  };
  assert.deepEqual(cut(1), [1, true]);
  assert.deepEqual(cut(18), [2, true]);
  assert.deepEqual(cut(27), [3, false]);
});
