/**
 * The page that shows a single media file as a course: pages of a PDF, a video, sound or picture.
 *
 * It is content like any other: it finds API_1484_11 in the player, keeps its place in cmi.location, what was seen in
 * cmi.suspend_data, and reports the share of pages or seconds seen as cmi.progress_measure. The completion threshold of the
 * course decides when that is enough, so nothing here says "completed".
 */
const boot = JSON.parse(document.getElementById("boot").textContent);
const texts = boot.texts;
// A page counts once it has been in view for so long (ms).
const GLANCE = 800;
// Progress is stored at least this often (ms) while something is going on.
const SAVE_EVERY = 10_000;
const $ = (id) => document.getElementById(id);

/** Ranges of numbers [from, to], sorted and without overlap. */
class Ranges {
  constructor(parts = []) { this.parts = []; for (const [from, to] of parts) this.add(from, to); }

  /** Add a range; ranges closer than `gap` grow together. */
  add(from, to, gap = 0) {
    if (!(to >= from)) return;
    const kept = [];
    for (const part of this.parts) {
      if (part[1] + gap < from || part[0] > to + gap) kept.push(part);
      else { from = Math.min(from, part[0]); to = Math.max(to, part[1]); }
    }
    kept.push([from, to]);
    this.parts = kept.sort((a, b) => a[0] - b[0]);
  }

  get length() { return this.parts.reduce((sum, [from, to]) => sum + to - from, 0); }

  /** How many whole numbers lie in the ranges. */
  get count() { return this.parts.reduce((sum, [from, to]) => sum + to - from + 1, 0); }
}

/** What the player knows of this learner, and where it is told more. */
const course = (() => {
  let api = null;
  for (let w = window, tries = 0; w.parent !== w && tries < 7 && !api; tries += 1) { w = w.parent; api = w.API_1484_11; }
  if (!api && window.opener) api = window.opener.API_1484_11;
  const started = Date.now();
  let over = !api || api.Initialize("") !== "true";
  let saved = Date.now();
  const get = (name) => (over ? "" : api.GetValue(name));
  const set = (name, value) => { if (!over) api.SetValue(name, String(value)); };
  let best = Number.parseFloat(get("cmi.progress_measure")) || 0;

  function seen() {
    try { return JSON.parse(get("cmi.suspend_data")).seen; } catch { return []; }
  }

  return {
    place: get("cmi.location"),
    seen: seen(),
    get best() { return best; },
    /** `share` (0 to 1) of the whole has been seen; never less than before. */
    tell(place, ranges, share) {
      set("cmi.location", place);
      set("cmi.suspend_data", JSON.stringify({ seen: ranges.parts }));
      const reached = best < boot.threshold && share >= boot.threshold;
      if (share > best) { best = Math.min(1, share); set("cmi.progress_measure", Math.round(best * 10_000) / 10_000); }
      show(best);
      if (reached || Date.now() - saved > SAVE_EVERY) this.save();
    },
    save() { saved = Date.now(); if (!over) api.Commit(""); },
    leave() {
      if (over) return;
      set("cmi.session_time", `PT${Math.round((Date.now() - started) / 1000)}S`);
      // Nobody has to begin anew: the place is kept after completion too.
      set("cmi.exit", "suspend");
      api.Terminate("");
      over = true;
    },
  };
})();

function show(share) {
  const percent = Math.floor(share * 100 + 1e-6);
  $("seen-bar").value = percent;
  const done = share >= boot.threshold;
  $("seen-text").textContent = (done ? texts.media_done : texts.media_seen)
    .replace("{percent}", percent).replace("{threshold}", Math.round(boot.threshold * 100));
  document.body.dataset.done = done ? "yes" : "no";
}

function fail() {
  $("problem").hidden = false;
  document.body.dataset.state = "failed";
}

function ready() { document.body.dataset.state = "ready"; }

/** A video or sound: what the browser says was played, joined with what was played before. */
function playTime(tag) {
  const player = document.createElement(tag);
  player.controls = true;
  player.preload = "metadata";
  player.setAttribute("playsinline", "");
  player.setAttribute("aria-label", boot.title);
  const before = course.seen;

  function ranges() {
    const all = new Ranges(before);
    for (let i = 0; i < player.played.length; i += 1) {
      all.add(round(player.played.start(i)), round(player.played.end(i)), 0.5);
    }
    return all;
  }
  const round = (seconds) => Math.round(seconds * 10) / 10;
  const tell = () => {
    if (!Number.isFinite(player.duration) || !player.duration) return;
    const all = ranges();
    course.tell(round(player.ended ? 0 : player.currentTime), all, Math.min(1, all.length / round(player.duration)));
  };
  player.addEventListener("loadedmetadata", () => {
    const place = Number.parseFloat(course.place);
    if (place > 0 && place < player.duration) player.currentTime = place;
    ready();
  });
  let last = 0;
  player.addEventListener("timeupdate", () => { if (Date.now() - last > 1000) { last = Date.now(); tell(); } });
  for (const event of ["pause", "ended", "seeked"]) player.addEventListener(event, () => { tell(); course.save(); });
  player.addEventListener("error", fail);
  player.src = boot.source;
  $("media").append(player);
  window.addEventListener("pagehide", tell);
}

