// English or Bahasa Indonesia: what the learner chose in any part of the course, else their preference, else the browser's.
"use strict";

const language = (() => {
  const KNOWN = ["en", "id"];
  const STORE = "urn:rekam:demo:ergonomics:language";
  const listeners = [];
  let current = "en";

  function known(tag) {
    const short = String(tag || "").toLowerCase().split("-")[0];
    return KNOWN.includes(short) ? short : null;
  }

  // The parts share the choice in a data store of the course (SCORM 2004 4th Edition, RTE 4.3).
  function sharedIndex() {
    const count = Number(scorm.get("adl.data._count")) || 0;
    for (let i = 0; i < count; i += 1) {
      if (scorm.get(`adl.data.${i}.id`) === STORE) return i;
    }
    return -1;
  }

  function initial() {
    const shared = sharedIndex();
    const chosen = shared < 0 ? null : known(scorm.get(`adl.data.${shared}.store`));
    const preferred = known(scorm.get("cmi.learner_preference.language"));
    const browser = navigator.languages.map(known).find(Boolean);
    return chosen || preferred || browser || "en";
  }

  function show(tag) {
    current = tag;
    document.documentElement.lang = tag;
    const heading = document.querySelector(`h1 [lang=${tag}]`);
    if (heading) document.title = heading.textContent;
    document.querySelectorAll("[data-language]").forEach((button) => {
      button.setAttribute("aria-pressed", String(button.dataset.language === tag));
    });
    listeners.forEach((listener) => listener(tag));
  }

  function choose(tag) {
    show(tag);
    scorm.set("cmi.learner_preference.language", tag);
    const shared = sharedIndex();
    if (shared >= 0) scorm.set(`adl.data.${shared}.store`, tag);
    scorm.commit();
  }

  function start() {
    document.querySelectorAll("[data-language]").forEach((button) => {
      button.addEventListener("click", () => choose(button.dataset.language));
    });
    show(initial());
  }

  return { start, current: () => current, onChange: (listener) => listeners.push(listener) };
})();
