// What the console does beyond plain links and forms. Everything works without it except the progress of an upload.
"use strict";
(() => {
  const root = document.documentElement;
  root.classList.add("has-script");
  const csrf = document.querySelector('meta[name="csrf"]').content;
  const say = (text) => { document.getElementById("say").textContent = text; };
  const all = (selector, within = document) => within.querySelectorAll(selector);

  // The menu of small screens.
  for (const button of all(".menu-button")) {
    const menu = document.getElementById(button.getAttribute("aria-controls"));
    const open = (shown) => { button.setAttribute("aria-expanded", String(menu.classList.toggle("open", shown))); };
    button.addEventListener("click", () => open());
    document.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || !menu.classList.contains("open")) return;
      open(false);
      button.focus();
    });
  }

  for (const form of all("[data-submit-on-change]")) form.addEventListener("change", () => form.requestSubmit());

  // Times in the reader's own zone.
  const localTimes = (within) => {
    const full = new Intl.DateTimeFormat(root.lang, { dateStyle: "long", timeStyle: "medium" });
    const brief = new Intl.DateTimeFormat(root.lang, { dateStyle: "medium", timeStyle: "medium" });
    for (const time of all("time[datetime]", within)) {
      const moment = new Date(time.dateTime);
      if (Number.isNaN(moment.getTime())) continue;
      time.title = full.format(moment);
      if ("exact" in time.dataset) time.textContent = brief.format(moment);
    }
  };
  localTimes(document);

  // Copying, with an answer.
  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-copy]");
    if (!button) return;
    try {
      // A button without a text of its own copies the JSON that it stands below.
      await navigator.clipboard.writeText(button.dataset.copy || button.closest("[data-copied]").querySelector("pre").textContent);
    } catch {
      const field = button.parentElement.querySelector("input");
      if (field) { field.focus(); field.select(); document.execCommand("copy"); }
    }
    const label = button.lastChild, before = label.textContent;
    label.textContent = " ✓";
    setTimeout(() => { label.textContent = before; }, 1200);
  });

  // A question before what cannot be undone.
  document.addEventListener("submit", (event) => {
    const form = event.target, question = form.dataset.confirm;
    if (!question || form.dataset.confirmed) return;
    event.preventDefault();
    const submit = form.querySelector("button");
    const dialog = document.createElement("dialog");
    const text = document.createElement("p");
    text.id = "question";
    text.textContent = question;
    dialog.setAttribute("aria-labelledby", "question");
    const row = document.createElement("div");
    row.className = "form-actions";
    const cancel = document.createElement("button");
    cancel.className = "button";
    cancel.textContent = root.lang === "id" ? "Batal" : "Cancel";
    const go = document.createElement("button");
    go.className = "button danger";
    go.textContent = submit.textContent.trim();
    cancel.addEventListener("click", () => dialog.close());
    go.addEventListener("click", () => { form.dataset.confirmed = "yes"; dialog.close(); form.requestSubmit(); });
    dialog.addEventListener("close", () => { dialog.remove(); submit.focus(); });
    row.append(cancel, go);
    dialog.append(text, row);
    document.body.append(dialog);
    dialog.showModal();
    cancel.focus();
  });

  // Regions that change while one looks: fetch the page again, politely, and take over the region.
  const refresh = async (region) => {
    const seconds = Number(region.dataset.refresh);
    if (!seconds) return;
    await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
    let current = document.getElementById(region.id);
    if (!current) return;
    if (!document.hidden && !current.contains(document.activeElement) && !current.querySelector("details[open]")) {
      try {
        const answer = await fetch(location.href, { headers: { Accept: "text/html" }, redirect: "error" });
        if (!answer.ok) return;
        const page = new DOMParser().parseFromString(await answer.text(), "text/html");
        const fresh = page.getElementById(region.id);
        if (!fresh) { location.reload(); return; }
        if (fresh.innerHTML !== region.lastHtml) {
          region.lastHtml = fresh.innerHTML;
          const adopted = document.adoptNode(fresh);
          adopted.lastHtml = region.lastHtml;
          const told = adopted.dataset.state && adopted.dataset.state !== current.dataset.state;
          current.replaceWith(adopted);
          localTimes(adopted);
          if (told) say(adopted.dataset.state);
          current = adopted;
        }
      } catch { /* offline for a moment: ask again later */ }
    }
    refresh(current);
  };
  for (const region of all("[data-refresh]")) refresh(region);

  // Uploads: drag and drop, progress while the bytes go up; the page that follows shows the import.
  for (const form of all("form[data-upload]")) {
    const input = form.querySelector('input[type="file"]');
    const zone = form.querySelector(".drop");
    const state = form.querySelector(".upload-state");
    const bar = state.querySelector("progress");
    const text = state.querySelector("span");
    for (const kind of ["dragenter", "dragover"]) zone.addEventListener(kind, (event) => { event.preventDefault(); zone.classList.add("over"); });
    for (const kind of ["dragleave", "drop"]) zone.addEventListener(kind, (event) => { event.preventDefault(); zone.classList.remove("over"); });
    zone.addEventListener("drop", (event) => {
      if (!event.dataTransfer.files.length) return;
      input.files = event.dataTransfer.files;
      form.requestSubmit();
    });
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      if (!input.files.length) { input.focus(); return; }
      const request = new XMLHttpRequest();
      const button = form.querySelector("button");
      const fail = (message) => { state.hidden = false; bar.hidden = true; text.textContent = message; text.className = "field-error"; button.disabled = false; say(message); };
      request.upload.addEventListener("progress", (progress) => {
        if (!progress.lengthComputable) return;
        bar.value = 100 * progress.loaded / progress.total;
        text.textContent = progress.loaded < progress.total ? `${Math.floor(bar.value)} %` : form.dataset.checking;
      });
      request.addEventListener("load", () => {
        let answer = {};
        try { answer = JSON.parse(request.responseText); } catch { /* not ours: a proxy's page */ }
        if (request.status < 300 && answer.location) location.assign(answer.location);
        else fail((answer.error && answer.error.message) || `${form.dataset.failed} (${request.status})`);
      });
      request.addEventListener("error", () => fail(form.dataset.failed));
      request.open("POST", form.action);
      request.setRequestHeader("X-CSRF-Token", csrf);
      request.setRequestHeader("Accept", "application/json");
      state.hidden = false; bar.hidden = false; bar.value = 0; text.className = ""; text.textContent = "0 %";
      button.disabled = true;
      request.send(new FormData(form));
    });
  }
})();
