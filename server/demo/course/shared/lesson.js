// A lesson: one section at a time, where the learner was is remembered, read sections count as progress.
"use strict";

(() => {
  const sections = [...document.querySelectorAll("section.page")];
  const steps = document.getElementById("steps");
  const back = document.getElementById("back");
  const next = document.getElementById("next");
  const onward = document.getElementById("onward");
  let seen = [];
  let answers = {};
  let current = 0;

  function remember() {
    scorm.set("cmi.location", sections[current].id);
    scorm.set("cmi.suspend_data", JSON.stringify({ seen, answers }));
    scorm.set("cmi.progress_measure", Math.round((seen.length / sections.length) * 100) / 100);
    scorm.set("cmi.completion_status", seen.length === sections.length ? "completed" : "incomplete");
    scorm.commit();
  }

  function show(index, { focus = true } = {}) {
    current = Math.max(0, Math.min(index, sections.length - 1));
    sections.forEach((section, i) => { section.hidden = i !== current; });
    if (!seen.includes(sections[current].id)) seen.push(sections[current].id);
    drawSteps();
    back.hidden = current === 0;
    next.hidden = current === sections.length - 1;
    onward.hidden = !next.hidden;
    remember();
    if (!focus) return;
    sections[current].querySelector("h2").focus({ preventScroll: true });
    window.scrollTo(0, 0);
  }

  function drawSteps() {
    [...steps.children].forEach((step, i) => {
      step.classList.toggle("seen", seen.includes(sections[i].id));
      if (i === current) step.setAttribute("aria-current", "step");
      else step.removeAttribute("aria-current");
    });
  }

  function makeSteps() {
    sections.forEach((section, i) => {
      const step = document.createElement("li");
      step.textContent = String(i + 1);
      steps.append(step);
      section.querySelector("h2").tabIndex = -1;
    });
  }

  // A question to try out what was said; it is recorded but does not count (weighting 0).
  function practice(box) {
    const id = box.dataset.practice;
    const choices = [...box.querySelectorAll("button[data-choice]")];
    choices.forEach((button) => button.addEventListener("click", () => {
      answers[id] = button.dataset.choice;
      mark(box, choices);
      report(id, button.dataset.choice, box.dataset.right, box.dataset.question);
      remember();
    }));
    if (answers[id]) mark(box, choices);
  }

  function mark(box, choices) {
    const given = answers[box.dataset.practice];
    choices.forEach((button) => button.setAttribute("aria-pressed", String(button.dataset.choice === given)));
    box.querySelectorAll("[data-feedback]").forEach((text) => { text.hidden = text.dataset.feedback !== given; });
  }

  function report(id, given, right, question) {
    const at = `cmi.interactions.${scorm.get("cmi.interactions._count") || 0}`;
    scorm.set(`${at}.id`, `urn:rekam:demo:ergonomics:${id}`);
    scorm.set(`${at}.type`, "choice");
    scorm.set(`${at}.timestamp`, scorm.moment(Date.now()));
    scorm.set(`${at}.weighting`, "0");
    scorm.set(`${at}.correct_responses.0.pattern`, right);
    scorm.set(`${at}.learner_response`, given);
    scorm.set(`${at}.result`, given === right ? "correct" : "incorrect");
    scorm.set(`${at}.description`, `{lang=en}${question}`);
  }

  // Points of a picture that explain themselves when pressed.
  function hotspots(figure) {
    const points = [...figure.querySelectorAll("[data-point]")];
    points.forEach((point) => point.addEventListener("click", () => {
      points.forEach((other) => other.setAttribute("aria-pressed", String(other === point)));
      figure.querySelectorAll("[data-about]").forEach((text) => { text.hidden = text.dataset.about !== point.dataset.point; });
    }));
  }

  function start() {
    scorm.initialize();
    const memory = scorm.readJson();
    const ids = sections.map((section) => section.id);
    seen = (memory.seen || []).filter((id) => ids.includes(id));
    answers = memory.answers || {};
    makeSteps();
    language.start();
    document.querySelectorAll("[data-practice]").forEach(practice);
    document.querySelectorAll("[data-hotspots]").forEach(hotspots);
    back.addEventListener("click", () => show(current - 1));
    next.addEventListener("click", () => show(current + 1));
    // Always "suspend": a learner who comes back to a finished lesson goes on in the same attempt and stays complete.
    onward.addEventListener("click", () => scorm.leave("suspend", "continue"));
    window.addEventListener("pagehide", () => scorm.leave("suspend"));
    show(ids.indexOf(scorm.get("cmi.location")), { focus: false });
  }

  start();
})();
