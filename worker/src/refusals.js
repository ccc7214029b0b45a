// Refusals, and the translation of D1's errors into them.

export class Refusal extends Error {
  constructor(status, code, message, headers = {}) {
    super(message);
    this.status = status;
    this.code = code;
    this.headers = headers;
  }
}

// D1's words for errors after which the same request may succeed.
const TRANSIENT = [
  /network connection lost/i,
  /object (has been |to be )?reset/i,
  /reset because/i,
  /transient issue/i,
  /overloaded/i,
  /too many requests queued/i,
  /memory limit/i,
  /cpu (time )?limit/i,
  /cannot resolve d1 db/i,
  /internal error/i,
  /timed? ?out/i,
  /storage operation/i,
];

const SENT_BEFORE = "UNIQUE constraint failed: batch_ids.id";

export function refusalOf(error) {
  if (error instanceof Refusal) return error;
  const { code, message } = codeOf(String(error?.message ?? error));
  return new Refusal(422, code, message);
}

export function codeOf(text) {
  const message = text.replace(/^D1_ERROR: /, "");
  if (message.includes(SENT_BEFORE)) return { code: "SENT_BEFORE", message: "This batch was stored before." };
  const [suffix, code] = /: (SQLITE_[A-Z_]+)(?: \(extended: \w+\))?$/.exec(message) ?? [];
  if (code) return { code, message: message.slice(0, -suffix.length) };
  return { code: TRANSIENT.some((words) => words.test(message)) ? "D1_TRANSIENT" : "D1_ERROR", message };
}
