"""A page of another host speaks with the record store, as the documentation says: preflights, headers it may read, the stream."""

from __future__ import annotations

from playwright.sync_api import BrowserContext

from tests.browser.rest import Rest

# What each request of the page was answered.
ASK = """async ([base, key, secret]) => {
  const sender = {"Authorization": "Basic " + btoa(`${key}:${secret}`), "X-Experience-API-Version": "2.0.0"};
  const ask = (path, options = {}) => fetch(base + path, {...options, headers: {...sender, ...options.headers}});
  const place = new URLSearchParams({activityId: "http://example.org/a", stateId: "s", agent: '{"mbox":"mailto:a@example.org"}'});
  const document = `/xapi/activities/state?${place}`, json = {"Content-Type": "application/json", "Idempotency-Key": "once"};
  const statement = {actor: {mbox: "mailto:a@example.org"}, verb: {id: "http://example.org/v"}, object: {id: "http://example.org/a"}};
  const stored = await ask("/xapi/statements", {method: "POST", headers: json, body: JSON.stringify(statement)});
  const made = await ask(document, {method: "PUT", headers: {"If-None-Match": "*"}, body: "one"});
  const read = await ask(document), etag = read.headers.get("ETag");
  const known = await ask(document, {headers: {"If-None-Match": etag}});
  const gone = await ask(document, {method: "DELETE", headers: {"If-Match": etag}});
  const stream = await ask("/api/v2/statements/stream?seconds=0", {headers: {"Last-Event-ID": "1"}});
  const refused = await fetch(base + "/xapi/statements", {headers: {"X-Experience-API-Version": "2.0.0"}});
  return {
    statuses: [stored, made, read, known, gone, stream, refused].map(answer => answer.status),
    through: stored.headers.get("X-Experience-API-Consistent-Through"),
    event: (await stream.text()).includes("event: statement"),
  };
}"""


def test_a_page_of_another_host(context: BrowserContext, rest: Rest) -> None:
    page = context.new_page()
    page.goto(f"{rest.server.content}/healthz")
    told = page.evaluate(ASK, [rest.server.base, rest.tenant.key, rest.tenant.secret])
    assert told["statuses"] == [200, 204, 200, 304, 204, 200, 401]
    assert told["through"].endswith("Z")
    assert told["event"]
