/**
 * The SCORM API for course content: `window.API` (SCORM 1.2) and `window.API_1484_11` (SCORM 2004), and the journal
 * that carries what the content says to the runtime endpoint (docs/architecture.md, "The runtime endpoint").
 *
 * Plain script, no build step: `<script src="scorm_api.js">` defines `RekamScorm`; in Node `require()` returns the same object.
 * The data models come as tables (scorm_runtime/data_model/*.json), the same ones the server validates against.
 *
 * ── Contract with the player page ──────────────────────────────────────────────────────────────────────────────────
 *
 *   const runtime = RekamScorm.connect({
 *     endpoint: "…/p/{token}/runtime",       // required: POST target
 *     tables: {scorm_1_2: {…}, scorm_2004: {…}},  // required: the two JSON tables
 *     language: "en",                        // of the reasons in the answers; default: what the browser prefers
 *     journal: "registration-id",            // names the journal in storage; never put a token in it
 *     // callbacks, all optional
 *     onAnswer(answer, request) {},          // each accepted answer, first of all callbacks: refresh controls, toc, progress
 *     onNavigate({request, target}) {},      // the content terminated with a pending adl.nav.request; the runtime has it sent
 *                                            // (with the end of the session, one request); show "loading"; the outcome comes
 *                                            // through onAnswer
 *     onSession({session, event}) {},        // event: "initialized" | "committed" | "terminated", after the call returned
 *     onStatus({state, unsent}) {},          // "saved" | "saving" | "offline" (banner); unsent: elements not acknowledged
 *     onDropped({element, code, message}) {},// the server refused one element; all others go on
 *     onRefused({code, message, status}) {}, // the server refused a whole request for good (bad request)
 *     onSuperseded({code, message}) {},      // 409: a newer launch of this registration has taken over
 *     onEnded({code, message}) {},           // 410 (also 401, 403, 404): the launch is over; nothing more is sent
 *     onTrace({at, session, call, args, result, error}) {},  // each API call of the content
 *     turnsPage: () => false,                // is the content leaving a page of its own for another one?
 *     aliveSeconds: 0,                       // say so after this long without a word, while inUse(): an idle launch ends; 0: never
 *     inUse: () => true,                     // is the page in front of the learner? default: it is not hidden
 *     trace: false,                          // true: API calls travel to the server with the requests, for its trace
 *     // environment, for tests; defaults are the browser's own
 *     fetch, beacon, storage, now, random, setTimeout, clearTimeout, window, document, autoCommitSeconds: 60,
 *   });
 *
 *   runtime.start({request: "start"})   → Promise<answer>   first sends what an earlier page of this journal left unsent
 *   runtime.open(answer.activity)       → {API, API_1484_11} installs the API of the activity's standard on the window
 *                                         BEFORE the frame is given its address; also for an asset: much
 *                                         content that speaks is declared one
 *   runtime.timeOut()                   → boolean  the time of the open session is up: its exit is time-out, whatever the content
 *                                         still says; false where there is none, or the content has ended it
 *   runtime.hold()                      → void   the learner used a control: a request of the content gives way from now on
 *   runtime.navigate({request, target}) → Promise<answer>   ends the open session (if the content has not) and navigates
 *   runtime.arrived()                   → void   the page that the content left another one for is there
 *   runtime.unloaded()                  → void   the frame was taken away or left; ends the session if content has not
 *   runtime.flush()                     → void   send now, in a way that survives the page (pagehide does this by itself)
 *   runtime.lasts()                     → boolean  the journal outlives the page; false: storage is blocked, it is in memory
 *   runtime.atRisk()                    → boolean  leaving the page now could lose what the content said
 *   runtime.settled()                   → Promise<void>     everything is acknowledged or has been given up
 *   runtime.status()                    → {state, unsent, session, superseded, ended}
 *   runtime.close()                     → void   removes listeners and API objects
 *
 * Learner presses Continue while a SCO runs: `hold()`, take the frame away (its unload handlers may still call SetValue
 * and Terminate), then `navigate()`. A rejected promise carries `{code, message, status}`: "superseded", "ended", or the
 * server's own code. Network trouble never rejects: the request is repeated until there is an answer.
 *
 * `activity` (of an answer), beyond what docs/architecture.md lists, may carry
 *   settings: {suspendDataMaxLength: 64000, validateInteractionResponses: true, …}  see "settings" in the tables
 *   access:   {"adl.data.0.store": "ro" | "wo" | "rw" | "none"}   access of single elements where it differs from the table
 *
 *   RekamScorm.create({standard, tables, settings, access, seed, readOnly, onInitialize, onChange, onCommit, onTerminate, onTrace})
 *     → {API, API_1484_11, model, state()}     the API objects alone, without any transport (one of the two is null)
 *   RekamScorm.model(tables[…], {seed, settings, access}) → {get(element), set(element, value), flat(), seed(values)}
 *
 * ── How the journal keeps what the content said ────────────────────────────────────────────────────────────────────
 *
 * Changes stay in the journal until the server has acknowledged their values, so a request may be lost, repeated or
 * overtaken. One request is under way at a time; after a failure the same request goes again, with the same key. When the
 * page may be going away a further request with everything unacknowledged is sent at once (keepalive), with a higher seq;
 * `leaving: true` in it says the page expects no answer. What does not fit into the 64 KB of such a request stays in
 * storage, and the next page of the same `journal` delivers it before its `start`. Where storage is blocked the journal is in memory
only: unsent changes wait 5 seconds at most, and `atRisk()` lets the page ask before it is left.
 */
