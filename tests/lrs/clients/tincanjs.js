// Drives an LRS by the published TinCanJS, unmodified; prints what it saw as one JSON object.
"use strict";
const TinCan = require("tincanjs");
const settled = require("./settled.js");

const { LRS_ENDPOINT, LRS_KEY, LRS_SECRET } = process.env;
const lrs = new TinCan.LRS({ endpoint: LRS_ENDPOINT, username: LRS_KEY, password: LRS_SECRET, allowFail: false });
const agent = new TinCan.Agent({ mbox: "mailto:tincanjs@example.com", name: "TinCanJS" });
const activity = new TinCan.Activity({ id: "http://example.com/tincanjs", definition: { name: { "en-US": "TinCanJS" } } });

/** A method of the client that takes a callback, as a promise of its result. */
function call(method, ...given) {
  const options = given[given.length - 1];
  return new Promise((resolve, reject) => {
    options.callback = (error, result) =>
      error ? reject(new Error(`${method}: ${error} ${result && result.responseText}`)) : resolve(result);
    lrs[method](...given);
  });
}

function statement(verb) {
  return new TinCan.Statement({ actor: agent, verb: { id: `http://example.com/verbs/${verb}` }, target: activity });
}

async function main() {
  const seen = {};
  seen.about = (await call("about", {})).version;
  const one = statement("tried");
  await call("saveStatement", one, {});
  const several = [statement("tried"), statement("finished")];
  await call("saveStatements", several, {});
  const file = new TinCan.Attachment({
    usageType: "http://example.com/file", display: { en: "File" }, contentType: "text/plain", length: 5,
  });
  file.setContentFromString("hello");
  const attached = statement("attached");
  attached.attachments = [file];
  await call("saveStatement", attached, {});
  const back = await call("retrieveStatement", attached.id, { params: { attachments: true } });
  seen.attachment = back.attachments[0].getContentAsString();
  seen.retrieved = (await call("retrieveStatement", one.id, {})).id === one.id;
  seen.stored = [one, ...several, attached].map((s) => s.id);

  await settled();
  seen.found = [];
  let page = await call("queryStatements", { params: { agent, activity, limit: 3 } });
  for (;;) {
    seen.found.push(...page.statements.map((s) => s.id));
    if (!page.more) break;
    page = await call("moreStatements", { url: page.more });
  }
  const void_ = new TinCan.Statement({
    actor: agent,
    verb: { id: "http://adlnet.gov/expapi/verbs/voided" },
    target: { objectType: "StatementRef", id: one.id },
  });
  await call("saveStatement", void_, {});
  seen.voided = (await call("retrieveVoidedStatement", one.id, {})).id === one.id;

  // It never sends preconditions with State on its own: content made with it relies on overwriting.
  const where = { agent, activity };
  await call("saveState", "bookmark", JSON.stringify({ page: 1 }), { ...where, contentType: "application/json" });
  await call("saveState", "bookmark", JSON.stringify({ page: 2 }), { ...where, contentType: "application/json" });
  await call("saveState", "bookmark", { more: 3 }, { ...where, contentType: "application/json", method: "POST" });
  seen.state = (await call("retrieveState", "bookmark", { ...where })).contents;
  seen.states = await call("retrieveStateIds", { ...where });
  await call("dropState", "bookmark", { ...where });
  seen.dropped = (await call("retrieveState", "bookmark", { ...where })) === null;

  for (const [kind, of] of [["Activity", { activity }], ["Agent", { agent }]]) {
    await call(`save${kind}Profile`, "p", "first", { ...of, contentType: "text/plain" });
    const profile = await call(`retrieve${kind}Profile`, "p", { ...of });
    await call(`save${kind}Profile`, "p", "second", { ...of, contentType: "text/plain", lastSHA1: profile.etag.replace(/"/g, "") });
    seen[kind] = (await call(`retrieve${kind}Profile`, "p", { ...of })).contents;
    await call(`drop${kind}Profile`, "p", { ...of });
  }
  seen.definition = (await call("retrieveActivity", activity.id, {})).definition.name;
  return seen;
}

main().then((seen) => console.log(JSON.stringify(seen)), (error) => { console.error(error); process.exit(1); });
