// Drives an LRS by the published @xapi/xapi, unmodified; prints what it saw as one JSON object.
"use strict";
const module_ = require("@xapi/xapi");
const XAPI = module_.default || module_;
const settled = require("./settled.js");

const { LRS_ENDPOINT, LRS_KEY, LRS_SECRET, LRS_VERSION, LRS_ADAPTER } = process.env;
const xapi = new XAPI({
  endpoint: `${LRS_ENDPOINT}/`,
  auth: XAPI.toBasicAuth(LRS_KEY, LRS_SECRET),
  version: LRS_VERSION,
  adapter: LRS_ADAPTER,
});
const name = `xapijs-${LRS_VERSION}-${LRS_ADAPTER}`;
const agent = { objectType: "Agent", mbox: `mailto:${name}@example.com`, name: "xAPI.js" };
const object = { objectType: "Activity", id: `http://example.com/${name}`, definition: { name: { "en-US": "xAPI.js" } } };

function statement(verb) {
  return { actor: agent, verb: { id: `http://example.com/verbs/${verb}` }, object };
}

async function main() {
  const seen = {};
  seen.about = (await xapi.getAbout()).data.version;
  const one = (await xapi.sendStatement({ statement: statement("tried") })).data[0];
  const several = (await xapi.sendStatements({ statements: [statement("tried"), statement("finished")] })).data;
  seen.stored = [one, ...several];
  const content = new TextEncoder().encode("hello").buffer;
  const hash = require("crypto").createHash("sha256").update("hello").digest("hex");
  const attached = {
    ...statement("attached"),
    attachments: [{
      usageType: "http://example.com/file", display: { "en-US": "File" }, contentType: "text/plain", length: 5, sha2: hash,
    }],
  };
  // With axios in Node the client itself sends the parts as application/octet-stream; no server can read that.
  const parts = LRS_ADAPTER === "fetch" ? { statement: attached, attachments: [content] } : { statement: statement("attached") };
  seen.stored.push((await xapi.sendStatement(parts)).data[0]);
  seen.retrieved = (await xapi.getStatement({ statementId: one })).data.id === one;

  await settled();
  seen.found = [];
  let page = (await xapi.getStatements({ agent, activity: object.id, limit: 3 })).data;
  for (;;) {
    seen.found.push(...page.statements.map((s) => s.id));
    if (!page.more) break;
    page = (await xapi.getMoreStatements({ more: page.more })).data;
  }
  await xapi.voidStatement({ actor: agent, statementId: one });
  seen.voided = (await xapi.getVoidedStatement({ voidedStatementId: one })).data.id === one;

  const where = { agent, activityId: object.id, stateId: "bookmark" };
  await xapi.createState({ ...where, state: { page: 1 } });
  await xapi.createState({ ...where, state: { more: 3 } });
  const first = await xapi.getState(where);
  seen.state = first.data;
  await xapi.setState({ ...where, state: { page: 2 }, etag: first.headers.etag, matchHeader: "If-Match" });
  seen.set = (await xapi.getState(where)).data;
  seen.states = (await xapi.getStates({ agent, activityId: object.id })).data;
  seen.stale = await xapi
    .setState({ ...where, state: {}, etag: first.headers.etag, matchHeader: "If-Match" })
    .then(() => "stored", () => "refused");
  await xapi.deleteState(where);
  seen.dropped = await xapi.getState(where).then(() => false, () => true);

  for (const [kind, of] of [["Activity", { activityId: object.id }], ["Agent", { agent }]]) {
    const profile = { ...of, profileId: "p" };
    await xapi[`set${kind}Profile`]({ ...profile, profile: { n: 1 }, etag: "*", matchHeader: "If-None-Match" });
    await xapi[`create${kind}Profile`]({ ...profile, profile: { m: 2 } });
    const got = await xapi[`get${kind}Profile`](profile);
    seen[kind] = got.data;
    await xapi[`delete${kind}Profile`]({ ...profile, etag: got.headers.etag });
  }
  seen.definition = (await xapi.getActivity({ activityId: object.id })).data.definition.name;
  seen.person = (await xapi.getAgent({ agent })).data.name;
  return seen;
}

main().then((seen) => console.log(JSON.stringify(seen)), (error) => {
  console.error(error.response ? [error.response.status, error.response.data, error.config && error.config.url] : error);
  process.exit(1);
});
