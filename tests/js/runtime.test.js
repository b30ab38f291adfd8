"use strict";
// The journal and the transport of static/scorm_api.js: what the content said reaches the server, whatever happens to
// requests, network, page and storage.
const assert = require("node:assert/strict");
const { test } = require("node:test");
const { settle, clock, storage, server, page, ACTIVITY } = require("./support.js");

const started = (options) => {
  const each = page(options);
  each.api.Initialize("");
  return each;
};
const set = (api, changes) => Object.entries(changes).forEach(([element, value]) => assert.equal(api.SetValue(element, value), "true", element));
const keysOf = (store) => [...store.items.keys()];

// ── commits

test("Commit sends every change since the last acknowledged request, in the order of the sets", async () => {
  const { api, back, time, runtime } = started();
  set(api, { "cmi.interactions.0.id": "q", "cmi.interactions.0.type": "choice", "cmi.interactions.0.learner_response": "a", "cmi.location": "1" });
  api.SetValue("cmi.interactions.0.id", "q1");
  assert.equal(api.Commit(""), "true");
  await time.pass(0);
  const { body } = back.requests[0];
  assert.deepEqual(Object.keys(body.changes), ["cmi.interactions.0.id", "cmi.interactions.0.type", "cmi.interactions.0.learner_response", "cmi.location"]);
  assert.deepEqual({ ...body, key: "", changes: 0 }, { session: "s1", seq: 1, key: "", changes: 0, initialized: true, end: null, navigate: null });
  assert.equal(body.changes["cmi.interactions.0.id"], "q1");
  assert.deepEqual(runtime.status(), { state: "saved", unsent: 0, session: "s1", superseded: false, ended: false });
  set(api, { "cmi.location": "2" });
  api.Commit("");
  await time.pass(0);
  assert.deepEqual(back.requests[1].body.changes, { "cmi.location": "2" });
  assert.equal(back.requests[1].body.seq, 2);
  assert.notEqual(back.requests[1].body.key, body.key);
});

test("one request is under way at a time; what is set meanwhile goes with the next", async () => {
  let answer;
  const { api, back, time } = started();
  back.troubleWith((body) => (body.seq === 1 ? (handle) => new Promise((resolve) => (answer = () => resolve(handle()))) : undefined));
  set(api, { "cmi.location": "1" });
  api.Commit("");
  await time.pass(10);
  set(api, { "cmi.location": "2", "cmi.suspend_data": "x" });
  api.Commit("");
  api.Commit("");
  await time.pass(10);
  assert.equal(back.requests.length, 1);
  answer();
  await time.pass(10);
  assert.equal(back.requests.length, 2);
  assert.deepEqual(back.requests[1].body.changes, { "cmi.location": "2", "cmi.suspend_data": "x" });
  assert.deepEqual(back.stored.s1, { "cmi.location": "2", "cmi.suspend_data": "x" });
});

test("changes that the content never commits are sent after a while", async () => {
  const { api, back, time } = started({ autoCommitSeconds: 20 });
  await time.pass(2500);
  assert.equal(back.requests.length, 1, "the server hears of Initialize soon");
  assert.equal(back.requests[0].body.initialized, true);
  set(api, { "cmi.location": "1" });
  await time.pass(19000);
  assert.equal(back.requests.length, 1);
  await time.pass(2000);
  assert.deepEqual(back.stored.s1, { "cmi.location": "1" });
});

test("buckets travel as their declaration and their data, whole", async () => {
  const { api, back, time } = started();
  set(api, { "ssp.allocate": "{bucketID=b}{requested=40}" });
  set(api, { "ssp.data": "{bucketID=b}one" });
  set(api, { "ssp.appendData": "{bucketID=b}, two" });
  assert.equal(api.SetValue("ssp.appendData", "{bucketID=b}, and far too much of it"), "false");
  assert.deepEqual([api.GetLastError(), api.GetDiagnostic("")], ["351", "General Set Failure: ssp.appendData: the bucket is too small for this"]);
  api.Commit("");
  await time.pass(0);
  assert.deepEqual(back.requests[0].body.changes, {
    "ssp.0.declaration": "{bucketID=b}{requested=40}{minimum=0}{reducible=false}{persistence=learner}{type=}",
    "ssp.0.data": "one, two",
  });
});

test("a page in use whose content is silent says now and then that it is there", async () => {
  const { back, time, document, runtime } = page({ open: false, aliveSeconds: 600 });
  runtime.start();
  await time.pass(0);
  const api = runtime.open(ACTIVITY).API_1484_11;
  api.Initialize("");
  await time.pass(2000);
  const before = back.requests.length;
  await time.pass(9 * 60_000);
  assert.equal(back.requests.length, before);
  await time.pass(2 * 60_000);
  assert.deepEqual(back.requests.slice(before).map(({ body }) => [body.session, body.changes, body.end]), [["s1", {}, null]]);
  document.visibilityState = "hidden";
  await time.pass(30 * 60_000);
  assert.equal(back.requests.length, before + 1, "a page nobody sees may end");
  document.visibilityState = "visible";
  await time.pass(60_000);
  assert.equal(back.requests.length, before + 2);
  set(api, { "cmi.location": "1" });
  api.Commit("");
  await time.pass(9 * 60_000);
  assert.equal(back.requests.length, before + 3, "what the content says is a word as well");
});

test("the silence is as long as it should be, again and again", async () => {
  const { back, time, runtime } = page({ open: false, aliveSeconds: 45 });
  const times = [];
  back.troubleWith(() => void times.push(Math.round((time.now() - 1_000_000) / 1000)));
  runtime.start();
  runtime.open(ACTIVITY);
  await time.pass(200_000);
  assert.deepEqual(times, [0, 45, 90, 135, 180]);
});

test("a refused SetValue is not journaled; session_time is passed on as it is", async () => {
  const { api, back, time } = started();
  assert.equal(api.SetValue("cmi.exit", "nonsense"), "false");
  assert.equal(api.SetValue("cmi.learner_id", "x"), "false");
  set(api, { "cmi.session_time": "PT10S" });
  set(api, { "cmi.session_time": "PT20S" });
  api.Commit("");
  await time.pass(0);
  assert.deepEqual(back.requests[0].body.changes, { "cmi.session_time": "PT20S" });
});

