// Values in JSON. A blob is {"blob": base64}. An integer that JavaScript can't hold exactly is {"big": digits}: D1 has
// rounded it.

export function decodeParam(value) {
  if (value === null || typeof value === "string" || typeof value === "number") return value;
  return Uint8Array.from(atob(value.blob), (character) => character.charCodeAt(0));
}

function encode(value) {
  if (Array.isArray(value)) return { blob: base64(value) };
  const rounded = Number.isInteger(value) && !Number.isSafeInteger(value) && Math.abs(value) <= 2 ** 63;
  return rounded ? { big: BigInt(value).toString() } : value;
}

function base64(bytes) {
  let text = "";
  for (let at = 0; at < bytes.length; at += 8192) text += String.fromCharCode(...bytes.slice(at, at + 8192));
  return btoa(text);
}

// Encodes what D1 returned. With `cut`, the rows end before they exceed this many bytes, but there is at least one.
export function encodeResults(results, cut) {
  let more = false;
  const encoded = results.map(({ results: found, meta }) => {
    const columns = found.length ? Object.keys(found[0]) : [];
    let rows = found.map((row) => columns.map((column) => encode(row[column])));
    if (cut !== undefined) {
      const fitting = countFitting(rows, cut);
      more = fitting < rows.length;
      rows = rows.slice(0, fitting);
    }
    return { columns, rows, read: meta.rows_read ?? 0, written: meta.rows_written ?? 0 };
  });
  return cut === undefined ? { results: encoded } : { results: encoded, more };
}

function countFitting(rows, cut) {
  const encoder = new TextEncoder();
  let size = 0;
  const over = rows.findIndex((row, at) => {
    size += encoder.encode(JSON.stringify(row)).byteLength + 1;
    return size > cut && at > 0;
  });
  return over < 0 ? rows.length : over;
}
