/**
 * The player page: shows what the runtime endpoint answers and takes the learner's steps to it.
 *
 * `static/scorm_api.js` speaks with the content and with the server (its contract stands at its top), `player_stage.js`
 * holds the content; this file owns the page: controls, contents, notices, the end. Its data come from `script#boot`
 * (scorm_runtime/player_page.py). Hooks other programs rely on: `body[data-state]` (loading, content, idle, ended), the
 * `#nav-…` buttons, `[data-activity-id]` entries with data-depth, data-selectable, data-visible, data-title, `iframe#sco`.
 */
"use strict";

(() => {
  const boot = JSON.parse(document.getElementById("boot").textContent);
  const texts = boot.texts;

  // How long content may be silent before the learner is offered help (ms).
  const SILENCE = 20_000;
  // How long the end page stays before the learner is taken back (ms).
  const STAY_AFTER_RESULT = 4_000;
  const STAY_AFTER_PAUSE = 1_200;

  // Content that minds its time limit itself goes first (ms).
  const TIME_GRACE = 5_000;
  // A part that closes by itself says so this long before (seconds), or a fifth of its time when that is less.
  const TIME_WARNING = 300;

  const CONTROLS = {
    continue: "nav-continue", previous: "nav-previous",
    exitAll: "nav-exit-all", suspendAll: "nav-suspend-all", abandonAll: "nav-abandon-all",
  };
  const STEPS = ["continue", "previous"];

  const page = {
    busy: true, // a step is being taken: controls are off
    over: false, // ended, superseded or expired: nothing is sent any more
    lastRequest: "", // the step last answered
    byLearner: false, // the step under way was the learner's: focus follows it into the content
    activity: null,
    answer: null,
    silence: 0,
    limit: null, // the time limit of the part shown: {at, warnAt, exits, tells}, times of performance.now()
    told: Promise.resolve(), // the learner has read what a dialog said
    connection: { state: "saved", unsent: 0 },
    wasAway: false,
  };

  const $ = (id) => document.getElementById(id);

  /** The text `key` with its `{names}` filled in. */
  function say(key, values = {}) {
    return (texts[key] || "").replace(/\{(\w+)\}/g, (whole, name) => (name in values ? String(values[name]) : whole)).trim();
  }

  /** An element with a class, a text and children; text is never markup. */
  function make(tag, className = "", text = "", ...children) {
    const element = document.createElement(tag);
    if (className) element.className = className;
    if (text) element.textContent = text;
    element.append(...children);
    return element;
  }

  // ── icons ──────────────────────────────────────────────────────────────────────────────────────────────────────

  const ICONS = {
    "not attempted": "M12 12m-7.5 0a7.5 7.5 0 1 0 15 0a7.5 7.5 0 1 0-15 0",
    incomplete: "M12 12m-7.5 0a7.5 7.5 0 1 0 15 0a7.5 7.5 0 1 0-15 0",
    completed: "M5 12.5l4.5 4.5L19 7.5",
    passed: "M12 3.5l2.4 5.2 5.6.7-4.2 3.9 1.1 5.6L12 16.1l-4.9 2.8 1.1-5.6L4 9.4l5.6-.7z",
    failed: "M7 7l10 10M17 7L7 17",
    locked: "M7 11h10v8H7zM9 11V8a3 3 0 0 1 6 0v3",
    warning: "M12 4.5 21 19.5H3zM12 10v4.5M12 17v.01",
    info: "M12 12m-8.5 0a8.5 8.5 0 1 0 17 0a8.5 8.5 0 1 0-17 0M12 11v5M12 8v.01",
    good: "M12 12m-8.5 0a8.5 8.5 0 1 0 17 0a8.5 8.5 0 1 0-17 0M8 12.3l2.8 2.7L16 9.5",
  };
  // What is filled in besides the lines.
  const FILLED = { incomplete: "M12 4.5a7.5 7.5 0 0 1 0 15z", passed: ICONS.passed };

  function icon(name) {
    const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    svg.setAttribute("viewBox", "0 0 24 24");
    svg.setAttribute("class", "icon");
    svg.setAttribute("aria-hidden", "true");
    svg.append(shape(ICONS[name] || ICONS.info, "line"));
    if (FILLED[name]) svg.append(shape(FILLED[name], "filled"));
    return svg;
  }

  function shape(outline, kind) {
    const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
    path.setAttribute("d", outline);
    path.setAttribute("class", kind);
    return path;
  }

  // ── the state of the page ──────────────────────────────────────────────────────────────────────────────────────

  function setState(state) {
    document.body.dataset.state = state;
    $("stage").setAttribute("aria-busy", String(state === "loading"));
    $("stage-loading").hidden = state === "idle" || state === "ended";
    $("stage-idle").hidden = state !== "idle";
    $("stage-ended").hidden = state !== "ended";
    $("stage-content").hidden = state === "idle" || state === "ended";
    $("stage-content").classList.toggle("covered", state === "loading");
    drawControls();
  }

  function announce(text) {
    $("announcer").textContent = text;
  }

  function drawControls() {
    const controls = page.over ? {} : (page.answer && page.answer.controls) || {};
    const withheld = controls.hidden || [];
    for (const [name, id] of Object.entries(CONTROLS)) {
      const button = $(id);
      const isStep = STEPS.includes(name);
      // A step that is not possible now stays in its place, switched off; ways out that do not exist are not shown.
      const wanted = isStep ? boot.settings.showNavigation !== false : controls[name];
      button.hidden = !wanted || withheld.includes(name) || !page.answer || page.over;
      button.disabled = page.busy || !controls[name];
      // Why a step is off: shown under the pointer, told to screen readers.
      if (isStep) button.title = page.busy ? "" : (controls.reasons || {})[name] || "";
    }
    // Next stands out once there is nothing left to do here; before that the content's own buttons come first.
    const here = page.answer && page.answer.toc.find((entry) => entry.current);
    $(CONTROLS.continue).classList.toggle("primary", !here || ["completed", "passed", "failed"].includes(here.status));
    $("steps").hidden = STEPS.every((name) => $(CONTROLS[name]).hidden);
  }

  // ── contents ───────────────────────────────────────────────────────────────────────────────────────────────────

  let drawnContents = "";

  function drawContents(toc) {
    const key = JSON.stringify([toc, page.busy]);
    if (key === drawnContents) return;
    drawnContents = key;
    const focused = document.activeElement && document.activeElement.closest("[data-activity-id]");
    $("toc-list").replaceChildren(...toc.map((entry, i) => contentsEntry(entry, isCluster(toc, i))));
    if (focused) focusEntry(focused.dataset.activityId);
    // A list of one part in which nothing can be chosen helps nobody.
    const pointless = toc.filter((e, i) => !isCluster(toc, i)).length < 2 && !toc.some((e) => e.selectable);
    document.body.classList.toggle("plain", boot.settings.showTableOfContents === false || pointless);
  }

  function isCluster(toc, i) {
    return i + 1 < toc.length && toc[i + 1].depth > toc[i].depth;
  }

  function contentsEntry(entry, cluster) {
    const item = make("li", "entry");
    Object.assign(item.dataset, {
      activityId: entry.id, depth: entry.depth, title: entry.title,
      selectable: String(Boolean(entry.selectable)), visible: String(entry.visible !== false),
    });
    item.hidden = entry.visible === false;
    item.classList.toggle("cluster", cluster);
    const locked = !entry.selectable && !entry.current && Boolean(entry.reason);
    const row = make(entry.selectable ? "button" : "div", "row");
    if (entry.selectable) {
      row.type = "button";
      row.disabled = page.busy;
      row.addEventListener("click", () => go("choice", entry.id));
    }
    if (entry.current) item.setAttribute("aria-current", "true");
    row.append(mark(entry, locked), entryText(entry, cluster, locked));
    item.append(row);
    return item;
  }

  function mark(entry, locked) {
    const name = locked && entry.status === "not attempted" ? "locked" : entry.status;
    const box = make("span", `mark ${name.replace(" ", "-")}`);
    box.append(icon(name));
    return box;
  }

  function entryText(entry, cluster, locked) {
    const status = say(`status_${entry.status.replace(" ", "_")}`);
    const words = [entry.current ? say("current") : "", status, locked ? say("locked_reason", { reason: entry.reason }) : ""];
    const text = make("span", "text", "", make("span", "title", entry.title));
    // A cluster's state is that of its parts: said to screen readers, seen by its mark.
    text.append(make("span", cluster && !locked ? "status visually-hidden" : "status", words.filter(Boolean).join(" · ")));
    return text;
  }

  function focusEntry(id) {
    const entry = [...document.querySelectorAll("[data-activity-id]")].find((e) => e.dataset.activityId === id);
    const button = entry && entry.querySelector("button");
    if (button) button.focus();
  }

  const narrow = window.matchMedia("(max-width: 56rem)");

  function contentsAreOpen() {
    return document.body.classList.contains(narrow.matches ? "toc-drawer" : "toc-open");
  }

  function openContents(open, { focus = true } = {}) {
    document.body.classList.toggle(narrow.matches ? "toc-drawer" : "toc-open", open);
    $("toc-toggle").setAttribute("aria-expanded", String(open));
    if (!focus || !narrow.matches) return;
    (open ? $("toc-close") : $("toc-toggle")).focus();
  }

  function adaptContents() {
    document.body.classList.remove("toc-drawer");
    document.body.classList.add("toc-open");
    $("toc-toggle").setAttribute("aria-expanded", String(!narrow.matches));
  }

  // ── progress and time ──────────────────────────────────────────────────────────────────────────────────────────

  function drawProgress(answer) {
    const leaves = answer.toc.filter((entry, i) => !isCluster(answer.toc, i) && entry.visible !== false);
    const done = leaves.filter((entry) => ["completed", "passed", "failed"].includes(entry.status)).length;
    const measure = answer.progress ? answer.progress.measure : null;
    const share = typeof measure === "number" ? measure : done / Math.max(1, leaves.length);
    const percent = Math.round(Math.max(0, Math.min(1, share)) * 100);
    $("measure").hidden = boot.settings.showProgressBar === false || (typeof measure !== "number" && leaves.length < 2);
    $("measure-bar").value = percent;
    $("measure-text").textContent =
      typeof measure === "number" ? say("progress_percent", { percent }) : say("progress_parts", { done, all: leaves.length });
  }

  const began = performance.now();

  function secondsSpent() {
    return Math.floor(boot.elapsed + (performance.now() - began) / 1000);
  }

  function clockText(seconds) {
    const parts = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
    if (!parts[0]) parts.shift();
    return parts.map((part, i) => (i ? String(part).padStart(2, "0") : String(part))).join(":");
  }

  function drawTime() {
    if (page.over) return;
    const seconds = secondsSpent();
    $("elapsed-time").textContent = clockText(seconds);
    $("elapsed-time").dateTime = `PT${seconds}S`;
  }

  // ── notices ────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Show a notice of one `kind` (a second one of the kind replaces the first); `actions` are [label, function] pairs. */
  function notice(kind, tone, heading, text, actions = []) {
    removeNotice(kind);
    const box = make("div", `notice ${tone}`);
    box.dataset.kind = kind;
    const words = make("p");
    if (heading) words.append(make("strong", "", heading), " ");
    words.append(text);
    box.append(icon(tone), words, ...actions.map(([label, act]) => {
      const button = make("button", "button", label);
      button.type = "button";
      button.addEventListener("click", () => { removeNotice(kind); act(); });
      return button;
    }));
    $("notices").append(box);
  }

  function removeNotice(kind) {
    document.querySelectorAll(`.notice[data-kind="${kind}"]`).forEach((box) => box.remove());
  }

  /** Where storage is blocked the journal dies with the page: ask before it is left. */
  function askBeforeLeaving(event) {
    if (runtime.atRisk()) event.preventDefault();
  }

  function drawConnection() {
    const { state, unsent } = page.connection;
    // Only where it is needed: pages that ask are kept out of some browsers' back and forward cache.
    if (!runtime.lasts()) window.addEventListener("beforeunload", askBeforeLeaving);
    const lineDown = navigator.onLine === false;
    const away = !page.over && (lineDown || state === "offline");
    if (away) {
      const key = lineDown ? "offline" : "server_away";
      const which = unsent && !runtime.lasts() ? "_memory" : ["_none", "_one"][unsent] || "";
      notice("connection", "warning", "", say(key + which, { count: unsent }));
      if (page.busy) $("loading-text").textContent = say("waiting_to_move");
    } else if (page.wasAway && state === "saved") {
      notice("connection", "good", "", say("back_online"));
      window.setTimeout(() => page.wasAway || removeNotice("connection"), 5_000);
    }
    page.wasAway = away || (page.wasAway && state !== "saved");
    $("saved").textContent = away || page.over ? "" : say(state === "saved" ? "saved" : "saving");
  }

  function forgetSilence() {
    window.clearTimeout(page.silence);
    removeNotice("silent");
  }

  function watchForSilence() {
    forgetSilence();
    if (!page.activity || page.activity.scormType !== "sco") return;
    page.silence = window.setTimeout(() => {
      notice("silent", "info", say("silent_heading"), say("silent_text"), [
        [say("load_again"), () => showContent(page.activity)],
        [say("dismiss"), () => {}],
      ]);
    }, SILENCE);
  }

  // ── the time limit of a part ───────────────────────────────────────────────────────────────────────────────────

  function watchTime(limit) {
    forgetTime();
    if (!limit) return;
    const at = performance.now() + limit.seconds * 1000;
    const warned = limit.exits && limit.tells;
    page.limit = { ...limit, at, warnAt: warned ? at - Math.min(TIME_WARNING, limit.seconds / 5) * 1000 : Infinity };
  }

  function forgetTime() {
    page.limit = null;
    removeNotice("time");
  }

  function lookAtLimit() {
    const { limit } = page;
    if (!limit || page.busy || page.over) return;
    const now = performance.now();
    if (now >= limit.at + TIME_GRACE) timeIsUp(limit);
    else if (now >= limit.warnAt) {
      limit.warnAt = Infinity;
      notice("time", "warning", "", say("time_soon", { left: clockText(Math.ceil((limit.at - now) / 1000)) }));
    }
  }

  /** RTE 4.2.25: leave or go on, with or without a message. Content that has ended by itself has obeyed. */
  function timeIsUp({ exits, tells }) {
    forgetTime();
    if (exits && !runtime.timeOut()) return;
    const part = { title: page.activity.title };
    if (exits) go("exit");
    if (tells) page.told = tell(say("time_heading"), exits ? say("time_exit_text", part) : say("time_continue_text", part));
  }

  // ── the content ────────────────────────────────────────────────────────────────────────────────────────────────

  const stage = RekamStage.create({
    box: $("stage-content"),
    inWindow: boot.settings.playerLaunchType === "window",
    texts: { heading: say("window_heading"), text: say("window_text"), open: say("window_open") },
    onLoad(frame) {
      if (page.byLearner) frame.focus({ preventScroll: true });
      page.byLearner = false;
    },
    onPage(path) {
      const part = partAt(path);
      if (part && part !== page.activity.id) go("choice", part);
      else runtime.arrived();
    },
    onClosed() {
      runtime.unloaded();
      forgetSilence();
      card(say("closed_heading"), "info", say("closed_text"), [[say("open_again"), () => window.location.reload()]]);
    },
  });

  /** The part whose launch file a link in the content of another one led to; "" for any other page. */
  function partAt(path) {
    const found = Object.keys(boot.pages || {}).find((file) => new URL(`c/${file}`, window.location.href).pathname === path);
    return found ? boot.pages[found] : "";
  }

  function showContent(activity) {
    stage.show(activity);
    watchForSilence();
  }

  function focusContent() {
    const place = page.over ? $("ended-card").querySelector("h2") : $("stage-content").querySelector("iframe");
    (place || $("stage")).focus({ preventScroll: true });
  }

  /**
   * Take the content away, letting its beforeunload, pagehide and unload handlers call the API one last time.
   * The next activity's API must not be there before that: content would end the wrong session.
   */
  async function takeAway() {
    forgetSilence();
    forgetTime();
    await stage.takeAway();
  }

  // ── steps ──────────────────────────────────────────────────────────────────────────────────────────────────────

  /** The learner's step. It goes before whatever the content asks for while it is taken away. */
  async function go(request, target = null) {
    if (page.busy || page.over) return;
    begin(true);
    runtime.hold();
    await takeAway();
    try {
      await runtime.navigate({ request, target });
    } catch (error) {
      refused(error);
    }
  }

  function begin(byLearner) {
    page.busy = true;
    page.byLearner = byLearner;
    removeNotice("refused");
    if (narrow.matches && contentsAreOpen()) openContents(false, { focus: false });
    $("loading-text").textContent = say("loading");
    setState("loading");
    redrawContents();
    announce(say("loading"));
    drawConnection();
  }

  function redrawContents() {
    if (page.answer) drawContents(page.answer.toc);
  }

  /** An answer to a step: show the activity it delivered, or that there is none. */
  async function arrive(answer) {
    if (answer.activity) {
      $("loading-text").textContent = say("loading_activity", { title: answer.activity.title });
      await takeAway();
      page.activity = answer.activity;
      runtime.open(answer.activity);
      settle("content");
      $("activity-title").textContent = answer.activity.title;
      document.title = `${answer.activity.title} · ${boot.title}`;
      showContent(answer.activity);
      watchTime(answer.activity.timeLimit);
      announce(say("opened", { title: answer.activity.title }));
    } else if (answer.state === "content" && stage.shown()) {
      settle("content");
    } else {
      await takeAway();
      page.activity = null;
      $("activity-title").textContent = "";
      document.title = boot.title;
      if (answer.state === "ended") finish(answer);
      else wait(answer);
    }
    if (answer.message && answer.state !== "ended") {
      notice("refused", "info", "", answer.message, [[say("dismiss"), () => {}]]);
    }
  }

  function settle(state) {
    page.busy = false;
    setState(state);
    redrawContents();
  }

  /** No activity is open: the learner chooses from the contents. */
  function wait() {
    settle("idle");
    const canChoose = page.answer.toc.some((entry) => entry.selectable);
    $("idle-text").hidden = !canChoose;
    $("idle-open-toc").hidden = !canChoose || (!narrow.matches && contentsAreOpen());
    if (!narrow.matches && canChoose) openContents(true);
    announce(`${say("idle_heading")} ${canChoose ? say("idle_text") : ""}`);
  }

  function refused(error) {
    if (page.over) return;
    page.busy = false;
    const message = (error && error.message) || "";
    if (page.answer) wait();
    else card(say("not_saved_heading"), "warning", say("refused", { message }), [[say("load_again"), () => window.location.reload()]]);
    notice("refused", "warning", "", say("cannot_move", { message }), [[say("dismiss"), () => {}]]);
  }

  // ── the end ────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Fill the card that stands in the content's place; `actions` are [label, function] pairs, the first one stands out. */
  function card(heading, tone, text, actions = [], facts = []) {
    const title = make("h2", "", heading);
    title.tabIndex = -1;
    const list = make("dl", "result");
    facts.forEach(([name, value]) => list.append(make("div", "", "", make("dt", "", name), make("dd", "", value))));
    const buttons = actions.map(([label, act], i) => {
      const button = make("button", i ? "button" : "button primary", label);
      button.type = "button";
      button.addEventListener("click", act);
      return button;
    });
    const badge = make("div", `badge ${tone}`);
    badge.append(icon(tone));
    $("ended-card").replaceChildren(badge, title, make("p", "", text), ...(facts.length ? [list] : []), ...buttons);
    page.over = true;
    page.busy = false;
    setState("ended");
    drawContentsOff();
    title.focus({ preventScroll: true });
  }

  function drawContentsOff() {
    if (page.answer) drawContents(page.answer.toc.map((entry) => ({ ...entry, selectable: false, current: false, reason: null })));
  }

  function outcome({ success, completion }) {
    if (success === "passed" || success === "failed") return success;
    if (completion === "completed") return completion;
    return page.lastRequest === "suspendAll" ? "suspended" : "other";
  }

  function finish(answer) {
    const progress = answer.progress || {};
    const result = outcome(progress);
    const facts = [];
    if (typeof progress.scaled === "number") facts.push([say("result_score"), `${Math.round(progress.scaled * 100)} %`]);
    else if (typeof progress.measure === "number") facts.push([say("result_progress"), `${Math.round(progress.measure * 100)} %`]);
    facts.push([say("result_time"), clockText(secondsSpent())]);
    const way = wayBack(answer.redirect);
    const tone = { passed: "passed", completed: "good", failed: "failed" }[result] || "info";
    const text = answer.message || say(`ended_${result}_text`);
    if (!way) {
      card(say(`ended_${result}`), tone, `${text} ${say("close_page")}`, [], facts);
      return;
    }
    card(say(`ended_${result}`), tone, text, [[say("back_to", { place: way.host }), () => leave(way)]], facts);
    const stay = ["passed", "failed", "completed"].includes(result) ? STAY_AFTER_RESULT : STAY_AFTER_PAUSE;
    const done = Promise.all([runtime.settled(), page.told]);
    window.setTimeout(() => done.then(() => leave(way)), stay);
    announce(say("going_back", { place: way.host }));
  }

  /** The address to go back to; anything but a web address is none. */
  function wayBack(address) {
    try {
      const url = new URL(address, window.location.href);
      return address && ["http:", "https:"].includes(url.protocol) ? url : null;
    } catch {
      return null;
    }
  }

  function leave(url) {
    window.location.assign(url.href);
  }

  // ── what the runtime tells ─────────────────────────────────────────────────────────────────────────────────────

  const runtime = RekamScorm.connect({
    endpoint: new URL(boot.endpoint, window.location.href).href,
    tables: boot.tables,
    journal: boot.journal,
    language: boot.locale,
    trace: boot.settings.traceCalls === true,
    aliveSeconds: boot.alive,
    // A window of the content's own may cover the player.
    inUse: () => document.visibilityState !== "hidden" || (boot.settings.playerLaunchType === "window" && stage.shown()),
    turnsPage: () => stage.turnsPage(),
    onAnswer(answer, request) {
      if (page.over) return;
      page.answer = answer;
      if (request.navigate) page.lastRequest = request.navigate.request;
      drawProgress(answer);
      if (request.navigate || answer.activity || (answer.state !== "content" && !page.busy)) arrive(answer);
      else { drawControls(); redrawContents(); }
    },
    onNavigate() {
      if (!page.busy) begin(false);
    },
    onSession({ event }) {
      if (event !== "initialized") return;
      forgetSilence();
      stage.reveal();
    },
    onStatus(status) {
      page.connection = status;
      drawConnection();
    },
    onRefused(error) {
      notice("refused", "warning", say("not_saved_heading"), say("refused", { message: error.message || "" }), [[say("dismiss"), () => {}]]);
    },
    onSuperseded() {
      stop("superseded");
    },
    onEnded({ code }) {
      stop(code === "max_attempts" ? "attempts" : "expired");
    },
  });

  async function stop(why) {
    if (page.over) return;
    page.over = true;
    await takeAway();
    card(say(`${why}_heading`), "info", say(`${why}_text`));
    $("notices").replaceChildren();
  }

  // ── wiring ─────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Ask in a dialog; resolves to true when the learner agrees. With `only`, agreeing is all there is to do. */
  async function ask(heading, text, yes, { only = false } = {}) {
    const dialog = $("ask");
    if (dialog.open) {
      const closed = new Promise((resolve) => { dialog.addEventListener("close", resolve, { once: true }); });
      dialog.close("no");
      await closed;
    }
    $("ask-heading").textContent = heading;
    $("ask-text").textContent = text;
    $("ask-yes").textContent = yes;
    $("ask-no").hidden = only;
    dialog.setAttribute("role", only ? "alertdialog" : "dialog");
    dialog.returnValue = "";
    dialog.showModal();
    return new Promise((resolve) => {
      dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true });
    });
  }

  /** Tell something that must be read; resolves when it has been. */
  async function tell(heading, text) {
    await ask(heading, text, say("understood"), { only: true });
    focusContent();
  }

  async function abandon() {
    if (await ask(say("abandon_heading"), say("abandon_text"), say("abandon_yes"))) go("abandonAll");
  }

  function wire() {
    for (const [name, id] of Object.entries(CONTROLS)) {
      $(id).addEventListener("click", () => (name === "abandonAll" ? abandon() : go(name)));
    }
    $("ask-yes").addEventListener("click", () => $("ask").close("yes"));
    $("ask-no").addEventListener("click", () => $("ask").close("no"));
    $("toc-toggle").addEventListener("click", () => openContents(!contentsAreOpen()));
    $("toc-close").addEventListener("click", () => openContents(false));
    $("toc-shade").addEventListener("click", () => openContents(false));
    $("idle-open-toc").addEventListener("click", () => openContents(true));
    document.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && narrow.matches && contentsAreOpen()) openContents(false);
    });
    narrow.addEventListener("change", adaptContents);
    window.addEventListener("online", drawConnection);
    window.addEventListener("offline", drawConnection);
    // A page that comes back from the browser's cache shows a session that has ended meanwhile.
    window.addEventListener("pageshow", (event) => event.persisted && window.location.reload());
    window.setInterval(() => { drawTime(); lookAtLimit(); }, 1_000);
  }

  wire();
  adaptContents();
  setState("loading");
  drawTime();
  if (boot.mode !== "normal" && texts[`mode_${boot.mode}`]) notice("mode", "info", "", say(`mode_${boot.mode}`));
  runtime.start({ request: boot.first }).catch(refused);
})();