test("a trace takes every call along once, shortened, and what the server refused; without it nothing", async () => {
  const plain = started();
  set(plain.api, { "cmi.location": "1" });
  plain.api.Commit("");
  await plain.time.pass(0);
  assert.equal("trace" in plain.back.requests[0].body, false);

  const { api, back, time } = started({ trace: true });
  set(api, { "cmi.suspend_data": "x".repeat(5000) });
  api.SetValue("cmi.nonsense", "1");
  api.Commit("");
  await time.pass(0);
  const calls = back.requests[0].body.trace;
  assert.deepEqual(calls.map(({ call, args, result, error }) => [call, args[0], result, error]), [
    ["Initialize", "", "true", "0"], ["SetValue", "cmi.suspend_data", "true", "0"], ["SetValue", "cmi.nonsense", "false", "401"],
    ["Commit", "", "true", "0"],
  ]);
  assert.ok(calls[1].args[1].length < 2100 && calls[1].args[1].endsWith("(5000)"));
  api.GetValue("cmi.location");
  set(api, { "cmi.location": "2" });
  api.Commit("");
  await time.pass(0);
  assert.deepEqual(back.requests[1].body.trace.map(({ call }) => call), ["GetValue", "SetValue", "Commit"]);
});

test("what content says in a call is no reason to refuse the request that tells of it", async () => {
  const { api, back, time } = started({ trace: true });
  set(api, { "cmi.suspend_data": `x${"\u{1f642}".repeat(3000)}` });
  api.SetValue("cmi.location", "a\u0000b\ud83d");
  api.SetValue("cmi.location", ...Array(12).fill("x"));
  api.Commit("");
  await time.pass(0);
  const [, cut, odd, long] = back.requests[0].body.trace;
  assert.ok(cut.args[1].isWellFormed() && cut.args[1].endsWith("(6001)"));
  assert.equal(odd.args[1], "a\ufffdb\ufffd");
  assert.equal(long.args.length, 8, "the most that the server takes");
});

test("a page that goes away takes along only as much of a trace as its last request has room for", async () => {
  const { api, back, time, window } = started({ trace: true });
  for (let i = 0; i < 4000; i++) api.GetValue("cmi.learner_name");
  set(api, { "cmi.location": "1" });
  window.fire("pagehide");
  await time.pass(0);
  assert.deepEqual(back.stored.s1, { "cmi.location": "1" });
  assert.ok(JSON.stringify(back.requests[0].body.trace).length < 20_000);
});

test("an ordinary request takes the whole trace along", async () => {
  const { api, back, time } = started({ trace: true });
  for (let i = 0; i < 4000; i++) api.GetValue("cmi.learner_name");
  api.Terminate("");
  await time.pass(0);
  assert.equal(back.requests[0].body.trace.length, 3000, "the newest of them");
  assert.equal(back.requests[0].body.trace[2999].call, "Terminate");
});

test("in review nothing is written, the session still ends", async () => {
  const { api, back, time } = started({ activity: { ...ACTIVITY, readOnly: true } });
  set(api, { "cmi.location": "1" });
  assert.equal(api.GetValue("cmi.location"), "1");
  api.Commit("");
  api.Terminate("");
  await time.pass(10);
  assert.deepEqual(back.stored.s1, {});
  assert.equal(back.ended.s1, "terminate");
});

// ── trouble on the way

test("a lost request is repeated with the same key until it is answered", async () => {
  const { api, back, time, heard } = started();
  back.troubleWith((body, number) => (number < 3 ? "lost" : undefined));
  set(api, { "cmi.location": "1" });
  api.Commit("");
  await time.pass(0);
  assert.equal(heard.onStatus.at(-1)[0].state, "offline");
  await time.pass(60000);
  assert.equal(back.requests.length, 4);
  assert.equal(new Set(back.requests.map(({ body }) => body.key)).size, 1);
  assert.deepEqual(back.stored.s1, { "cmi.location": "1" });
  assert.deepEqual(heard.onStatus.at(-1)[0], { state: "saved", unsent: 0 });
});

test("the waits between attempts grow, with jitter, up to half a minute", async () => {
  const times = [];
  const time = clock();
  const back = server();
  back.troubleWith(() => (times.push(time.now()), "lost"));
  let dice = 0;
  const { api } = started({ back, time, random: () => [0, 1][dice++ % 2] });
  set(api, { "cmi.location": "1" });
  api.Commit("");
  await time.pass(300000);
  const waits = times.slice(1).map((at, i) => at - times[i]);
  assert.deepEqual(waits.slice(0, 7), [500, 2000, 2000, 8000, 8000, 30000, 15000]);
});

test("a lost answer: the repeated request is recognised by its key and stored once", async () => {
  const { api, back, time } = started();
  back.troubleWith((body, number) => (number === 0 ? "answer lost" : undefined));
  set(api, { "cmi.location": "1" });
  api.Commit("");
  await time.pass(5000);
  assert.equal(back.requests.length, 2);
  assert.equal(back.requests[0].body.key, back.requests[1].body.key);
  assert.deepEqual(back.stored.s1, { "cmi.location": "1" });
});

test("a lost answer to a navigation does not navigate twice", async () => {
  const { api, back, time, runtime } = started();
  back.troubleWith((body, number) => (number < 2 ? "answer lost" : undefined));
  set(api, { "cmi.location": "1" });
  const answered = runtime.navigate({ request: "continue" });
  await time.pass(10000);
  assert.equal((await answered).state, "content");
  assert.deepEqual(back.navigations, [{ request: "continue", target: null }]);
  assert.equal(back.ended.s1, "unload");
});

test("offline for 60 s: the content goes on, nothing is lost, the banner comes and goes", async () => {
  const { api, back, time, window, heard } = started();
  let down = true;
  back.troubleWith(() => (down ? "lost" : undefined));
  window.fire("offline");
  assert.equal(heard.onStatus.at(-1)[0].state, "offline");
  for (let second = 0; second < 60; second++) {
    set(api, { "cmi.location": String(second), [`cmi.objectives.${second}.id`]: `o${second}` });
    assert.equal(api.Commit(""), "true");
    await time.pass(1000);
  }
  assert.equal(back.stored.s1, undefined);
  down = false;
  window.fire("online");
  await time.pass(0);
  assert.equal(back.stored.s1["cmi.location"], "59");
  assert.equal(Object.keys(back.stored.s1).length, 61);
  assert.deepEqual(heard.onStatus.at(-1)[0], { state: "saved", unsent: 0 });
});

test("online again while nothing waits only takes the banner away", async () => {
  const { back, time, window, heard } = page();
  window.fire("offline");
  window.fire("online");
  await time.pass(100);
  assert.equal(back.requests.length, 0);
  assert.equal(heard.onStatus.at(-1)[0].state, "saved");
});

