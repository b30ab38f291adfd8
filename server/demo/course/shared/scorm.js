// The course's side of SCORM 2004: find the API, open the session, read and write, leave.
"use strict";

const scorm = (() => {
  const started = Date.now();
  const api = find(window) || (window.opener ? find(window.opener) : null);
  let open = false;

  // The API is on a window above ours or on the opener (RTE 3.2); foreign windows may refuse to be looked at.
  function find(from) {
    let current = from;
    for (let steps = 0; steps < 8; steps += 1) {
      try {
        if (current.API_1484_11) return current.API_1484_11;
      } catch {
        return null;
      }
      if (current.parent === current) return null;
      current = current.parent;
    }
    return null;
  }

  function initialize() {
    open = Boolean(api) && api.Initialize("") === "true";
    document.documentElement.dataset.tracked = String(open);
    return open;
  }

  // "" when the element has no value or cannot be read.
  function get(element) {
    return open ? String(api.GetValue(element)) : "";
  }

  function set(element, value) {
    return open && api.SetValue(element, String(value)) === "true";
  }

  function commit() {
    if (open) api.Commit("");
  }

  function isoSeconds(milliseconds) {
    return `PT${Math.max(0, Math.round(milliseconds / 10) / 100)}S`;
  }

  // At most two decimals of a second, and a zone only after them (RTE 4.1.1.7).
  function moment(milliseconds) {
    return new Date(milliseconds).toISOString().replace(/(\.\d\d)\dZ$/, "$1Z");
  }

  // exit: "suspend" or "normal"; request: what the player does next ("continue", "exitAll", …) or nothing.
  function leave(exit, request) {
    if (!open) return;
    set("cmi.session_time", isoSeconds(Date.now() - started));
    set("cmi.exit", exit);
    if (request) set("adl.nav.request", request);
    api.Terminate("");
    open = false;
  }

  // Where an entry with this id stands in a collection such as cmi.objectives; a new one is made when there is none.
  function indexOf(collection, id) {
    const count = Number(get(`${collection}._count`)) || 0;
    for (let i = 0; i < count; i += 1) {
      if (get(`${collection}.${i}.id`) === id) return i;
    }
    set(`${collection}.${count}.id`, id);
    return count;
  }

  function readJson() {
    try {
      return JSON.parse(get("cmi.suspend_data")) || {};
    } catch {
      return {};
    }
  }

  return { initialize, get, set, commit, leave, indexOf, readJson, isoSeconds, moment, isOpen: () => open };
})();
