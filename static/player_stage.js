/**
 * Where the content runs: a frame of the player page, or a window of its own (setting playerLaunchType).
 *
 *   const stage = RekamStage.create({ box, inWindow, texts: { heading, text, open }, onLoad, onPage, onClosed });
 *   stage.show(activity)   shows the activity's address; in a window this may need a press of the button that appears
 *   stage.takeAway()       → Promise: the content is gone and has had its last word
 *   stage.reveal()         the content has come to life: no need to wait for the rest of it
 *   stage.shown()          → boolean
 *   stage.turnsPage()       → boolean: the content leaves its page for another one (or has been refused to)
 *
 * `onLoad` is called when the first page of an activity has loaded in the frame, `onPage(pathname)` when the content has gone
 * from there to another one, `onClosed` when the learner closed the window.
 */
"use strict";

const RekamStage = (() => {
  // How long content may take to go away or to appear (ms), and how often an open window is looked at.
  const FAREWELL = 2_000;
  const REVEAL = 1_500;
  const LOOK = 500;
  const WINDOW = "popup,resizable,scrollbars,width=1180,height=780";

  /** Content in iframe#sco. */
  function frameStage({ box, onLoad, onPage }) {
    let frame = null;
    let left = false;

    function reveal() {
      if (frame) frame.classList.add("arrived");
    }

    /** A new frame for each activity: its first address makes no entry in the browser's history. */
    function show(activity) {
      if (frame) frame.remove();
      const made = document.createElement("iframe");
      made.id = "sco";
      made.title = activity.title;
      made.allow = "autoplay; fullscreen; encrypted-media; picture-in-picture; clipboard-write";
      // Content taken away before it has loaded loads about:blank instead: that is no arrival.
      let pages = 0;
      made.addEventListener("load", () => {
        if (made !== frame) return;
        watch(made);
        if (pages++) onPage(pathOf(made));
        else { reveal(); onLoad(made); }
      });
      left = false;
      window.setTimeout(reveal, REVEAL);
      made.src = activity.href;
      frame = made;
      box.append(made);
    }

    function watch(made) {
      left = false;
      try {
        made.contentWindow.addEventListener("beforeunload", () => { left = made === frame; });
      } catch (elsewhere) {
        // A page of another server says nothing.
      }
    }

    function pathOf(made) {
      try {
        return made.contentWindow.location.pathname;
      } catch (elsewhere) {
        return "";
      }
    }

    async function takeAway() {
      if (!frame) return;
      const leaving = frame;
      frame = null;
      await new Promise((resolve) => {
        leaving.addEventListener("load", resolve, { once: true });
        window.setTimeout(resolve, FAREWELL);
        // replace: the browser's Back button must not lead into a page of the content that has gone.
        leaving.contentWindow.location.replace("about:blank");
      });
      leaving.remove();
    }

    return { show, takeAway, reveal, shown: () => frame !== null, turnsPage: () => left };
  }

  /** Content in a window that has the player as its opener. */
  function windowStage({ box, texts, onClosed }) {
    let opened = null;
    let looking = 0;

    function open(activity) {
      opened = window.open(new URL(activity.href, window.location.href).href, "_blank", WINDOW);
      if (!opened) return false;
      opened.focus();
      looking = window.setInterval(() => {
        if (opened && !opened.closed) return;
        forget();
        onClosed();
      }, LOOK);
      return true;
    }

    function forget() {
      window.clearInterval(looking);
      opened = null;
    }

    /** Browsers open a window at once only after a recent press; else the learner presses the button of the card. */
    function show(activity) {
      const card = element("div", "card");
      const button = element("button", "button primary", texts.open);
      button.type = "button";
      button.addEventListener("click", () => {
        if (opened && !opened.closed) opened.focus();
        else open(activity);
      });
      card.append(element("h2", "", texts.heading), element("p", "", texts.text), button);
      box.replaceChildren(element("div", "pane centred"));
      box.firstChild.append(card);
      open(activity);
    }

    async function takeAway() {
      const leaving = opened;
      forget();
      box.replaceChildren();
      if (!leaving || leaving.closed) return;
      leaving.close();
      // The window's unload handlers run before it counts as closed.
      for (let waited = 0; !leaving.closed && waited < FAREWELL; waited += 50) {
        await new Promise((resolve) => { window.setTimeout(resolve, 50); });
      }
      await new Promise((resolve) => { window.setTimeout(resolve, 100); });
    }

    return { show, takeAway, reveal() {}, shown: () => opened !== null, turnsPage: () => false };
  }

  function element(tag, className, text = "") {
    const made = document.createElement(tag);
    made.className = className;
    made.textContent = text;
    return made;
  }

  return { create: (options) => (options.inWindow ? windowStage(options) : frameStage(options)) };
})();
