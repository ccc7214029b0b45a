// The Worker for tests: many databases, at /0, /1 and so on, and faults. It is never deployed.
//
// POST /0/faults with a JSON list makes the next requests for a batch of database 0 fail, one fault each:
//   lost      not run, answered with 502          dropped   run, answered with 502
//   half      run, half of the answer             broken    run, and the connection breaks in mid-answer
//   twice     run twice, as by a proxy            late      run only after the client has given up
//   busy      429, and not run                    later     the same, for a patient client
//   ""        no fault

import worker from "../src/index.js";

// Milliseconds. The tests' clients wait less for an answer.
const LATE = 600;
const LATER = 2500;

const faults = new Map();

// The number of faults so far, by database; /0/faulted answers it.
const faulted = new Map();

export default {
  async fetch(request, env) {
    const [, number, rest] = /^\/(\d+)(\/.*)$/.exec(new URL(request.url).pathname) ?? [];
    if (number === undefined) return new Response("", { status: 404 });
    if (rest === "/faults") {
      faults.set(number, await request.json());
      return new Response("");
    }
    const ours = { ...env, DB: env[`DB${number}`] };
    if (rest === "/scheduled") return new Response(String(await worker.scheduled({}, ours)));
    const body = request.method === "POST" ? await request.arrayBuffer() : undefined;
    const run = () =>
      worker.fetch(new Request(new URL(rest, request.url), { method: request.method, headers: request.headers, body }), ours);
    if (rest === "/faulted") return Response.json(faulted.get(number) ?? 0);
    const fault = rest === "/v1/batch" ? faults.get(number)?.shift() : "";
    if (!fault) return run();
    faulted.set(number, (faulted.get(number) ?? 0) + 1);
    return FAULTS[fault](run);
  },
};

const failing = () => new Response("<html>Bad gateway</html>", { status: 502 });

const after = async (time, run) => {
  await new Promise((resolve) => setTimeout(resolve, time));
  return run();
};

const FAULTS = {
  lost: failing,
  busy: () => new Response("", { status: 429, headers: { "retry-after": "0" } }),
  dropped: async (run) => {
    await run();
    return failing();
  },
  half: async (run) => {
    const answer = await run();
    const text = await answer.text();
    return new Response(text.slice(0, text.length / 2), answer);
  },
  broken: async (run) => {
    const bytes = new Uint8Array(await (await run()).arrayBuffer());
    let sent = false;
    return new Response(
      new ReadableStream({
        pull(controller) {
          if (sent) controller.error(new Error("broken"));
          else controller.enqueue(bytes.slice(0, bytes.length / 2));
          sent = true;
        },
      }),
    );
  },
  twice: async (run) => {
    await run();
    return run();
  },
  late: (run) => after(LATE, run),
  later: (run) => after(LATER, run),
};