test("5xx, 429 and pages that are no answer are trouble, not refusals; Retry-After is honoured", async () => {
  for (const bad of [{ status: 503 }, { status: 429, headers: { "Retry-After": "7" } }, { status: 200, body: null }, { status: 200, body: { hello: "hotel wifi" } }]) {
    const { api, back, time, heard } = started();
    back.troubleWith((body, number) => (number === 0 ? bad : undefined));
    set(api, { "cmi.location": "1" });
    api.Commit("");
    await time.pass(900);
    assert.equal(back.requests.length, 1);
    await time.pass(7000);
    assert.deepEqual(back.stored.s1, { "cmi.location": "1" }, JSON.stringify(bad));
    assert.deepEqual([heard.onEnded, heard.onRefused, heard.onDropped], [[], [], []]);
  }
  const { api, back, time } = started();
  back.troubleWith((body, number) => (number === 0 ? { status: 429, headers: { "Retry-After": "7" } } : undefined));
  set(api, { "cmi.location": "1" });
  api.Commit("");
  await time.pass(6900);
  assert.equal(back.requests.length, 1);
});

test("a request without an answer is given up after half a minute and repeated", async () => {
  const { api, back, time } = started();
  back.troubleWith((body, number) => {
    if (number > 0) return undefined;
    return () => new Promise((resolve, reject) => time.setTimeout(() => reject(new Error("AbortError")), 30000));
  });
  set(api, { "cmi.location": "1" });
  api.Commit("");
  await time.pass(40000);
  assert.equal(back.requests.length, 2);
  assert.deepEqual(back.stored.s1, { "cmi.location": "1" });
});

// ── refusals

test("400 naming an element: that one is dropped and reported, the others are stored", async () => {
  const { api, back, time, heard } = started();
  back.troubleWith((body) => ("cmi.location" in body.changes ? { status: 400, error: { code: "invalid_value", message: "no", element: "cmi.location" } } : undefined));
  set(api, { "cmi.location": "1", "cmi.suspend_data": "x" });
  api.Terminate("");
  await time.pass(100);
  assert.deepEqual(back.stored.s1, { "cmi.suspend_data": "x" });
  assert.equal(back.ended.s1, "terminate");
  assert.deepEqual(heard.onDropped, [[{ element: "cmi.location", code: "invalid_value", message: "no" }]]);
  assert.notEqual(back.requests[0].body.key, back.requests[1].body.key);
  assert.equal(back.requests[1].body.seq, 2);
});

test("400 naming several elements drops them all at once", async () => {
  const { api, back, time, heard } = started();
  const elements = [{ element: "cmi.location", code: 406, message: "a" }, { element: "cmi.score.raw", code: 406, message: "b" }];
  back.troubleWith((body, number) => (number === 0 ? { status: 400, error: { code: "invalid", message: "no", elements } } : undefined));
  set(api, { "cmi.location": "1", "cmi.suspend_data": "x", "cmi.score.raw": "1" });
  api.Commit("");
  await time.pass(100);
  assert.equal(back.requests.length, 2);
  assert.deepEqual(back.stored.s1, { "cmi.suspend_data": "x" });
  assert.deepEqual(heard.onDropped.map(([each]) => each), elements);
});

test("400 that names nothing: the changes are given up and reported, end and navigation still go", async () => {
  const { api, back, time, heard } = started();
  back.troubleWith((body, number) => (number === 0 ? { status: 400, error: { code: "bad_request", message: "no" } } : undefined));
  set(api, { "cmi.location": "1", "adl.nav.request": "continue" });
  api.Terminate("");
  await time.pass(100);
  assert.deepEqual(heard.onRefused.map(([each]) => [each.status, each.code]), [[400, "bad_request"]]);
  assert.deepEqual(back.navigations, [{ request: "continue", target: null }]);
  assert.equal(heard.onDropped.length, 1);
});

test("a navigation the server will not have is rejected with the server's code; the page can go on", async () => {
  const { back, time, runtime } = started();
  back.troubleWith((body, number) => (number === 0 ? { status: 400, error: { code: "unknown_request", message: "no such thing" } } : undefined));
  const refused = runtime.navigate({ request: "dance" });
  const reason = assert.rejects(refused, { code: "unknown_request", status: 400, message: "no such thing" });
  await time.pass(100);
  await reason;
  back.troubleWith(() => undefined);
  const again = runtime.navigate({ request: "continue" });
  await time.pass(100);
  assert.equal((await again).state, "content");
});

test("413: the same changes go in smaller requests, the end last", async () => {
  const { api, back, time } = started();
  back.troubleWith((body) => (Object.keys(body.changes).length > 3 ? { status: 413 } : undefined));
  const changes = Object.fromEntries(Array.from({ length: 10 }, (_, i) => [`cmi.objectives.${i}.id`, `o${i}`]));
  set(api, changes);
  api.Terminate("");
  await time.pass(1000);
  assert.deepEqual(back.stored.s1, changes);
  assert.equal(back.ended.s1, "terminate");
  assert.deepEqual(back.requests.filter(({ body }) => body.end).map(({ body }) => Object.keys(body.changes).length).filter((n) => n > 3), [10]);
});

test("413 for a plain commit: the rest follows at once", async () => {
  const { api, back, time } = started();
  back.troubleWith((body) => (Object.keys(body.changes).length > 3 ? { status: 413 } : undefined));
  const changes = Object.fromEntries(Array.from({ length: 10 }, (_, i) => [`cmi.objectives.${i}.id`, `o${i}`]));
  set(api, changes);
  api.Commit("");
  await time.pass(1000);
  assert.deepEqual(back.stored.s1, changes);
});

test("413 for a single value: it is dropped and reported, the others are stored", async () => {
  const { api, back, time, heard } = started();
  back.troubleWith((body) => ("cmi.suspend_data" in body.changes ? { status: 413, error: { code: "too_large", message: "too large" } } : undefined));
  set(api, { "cmi.location": "1", "cmi.suspend_data": "x", "cmi.score.raw": "1" });
  api.Commit("");
  await time.pass(1000);
  assert.deepEqual(back.stored.s1, { "cmi.location": "1", "cmi.score.raw": "1" });
  assert.deepEqual(heard.onDropped.map(([each]) => each.element), ["cmi.suspend_data"]);
});

