// Bearer tokens: WRITE_TOKEN reads and writes, READ_TOKEN only reads. A token that isn't set lets nobody in.

import { Refusal } from "./refusals.js";

export async function scopeOf(request, env) {
  const [, token] = /^Bearer +(\S+) *$/i.exec(request.headers.get("authorization") ?? "") ?? [];
  if (token) {
    const hash = await sha256(token);
    // Both are compared, so that the time taken doesn't tell which of them was sent.
    const writes = await matches(hash, env.WRITE_TOKEN);
    const reads = await matches(hash, env.READ_TOKEN);
    if (writes) return "write";
    if (reads) return "read";
  }
  const problem = token ? "The token is not valid." : "Send a token as `Authorization: Bearer`.";
  throw new Refusal(401, "UNAUTHORIZED", problem, { "www-authenticate": "Bearer" });
}

async function matches(hash, token) {
  const expected = await sha256(token ?? "");
  let difference = token ? 0 : 1;
  for (let i = 0; i < hash.length; i++) difference |= hash[i] ^ expected[i];
  return difference === 0;
}

async function sha256(text) {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text)));
}