function showPicture() {
  const picture = document.createElement("img");
  picture.alt = boot.title;
  picture.addEventListener("load", () => { ready(); course.tell("1", new Ranges([[1, 1]]), 1); course.save(); });
  picture.addEventListener("error", fail);
  picture.src = boot.source;
  $("media").append(picture);
}

/** One page at a time, as large as fits; what is on it is also there as text for screen readers. */
async function showPages() {
  const pdfjs = await import(boot.pdfjs + "pdf.min.mjs");
  pdfjs.GlobalWorkerOptions.workerSrc = boot.pdfjs + "pdf.worker.min.mjs";
  const book = await pdfjs.getDocument({ url: boot.source, wasmUrl: boot.pdfjs, isEvalSupported: false, enableXfa: false }).promise;
  const total = book.numPages;
  const seen = new Ranges(course.seen);
  let current = Math.min(Math.max(Number.parseInt(course.place, 10) || 1, 1), total);
  let zoom = 1, drawing = null, wanted = 0, glance = 0;

  function count(number) {
    if (document.hidden) return;
    seen.add(number, number, 1);
    course.tell(String(number), seen, seen.count / total);
  }

  async function draw() {
    const turn = (wanted += 1);
    window.clearTimeout(glance);
    drawing?.cancel();
    const page = await book.getPage(current);
    if (turn !== wanted) return;
    const plain = page.getViewport({ scale: 1 });
    const room = $("media").getBoundingClientRect();
    // Within the padding of the box.
    const fit = Math.max(0.1, Math.min((room.width - 24) / plain.width, Math.max(room.height - 26, 320) / plain.height));
    const viewport = page.getViewport({ scale: fit * zoom });
    const density = Math.min(window.devicePixelRatio || 1, 3);
    const canvas = document.createElement("canvas");
    canvas.width = Math.floor(viewport.width * density);
    canvas.height = Math.floor(viewport.height * density);
    canvas.style.width = `${Math.floor(viewport.width)}px`;
    canvas.setAttribute("aria-hidden", "true");
    drawing = page.render({ canvas, viewport, transform: density === 1 ? null : [density, 0, 0, density, 0, 0] });
    try { await drawing.promise; } catch (error) { if (error.name === "RenderingCancelledException") return; throw error; }
    if (turn !== wanted) return;
    const words = (await page.getTextContent()).items.map((item) => item.str + (item.hasEOL ? "\n" : "")).join("");
    if (turn !== wanted) return;
    $("page-text").textContent = words;
    $("media").replaceChildren(canvas, $("page-text"));
    $("page-number").value = current;
    $("page-previous").disabled = current === 1;
    $("page-next").disabled = current === total;
    $("media").scrollTop = 0;
    ready();
    glance = window.setTimeout(count, GLANCE, current);
  }

  const go = (number) => {
    const target = Math.min(Math.max(number || current, 1), total);
    if (target === current) { $("page-number").value = current; return; }
    current = target;
    draw().catch(fail);
  };
  const enlarge = (factor) => { zoom = Math.min(6, Math.max(0.5, zoom * factor)); draw().catch(fail); };
  $("page-number").max = total;
  $("page-count").textContent = texts.media_of.replace("{total}", total);
  $("pages").hidden = false;
  $("page-previous").addEventListener("click", () => go(current - 1));
  $("page-next").addEventListener("click", () => go(current + 1));
  $("page-number").addEventListener("change", (event) => go(Number.parseInt(event.target.value, 10)));
  $("zoom-in").addEventListener("click", () => enlarge(1.25));
  $("zoom-out").addEventListener("click", () => enlarge(0.8));
  document.addEventListener("keydown", (event) => {
    if (event.target.tagName === "INPUT" || event.ctrlKey || event.metaKey || event.altKey) return;
    const steps = { ArrowRight: 1, PageDown: 1, ArrowLeft: -1, PageUp: -1 };
    if (event.key in steps) { go(current + steps[event.key]); event.preventDefault(); }
    if (event.key === "Home") go(1);
    if (event.key === "End") go(total);
  });
  let resized = 0;
  window.addEventListener("resize", () => { window.clearTimeout(resized); resized = window.setTimeout(() => draw().catch(fail), 150); });
  document.addEventListener("visibilitychange", () => { if (!document.hidden) glance = window.setTimeout(count, GLANCE, current); });
  await draw();
}

show(course.best);
if (boot.kind === "pdf") showPages().catch(fail);
else if (boot.kind === "image") showPicture();
else playTime(boot.kind);
// After the viewers' own listeners, which tell the last of what was seen.
window.addEventListener("pagehide", () => course.leave());