test("409 from the server: a newer launch has taken over, which is told once; nothing more is sent", async () => {
  const { api, back, time, heard, runtime, store } = started();
  back.troubleWith(() => ({ status: 409, error: { code: "superseded", message: "opened elsewhere" } }));
  set(api, { "cmi.location": "1" });
  api.Commit("");
  await time.pass(100);
  assert.deepEqual(heard.onSuperseded, [[{ code: "superseded", message: "opened elsewhere" }]]);
  set(api, { "cmi.location": "2" });
  assert.equal(api.Commit(""), "false");
  assert.equal(api.GetLastError(), "391");
  await assert.rejects(runtime.navigate({ request: "continue" }), { code: "superseded" });
  await time.pass(100000);
  assert.equal(back.requests.length, 1);
  assert.equal(runtime.status().superseded, true);
  assert.equal(keysOf(store).length, 1, "what was not sent is kept");
});

test("401, 403, 404, 410: the launch is over", async () => {
  for (const status of [401, 403, 404, 410]) {
    const { api, back, time, heard, runtime } = started();
    back.troubleWith(() => ({ status, error: { code: "session_ended", message: "over" } }));
    set(api, { "cmi.location": "1" });
    const answered = assert.rejects(runtime.navigate({ request: "continue" }), { code: "session_ended", status });
    await time.pass(100);
    await answered;
    assert.deepEqual(heard.onEnded, [[{ code: "session_ended", message: "over" }]]);
    assert.equal(runtime.status().ended, true);
  }
});

// ── the end of a session and navigation

test("Terminate returns first; then its end and the content's wish go out in one request", async () => {
  const { api, back, time, heard } = started();
  set(api, { "cmi.exit": "suspend", "adl.nav.request": "{target=item-2}choice" });
  assert.equal(api.Terminate(""), "true");
  assert.deepEqual([heard.onNavigate, back.requests], [[], []], "nothing happens inside Terminate");
  await time.pass(10);
  assert.deepEqual(heard.onNavigate, [[{ request: "choice", target: "item-2" }]]);
  assert.equal(back.requests.length, 1);
  const { end, navigate, changes } = back.requests[0].body;
  assert.deepEqual({ end, navigate, changes }, { end: "terminate", navigate: { request: "choice", target: "item-2" }, changes: { "cmi.exit": "suspend" } });
  assert.equal(heard.onAnswer.length, 1);
});

test("Commit and the Terminate right after it make one request", async () => {
  const { api, back, time, heard } = started();
  set(api, { "cmi.exit": "suspend", "adl.nav.request": "continue" });
  api.Commit("");
  api.Terminate("");
  await time.pass(100);
  assert.equal(back.requests.length, 1);
  assert.equal(back.requests[0].body.end, "terminate");
  assert.deepEqual(heard.onNavigate, [[{ request: "continue", target: null }]]);
});

test("every navigation request of the vocabulary", async () => {
  for (const request of ["continue", "previous", "exit", "exitAll", "abandon", "abandonAll", "suspendAll"]) {
    const { api, back, time } = started();
    set(api, { "adl.nav.request": request });
    api.Terminate("");
    await time.pass(10);
    assert.deepEqual(back.navigations, [{ request, target: null }]);
  }
  const { api, back, time, heard } = started();
  set(api, { "adl.nav.request": "{target=a.b}jump" });
  set(api, { "adl.nav.request": "_none_" });
  api.Terminate("");
  await time.pass(10);
  assert.deepEqual([back.navigations, heard.onNavigate, back.ended.s1], [[], [], "terminate"]);
});

test("the learner's control wins over the content's wish", async () => {
  const { api, back, time, runtime, heard } = started();
  runtime.hold();
  set(api, { "adl.nav.request": "exitAll" }); // in the content's unload handler
  api.Terminate("");
  await time.pass(50);
  const answered = runtime.navigate({ request: "choice", target: "item-3" });
  await time.pass(50);
  assert.equal((await answered).state, "content");
  assert.deepEqual(back.navigations, [{ request: "choice", target: "item-3" }]);
  assert.deepEqual(heard.onNavigate, []);
  assert.equal(back.ended.s1, "terminate");
});

test("the learner's control wins over a wish that still waits for an earlier request", async () => {
  let answer;
  const { api, back, time, runtime } = started();
  back.troubleWith((body) => (body.seq === 1 ? (handle) => new Promise((resolve) => (answer = () => resolve(handle()))) : undefined));
  api.Commit("");
  await time.pass(10);
  set(api, { "adl.nav.request": "exitAll" });
  api.Terminate("");
  await time.pass(10);
  runtime.hold();
  answer();
  await time.pass(10);
  assert.deepEqual(back.navigations, []);
  runtime.navigate({ request: "previous" });
  await time.pass(10);
  assert.deepEqual(back.navigations, [{ request: "previous", target: null }]);
});

test("a control used while the content's wish is under way gets that answer", async () => {
  let answer;
  const { api, back, time, runtime } = started();
  back.troubleWith(() => (handle) => new Promise((resolve) => (answer = () => resolve(handle()))));
  set(api, { "adl.nav.request": "continue" });
  api.Terminate("");
  await time.pass(10);
  runtime.hold();
  const answered = runtime.navigate({ request: "previous" });
  answer();
  await time.pass(10);
  await answered;
  assert.deepEqual(back.navigations, [{ request: "continue", target: null }]);
});

test("a content frame taken away without Terminate ends the session as unload; late calls are answered as after it", async () => {
  const { api, back, time, runtime } = started();
  set(api, { "cmi.location": "9", "adl.nav.request": "exitAll" });
  runtime.unloaded();
  await time.pass(10);
  assert.deepEqual([back.ended.s1, back.stored.s1, back.navigations], ["unload", { "cmi.location": "9" }, []]);
  assert.equal(api.SetValue("cmi.location", "10"), "false");
  assert.equal(api.GetLastError(), "133");
  runtime.unloaded();
  await time.pass(10);
  assert.equal(back.requests.length, 1);
});

test("the time is up: the session's exit is time-out, whatever the content says on its way out", async () => {
  for (const [standard, element] of [["scorm_1_2", "cmi.core.exit"], ["scorm_2004_3", "cmi.exit"]]) {
    const { runtime, back, time } = page({ activity: { ...ACTIVITY, standard } });
    const { API, API_1484_11 } = runtime.open({ ...ACTIVITY, standard });
    const [initialize, write, end] = API ? [API.LMSInitialize, API.LMSSetValue, API.LMSFinish] : [API_1484_11.Initialize, API_1484_11.SetValue, API_1484_11.Terminate];
    initialize("");
    assert.equal(runtime.timeOut(), true);
    runtime.hold();
    assert.equal(write(element, "suspend"), "true");
    assert.equal(end(""), "true");
    runtime.navigate({ request: "exit" });
    await time.pass(10);
    assert.deepEqual(back.stored.s1, { [element]: "time-out" });
    assert.equal(back.ended.s1, "terminate");
    assert.deepEqual(back.navigations, [{ request: "exit", target: null }]);
  }
});