(function (root, factory) {
  const exported = factory(root);
  if (typeof module === "object" && module.exports) module.exports = exported;
  else root.RekamScorm = exported;
})(typeof globalThis !== "undefined" ? globalThis : this, function (root) {
  "use strict";

  /** @typedef {Object<string, any>} Table  one file of scorm_runtime/data_model/ */
  /** @typedef {{name: string, pattern: string, entry: Object, arrays: {path: string, pattern: string, index: number}[], record: string}} Location */

  // ── The data model (scorm_runtime/cmi*.py is its twin; tests/vectors/ checks both) ────────────────────────────────

  const KEYWORDS = { _children: "noChildren", _count: "noCount", _version: "noVersion" };
  // adl.nav.request_valid.choice.{target=X}: X may hold dots (SN 5.6.2).
  const TARGET = /^(adl\.nav\.request_valid\.(?:choice|jump))\.\{target=.+\}$/;
  const INDEX = /^[0-9]{1,9}$/;
  const REAL = /^[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?$/;
  const INTEGER = /^[+-]?[0-9]{1,9}$/;
  const LANG = /^\{lang=([^}]*)\}/;
  const FLAG = /^\{(case_matters|order_matters)=([^}]*)\}/;
  // Characters no database or JSON reader keeps: NUL and halves of surrogate pairs.
  const UNSTORABLE = /[\u0000\ud800-\udfff]/u;
  const UNSTORABLES = new RegExp(UNSTORABLE, "gu");
  // RTE 4.1.1.7 time(second,10,0).
  const TIME =
    /^([0-9]{4})(?:-([0-9]{2})(?:-([0-9]{2})(?:T([0-9]{2})(?::([0-9]{2})(?::([0-9]{2})(?:\.[0-9]{1,2}(?:Z|[+-]([0-9]{2})(?::([0-9]{2}))?)?)?)?)?)?)?)?$/;

  const own = (object, key) => (Object.prototype.hasOwnProperty.call(object, key) ? object[key] : undefined);
  const compiled = new Map();

  /** Does the whole value match a pattern of the tables? */
  function matches(pattern, value) {
    if (!compiled.has(pattern)) compiled.set(pattern, new RegExp(`^(?:${pattern})$`, "u"));
    return compiled.get(pattern).test(value);
  }

  /** Characters as the standards count them: code points. */
  function longer(value, limit) {
    return value.length > limit && Array.from(value).length > limit;
  }

  /** The number a decimal text stands for; null when it is none. */
  function real(value) {
    const number = REAL.test(value) ? Number(value) : Infinity;
    return Number.isFinite(number) ? number : null;
  }

  function outside(kind, number) {
    return ("min" in kind && number < kind.min) || ("max" in kind && number > kind.max);
  }

  /** @returns {string} the table that serves a standard */
  function family(standard) {
    if (standard === "scorm_1_2") return standard;
    if (/^scorm_2004(_|$)/.test(standard)) return "scorm_2004";
    throw new Error(`"${standard}" has no CMI data model`);
  }

  /**
   * @param {Table} table
   * @param {string} element  as the content wrote it
   * @returns {Location | string} a string is the situation (key of table.codes) that says why there is no such element
   */
  function locate(table, element) {
    if (!element) return "noName";
    const target = TARGET.exec(element);
    if (target) return found(table, element, `${target[1]}.{target=}`, []);
    const name = [];
    const generic = [];
    const arrays = [];
    for (const part of element.split(".")) {
      if (part === "n") return "unknown";
      if (INDEX.test(part)) {
        arrays.push({ path: name.join("."), pattern: generic.join("."), index: Number(part) });
        name.push(String(Number(part)));
        generic.push("n");
      } else {
        name.push(part);
        generic.push(part);
      }
    }
    return found(table, name.join("."), generic.join("."), arrays);
  }

  function found(table, name, pattern, arrays) {
    const entry = own(table.elements, pattern);
    if (entry) {
      const record = arrays.length ? `${arrays[0].path}.${arrays[0].index}` : "";
      return { name, pattern, entry, arrays, record };
    }
    const dot = pattern.lastIndexOf(".");
    const keyword = own(KEYWORDS, pattern.slice(dot + 1));
    const above = pattern.slice(0, Math.max(dot, 0));
    return keyword && above && isBranch(table, above) ? keyword : "unknown";
  }

  /** Is this an element or a path above one? */
  function isBranch(table, pattern) {
    return Boolean(own(table.elements, pattern)) || Object.keys(table.elements).some((name) => name.startsWith(`${pattern}.`));
  }

  // Each format answers "" (fine), "type" (wrong form) or "range" (right form, outside the permitted range).
  const FORMATS = {
    text(context, kind, value) {
      if (kind.limit) return longer(value, context.settings[kind.limit]) ? "type" : "";
      const strict = "max" in kind && context.settings.enforceStringLengths;
      return longer(value, strict ? kind.max : context.settings.valueMaxLength) ? "type" : "";
    },
    localized(context, kind, value) {
      const lang = LANG.exec(value);
      return lang && !isLanguage(context.table, lang[1]) ? "type" : FORMATS.text(context, kind, value);
    },
    language(context, kind, value) {
      return isLanguage(context.table, value) ? "" : "type";
    },
    identifier(context, kind, value) {
      if (longer(value, context.settings.valueMaxLength) || !value.trim()) return "type";
      if (!context.settings.strictIdentifiers) return "";
      const rules = context.table.identifier;
      if (!matches(rules.pattern, value)) return "type";
      // RFC 2141: urn:namespace:name, nothing left out.
      return /^urn:/i.test(value) && !matches(rules.urn, value) ? "type" : "";
    },
    vocabulary(context, kind, value) {
      if (kind.values.includes(value) || (kind.orReal && real(value) !== null)) return "";
      return kind.orPattern && matches(kind.orPattern, value) ? "" : "type";
    },
    real(context, kind, value) {
      const number = real(value);
      if (number === null) return "type";
      if (kind.unless && !context.settings[kind.unless]) return "";
      return outside(kind, number) ? "range" : "";
    },
    integer(context, kind, value) {
      if (!INTEGER.test(value)) return "type";
      return outside(kind, Number(value)) ? "range" : "";
    },
    regex(context, kind, value) {
      if (longer(value, context.settings.valueMaxLength)) return "type";
      const { tolerant } = kind;
      const wanted = tolerant && (tolerant.when === undefined ? true : tolerant.when);
      const rule = tolerant && context.settings[tolerant.setting] === wanted ? tolerant : kind;
      return matches(rule.pattern, value) ? "" : "type";
    },
    time(context, kind, value) {
      const match = TIME.exec(value);
      if (!match) return "type";
      const defaults = [0, 1, 1, 0, 0, 0, 0, 0];
      const [year, month, day, hour, minute, second, zoneHour, zoneMinute] = defaults.map((d, i) => Number(match[i + 1] || d));
      const fits =
        year >= 1970 && year <= 2038 && month >= 1 && month <= 12 && day >= 1 &&
        day <= new Date(Date.UTC(year, month, 0)).getUTCDate() &&
        Math.max(hour, zoneHour) <= 23 && Math.max(minute, second, zoneMinute) <= 59;
      return fits ? "" : "type";
    },
  };
  // What follows the text of a response is checked by its shape below.
  FORMATS.response = FORMATS.pattern = FORMATS.text;

  function check(context, typeName, value) {
    if (UNSTORABLE.test(value)) return "type";
    const kind = context.table.types[typeName];
    return kind.empty && value === "" ? "" : FORMATS[kind.format](context, kind, value);
  }

  /** RTE 4.1.1.3: an ISO 639-1 or 639-2 code, or i or x, with subtags. */
  function isLanguage(table, tag) {
    const rules = table.language;
    const primary = tag.split("-")[0].toLowerCase();
    return (
      matches(rules.pattern, tag) &&
      (primary === "i" || primary === "x" || rules.primary.split(" ").includes(primary) || matches(rules.reserved, primary))
    );
  }

  // Shapes of learner responses and correct response patterns (RTE 4.2.9.1, 4.2.9.2; CMIFeedback of 1.2).
  const SHAPES = {
    one: (context, syntax, body) => !check(context, syntax.item, body),
    list(context, syntax, body) {
      const items = body.split(context.table.delimiters.item);
      if (syntax.unique && new Set(items).size < items.length) return false;
      return items.every((item) => !check(context, syntax.item, item));
    },
    pairs(context, syntax, body) {
      const marks = context.table.delimiters;
      return body.split(marks.item).every((item) => {
        const pair = item.split(marks.pair);
        return pair.length === 2 && pair.every((half) => !check(context, syntax.item, half));
      });
    },
    // name[.]answer, one of which may be left out.
    steps(context, syntax, body) {
      const marks = context.table.delimiters;
      return body.split(marks.item).every((item) => {
        const step = item.split(marks.pair);
        if (step.length !== 2 || (!step[0] && !step[1])) return false;
        if (step[0] && check(context, syntax.item, step[0])) return false;
        const numbers = step[1].split(marks.range).map(real);
        return !(syntax.ranges && numbers.length === 2 && !numbers.includes(null)) || rising(numbers);
      });
    },
    range(context, syntax, body) {
      const ends = body.split(context.table.delimiters.range);
      const numbers = ends.map(real);
      return ends.length === 2 && ends.every((end, i) => end === "" || numbers[i] !== null) && rising(numbers);
    },
  };

  const rising = ([low, high]) => low === null || high === null || low <= high;

  function checkResponse(context, role, interactionType, value) {
    const reason = check(context, role, value);
    if (reason || !interactionType || !context.settings.validateInteractionResponses) return reason;
    const syntax = context.table.interactionTypes[interactionType][role];
    let body = withoutFlags(value, syntax.flags || []);
    if (body === null) return "type";
    if (syntax.braces && body.startsWith("{") && body.endsWith("}")) body = body.slice(1, -1);
    if (body === "" && syntax.empty) return "";
    return SHAPES[syntax.shape](context, syntax, body) ? "" : "type";
  }

  /** The value without its leading {case_matters=…}{order_matters=…}; null when one is neither true nor false. */
  function withoutFlags(value, names) {
    const left = new Set(names);
    for (let flag = FLAG.exec(value); flag && left.has(flag[1]); flag = FLAG.exec(value)) {
      if (flag[2] !== "true" && flag[2] !== "false") return null;
      left.delete(flag[1]);
      value = value.slice(flag[0].length);
    }
    return value;
  }

  /** Is the pattern among the others, for the types whose patterns must differ? */
  function patternsClash(context, interactionType, pattern, others) {
    const rule = (own(context.table.interactionTypes, interactionType) || {}).uniquePatterns;
    if (!rule || !context.settings.validateInteractionResponses) return false;
    if (rule === "text") return others.includes(pattern);
    const canonical = (text) => Array.from(new Set(text.split(context.table.delimiters.item))).sort().join("\n");
    return others.map(canonical).includes(canonical(pattern));
  }

  // ── Buckets of shared state, ssp.* (scorm_runtime/cmi_buckets.py is the twin and says what each rule means) ─────────

  const BUCKETS = "ssp.";
  const BUCKET_NAME =
    /^ssp\.(?:(?:(?<index>[0-9]{1,9})\.)?(?<member>bucket_state|data|appendData)|(?<of>[0-9]{1,9})\.(?<fact>id|allocation_success)|(?<alone>_count|allocate))(?:\.(?<marks>(?:\{[^{}]*\})+))?$/;
  const BUCKET_MARK = /\{(bucketID|offset|size|requested|minimum|reducible|persistence|type)=([^{}]*)\}/;
  const BUCKET_SIZE = /^[0-9]{1,10}$/;
  const BUCKET_ORDER = ["bucketID", "requested", "minimum", "reducible", "persistence", "type"];
  const BUCKET_DEFAULTS = { minimum: "0", reducible: "false", persistence: "learner", type: "" };

  const marksOf = (text) => Object.fromEntries(Array.from(text.matchAll(new RegExp(BUCKET_MARK, "g")), (m) => [m[1], m[2]]));
  const evenSize = (text) => (BUCKET_SIZE.test(text) && Number(text) % 2 === 0 ? Number(text) : null);

  /** The canonical declaration; null where one of the marks is missing or wrong. */
  function declaredBucket(marks) {
    const full = { ...BUCKET_DEFAULTS, ...marks };
    const [requested, minimum] = [evenSize(full.requested || ""), evenSize(full.minimum)];
    if (!(full.bucketID || "").trim() || longer(full.bucketID, 4000) || longer(full.type, 3000)) return null;
    if (requested === null || minimum === null || minimum > requested) return null;
    if (!["true", "false"].includes(full.reducible) || !["learner", "course", "session"].includes(full.persistence)) return null;
    Object.assign(full, { requested: String(requested), minimum: String(minimum) });
    const text = BUCKET_ORDER.map((name) => `{${name}=${full[name]}}`).join("");
    return UNSTORABLE.test(text) ? null : text;
  }

  /** @param {number} most  bytes that all buckets of an attempt may take together */
  function buckets(most) {
    /** @type {{marks: Object<string, string>, declaration: string, success: string, data: string}[]} */ const all = [];
    const made = (declaration, success) => ({ declaration, marks: marksOf(declaration), success, data: "" });
    const spaceOf = ({ success, marks }) => (success === "failure" ? 0 : Number(marks[success]));

    function seed(element, value) {
      const found = /^ssp\.([0-9]{1,9})\.(declaration|data|allocation_success)$/.exec(element);
      if (!found || Number(found[1]) > all.length) return;
      const bucket = all[Number(found[1])];
      if (found[2] === "declaration" && !bucket) all.push(made(value, "failure"));
      else if (found[2] === "allocation_success" && bucket) bucket.success = value;
      else if (found[2] === "data" && bucket) bucket.data = value;
    }

    /** The bucket that is meant, or the situation. A failed allocation leaves a record; the bucket of that name is another. */
    function meant(index, marks) {
      if (index !== undefined) return all[Number(index)] || "index";
      const named = all.filter((bucket) => bucket.marks.bucketID === marks.bucketID);
      return named.find((bucket) => bucket.success !== "failure") || named[0] || "bucket";
    }

    function read(element) {
      const found = BUCKET_NAME.exec(element);
      const refused = (situation) => ({ value: "", situation });
      if (!found) return refused("unknown");
      const { alone, member, fact, index, of } = found.groups;
      if (alone === "_count" && !found.groups.marks) return { value: String(all.length), situation: "" };
      if (alone || member === "appendData") return refused("writeOnly");
      const marks = marksOf(found.groups.marks || "");
      const bucket = meant(index === undefined ? of : index, marks);
      if (typeof bucket === "string") return refused(bucket);
      if (fact) return { value: fact === "id" ? bucket.marks.bucketID : bucket.success, situation: "" };
      if (bucket.success === "failure") return refused("bucket");
      if (member === "bucket_state") {
        const kind = bucket.marks.type ? `{type=${bucket.marks.type}}` : "";
        return { value: `{totalSpace=${spaceOf(bucket)}}{used=${bucket.data.length * 2}}${kind}`, situation: "" };
      }
      const used = bucket.data.length * 2;
      const offset = evenSize(marks.offset === undefined ? "0" : marks.offset);
      const size = marks.size === undefined ? used - (offset || 0) : evenSize(marks.size);
      if (offset === null || size === null || size < 0 || offset + size > used) return refused("span");
      return { value: bucket.data.slice(offset / 2, (offset + size) / 2), situation: "" };
    }

    /** @returns {{name: string, value: string, situation: string}} name and value as an element of a change set */
    function write(element, value) {
      const refused = (situation) => ({ name: element, value, situation });
      const found = BUCKET_NAME.exec(element);
      if (!found) return refused("unknown");
      const { alone, member, fact, index } = found.groups;
      if (alone === "_count" || fact || member === "bucket_state") return refused("readOnly");
      if (alone) return allocate(marksOf(value));
      const marks = marksOf(found.groups.marks || "");
      const first = new RegExp(`^${BUCKET_MARK.source}`);
      for (let mark = first.exec(value); mark && ["bucketID", "offset"].includes(mark[1]); mark = first.exec(value)) {
        marks[mark[1]] = mark[2];
        value = value.slice(mark[0].length);
      }
      const bucket = meant(index, marks);
      if (typeof bucket === "string") return refused(bucket);
      if (bucket.success === "failure") return refused("bucket");
      const before = bucket.data;
      const offset = member === "appendData" ? before.length * 2 : evenSize(marks.offset === undefined ? "0" : marks.offset);
      // Buckets are packed: nothing is written behind a gap.
      if (offset === null || offset > before.length * 2) return refused("span");
      const rest = offset && member === "data" ? before.slice(offset / 2 + value.length) : "";
      const data = before.slice(0, offset / 2) + value + rest;
      if (UNSTORABLE.test(data)) return refused("type");
      if (data.length * 2 > spaceOf(bucket)) return refused("space");
      bucket.data = data;
      return { name: `ssp.${all.indexOf(bucket)}.data`, value: data, situation: "" };
    }

    function allocate(marks) {
      const declaration = declaredBucket(marks);
      if (declaration === null) return { name: "ssp.allocate", value: "", situation: "type" };
      const known = all.find((bucket) => bucket.marks.bucketID === marks.bucketID && bucket.success !== "failure");
      const same = known && known.declaration === declaration;
      if (!same) all.push(made(declaration, known ? "failure" : grant(marksOf(declaration))));
      return { name: `ssp.${same ? all.indexOf(known) : all.length - 1}.declaration`, value: declaration, situation: "" };
    }

    /** What is granted of the space asked for. */
    function grant({ requested, minimum, reducible }) {
      const left = most - all.reduce((sum, bucket) => sum + spaceOf(bucket), 0);
      if (Number(requested) <= left) return "requested";
      return reducible === "true" && Number(minimum) > 0 && Number(minimum) <= left ? "minimum" : "failure";
    }

    function flat() {
      return all.flatMap(({ declaration, success, data }, i) => [
        [`ssp.${i}.declaration`, declaration],
        [`ssp.${i}.allocation_success`, success],
        ...(data ? [[`ssp.${i}.data`, data]] : []),
      ]);
    }

    return { seed, read, write, flat };
  }

  /**
   * One instance of a data model.
   * @param {Table} table
   * @param {{seed?: Object<string, string>, settings?: Object<string, any>, access?: Object<string, string>}} options
   */
  function model(table, { seed = {}, settings = {}, access = {} } = {}) {
    const context = { table, settings: {} };
    for (const [name, known] of Object.entries(table.settings)) {
      context.settings[name] = own(settings, name) === undefined ? known.default : settings[name];
    }
    /** @type {Map<string, string>} */ const values = new Map();
    /** @type {Map<string, number>} */ const counts = new Map();
    const shared = table.buckets ? buckets(table.buckets.most) : null;
    const isShared = (element) => shared !== null && element.startsWith(BUCKETS);
    const count = (path) => counts.get(path) || 0;
    const accessOf = (location) => own(access, location.name) || location.entry.access;
    const interactionType = (location) => values.get(`${location.record}.type`) || "";

    function store(location, value) {
      values.set(location.name, value);
      for (const { path, index } of location.arrays) counts.set(path, Math.max(count(path), index + 1));
    }

    /** Puts values in without asking: what the server says. */
    function seedWith(given) {
      for (const [element, value] of Object.entries(given)) {
        if (isShared(element)) {
          shared.seed(element, String(value));
          continue;
        }
        const location = locate(table, element);
        if (typeof location !== "string" && !location.entry.keyword) store(location, String(value));
      }
    }

    /** completion_status and success_status where a threshold decides (RTE 4.2.4.1, 4.2.21.1). */
    function decided(rule) {
      const threshold = rule ? real(values.get(rule.threshold) || "") : null;
      if (threshold === null) return undefined;
      const measure = real(values.get(rule.measure) || "");
      if (measure === null) return rule.unknown;
      return measure >= threshold ? rule.met : rule.unmet;
    }

    /** @returns {{value: string, situation: string}} */
    function read(element) {
      if (isShared(element)) return shared.read(element);
      const location = locate(table, element);
      const refused = (situation) => ({ value: "", situation });
      if (typeof location === "string") return refused(location);
      if (["wo", "none"].includes(accessOf(location))) return refused("writeOnly");
      if (location.arrays.some(({ path, index }) => index >= count(path))) return refused("index");
      const { entry, name } = location;
      if (entry.keyword === "count") return { value: String(count(name.slice(0, -"._count".length))), situation: "" };
      if (entry.keyword) return { value: entry.value, situation: "" };
      let value = decided(entry.decidedBy);
      if (value === undefined) value = values.get(name);
      if (value === undefined || (value === "" && entry.emptyIsUnset)) value = entry.default;
      return value === undefined ? refused("unset") : { value, situation: "" };
    }

    /** @returns {{name: string, value: string, situation: string}} name and value as stored */
    function write(element, value) {
      if (isShared(element)) return shared.write(element, value);
      const location = locate(table, element);
      if (typeof location === "string") return { name: element, value, situation: location };
      const whole = location.entry.append ? (values.get(location.name) || "") + value : value;
      const situation = refusal(location, whole);
      if (situation) return { name: element, value, situation };
      store(location, whole);
      return { name: location.name, value: whole, situation: "" };
    }

    /** The situation (key of table.codes.set) that forbids this value here; "" when it may be stored. */
    function refusal(location, value) {
      if (location.entry.keyword) return "keyword";
      if (["ro", "none"].includes(accessOf(location))) return "readOnly";
      return noPlace(location) || missing(location) || badValue(location, value) || conflict(location, value);
    }

    /** Records are numbered without gaps (RTE 4.1.1.8); some arrays cannot grow. */
    function noPlace(location) {
      for (const { path, pattern, index } of location.arrays) {
        const fixed = (own(table.arrays, pattern) || {}).fixed;
        if (index > count(path) || (fixed && index === count(path))) return "index";
        if (index >= context.settings.arrayMaxLength) return "full";
      }
      if (!location.pattern.endsWith(".pattern") || !context.settings.validateInteractionResponses) return "";
      const limit = (own(table.interactionTypes, interactionType(location)) || {}).maxPatterns;
      return limit !== undefined && location.arrays[location.arrays.length - 1].index >= limit ? "full" : "";
    }

    function missing(location) {
      const required = location.entry.requires || [];
      return required.some((name) => !values.has(`${location.record}.${name}`)) ? "requires" : "";
    }

    function badValue(location, value) {
      const { type } = location.entry;
      if (type === "response" || type === "pattern") return checkResponse(context, type, interactionType(location), value);
      return check(context, type, value);
    }

    function conflict(location, value) {
      const { entry, name } = location;
      if (entry.once && values.has(name) && values.get(name) !== value) return "once";
      if (entry.unique && siblings(location).includes(value)) return "duplicate";
      const clash = entry.type === "pattern" && patternsClash(context, interactionType(location), value, siblings(location));
      return clash ? "duplicate" : "";
    }

    /** Values of the same member in the other records of the innermost array. */
    function siblings(location) {
      const { path, index } = location.arrays[location.arrays.length - 1];
      const member = location.name.slice(`${path}.${index}`.length);
      const others = [];
      for (let other = 0; other < count(path); other++) {
        const value = other === index ? undefined : values.get(`${path}.${other}${member}`);
        if (value !== undefined) others.push(value);
      }
      return others;
    }

    seedWith(seed);
    return {
      read,
      write,
      /** @returns {{value: string, code: number}} GetValue */
      get(element) {
        const { value, situation } = read(element);
        return { value, code: codeOf(table, "get", situation) };
      },
      /** @returns {number} SetValue: 0 or the error code */
      set: (element, value) => codeOf(table, "set", write(element, value).situation),
      flat: () => Object.fromEntries([...values, ...(shared ? shared.flat() : [])]),
      seed: seedWith,
    };
  }

  /** Error code of a situation; a keyword that an element does not have is, for SetValue, still a keyword. */
  function codeOf(table, group, situation) {
    if (!situation) return 0;
    const code = table.codes[group][situation];
    return code === undefined ? table.codes[group].keyword : code;
  }

  // ── The API objects ───────────────────────────────────────────────────────────────────────────────────────────────

  const asText = (value) => (value === undefined || value === null ? "" : String(value));

  /**
   * The API of one session of one activity. Synchronous; knows nothing of servers.
   *
   * @param {object} options
   * @param {string} options.standard      "scorm_1_2", "scorm_2004_4" …
   * @param {{scorm_1_2?: Table, scorm_2004?: Table}} options.tables
   * @param {Object<string, string>} [options.seed]
   * @param {Object<string, any>} [options.settings]
   * @param {Object<string, string>} [options.access]
   * @param {() => void} [options.onInitialize]
   * @param {(element: string, value: string) => void} [options.onChange]  the whole value, also where a set appends
   * @param {() => (boolean | void)} [options.onCommit]   false: the commit fails (391, 101)
   * @param {(navigate: {request: string, target: string | null} | null) => void} [options.onTerminate]
   * @param {(entry: object) => void} [options.onTrace]
   * @param {() => number} [options.now]
   */
  function create(options) {
    const table = options.tables[family(options.standard)];
    const tell = (name, ...args) => (options[name] ? options[name](...args) : undefined);
    const data = model(table, options);
    const names = table.api;
    let state = "before"; // before → running → after
    let lastError = "0";
    let detail = "";

    function done(result) {
      lastError = "0";
      detail = "";
      return result;
    }

    function fail(group, situation, result, subject) {
      const code = codeOf(table, group, situation);
      lastError = String(code);
      detail = code ? `${subject ? `${subject}: ` : ""}${table.reasons[situation]}` : "";
      return result;
    }

    /** The situation that keeps a call from working in the present state; "" when nothing does. */
    function closed() {
      return state === "running" ? "" : state;
    }

    const calls = {
      initialize(argument) {
        if (asText(argument) !== "") return fail("initialize", "argument", "false");
        if (state !== "before") return fail("initialize", state === "running" ? "running" : "terminated", "false");
        state = "running";
        tell("onInitialize");
        return done("true");
      },
      terminate(argument) {
        if (asText(argument) !== "") return fail("terminate", "argument", "false");
        if (closed()) return fail("terminate", closed(), "false");
        state = "after";
        tell("onTerminate", pendingNavigation(data));
        return done("true");
      },
      commit(argument) {
        if (asText(argument) !== "") return fail("commit", "argument", "false");
        if (closed()) return fail("commit", closed(), "false");
        return tell("onCommit") === false ? fail("commit", "failed", "false") : done("true");
      },
      get(element) {
        const name = asText(element);
        if (closed()) return fail("get", closed(), "", name);
        const { value, situation } = data.read(name);
        return situation ? fail("get", situation, value, name) : done(value);
      },
      set(element, value) {
        const name = asText(element);
        if (closed()) return fail("set", closed(), "false", name);
        const written = data.write(name, asText(value));
        if (written.situation) return fail("set", written.situation, "false", name);
        tell("onChange", written.name, written.value);
        return done("true");
      },
      lastError: () => lastError,
      errorString: (code) => own(table.errors, asText(code)) || "",
      diagnostic(code) {
        const asked = asText(code) || lastError;
        const text = own(table.errors, asked) || "";
        return (asked === lastError && detail ? `${text}: ${detail}` : text).slice(0, 250);
      },
    };

    /** @type {Object<string, any>} */
    const api = table.standard === "scorm_2004" ? { version: "1.0" } : {};
    for (const call of Object.keys(calls)) {
      api[names[call]] = (...args) => {
        const result = calls[call](...args);
        if (options.onTrace) {
          const at = (options.now || Date.now)();
          options.onTrace({ at, call: names[call], args: args.map(asText), result, error: lastError });
        }
        return result;
      };
    }
    return {
      API: names.object === "API" ? api : null,
      API_1484_11: names.object === "API_1484_11" ? api : null,
      model: data,
      state: () => state,
      /** Ends the session from outside: the frame is gone. */
      end() {
        state = "after";
      },
    };
  }

  /** What the content wants next: adl.nav.request as {request, target}; null for none (RTE 4.4.2, SN 5.6.2). */
  function pendingNavigation(data) {
    const { value } = data.read("adl.nav.request");
    if (!value || value === "_none_") return null;
    const aimed = /^\{target=(.+)\}(choice|jump)$/.exec(value);
    return aimed ? { request: aimed[2], target: aimed[1] } : { request: value, target: null };
  }

  // ── The journal in storage ────────────────────────────────────────────────────────────────────────────────────────

  const PREFIX = "rekam.journal.";
  const KEPT_FOR = 30 * 24 * 3600 * 1000;

  /**
   * Keeps one record per page under the journal's name, in the first storage that takes it; when none does, in memory.
   * @param {string} journal
   * @param {string} page
   * @param {Storage[]} storages
   * @param {() => number} now
   */
  function keeper(journal, page, storages, now) {
    const own = `${PREFIX}${journal}.${page}`;
    const attempt = (action, fallback) => {
      try {
        return action();
      } catch (blockedOrFull) {
        return fallback;
      }
    };
    const forget = (key) => storages.forEach((storage) => attempt(() => storage.removeItem(key)));
    let lasting = storages.some((storage) => attempt(() => (storage.setItem(own, ""), storage.removeItem(own), true), false));
    return {
      lasts: () => lasting,
      /** @returns {boolean} whether the record outlives the page */
      save(record) {
        const text = JSON.stringify({ ...record, at: now() });
        const taken = storages.find((storage) => attempt(() => (storage.setItem(own, text), true), false));
        for (const storage of storages) if (storage !== taken) attempt(() => storage.removeItem(own));
        lasting = Boolean(taken);
        return lasting;
      },
      clear: () => forget(own),
      /** Records that earlier pages of this journal left, oldest first; they are forgotten by `forget(key)`. */
      left() {
        const found = new Map();
        for (const storage of storages) {
          const count = attempt(() => storage.length, 0);
          const keys = Array.from({ length: count }, (_, i) => attempt(() => storage.key(i), null));
          for (const key of keys) {
            if (!key || key === own || !key.startsWith(`${PREFIX}${journal}.`)) continue;
            const record = attempt(() => JSON.parse(storage.getItem(key)), null);
            if (record && Array.isArray(record.changes) && record.at > now() - KEPT_FOR) found.set(key, record);
            else forget(key);
          }
        }
        return Array.from(found).sort((a, b) => a[1].at - b[1].at);
      },
      forget,
    };
  }

  // ── The connection to the runtime endpoint ────────────────────────────────────────────────────────────────────────

  const FIRST_DELAY = 1000;
  const LONGEST_DELAY = 30000;
  const ANSWER_WITHIN = 30000;
  const BEACON_CHECKED_AFTER = 5000;
  // How long the next page of content that ended its session while leaving one may take to come.
  const ARRIVES_WITHIN = 3000;
  // How often a page looks whether it has been silent for too long (s).
  const LOOKS_EVERY = 60;
  // How long changes wait for a Commit of the content where nothing but memory keeps them (s).
  const MEMORY_WAITS = 5;
  // Browsers let keepalive requests carry 64 KiB, all of a page together.
  const KEEPALIVE_BYTES = 63 * 1024;
  const TRACED_LENGTH = 2000;
  const TRACED_ARGUMENTS = 8;
  const TRACED_CALLS = 3000;
  const TRACED_BYTES = 1024 * 1024;
  const TRACED_LAST_BYTES = 16 * 1024;
  const RETRIED = new Set([408, 425, 429]);
  const OVER = new Set([401, 403, 404, 410]);
  const EXITS = new Set(["cmi.exit", "cmi.core.exit"]);
  const LEAVES_COURSE = new Set(["exit", "exitAll", "suspendAll", "abandon", "abandonAll"]);

  const bytes = (text) => (typeof TextEncoder === "function" ? new TextEncoder().encode(text).length : text.length * 3);

  function randomKey() {
    const { crypto } = root;
    if (crypto && crypto.randomUUID) return crypto.randomUUID();
    const digits = crypto && crypto.getRandomValues ? crypto.getRandomValues(new Uint8Array(16)) : null;
    return Array.from({ length: 16 }, (_, i) => (digits ? digits[i] : Math.floor(Math.random() * 256)).toString(16).padStart(2, "0")).join("");
  }

  /** The browser's storages; blocked ones throw when touched and are left out. */
  function browserStorages() {
    return ["localStorage", "sessionStorage"].flatMap((name) => {
      try {
        return root[name] ? [root[name]] : [];
      } catch (blocked) {
        return [];
      }
    });
  }

  function beaconOf(window) {
    const { navigator, Blob: BlobOf } = window;
    if (!navigator || !navigator.sendBeacon) return () => false;
    return (url, text) => navigator.sendBeacon(url, new BlobOf([text], { type: "application/json" }));
  }

  /** See the contract at the top of this file. */
  function connect(options) {
    const window = options.window || root;
    const document = options.document || window.document;
    const env = {
      fetch: (...args) => window.fetch(...args),
      beacon: beaconOf(window),
      now: Date.now,
      random: Math.random,
      setTimeout: (...args) => setTimeout(...args),
      clearTimeout: (timer) => clearTimeout(timer),
      turnsPage: () => false,
      inUse: () => document.visibilityState !== "hidden",
      aliveSeconds: 0,
      autoCommitSeconds: 60,
      journal: "default",
      ...Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)),
    };
    const storages = options.storage ? [].concat(options.storage) : browserStorages();
    const kept = keeper(env.journal, randomKey(), storages, env.now);
    /** Calls back; an error of the page's must not stop the journal, and surfaces by itself. */
    function tell(name, ...args) {
      try {
        if (options[name]) options[name](...args);
      } catch (error) {
        env.setTimeout(() => {
          throw error;
        }, 0);
      }
    }

    /** @type {null | {id: string | null, api: object | null, changes: Map<string, string>, initialized: boolean, end: string | null, endSent: boolean, readOnly: boolean, timedOut: boolean, standard: string}} */
    let session = null;
    /** The request under way; `rest` follows it where an earlier page left it. @type {null | {body: object, attempts: number, rest?: object[], done?: () => void}} */
    let flight = null;
    /** A navigation waiting to be sent or answered. @type {null | {navigate: object, byLearner: boolean, waiters: object[]}} */
    let navigation = null;
    let wanted = false; // something has asked for what is unsent to be sent
    let seq = 0;
    let batch = Infinity; // changes a request may carry; smaller after 413
    let held = false; // the learner has used a control
    let turning = false; // the content has ended while it leaves its page for another one
    let leaving = false; // pagehide has come: answers may not arrive any more
    let stopped = null; // {kind: "ended" | "superseded", code, message}
    let failing = false; // the last attempt had no answer
    let offline = false; // the browser says so
    let flushing = false;
    let requestValid = {};
    let keepaliveBytes = 0;
    const timers = { retry: null, commit: null, save: null, pump: null, end: null, alive: null };
    let heard = env.now(); // when the server last answered
    const settlers = [];
    let lastStatus = "";
    /** Calls the trace has still to carry to the server. @type {object[]} */
    const traced = [];

    // ── what is to be sent

    const unsent = () => (session ? session.changes.size : 0);
    const isFinal = (body) => Boolean(body.end || body.navigate);
    const hasWork = () => Boolean(navigation || (session && session.end && !session.endSent) || wanted);

    /** The next request: everything unacknowledged. Ends and navigations wait until all changes fit in. */
    function build(extra) {
      const all = session ? Array.from(session.changes) : [];
      const part = all.slice(0, batch);
      const complete = part.length === all.length;
      wanted = !complete;
      return {
        session: session ? session.id : null,
        seq: ++seq,
        key: randomKey(),
        changes: Object.fromEntries(part),
        initialized: Boolean(session && session.initialized),
        end: complete && session && !session.endSent ? session.end : null,
        navigate: complete && navigation ? navigation.navigate : null,
        ...(options.trace ? { trace: tracePart(extra ? TRACED_LAST_BYTES : TRACED_BYTES) } : {}),
        ...extra,
      };
    }

    // ── the trace: calls of the content, and what the server refused, for whoever looks for a fault

    /** Content may say what no JSON reader takes, and a cut may go through a pair: that must not refuse the whole request. */
    function short(text) {
      const part = text.length > TRACED_LENGTH ? `${text.slice(0, TRACED_LENGTH)}… (${text.length})` : text;
      return part.replace(UNSTORABLES, "\ufffd");
    }

    function note({ at, call, args, result, error }) {
      if (!options.trace) return;
      traced.push({ at, call, args: args.slice(0, TRACED_ARGUMENTS).map(short), result: short(result), error });
      // A page that cannot send must not grow without end: the newest calls say what went wrong.
      if (traced.length > TRACED_CALLS) traced.shift();
    }

    /** As many calls as one request takes along; a page that may be going away has little room. */
    function tracePart(room) {
      let count = 0;
      while (count < traced.length && room > 0) {
        room -= JSON.stringify(traced[count]).length;
        count += 1;
      }
      return traced.splice(0, count);
    }

    function pump() {
      report();
      if (stopped || flight || !hasWork() || (turning && !navigation)) return;
      stopTimer("commit");
      stopTimer("pump");
      flight = { body: build(), attempts: 0 };
      save();
      transmit(flight, false);
    }

    // ── sending, and reading answers

    function transmit(mine, keepalive) {
      report();
      const text = JSON.stringify(mine.body);
      const size = keepalive ? bytes(text) : 0;
      keepaliveBytes += size;
      const abort = typeof AbortController === "function" ? new AbortController() : null;
      const timer = abort && env.setTimeout(() => abort.abort(), ANSWER_WITHIN);
      const headers = { "Content-Type": "application/json", ...(options.language ? { "Accept-Language": options.language } : {}) };
      const request = { method: "POST", headers, body: text, keepalive, credentials: "omit", signal: abort ? abort.signal : undefined };
      let sending;
      try {
        sending = Promise.resolve(env.fetch(env.endpoint, request));
      } catch (refused) {
        sending = Promise.reject(refused);
      }
      sending
        .then(async (response) => ({ response, answer: await jsonOf(response) }))
        .then(({ response, answer }) => received(mine, response, answer), () => lost(mine))
        .finally(() => {
          keepaliveBytes -= size;
          if (timer) env.clearTimeout(timer);
        });
    }

    async function jsonOf(response) {
      try {
        return await response.json();
      } catch (notJson) {
        return null;
      }
    }

    function received(mine, response, answer) {
      const { status } = response;
      if (status >= 200 && status < 300 && answer && typeof answer === "object" && "state" in answer) return accepted(mine, answer);
      const error = { status, code: "", message: "", ...(answer && answer.error) };
      if (status === 409) return overtaken(mine, error);
      const final = status >= 400 && status < 500 && !RETRIED.has(status);
      if (final && mine !== flight) return undefined;
      if (OVER.has(status)) return over(mine, error);
      if (final) return refused(mine, error);
      // 5xx, 429, or a 200 that is no answer of ours (a captive portal).
      const after = Number(response.headers && response.headers.get && response.headers.get("Retry-After"));
      return lost(mine, after > 0 ? after * 1000 : 0);
    }

    /** What the request carried is stored: the same values leave the journal; later ones stay. */
    function acknowledge(body) {
      if (!session || session.id !== body.session) return;
      for (const [element, value] of Object.entries(body.changes)) {
        if (session.changes.get(element) === value) session.changes.delete(element);
      }
      if (body.end) session.endSent = true;
    }

    function accepted(mine, answer) {
      failing = false;
      heard = env.now();
      acknowledge(mine.body);
      if (mine === flight) {
        stopTimer("retry");
        flight = null;
      }
      const answered = mine.body.navigate && navigation && navigation.navigate === mine.body.navigate ? navigation : null;
      if (answered) navigation = null;
      if (answered || mine.body.end) held = false;
      if (session && session.endSent && !session.changes.size) session = null;
      if (mine.done) return mine.done();
      requestValid = requestValidSeed(answer.requestValid || {});
      if (session && session.api) session.api.model.seed(requestValid);
      tell("onAnswer", answer, mine.body);
      if (answered) answered.waiters.forEach(({ resolve }) => resolve(answer));
      save();
      pump();
      settle();
      return undefined;
    }

    /** No answer: the same request goes again, later. */
    function lost(mine, after) {
      if (mine !== flight || stopped) return;
      mine.lasting = false;
      failing = true;
      mine.attempts += 1;
      const grown = Math.min(LONGEST_DELAY, FIRST_DELAY * 2 ** (mine.attempts - 1));
      const delay = after || grown * (0.5 + env.random() / 2);
      startTimer("retry", delay, retry);
      save();
      report();
    }

    function retry() {
      stopTimer("retry");
      if (flight && !stopped) transmit(flight, false);
    }

    /** 409: this request came after a later one of ours, or a newer launch has taken over. */
    function overtaken(mine, error) {
      if (mine !== flight) return;
      if (mine.done) mine.done();
      else stop("superseded", error);
    }

    /** 401, 403, 404, 410: the launch is over; for what an earlier page left, perhaps only its session. */
    function over(mine, error) {
      if (mine.done && (error.status === 404 || error.status === 410)) mine.done();
      else stop("ended", error);
    }

    /** Nothing more is sent. What is unsent stays in storage for the next launch. */
    function stop(kind, error) {
      save();
      const recovering = flight && flight.done;
      flight = null;
      failing = false;
      stopped = { kind, ...error, code: error.code || kind };
      if (recovering) recovering();
      Object.keys(timers).forEach(stopTimer);
      rejectNavigation(stopped);
      tell(kind === "superseded" ? "onSuperseded" : "onEnded", { code: stopped.code, message: stopped.message });
      report();
      settle();
    }

    function rejectNavigation(reason) {
      const waiters = navigation ? navigation.waiters : [];
      navigation = null;
      held = false;
      waiters.forEach(({ reject }) => reject(asError(reason)));
    }

    function asError({ code, message, status: number }) {
      return Object.assign(new Error(message || code), { code, status: number });
    }

    /** 400 and its like: what the server will not take leaves the journal, all else goes on. */
    function refused(mine, error) {
      failing = false;
      const { body } = mine;
      const sent = Object.keys(body.changes);
      const named = (error.elements || (error.element ? [error] : [])).filter(({ element }) => sent.includes(element));
      if (mine.done) return refusedOfEarlier(mine, named, error);
      flight = null;
      if (error.status === 413 && sent.length > 1) {
        batch = Math.ceil(sent.length / 2);
        wanted = true;
      } else if (named.length) {
        named.forEach((problem) => drop(body, problem.element, problem));
        wanted = true;
      } else if (sent.length) {
        tell("onRefused", error);
        sent.forEach((element) => drop(body, element, error));
        wanted = isFinal(body) || unsent() > 0;
      } else {
        tell("onRefused", error);
        if (body.end && session) session.endSent = true;
        if (body.navigate) rejectNavigation(error);
      }
      save();
      pump();
      settle();
      return undefined;
    }

    /** The same for what an earlier page left: nobody but this page has it any more. */
    function refusedOfEarlier({ body, rest, done }, named, error) {
      named.forEach((problem) => drop(body, problem.element, problem));
      const changes = Object.entries(body.changes).filter(([element]) => !named.some((problem) => problem.element === element));
      const part = (some) => ({ ...body, seq: 0, key: randomKey(), changes: Object.fromEntries(some) });
      const half = Math.ceil(changes.length / 2);
      if (named.length) rest.unshift(part(changes));
      else if (error.status === 413 && half < changes.length) {
        rest.unshift({ ...part(changes.slice(0, half)), end: null, navigate: null }, part(changes.slice(half)));
      }
      done();
    }

    function drop(body, element, { code, message }) {
      if (session && session.changes.get(element) === body.changes[element]) session.changes.delete(element);
      note({ at: env.now(), call: "refused", args: [element, body.changes[element]], result: message || "", error: String(code) });
      tell("onDropped", { element, code, message });
    }

    // ── sending when the page may be going away

    function flush() {
      flushing = false;
      if (stopped || (flight && flight.done) || !(flight || hasWork() || unsent())) return save();
      save();
      stopTimer("retry");
      stopTimer("commit");
      if (flight && flight.lasting && carriesAll(flight.body)) return undefined;
      if (flight && isFinal(flight.body)) return transmitLast(flight.body, flight);
      const body = build(leaving ? { leaving: true } : {});
      flight = { body, attempts: flight ? flight.attempts : 0 };
      save();
      return transmitLast(body, flight);
    }

    /** Is there nothing to say beyond this request? Browsers fire pagehide and visibilitychange one after the other. */
    function carriesAll(body) {
      const changes = session ? Array.from(session.changes) : [];
      const ends = !session || !session.end || session.endSent || body.end === session.end;
      return ends && (!navigation || navigating()) && changes.every(([element, value]) => own(body.changes, element) === value);
    }

    /** Once, when the content's handler has returned: each of its calls alone would use up the 64 KiB. */
    function flushSoon() {
      if (flushing) return;
      flushing = true;
      Promise.resolve().then(flush);
    }

    function transmitLast(body, mine) {
      const room = KEEPALIVE_BYTES - keepaliveBytes;
      if (bytes(JSON.stringify(body)) <= room) return keepalive(mine);
      // Too much for a request that outlives the page. While the page lives an ordinary one carries it;
      // a page that dies sends what fits, and storage keeps the rest for the next page.
      if (!leaving) return transmit(mine, false);
      const fitting = fit(body, room);
      save();
      if (fitting) keepalive({ body: fitting, attempts: 0 });
      return transmit(mine, false);
    }

    /** The request with as many changes as fit, but no end: the rest has still to come. null when nothing fits. */
    function fit(body, room) {
      const part = { ...body, key: randomKey(), changes: {}, end: null, navigate: null, trace: [] };
      let size = bytes(JSON.stringify(part));
      for (const [element, value] of Object.entries(body.changes)) {
        const more = bytes(JSON.stringify({ [element]: value }));
        if (size + more > room) continue;
        size += more;
        part.changes[element] = value;
      }
      // The whole request follows with a higher seq, so that the server takes it whichever comes first.
      body.seq = ++seq;
      return Object.keys(part.changes).length ? part : null;
    }

    function keepalive(mine) {
      mine.lasting = true;
      const without = typeof window.Request === "function" && !("keepalive" in window.Request.prototype);
      if (!without || !env.beacon(env.endpoint, JSON.stringify(mine.body))) return transmit(mine, true);
      // A beacon has no answer: a page that lives on asks again, with the same key.
      if (mine === flight) startTimer("retry", BEACON_CHECKED_AFTER, retry);
      return undefined;
    }

    // ── storage, timers, status

    function save() {
      stopTimer("save");
      const last = flight && !flight.done && isFinal(flight.body) ? flight.body : null;
      if (!unsent() && !last && !(session && session.end && !session.endSent)) return kept.clear();
      return kept.save({
        session: session ? session.id : last && last.session,
        seq,
        changes: session ? Array.from(session.changes) : [],
        initialized: Boolean(session && session.initialized),
        end: session ? session.end : null,
        last,
      });
    }

    function startTimer(name, delay, action) {
      stopTimer(name);
      timers[name] = env.setTimeout(() => {
        timers[name] = null;
        action();
      }, delay);
    }

    function stopTimer(name) {
      if (timers[name] !== null) env.clearTimeout(timers[name]);
      timers[name] = null;
    }

    function status() {
      const state = failing || offline ? "offline" : flight || unsent() ? "saving" : "saved";
      return {
        state,
        unsent: unsent(),
        session: session ? session.id : null,
        superseded: Boolean(stopped && stopped.kind === "superseded"),
        ended: Boolean(stopped && stopped.kind === "ended"),
      };
    }

    function report() {
      const { state, unsent: left } = status();
      if (`${state} ${left}` === lastStatus) return;
      lastStatus = `${state} ${left}`;
      tell("onStatus", { state, unsent: left });
    }

    function settle() {
      if (!stopped && (flight || hasWork() || unsent())) return;
      settlers.splice(0).forEach((resolve) => resolve());
    }

    /** A film, a long text: the content says nothing for as long as they take, and the launch must not end meanwhile. */
    function stayAlive() {
      if (stopped || !env.aliveSeconds) return;
      const left = env.aliveSeconds - (env.now() - heard) / 1000;
      startTimer("alive", Math.min(LOOKS_EVERY, left > 0 ? left : env.aliveSeconds) * 1000, stayAlive);
      if (left > 0 || !env.inUse()) return;
      wanted = true;
      pump();
    }

    // ── what the API of the open activity says

    function send() {
      wanted = true;
      if (leaving) flushSoon();
      // Not at once: Commit and the Terminate that follows it make one request.
      else startTimer("pump", 0, pump);
    }

    function listenTo(mine) {
      const event = (name) => env.setTimeout(() => tell("onSession", { session: mine.id, event: name }), 0);
      return {
        onInitialize() {
          mine.initialized = true;
          startTimer("commit", 2000, send);
          event("initialized");
        },
        onChange(element, value) {
          // adl.nav.request travels as `navigate`, once, with the end of the session.
          if (mine.readOnly || element === "adl.nav.request") return;
          if (mine.timedOut && EXITS.has(element)) return;
          mine.changes.set(element, value);
          const patience = kept.lasts() ? env.autoCommitSeconds : Math.min(env.autoCommitSeconds, MEMORY_WAITS);
          if (timers.commit === null) startTimer("commit", patience * 1000, send);
          if (timers.save === null) startTimer("save", 250, save);
          if (leaving) flushSoon();
        },
        onCommit() {
          if (stopped) return false;
          event("committed");
          save();
          send();
          return true;
        },
        onTerminate(navigate) {
          mine.end = "terminate";
          stopTimer("pump");
          if (navigate && !held && !navigation) navigation = { navigate, byLearner: false, waiters: [] };
          save();
          event("terminated");
          if (leaving) flushSoon();
          else startTimer("end", 0, terminated);
        },
        onTrace:
          (options.onTrace || options.trace) &&
          ((entry) => {
            note(entry);
            tell("onTrace", { session: mine.id, ...entry });
          }),
      };
    }

    /** Where the content ended because its page leads to another part, the learner goes there: the end does not decide it. */
    function terminated() {
      turning = !navigation && env.turnsPage();
      if (turning) startTimer("end", ARRIVES_WITHIN, afterTerminate);
      else afterTerminate();
    }

    /** Terminate has returned to the content; now its end, and what it wants next, go out in one request. */
    function afterTerminate() {
      turning = false;
      if (navigation && !navigation.byLearner) tell("onNavigate", { ...navigation.navigate });
      pump();
    }

    /** Is the pending navigation under way to the server already? */
    function navigating() {
      return Boolean(flight && navigation && flight.body.navigate === navigation.navigate);
    }

    /** Ends the open session without Terminate; calls that the content still makes are answered as after Terminate. */
    function leave() {
      if (!session) return;
      if (session.api) session.api.end();
      if (!session.end) session.end = "unload";
    }

    // ── what an earlier page of this journal left

    /** Delivers one record: its last request once more with its key, or its changes and the end it did not see. */
    function deliver([key, record]) {
      return new Promise((resolve) => {
        seq = Math.max(seq, Number(record.seq) || 0);
        const requests = recoveredRequests(record);
        const next = () => {
          const body = requests.shift();
          if (!body) {
            kept.forget(key);
            resolve();
            return;
          }
          const done = () => {
            flight = null;
            if (stopped) resolve();
            else next();
          };
          flight = { body: { ...body, seq: body.seq || ++seq }, attempts: 0, rest: requests, done };
          transmit(flight, false);
        };
        next();
      });
    }

    function recoveredRequests({ session: id, changes, initialized, end, last }) {
      const known = last ? Object.keys(last.changes).length >= changes.length : false;
      // Continue and Choice were meant for a page that is gone; leaving the course still counts.
      const repeat = last && known && (!last.navigate || LEAVES_COURSE.has(last.navigate.request));
      if (repeat) return [last];
      if (!id) return [];
      const rest = Object.fromEntries(changes);
      return [{ session: id, key: randomKey(), changes: rest, initialized, end: end || "unload", navigate: null }];
    }

    // ── events of the page

    const listeners = [
      [window, "online", () => online(true)],
      [window, "offline", () => online(false)],
      [window, "pagehide", () => ((leaving = true), flush())],
      [window, "pageshow", () => ((leaving = false), pump())],
      [document, "visibilitychange", () => document.visibilityState === "hidden" && flush()],
    ].filter(([target]) => target && target.addEventListener);
    listeners.forEach(([target, name, listener]) => target.addEventListener(name, listener));

    function online(now) {
      offline = !now;
      if (now && timers.retry !== null) retry();
      report();
    }

    function install(api) {
      for (const name of ["API", "API_1484_11"]) {
        if (api && api[name]) window[name] = api[name];
        else delete window[name];
      }
    }

    function navigate({ request, target = null }) {
      if (stopped) return Promise.reject(asError(stopped));
      leave();
      if (!navigating()) navigation = { navigate: { request, target }, byLearner: true, waiters: navigation ? navigation.waiters : [] };
      const promise = new Promise((resolve, reject) => navigation.waiters.push({ resolve, reject }));
      pump();
      return promise;
    }

    return {
      /** @returns {Promise<object>} */
      async start(first = { request: "start" }) {
        stayAlive();
        for (const record of kept.left()) {
          if (!stopped) await deliver(record);
        }
        return navigate(first);
      },
      open(activity) {
        if (session && session.api) session.api.end();
        session = { id: activity.session, api: null, changes: new Map(), initialized: false, end: null, endSent: false, readOnly: Boolean(activity.readOnly), timedOut: false, standard: activity.standard };
        held = false;
        const { standard, settings, access, cmi } = activity;
        session.api = create({ standard, tables: options.tables, settings, access, seed: { ...cmi, ...requestValid }, now: env.now, ...listenTo(session) });
        install(session.api);
        return { API: session.api.API, API_1484_11: session.api.API_1484_11 };
      },
      timeOut() {
        if (!session || session.end || session.readOnly) return false;
        session.timedOut = true;
        const name = family(session.standard) === "scorm_1_2" ? "cmi.core.exit" : "cmi.exit";
        session.changes.set(name, "time-out");
        save();
        return true;
      },
      hold() {
        held = true;
        if (navigation && !navigation.byLearner && !navigating()) navigation = null;
      },
      navigate,
      arrived() {
        if (!turning) return;
        stopTimer("end");
        afterTerminate();
      },
      unloaded() {
        if (!session || session.end) return;
        leave();
        save();
        send();
      },
      flush,
      settled: () =>
        new Promise((resolve) => {
          settlers.push(resolve);
          wanted = wanted || unsent() > 0;
          pump();
          settle();
        }),
      status,
      lasts: kept.lasts,
      atRisk() {
        if (kept.lasts() || stopped) return false;
        // What fits into the last request goes out with the page, where there is a line.
        const left = session ? Array.from(session.changes) : [];
        const waits = left.length > 0 || Boolean(navigation || (session && session.end && !session.endSent));
        return waits && (failing || offline || bytes(JSON.stringify(left)) > KEEPALIVE_BYTES - 1024);
      },
      close() {
        Object.keys(timers).forEach(stopTimer);
        listeners.forEach(([target, name, listener]) => target.removeEventListener(name, listener));
        install(null);
      },
    };
  }

  /** `requestValid` of an answer as elements of the data model. */
  function requestValidSeed(requestValid) {
    const seed = {};
    for (const [request, answer] of Object.entries(requestValid)) {
      if (typeof answer === "string") seed[`adl.nav.request_valid.${request}`] = answer;
      else for (const [target, valid] of Object.entries(answer || {})) seed[`adl.nav.request_valid.${request}.{target=${target}}`] = valid;
    }
    return seed;
  }

  return { connect, create, model };
});
