"use strict";
// What the tests of static/scorm_api.js share: the tables, the vectors, a clock, storages, a page and a server to talk to.
const fs = require("node:fs");
const path = require("node:path");

const ROOT = path.join(__dirname, "..", "..");
const RekamScorm = require(path.join(ROOT, "static", "scorm_api.js"));
const read = (...parts) => JSON.parse(fs.readFileSync(path.join(ROOT, ...parts), "utf8"));
const tables = {
  scorm_1_2: read("scorm_runtime", "data_model", "scorm_1_2.json"),
  scorm_2004: read("scorm_runtime", "data_model", "scorm_2004.json"),
};
const vectors = (file) => read("tests", "vectors", file);

/** Lets everything that is ready run: promises and timers that are due. */
const settle = async () => {
  for (let i = 0; i < 20; i++) await Promise.resolve();
};

/** A clock that moves when told to. */
function clock() {
  let now = 1_000_000;
  let nextId = 1;
  const timers = new Map();
  return {
    now: () => now,
    setTimeout(action, delay = 0) {
      timers.set(nextId, { due: now + delay, action });
      return nextId++;
    },
    clearTimeout: (id) => timers.delete(id),
    pending: () => timers.size,
    /** Advances by milliseconds, running what falls due in order. */
    async pass(milliseconds) {
      const until = now + milliseconds;
      await settle();
      for (;;) {
        const [id, timer] = [...timers].filter(([, t]) => t.due <= until).sort((a, b) => a[1].due - b[1].due)[0] || [];
        if (!timer) break;
        timers.delete(id);
        now = Math.max(now, timer.due);
        timer.action();
        await settle();
      }
      now = until;
      await settle();
    },
  };
}

/** A storage that can be blocked (every touch throws) or full (writes beyond `quota` characters throw). */
function storage({ blocked = false, quota = Infinity } = {}) {
  const items = new Map();
  const guard = () => {
    if (blocked) throw new Error("SecurityError");
  };
  return {
    items,
    get length() {
      guard();
      return items.size;
    },
    key(index) {
      guard();
      return [...items.keys()][index] ?? null;
    },
    getItem(key) {
      guard();
      return items.get(key) ?? null;
    },
    setItem(key, value) {
      guard();
      if (value.length > quota) throw new Error("QuotaExceededError");
      items.set(key, value);
    },
    removeItem(key) {
      guard();
      items.delete(key);
    },
  };
}

/** A window or document: events and nothing else. */
function target(properties = {}) {
  const listeners = new Map();
  return {
    ...properties,
    addEventListener: (name, listener) => listeners.set(name, [...(listeners.get(name) || []), listener]),
    removeEventListener: (name, listener) => listeners.set(name, (listeners.get(name) || []).filter((each) => each !== listener)),
    fire: (name) => (listeners.get(name) || []).forEach((listener) => listener({ type: name })),
  };
}

/**
 * The runtime endpoint as docs/architecture.md describes it, in memory: idempotency by key, stale_sequence, one session at
 * a time. `trouble` is asked before each request: "lost" (never arrives), "answer lost" (arrives), {status, error}, a
 * function to answer with, or nothing.
 */
function server({ keepaliveLimit = 64 * 1024 } = {}) {
  const stored = {}; // session → element → value
  const ended = {};
  const answered = new Map();
  const highest = {};
  const requests = [];
  const navigations = [];
  let trouble = () => undefined;

  function respond(status, body, headers = {}) {
    return { status, headers: { get: (name) => headers[name] ?? null }, json: async () => body };
  }

  function handle(body) {
    if (answered.has(body.key)) return answered.get(body.key);
    if (body.session && body.seq <= (highest[body.session] || 0)) return respond(409, { error: { code: "stale_sequence", message: "older" } });
    if (body.session && ended[body.session]) return respond(410, { error: { code: "session_ended", message: "over" } });
    if (body.session) {
      highest[body.session] = body.seq;
      stored[body.session] = { ...stored[body.session], ...body.changes };
      if (body.end) ended[body.session] = body.end;
    }
    if (body.navigate) navigations.push(body.navigate);
    const answer = respond(200, { seq: body.seq, state: "content", activity: null, controls: {}, toc: [], requestValid: { continue: "true", choice: { "item-2": "false" } }, ...answers.extra });
    answered.set(body.key, answer);
    return answer;
  }

  const answers = { extra: {} };
  return {
    stored,
    ended,
    requests,
    navigations,
    answers,
    troubleWith: (next) => (trouble = next),
    fetch(url, { body: text, keepalive }) {
      const body = JSON.parse(text);
      if (keepalive && Buffer.byteLength(text) > keepaliveLimit) return Promise.reject(new TypeError("keepalive body too large"));
      const bad = trouble(body, requests.length);
      requests.push({ url, body, keepalive, bytes: Buffer.byteLength(text) });
      if (bad === "lost") return Promise.reject(new TypeError("network"));
      if (bad === "answer lost") {
        handle(body);
        return Promise.reject(new TypeError("network"));
      }
      if (bad === "hangs") return new Promise(() => {});
      if (typeof bad === "function") return bad(() => handle(body));
      if (bad && bad.status) return Promise.resolve(respond(bad.status, bad.error ? { error: bad.error } : bad.body, bad.headers));
      return Promise.resolve(handle(body));
    },
  };
}

const ACTIVITY = { session: "s1", id: "item-1", title: "One", href: "c/a.html", scormType: "sco", standard: "scorm_2004_4", cmi: {}, readOnly: false };

/** A page with one open activity; everything that was called back is in `heard`. */
function page({ back = server(), store = storage(), time = clock(), activity = ACTIVITY, open = true, ...more } = {}) {
  const heard = { onAnswer: [], onNavigate: [], onSession: [], onStatus: [], onDropped: [], onRefused: [], onSuperseded: [], onEnded: [] };
  const callbacks = Object.fromEntries(Object.keys(heard).map((name) => [name, (...args) => heard[name].push(args)]));
  const window = target({});
  const document = target({ visibilityState: "visible" });
  const runtime = RekamScorm.connect({
    endpoint: "/p/token/runtime", tables, journal: "reg", fetch: back.fetch, storage: store, random: () => 1,
    now: time.now, setTimeout: time.setTimeout, clearTimeout: time.clearTimeout, window, document, ...callbacks, ...more,
  });
  const api = open ? runtime.open(activity).API_1484_11 : null;
  return { runtime, api, back, store, time, window, document, heard };
}

module.exports = { RekamScorm, tables, vectors, settle, clock, storage, target, server, page, ACTIVITY };