test("the time of a session that has ended, or is only looked at, cannot be up", async () => {
  const { api, runtime, back, time } = started();
  api.Terminate("");
  assert.equal(runtime.timeOut(), false);
  await time.pass(10);
  assert.equal(runtime.timeOut(), false);
  assert.deepEqual(back.stored.s1, {});
  const review = page({ activity: { ...ACTIVITY, readOnly: true } });
  assert.equal(review.runtime.timeOut(), false);
});

test("Terminate and then the frame taken away is one end", async () => {
  const { api, back, time, runtime } = started();
  api.Terminate("");
  runtime.unloaded();
  await time.pass(100);
  assert.deepEqual(back.requests.map(({ body }) => body.end), ["terminate"]);
});

test("content that ends as it turns a page waits for where the page leads", async () => {
  for (const [arrive, expected] of [
    [({ runtime }) => (runtime.hold(), void runtime.navigate({ request: "choice", target: "two" })), [["terminate", "choice"]]],
    [({ runtime }) => runtime.arrived(), [["terminate", null]]],
    [({ time }) => time.pass(3000), [["terminate", null]]],
  ]) {
    const each = started({ turnsPage: () => true });
    set(each.api, { "cmi.location": "9" });
    each.api.Commit("");
    each.api.Terminate("");
    await each.time.pass(100);
    assert.deepEqual(each.back.requests, []);
    await arrive(each);
    await each.time.pass(10);
    assert.deepEqual(each.back.requests.map(({ body }) => [body.end, body.navigate && body.navigate.request]), expected);
    assert.deepEqual(each.back.stored.s1, { "cmi.location": "9" });
  }
});

test("after the end, a navigation carries no session", async () => {
  const { api, back, time, runtime } = started();
  api.Terminate("");
  await time.pass(100);
  runtime.navigate({ request: "continue" });
  await time.pass(100);
  assert.deepEqual(back.requests.map(({ body }) => [body.session, body.end, body.navigate && body.navigate.request, body.seq]), [["s1", "terminate", null, 1], [null, null, "continue", 2]]);
});

test("what may be requested is refreshed by the answers to Commit", async () => {
  const { api, time } = started();
  assert.equal(api.GetValue("adl.nav.request_valid.continue"), "unknown");
  api.Commit("");
  await time.pass(10);
  assert.equal(api.GetValue("adl.nav.request_valid.continue"), "true");
  assert.equal(api.GetValue("adl.nav.request_valid.choice.{target=item-2}"), "false");
});

test("what may be requested is known to the next activity from its first call", async () => {
  const { time, runtime } = started();
  runtime.navigate({ request: "continue" });
  await time.pass(10);
  const { API_1484_11: next } = runtime.open({ ...ACTIVITY, session: "s2" });
  next.Initialize("");
  assert.equal(next.GetValue("adl.nav.request_valid.continue"), "true");
});

test("the API of the activity's standard is on the window before the content loads, be it declared an asset", () => {
  const { runtime, window } = page();
  assert.equal(typeof window.API_1484_11.Initialize, "function");
  assert.equal("API" in window, false);
  runtime.open({ ...ACTIVITY, session: "s2", standard: "scorm_1_2" });
  assert.equal(typeof window.API.LMSInitialize, "function");
  assert.equal("API_1484_11" in window, false);
  runtime.open({ ...ACTIVITY, session: "s3", scormType: "asset" });
  assert.equal(window.API_1484_11.Initialize(""), "true");
});

test("an asset's session ends when the learner goes on", async () => {
  const { back, time, runtime } = page({ activity: { ...ACTIVITY, scormType: "asset" } });
  runtime.navigate({ request: "continue" });
  await time.pass(10);
  const { session, end, initialized } = back.requests[0].body;
  assert.deepEqual([session, end, initialized], ["s1", "unload", false]);
});

test("events of the session are told after the call has returned", async () => {
  const { api, time, heard } = started();
  assert.deepEqual(heard.onSession, []);
  await time.pass(0);
  api.Commit("");
  await time.pass(0);
  api.Terminate("");
  await time.pass(0);
  assert.deepEqual(heard.onSession.map(([each]) => each.event), ["initialized", "committed", "terminated"]);
});

test("an error in a callback of the page does not stop the journal", async () => {
  const thrown = [];
  const time = clock();
  const { api, back } = started({ time, onAnswer: () => { throw new Error("page bug"); }, setTimeout: (action, delay) => time.setTimeout(() => { try { action(); } catch (error) { thrown.push(error.message); } }, delay) });
  for (const value of ["1", "2"]) {
    set(api, { "cmi.location": value });
    api.Commit("");
    await time.pass(10);
  }
  assert.equal(back.stored.s1["cmi.location"], "2");
  assert.deepEqual(thrown, ["page bug", "page bug"]);
});

// ── the page goes away

test("pagehide sends everything unacknowledged at once, in a request that survives the page", async () => {
  const { api, back, time, window } = started();
  back.troubleWith((body) => (body.seq === 1 ? "hangs" : undefined));
  set(api, { "cmi.location": "1" });
  api.Commit("");
  await time.pass(10);
  set(api, { "cmi.suspend_data": "x" });
  window.fire("pagehide");
  await settle();
  assert.equal(back.requests.length, 2);
  const { body, keepalive } = back.requests[1];
  assert.equal(keepalive, true);
  assert.deepEqual([body.seq, body.changes, body.end, body.leaving], [2, { "cmi.location": "1", "cmi.suspend_data": "x" }, null, true]);
});

test("calls in the content's own unload handlers, after pagehide, go out together", async () => {
  const { api, back, window } = started();
  window.fire("pagehide");
  set(api, { "cmi.location": "9", "cmi.exit": "suspend", "cmi.session_time": "PT1M", "adl.nav.request": "suspendAll" });
  api.Commit("");
  api.Terminate("");
  await settle();
  assert.equal(back.requests.length, 1);
  const { body, keepalive } = back.requests[0];
  assert.deepEqual([keepalive, body.end, body.navigate], [true, "terminate", { request: "suspendAll", target: null }]);
  assert.equal(back.stored.s1["cmi.exit"], "suspend");
});

