// Serves the Worker for tests on loopback and prints its port: start.mjs MODULES DATABASES FOLDER
//
// MODULES is the folder with miniflare. The databases' files are in FOLDER. Ends when its stdin does.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const [modules, databases, folder] = process.argv.slice(2);
const { Miniflare } = createRequire(join(modules, "package.json"))("miniflare");
const here = dirname(fileURLToPath(import.meta.url));
const files = ["test/faulty.js", ...["index", "tokens", "refusals", "requests", "queries", "values"].map((name) => `src/${name}.js`)];

const served = new Miniflare({
  host: "127.0.0.1",
  port: 0,
  modulesRoot: join(here, ".."),
  modules: files.map((file) => {
    const path = join(here, "..", file);
    return { type: "ESModule", path, contents: readFileSync(path, "utf8") };
  }),
  compatibilityDate: "2026-04-01",
  d1Databases: Object.fromEntries(Array.from({ length: Number(databases) }, (_, i) => [`DB${i}`, `db${i}`])),
  d1Persist: folder,
  bindings: { WRITE_TOKEN: "write-token-for-tests", READ_TOKEN: "read-token-for-tests" },
});
const url = await served.ready;
console.log(url.port);
process.stdin.resume();
process.stdin.on("end", async () => {
  await served.dispose();
  process.exit(0);
});
