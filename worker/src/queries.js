// Tells queries from statements that write. In doubt, a statement writes.

// Every statement that changes rows contains one of these words, unquoted. None of them can occur so in a query, because
// SQLite reserves them. REPLACE is also the name of a function.
const WRITES = new Set(["INSERT", "UPDATE", "DELETE"]);

// SQLite's tokens: white space and comments, quoted text and names, words (any character beyond ASCII belongs to one),
// and single characters. An unterminated quote matches nothing else and so becomes a single character.
const TOKEN =
  /[ \t\n\f\r]+|--[^\n]*|\/\*[^]*?(?:\*\/|$)|'(?:[^']|'')*'|"(?:[^"]|"")*"|`(?:[^`]|``)*`|\[[^\]]*\]|[\w$\u0080-\uffff]+|[^]/g;

export function isQuery(sql) {
  const words = tokensOf(sql);
  if (words.at(-1) === ";") words.pop();
  if (!["SELECT", "VALUES", "WITH"].includes(words[0])) return false;
  return !words.some(
    (word, at) =>
      word === ";" || // a second statement would run too
      word === "\0" || // SQLite ends here
      `'"\`[`.includes(word) || // an unterminated quote
      WRITES.has(word) ||
      (word === "REPLACE" && words[at + 1] !== "("),
  );
}

function tokensOf(sql) {
  const found = sql.match(TOKEN) ?? [];
  return found
    .filter((token) => !/^(?:[ \t\n\f\r]|--|\/\*)/.test(token))
    .map((token) => (/^[\w$]/.test(token) ? token.toUpperCase() : token));
}