test("a hidden tab commits, and goes on when it is shown again", async () => {
  const { api, back, time, document, window } = started();
  set(api, { "cmi.location": "1" });
  document.visibilityState = "hidden";
  document.fire("visibilitychange");
  await time.pass(10);
  assert.deepEqual([back.requests[0].keepalive, back.requests[0].body.leaving], [true, undefined]);
  assert.deepEqual(back.stored.s1, { "cmi.location": "1" });
  document.visibilityState = "visible";
  document.fire("visibilitychange");
  window.fire("pageshow");
  set(api, { "cmi.location": "2" });
  api.Commit("");
  await time.pass(10);
  assert.equal(back.requests.length, 2);
  assert.equal(back.stored.s1["cmi.location"], "2");
});

test("pagehide and visibilitychange together send once; what comes between them goes too", async () => {
  const { api, back, document, window } = started();
  back.troubleWith(() => "hangs");
  set(api, { "cmi.location": "1" });
  document.visibilityState = "hidden";
  window.fire("pagehide");
  document.fire("visibilitychange");
  await settle();
  assert.equal(back.requests.length, 1);
  api.Terminate("");
  document.fire("visibilitychange");
  await settle();
  assert.deepEqual(back.requests.map(({ body }) => body.end), [null, "terminate"]);
});

test("nothing is sent at pagehide when everything is acknowledged", async () => {
  const { api, back, time, window } = started();
  api.Commit("");
  await time.pass(10);
  window.fire("pagehide");
  await settle();
  assert.equal(back.requests.length, 1);
});

test("a hidden tab's request takes the place of one that waited to be repeated", async () => {
  const { api, back, time, document } = started();
  back.troubleWith((body, number) => (number === 0 ? "lost" : number === 1 ? (handle) => new Promise((resolve) => time.setTimeout(() => resolve(handle()), 3000)) : undefined));
  set(api, { "cmi.location": "1" });
  api.Commit("");
  await time.pass(10);
  document.visibilityState = "hidden";
  document.fire("visibilitychange");
  await time.pass(10000);
  assert.equal(back.requests.length, 2);
  assert.deepEqual(back.stored.s1, { "cmi.location": "1" });
});

test("an overtaken request that comes late is answered stale_sequence and means nothing", async () => {
  let release;
  const { api, back, time, document, heard, runtime } = started();
  back.troubleWith((body) => (body.seq === 1 ? (handle) => new Promise((resolve) => (release = () => resolve(handle()))) : undefined));
  set(api, { "cmi.location": "1" });
  api.Commit("");
  await time.pass(10);
  set(api, { "cmi.location": "2" });
  document.visibilityState = "hidden";
  document.fire("visibilitychange");
  await time.pass(10);
  release();
  await time.pass(10);
  assert.deepEqual(heard.onSuperseded, []);
  assert.equal(back.stored.s1["cmi.location"], "2");
  assert.deepEqual(runtime.status().state, "saved");
});

test("the answer to an overtaken request acknowledges only the values it carried", async () => {
  let release;
  const { api, back, time, document } = started();
  back.troubleWith((body) => {
    if (body.seq === 1) return (handle) => { const answer = handle(); return new Promise((resolve) => (release = () => resolve(answer))); };
    return body.seq === 2 ? "lost" : undefined;
  });
  set(api, { "cmi.location": "1" });
  api.Commit("");
  await time.pass(10);
  set(api, { "cmi.location": "2" });
  document.visibilityState = "hidden";
  document.fire("visibilitychange");
  await settle();
  release();
  await settle();
  assert.equal(back.stored.s1["cmi.location"], "1");
  back.troubleWith(() => undefined);
  await time.pass(5000);
  assert.equal(back.stored.s1["cmi.location"], "2");
});

test("an end under way at pagehide goes again with its own key", async () => {
  const { back, window, runtime } = started();
  back.troubleWith((body, number) => (number === 0 ? "hangs" : undefined));
  runtime.navigate({ request: "suspendAll" });
  window.fire("pagehide");
  await settle();
  assert.equal(back.requests.length, 2);
  assert.equal(back.requests[0].body.key, back.requests[1].body.key);
  assert.equal(back.requests[1].keepalive, true);
  assert.deepEqual(back.navigations, [{ request: "suspendAll", target: null }]);
});

test("more than 64 KB at pagehide: what fits goes, the rest comes with the next page", async () => {
  const store = storage();
  const first = started({ store });
  first.back.troubleWith((body, number) => (number === 0 ? undefined : "hangs"));
  const big = "é".repeat(40000); // 80 KB
  set(first.api, { "cmi.suspend_data": big, "cmi.location": "7", "cmi.exit": "suspend" });
  first.window.fire("pagehide");
  await settle();
  const alive = first.back.requests.filter(({ keepalive }) => keepalive);
  assert.equal(alive.length, 1);
  assert.ok(alive[0].bytes <= 64 * 1024);
  assert.deepEqual([alive[0].body.changes, alive[0].body.end], [{ "cmi.location": "7", "cmi.exit": "suspend" }, null]);
  assert.deepEqual(first.back.stored.s1, { "cmi.location": "7", "cmi.exit": "suspend" });
  const whole = first.back.requests.find(({ keepalive }) => !keepalive).body;
  assert.ok(whole.seq > alive[0].body.seq, "should the page live on, the whole request is not older than its part");
  assert.equal(JSON.parse([...store.items.values()][0]).seq, whole.seq, "the next page counts on from there");
  first.back.troubleWith(() => undefined);
  const next = page({ back: first.back, store, open: false });
  const answered = next.runtime.start();
  await next.time.pass(1000);
  await answered;
  assert.equal(first.back.stored.s1["cmi.suspend_data"], big);
  assert.equal(first.back.ended.s1, "unload");
  assert.deepEqual(first.back.requests.at(-1).body.navigate, { request: "start", target: null });
  assert.deepEqual(keysOf(store), []);
});

test("more than 64 KB in a hidden tab goes in an ordinary request", async () => {
  const { api, back, time, document } = started();
  set(api, { "cmi.suspend_data": "é".repeat(40000) });
  document.visibilityState = "hidden";
  document.fire("visibilitychange");
  await time.pass(10);
  assert.deepEqual(back.requests.map(({ keepalive }) => keepalive), [false]);
  assert.equal(back.stored.s1["cmi.suspend_data"].length, 40000);
});

test("an end that does not fit at pagehide is repeated by the next page, after the part that did fit", async () => {
  const store = storage();
  const first = started({ store });
  first.back.troubleWith((body) => (body.changes["cmi.suspend_data"] ? "lost" : undefined));
  first.window.fire("pagehide");
  set(first.api, { "cmi.suspend_data": "é".repeat(40000), "cmi.location": "7" });
  first.api.Terminate("");
  await settle();
  assert.deepEqual([first.back.stored.s1, first.back.ended.s1], [{ "cmi.location": "7" }, undefined]);
  first.back.troubleWith(() => undefined);
  const next = page({ back: first.back, store, open: false });
  const answered = next.runtime.start();
  await next.time.pass(1000);
  await answered;
  assert.equal(first.back.stored.s1["cmi.suspend_data"].length, 40000);
  assert.equal(first.back.ended.s1, "terminate");
});

