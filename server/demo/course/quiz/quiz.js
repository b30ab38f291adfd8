// The quiz: one question at a time, answered once, explained at once. 70 % passes; who did not may try again.
"use strict";

(() => {
  const PASS = 0.7;
  const form = document.getElementById("question");
  const result = document.getElementById("result");
  const steps = document.getElementById("steps");
  const buttons = Object.fromEntries(["check", "next", "again", "finish"].map((id) => [id, document.getElementById(id)]));

  // {question id: answer} of this round; which round it is; the question that is shown; what is arranged but not yet checked.
  let answers = {};
  let round = 1;
  let current = 0;
  let order = [];
  let shownAt = Date.now();

  const WORDS = {
    right: { en: "That is right.", id: "Benar." },
    wrong: { en: "Not quite.", id: "Belum tepat." },
    choose: { en: "Please answer first.", id: "Silakan jawab dahulu." },
    yes: { en: "True", id: "Benar" },
    no: { en: "False", id: "Salah" },
    pick: { en: "Choose…", id: "Pilih…" },
    up: { en: "Move up", id: "Naikkan" },
    down: { en: "Move down", id: "Turunkan" },
    passed: { en: "Well done, you passed!", id: "Bagus, Anda lulus!" },
    failed: { en: "Not enough this time", id: "Kali ini belum cukup" },
    needed: { en: "You need 70 % to pass.", id: "Anda perlu 70 % untuk lulus." },
    of: { en: "right answers of", id: "jawaban benar dari" },
  };

  const inWords = (texts) => texts[language.current()];

  function element(tag, properties = {}, ...children) {
    const made = Object.assign(document.createElement(tag), properties);
    made.append(...children);
    return made;
  }

  // ── one question ──

  function widget(question) {
    const given = answers[question.id];
    const makers = {
      "choice": choices, "true-false": trueFalse, "sequencing": sequence, "matching": pairs, "numeric": number,
    };
    return makers[question.type](question, given);
  }

  function choices(question, given, options = question.options) {
    const kind = question.several ? "checkbox" : "radio";
    const chosen = [].concat(given ?? []);
    return options.map((option) => {
      const input = element("input", { type: kind, name: "answer", value: option.id, checked: chosen.includes(option.id) });
      return element("label", { className: "option" }, input, element("span", { textContent: inWords(option.text) }));
    });
  }

  function trueFalse(question, given) {
    return choices(question, given, [{ id: "true", text: WORDS.yes }, { id: "false", text: WORDS.no }]);
  }

  function sequence(question, given) {
    if (!order.length) order = given ? [...given] : question.options.map((option) => option.id);
    const list = element("ol", { className: "order" });
    order.forEach((id, i) => {
      const text = inWords(question.options.find((option) => option.id === id).text);
      list.append(element("li", {}, element("span", { textContent: `${i + 1}. ${text}` }),
        mover(id, -1, i === 0, `${inWords(WORDS.up)}: ${text}`), mover(id, 1, i === order.length - 1, `${inWords(WORDS.down)}: ${text}`)));
    });
    return [list];
  }

  function mover(id, by, off, label) {
    const button = element("button", { type: "button", textContent: by < 0 ? "↑" : "↓", disabled: off, title: label });
    button.setAttribute("aria-label", label);
    button.dataset.move = `${id}:${by}`;
    button.addEventListener("click", () => {
      const from = order.indexOf(id);
      order.splice(from, 1);
      order.splice(from + by, 0, id);
      draw();
      const same = form.querySelector(`[data-move="${id}:${by}"]`);
      (same.disabled ? form.querySelector(`[data-move="${id}:${-by}"]`) : same).focus();
    });
    return button;
  }

  function pairs(question, given = {}) {
    return question.options.map((option) => {
      const select = element("select", { name: option.id, id: `pair-${option.id}` }, element("option", { value: "", textContent: inWords(WORDS.pick) }));
      question.targets.forEach((target) => select.append(element("option", {
        value: target.id, textContent: inWords(target.text), selected: given[option.id] === target.id })));
      return element("div", { className: "row" }, element("label", { htmlFor: select.id, textContent: inWords(option.text) }), select);
    });
  }

  function number(question, given) {
    const input = element("input", { type: "number", id: "number", name: "answer", value: given ?? "", inputMode: "numeric", min: "0" });
    return [element("div", { className: "row" }, input, element("label", { htmlFor: "number", textContent: inWords(question.unit) }))];
  }

  // What the learner has entered, in the form of `right`; null while there is none.
  function entered(question) {
    const data = new FormData(form);
    if (question.type === "sequencing") return [...order];
    if (question.type === "matching") {
      const found = Object.fromEntries(question.options.map((option) => [option.id, data.get(option.id)]));
      return Object.values(found).every(Boolean) ? found : null;
    }
    if (question.several) return data.getAll("answer").length ? data.getAll("answer").sort() : null;
    const value = data.get("answer");
    if (value === null || value === "") return null;
    return question.type === "numeric" ? Number(value) : value;
  }

  function isRight(question, answer) {
    if (question.type === "numeric") return answer >= question.right[0] && answer <= question.right[1];
    if (question.type === "matching") return question.options.every((option) => answer[option.id] === question.right[option.id]);
    return JSON.stringify(answer) === JSON.stringify(question.right);
  }

  // ── what SCORM is told ──

  // An answer as learner_response or pattern (RTE 4.2.9.1): "[,]" between entries, "[.]" within a pair, "[:]" within a range.
  function pattern(question, value) {
    if (question.type === "matching") return Object.entries(value).map((pair) => pair.join("[.]")).join("[,]");
    if (question.type === "numeric") return Array.isArray(value) ? value.join("[:]") : String(value);
    return Array.isArray(value) ? value.join("[,]") : value;
  }

  function record(question) {
    const at = `cmi.interactions.${scorm.get("cmi.interactions._count") || 0}`;
    const answer = answers[question.id];
    scorm.set(`${at}.id`, `urn:rekam:demo:ergonomics:quiz:${question.id}:${round}`);
    scorm.set(`${at}.type`, question.type);
    scorm.set(`${at}.objectives.0.id`, question.objective);
    scorm.set(`${at}.timestamp`, scorm.moment(shownAt));
    scorm.set(`${at}.weighting`, "1");
    scorm.set(`${at}.correct_responses.0.pattern`, pattern(question, question.right));
    scorm.set(`${at}.learner_response`, pattern(question, answer));
    scorm.set(`${at}.result`, isRight(question, answer) ? "correct" : "incorrect");
    scorm.set(`${at}.latency`, scorm.isoSeconds(Date.now() - shownAt));
    scorm.set(`${at}.description`, `{lang=${language.current()}}${inWords(question.text)}`);
  }

  function answered() {
    return QUESTIONS.filter((question) => question.id in answers);
  }

  function rightOnes(questions = QUESTIONS) {
    return questions.filter((question) => question.id in answers && isRight(question, answers[question.id]));
  }

  function remember() {
    scorm.set("cmi.location", current < QUESTIONS.length ? QUESTIONS[current].id : "result");
    scorm.set("cmi.suspend_data", JSON.stringify({ round, answers }));
    scorm.set("cmi.progress_measure", Math.round((answered().length / QUESTIONS.length) * 100) / 100);
    if (answered().length < QUESTIONS.length) scorm.set("cmi.completion_status", "incomplete");
    scorm.commit();
  }

  function grade() {
    const share = rightOnes().length / QUESTIONS.length;
    scorm.set("cmi.score.min", "0");
    scorm.set("cmi.score.max", QUESTIONS.length);
    scorm.set("cmi.score.raw", rightOnes().length);
    scorm.set("cmi.score.scaled", Math.round(share * 1000) / 1000);
    scorm.set("cmi.success_status", share >= PASS ? "passed" : "failed");
    scorm.set("cmi.completion_status", "completed");
    for (const id of new Set(QUESTIONS.map((question) => question.objective))) {
      const own = QUESTIONS.filter((question) => question.objective === id);
      const part = rightOnes(own).length / own.length;
      const at = `cmi.objectives.${scorm.indexOf("cmi.objectives", id)}`;
      scorm.set(`${at}.score.scaled`, Math.round(part * 1000) / 1000);
      scorm.set(`${at}.success_status`, part >= PASS ? "passed" : "failed");
      scorm.set(`${at}.completion_status`, "completed");
    }
  }

  // ── the page ──

  function show(name, visible) {
    buttons[name].hidden = !visible;
  }

  function drawSteps() {
    steps.replaceChildren(...QUESTIONS.map((question, i) => {
      const step = element("li", { textContent: String(i + 1), className: question.id in answers ? "seen" : "" });
      if (i === current) step.setAttribute("aria-current", "step");
      return step;
    }));
  }

  function draw() {
    const over = current >= QUESTIONS.length;
    form.hidden = over;
    result.hidden = !over;
    drawSteps();
    if (over) drawResult();
    else drawQuestion(QUESTIONS[current]);
  }

  function drawQuestion(question) {
    const checked = question.id in answers;
    const fields = element("fieldset", { disabled: checked }, element("legend", { textContent: inWords(question.text) }), ...widget(question));
    const status = element("div");
    status.setAttribute("role", "status");
    if (checked) status.append(feedback(question));
    form.replaceChildren(fields, status);
    show("check", !checked);
    show("next", checked);
    show("again", false);
    show("finish", false);
  }

  function feedback(question) {
    const right = isRight(question, answers[question.id]);
    return element("p", { className: right ? "feedback" : "feedback wrong" },
      element("strong", { className: right ? "verdict good" : "verdict bad", textContent: inWords(right ? WORDS.right : WORDS.wrong) }),
      ` ${inWords(question.why)}`);
  }

  function drawResult() {
    const count = rightOnes().length;
    const passed = count / QUESTIONS.length >= PASS;
    const heading = element("h2", { textContent: inWords(passed ? WORDS.passed : WORDS.failed), tabIndex: -1 });
    const meter = element("meter", { min: 0, max: QUESTIONS.length, low: QUESTIONS.length * PASS, optimum: QUESTIONS.length, value: count });
    meter.setAttribute("aria-label", heading.textContent);
    const list = element("ul", { className: "review" }, ...QUESTIONS.map((question) => {
      const right = isRight(question, answers[question.id]);
      return element("li", {}, element("span", { className: right ? "verdict good" : "verdict bad", textContent: right ? "✓" : "✗", title: inWords(right ? WORDS.right : WORDS.wrong) }),
        element("span", { textContent: inWords(question.text) }));
    }));
    const score = element("div", { className: "score" }, element("strong", { textContent: `${Math.round((count / QUESTIONS.length) * 100)} %` }),
      element("span", { textContent: `${count} ${inWords(WORDS.of)} ${QUESTIONS.length}. ${passed ? "" : inWords(WORDS.needed)}` }));
    result.replaceChildren(heading, element("div", { className: "card" }, score, meter), list);
    show("check", false);
    show("next", false);
    show("again", !passed);
    show("finish", true);
  }

  function check(event) {
    event.preventDefault();
    const question = QUESTIONS[current];
    if (question.id in answers) return;
    const answer = entered(question);
    if (answer === null) {
      form.querySelector("[role=status]").replaceChildren(element("p", { className: "feedback wrong", textContent: inWords(WORDS.choose) }));
      return;
    }
    answers[question.id] = answer;
    record(question);
    if (answered().length === QUESTIONS.length) grade();
    remember();
    draw();
    buttons.next.focus();
    form.querySelector("[role=status]").scrollIntoView({ block: "nearest" });
  }

  function goOn() {
    order = [];
    shownAt = Date.now();
    current += 1;
    remember();
    draw();
    const field = form.querySelector("input:enabled, select:enabled, button:enabled");
    (form.hidden ? result.querySelector("h2") : field || buttons.next).focus();
    window.scrollTo(0, 0);
  }

  function again() {
    answers = {};
    round += 1;
    current = -1;
    goOn();
  }

  function start() {
    scorm.initialize();
    const memory = scorm.readJson();
    answers = memory.answers || {};
    round = memory.round || 1;
    const place = scorm.get("cmi.location");
    const found = QUESTIONS.findIndex((question) => question.id === place);
    current = place === "result" ? QUESTIONS.length : Math.max(0, found);
    language.onChange(draw);
    language.start();
    form.addEventListener("submit", check);
    buttons.next.addEventListener("click", goOn);
    buttons.again.addEventListener("click", again);
    buttons.finish.addEventListener("click", () => scorm.leave("normal", "exitAll"));
    window.addEventListener("pagehide", () => scorm.leave("suspend"));
    remember();
  }

  start();
})();
