"use strict";
// static/scorm_api.js against the vectors of tests/vectors/, which scorm_runtime/cmi.py is held to as well.
const assert = require("node:assert/strict");
const { test } = require("node:test");
const { RekamScorm, tables, vectors } = require("./support.js");

const expand = (value) => (value && typeof value === "object" && "repeat" in value ? value.repeat.repeat(value.times) : value);
const family = (standard) => (standard === "scorm_1_2" ? "scorm_1_2" : "scorm_2004");

function failures({ name, standard, seed = {}, settings, access, steps }) {
  const expanded = Object.fromEntries(Object.entries(seed).map(([element, value]) => [element, expand(value)]));
  const data = RekamScorm.model(tables[family(standard)], { seed: expanded, settings, access });
  const wrong = [];
  for (const [method, element, raw, code] of steps) {
    const value = expand(raw);
    const answer = method === "get" ? data.get(element) : { value, code: data.set(element, value) };
    if (answer.value !== value || answer.code !== code) {
      wrong.push(`${name}: ${method} ${element} "${String(value).slice(0, 60)}" → "${answer.value.slice(0, 60)}" ${answer.code}, not ${code}`);
    }
  }
  return wrong;
}

for (const [file, least] of [["scorm_2004.json", 7000], ["scorm_1_2.json", 3500], ["handwritten.json", 150]]) {
  test(`data model: ${file}`, () => {
    const cases = vectors(file);
    const wrong = cases.flatMap(failures);
    assert.equal(wrong.length, 0, wrong.slice(0, 40).join("\n"));
    assert.ok(cases.reduce((sum, each) => sum + each.steps.length, 0) >= least);
  });
}

test("API functions: api.json", () => {
  for (const { name, standard, steps } of vectors("api.json")) {
    const { API, API_1484_11 } = RekamScorm.create({ standard, tables, seed: {} });
    const api = API || API_1484_11;
    const lastError = standard === "scorm_1_2" ? "LMSGetLastError" : "GetLastError";
    for (const [call, args, result, error] of steps) {
      const given = api[call](...args);
      assert.deepEqual([given, api[lastError]()], [result, error], `${standard}, ${name}: ${call}(${args.map((a) => JSON.stringify(a))})`);
    }
  }
});

test("each standard gives its own object with its eight functions", () => {
  const old = RekamScorm.create({ standard: "scorm_1_2", tables, seed: {} });
  assert.equal(old.API_1484_11, null);
  assert.deepEqual(Object.keys(old.API).sort(), ["LMSCommit", "LMSFinish", "LMSGetDiagnostic", "LMSGetErrorString", "LMSGetLastError", "LMSGetValue", "LMSInitialize", "LMSSetValue"]);
  for (const standard of ["scorm_2004_2", "scorm_2004_3", "scorm_2004_4"]) {
    const { API, API_1484_11 } = RekamScorm.create({ standard, tables, seed: {} });
    assert.equal(API, null);
    assert.deepEqual(Object.keys(API_1484_11).sort(), ["Commit", "GetDiagnostic", "GetErrorString", "GetLastError", "GetValue", "Initialize", "SetValue", "Terminate", "version"]);
  }
  assert.throws(() => RekamScorm.create({ standard: "cmi5", tables, seed: {} }), /cmi5/);
});

test("texts of errors and diagnostics stay below 255 characters", () => {
  for (const standard of ["scorm_1_2", "scorm_2004_4"]) {
    const { API, API_1484_11 } = RekamScorm.create({ standard, tables, seed: {} });
    const [get, text, why, last] = API ? ["LMSGetValue", "LMSGetErrorString", "LMSGetDiagnostic", "LMSGetLastError"] : ["GetValue", "GetErrorString", "GetDiagnostic", "GetLastError"];
    const api = API || API_1484_11;
    for (const code of Object.keys(tables[standard === "scorm_1_2" ? standard : "scorm_2004"].errors)) {
      assert.ok(api[text](code).length > 0 && api[text](code).length < 255);
    }
    api[get]("x".repeat(5000));
    assert.ok(api[why]("").length < 255);
    assert.equal(api[last](), standard === "scorm_1_2" ? "301" : "122");
  }
});

test("the first GetValue after Initialize answers from the seed", () => {
  const { API_1484_11: api } = RekamScorm.create({ standard: "scorm_2004_4", tables, seed: { "cmi.location": "page-7", "cmi.objectives.0.id": "o" } });
  api.Initialize("");
  assert.equal(api.GetValue("cmi.location"), "page-7");
  assert.equal(api.GetValue("cmi.objectives._count"), "1");
});

test("a comment of 1.2 is reported whole, though each set appends", () => {
  const changes = [];
  const { API } = RekamScorm.create({ standard: "scorm_1_2", tables, seed: { "cmi.comments": "old. " }, onChange: (...change) => changes.push(change) });
  API.LMSInitialize("");
  API.LMSSetValue("cmi.comments", "new.");
  assert.deepEqual(changes, [["cmi.comments", "old. new."]]);
});

test("each call is traced with its result and error", () => {
  const trace = [];
  const { API_1484_11: api } = RekamScorm.create({ standard: "scorm_2004_4", tables, seed: {}, now: () => 42, onTrace: (entry) => trace.push(entry) });
  api.Initialize("");
  api.SetValue("cmi.exit", "nonsense");
  assert.deepEqual(trace, [
    { at: 42, call: "Initialize", args: [""], result: "true", error: "0" },
    { at: 42, call: "SetValue", args: ["cmi.exit", "nonsense"], result: "false", error: "406" },
  ]);
});