test("64,000 characters of ASCII suspend data fit into the last request", async () => {
  const { api, back, window } = started();
  set(api, { "cmi.suspend_data": "x".repeat(64000), "cmi.exit": "suspend" });
  window.fire("pagehide");
  await settle();
  assert.equal(back.requests.length, 1);
  assert.equal(back.requests[0].keepalive, true);
  assert.equal(back.stored.s1["cmi.suspend_data"].length, 64000);
});

test("browsers without keepalive send a beacon, and ask again should the page live on", async () => {
  const sent = [];
  const time = clock();
  const { api, back, window, runtime } = started({ time, beacon: (url, text) => sent.push([url, JSON.parse(text)]) > 0 });
  window.Request = class {};
  set(api, { "cmi.location": "1" });
  window.fire("pagehide");
  await settle();
  assert.equal(sent.length, 1);
  assert.deepEqual(sent[0][1].changes, { "cmi.location": "1" });
  assert.equal(back.requests.length, 0);
  window.fire("pageshow");
  await time.pass(6000);
  assert.equal(back.requests[0].body.key, sent[0][1].key);
  assert.equal(runtime.status().state, "saved");
});

// ── storage

test("a crashed page's changes reach the server before the next page starts", async () => {
  const store = storage();
  const back = server();
  const crashed = started({ store, back });
  back.troubleWith(() => "lost");
  set(crashed.api, { "cmi.location": "5", "cmi.objectives.0.id": "o" });
  crashed.api.Commit("");
  await crashed.time.pass(3000);
  back.troubleWith(() => undefined);
  const before = back.requests.length;
  const next = page({ back, store, open: false });
  const answered = next.runtime.start({ request: "start" });
  await next.time.pass(100);
  await answered;
  const [recovered, start] = back.requests.slice(before).map(({ body }) => body);
  assert.deepEqual([recovered.session, recovered.end, recovered.changes], ["s1", "unload", { "cmi.location": "5", "cmi.objectives.0.id": "o" }]);
  assert.ok(recovered.seq > 1 && start.seq > recovered.seq);
  assert.deepEqual([start.session, start.navigate], [null, { request: "start", target: null }]);
  assert.deepEqual(keysOf(store), []);
});

test("a leftover that the server refuses in part, or at once, is stored but for that part, its end last", async () => {
  const troubles = [
    (body) => ("cmi.location" in body.changes ? { status: 400, error: { code: "cmi_value", message: "no", elements: [{ element: "cmi.location", code: 406, message: "no" }] } } : undefined),
    (body) => (Object.keys(body.changes).length > 2 || "cmi.location" in body.changes ? { status: 413 } : undefined),
  ];
  for (const trouble of troubles) {
    const store = storage();
    const back = server();
    const crashed = started({ store, back });
    back.troubleWith(() => "lost");
    const rest = { "cmi.score.raw": "1", "cmi.suspend_data": "x", "cmi.score.max": "2", "cmi.score.min": "0" };
    set(crashed.api, { "cmi.location": "5", ...rest });
    crashed.api.Commit("");
    await crashed.time.pass(10);
    back.troubleWith(trouble);
    const next = page({ back, store, open: false });
    const answered = next.runtime.start();
    await next.time.pass(100);
    assert.equal((await answered).state, "content");
    assert.deepEqual(back.stored.s1, rest);
    assert.equal(back.ended.s1, "unload");
    assert.deepEqual(keysOf(store), []);
  }
});

test("SetValue alone is in storage within a moment, without Commit", async () => {
  const { api, store, time } = started();
  set(api, { "cmi.location": "5" });
  await time.pass(300);
  assert.match([...store.items.values()][0], /cmi\.location/);
});

test("a leftover whose session has ended is let go, and does not stop the start", async () => {
  for (const status of [400, 404, 409, 410]) {
    const store = storage();
    const back = server();
    const crashed = started({ store, back });
    back.troubleWith(() => "lost");
    set(crashed.api, { "cmi.location": "5" });
    crashed.api.Commit("");
    await crashed.time.pass(10);
    back.troubleWith((body) => (body.session ? { status, error: { code: "x", message: "y" } } : undefined));
    const next = page({ back, store, open: false });
    const answered = next.runtime.start();
    await next.time.pass(100);
    assert.equal((await answered).state, "content");
    assert.deepEqual(keysOf(store), []);
    assert.deepEqual([next.heard.onEnded, next.heard.onSuperseded], [[], []]);
  }
});

test("a token that is no longer good keeps the leftover for the next launch", async () => {
  const store = storage();
  const back = server();
  const crashed = started({ store, back });
  back.troubleWith(() => "lost");
  set(crashed.api, { "cmi.location": "5" });
  crashed.api.Commit("");
  await crashed.time.pass(10);
  back.troubleWith(() => ({ status: 401, error: { code: "launch_over", message: "no" } }));
  const next = page({ back, store, open: false });
  const answered = assert.rejects(next.runtime.start(), { code: "launch_over" });
  await next.time.pass(100);
  await answered;
  assert.equal(keysOf(store).length, 1);
});

test("an unanswered suspendAll of a closed page is repeated with its key; a Continue is not", async () => {
  for (const [request, repeated] of [["suspendAll", true], ["continue", false]]) {
    const store = storage();
    const back = server();
    const closed = started({ store, back });
    back.troubleWith(() => "lost");
    set(closed.api, { "cmi.location": "5" });
    closed.runtime.navigate({ request }).catch(() => undefined);
    await closed.time.pass(10);
    const { key } = back.requests[0].body;
    back.troubleWith(() => undefined);
    const next = page({ back, store, open: false });
    const answered = next.runtime.start();
    await next.time.pass(100);
    await answered;
    assert.deepEqual(back.navigations.map((each) => each.request), repeated ? [request, "start"] : ["start"]);
    assert.equal(back.requests.some(({ body }, i) => i > 0 && body.key === key), repeated);
    assert.equal(back.stored.s1["cmi.location"], "5");
  }
});

test("journals of other registrations are left alone; old and broken records are thrown away", async () => {
  const store = storage();
  const record = (at) => JSON.stringify({ session: "s9", seq: 3, changes: [["cmi.location", "1"]], initialized: true, end: null, last: null, at });
  const time = clock();
  store.setItem("rekam.journal.other.p", record(time.now()));
  store.setItem("rekam.journal.reg.old", record(time.now() - 31 * 24 * 3600 * 1000));
  store.setItem("rekam.journal.reg.broken", "{");
  store.setItem("theirs", "x");
  const { runtime, back } = page({ store, time, open: false });
  const answered = runtime.start();
  await time.pass(100);
  await answered;
  assert.deepEqual(back.requests.map(({ body }) => body.session), [null]);
  assert.deepEqual(keysOf(store).sort(), ["rekam.journal.other.p", "theirs"]);
});

test("blocked storage: everything works from memory", async () => {
  const { api, back, time, window } = started({ store: storage({ blocked: true }) });
  back.troubleWith((body, number) => (number < 2 ? "lost" : undefined));
  set(api, { "cmi.location": "1" });
  assert.equal(api.Commit(""), "true");
  await time.pass(10000);
  assert.deepEqual(back.stored.s1, { "cmi.location": "1" });
  set(api, { "cmi.location": "2" });
  window.fire("pagehide");
  await settle();
  assert.equal(back.stored.s1["cmi.location"], "2");
});

test("blocked storage: unsent changes wait 5 seconds, not a minute, and leaving is a risk only while they cannot travel", async () => {
  const { api, back, time, runtime } = started({ store: storage({ blocked: true }) });
  await time.pass(3000);
  assert.equal(runtime.lasts(), false);
  assert.equal(runtime.atRisk(), false);
  set(api, { "cmi.location": "1" });
  assert.equal(runtime.atRisk(), false, "the last request carries it");
  await time.pass(5100);
  assert.deepEqual(back.stored.s1, { "cmi.location": "1" });
  back.troubleWith(() => "lost");
  set(api, { "cmi.location": "2" });
  api.Commit("");
  await time.pass(100);
  assert.equal(runtime.atRisk(), true, "there is no line");
  back.troubleWith(() => undefined);
  await time.pass(10000);
  assert.equal(runtime.atRisk(), false);
  set(api, { "cmi.suspend_data": "é".repeat(60000) });
  assert.equal(runtime.atRisk(), true, "too much for a last request");
  api.Commit("");
  await time.pass(100);
  assert.equal(runtime.atRisk(), false);
  back.troubleWith(() => "lost");
  api.Terminate("");
  await time.pass(100);
  assert.equal(runtime.atRisk(), true, "the end waits");
});

test("a journal in storage outlives the page: leaving is no risk", async () => {
  const { api, back, time, runtime, store } = started();
  assert.equal(runtime.lasts(), true);
  assert.equal(store.items.size, 0, "looking leaves nothing behind");
  back.troubleWith(() => "lost");
  set(api, { "cmi.location": "2" });
  api.Commit("");
  await time.pass(100);
  assert.equal(runtime.atRisk(), false);
});

test("quota exceeded: the next storage takes the record, or memory does; nothing stale stays behind", async () => {
  const small = storage({ quota: 400 });
  const other = storage();
  const { api, back, time } = started({ store: [small, other] });
  back.troubleWith(() => "lost");
  set(api, { "cmi.location": "1" });
  api.Commit("");
  await time.pass(10);
  assert.deepEqual([small.items.size, other.items.size], [1, 0]);
  set(api, { "cmi.suspend_data": "x".repeat(1000) });
  api.Commit("");
  await time.pass(10);
  assert.deepEqual([small.items.size, other.items.size], [0, 1]);
  back.troubleWith(() => undefined);
  await time.pass(60000);
  assert.equal(back.stored.s1["cmi.suspend_data"].length, 1000);
  assert.deepEqual([small.items.size, other.items.size], [0, 0]);
});

test("no token and no address is ever written to storage", async () => {
  const { api, back, time, store } = started({ endpoint: "/p/SECRET-TOKEN/runtime" });
  back.troubleWith(() => "lost");
  set(api, { "cmi.location": "1" });
  api.Terminate("");
  await time.pass(10);
  assert.ok(store.items.size > 0);
  assert.doesNotMatch([...store.items].flat().join(), /SECRET/);
});

test("settled() waits until everything is acknowledged", async () => {
  const { api, back, time, runtime } = started();
  back.troubleWith((body, number) => (number < 2 ? "lost" : undefined));
  set(api, { "cmi.location": "1" });
  let done = false;
  runtime.settled().then(() => (done = true));
  await time.pass(500);
  assert.equal(done, false);
  await time.pass(10000);
  assert.equal(done, true);
  assert.deepEqual(back.stored.s1, { "cmi.location": "1" });
});

test("close() leaves nothing behind on the page", async () => {
  const { runtime, window, api, back, time } = started();
  set(api, { "cmi.location": "1" });
  runtime.close();
  window.fire("pagehide");
  await time.pass(100000);
  assert.deepEqual(["API_1484_11" in window, back.requests.length, time.pending()], [false, 0, 0]);
});

test("random trouble: whatever happens on the way, the server ends with what the content said last", async () => {
  let state = 20260727;
  const random = () => ((state = (state * 1103515245 + 12345) % 2147483648), state / 2147483648);
  for (let round = 0; round < 60; round++) {
    const back = server();
    const { api, time, document } = started({ back, random });
    const calm = 40 + Math.floor(random() * 40);
    back.troubleWith((body, number) => {
      if (number > calm) return undefined;
      const dice = random();
      if (dice < 0.25) return "lost";
      if (dice < 0.5) return "answer lost";
      if (dice < 0.6) return { status: 503 };
      if (dice < 0.75) return (handle) => new Promise((resolve) => time.setTimeout(() => resolve(handle()), random() * 20000));
      return undefined;
    });
    const said = {};
    for (let step = 0; step < 40; step++) {
      const element = ["cmi.location", "cmi.suspend_data", "cmi.score.raw", "cmi.progress_measure"][Math.floor(random() * 4)];
      said[element] = element === "cmi.progress_measure" ? random().toFixed(3) : String(step);
      set(api, { [element]: said[element] });
      if (random() < 0.5) api.Commit("");
      if (random() < 0.1) {
        document.visibilityState = "hidden";
        document.fire("visibilitychange");
        document.visibilityState = "visible";
      }
      await time.pass(random() * 3000);
    }
    api.Terminate("");
    await time.pass(3600 * 1000);
    assert.deepEqual(back.stored.s1, said, `round ${round}`);
    assert.equal(back.ended.s1, "terminate", `round ${round}`);
  }
});

