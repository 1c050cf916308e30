// The window's script. Every page works without it: it makes pages new when a run has news, previews while a person
// types, and gives keys. It asks nothing of any other place, and takes no text for markup: what it shows, the server made.
import { Idiomorph } from "./vendor/idiomorph/idiomorph.esm.js";

const one = <T extends Element>(selector: string, within: ParentNode = document): T | null => within.querySelector<T>(selector);
const all = <T extends Element>(selector: string, within: ParentNode = document): T[] => [...within.querySelectorAll<T>(selector)];

document.documentElement.classList.add("script");

/** What a person has begun to type stays as it is when the page is made new. */
const typing = (node: Node): boolean =>
  node instanceof HTMLElement && (node === document.activeElement || node.dataset.dirty !== undefined) &&
  node.matches("input, textarea, select");

/** Puts a new page in place of this one, and leaves alone what did not change. */
function renew(html: string): void {
  const page = new DOMParser().parseFromString(html, "text/html");
  const main = one("main", page);
  const here = one("main");
  if (!main || !here) return;
  document.title = page.title;
  Idiomorph.morph(here, main, {
    morphStyle: "outerHTML",
    callbacks: { beforeNodeMorphed: (old: Node) => !typing(old) && !(old instanceof HTMLIFrameElement) },
  });
  const events = page.body.dataset.events;
  if (events) document.body.dataset.events = events;
  else delete document.body.dataset.events;
  ready();
}

/** Asks for this page again. A page that leads elsewhere now (a plan that is being sent) is gone to. */
async function again(): Promise<void> {
  try {
    const answer = await fetch(location.href, { headers: { "X-Part": "main" } });
    if (answer.redirected && answer.url !== location.href) location.assign(answer.url);
    else if (answer.ok) renew(await answer.text());
  } catch {
    // The window is gone or busy; the stream of events comes back when it is there.
  }
}

let stream: EventSource | null = null;
let asking = false;

/** Listens to the news of a run, as long as the page has some. */
function listen(): void {
  const path = document.body.dataset.events;
  if (!path) {
    stream?.close();
    stream = null;
    return;
  }
  if (stream) return;
  stream = new EventSource(path);
  stream.addEventListener("changed", async () => {
    if (asking) return;
    asking = true;
    await again();
    asking = false;
  });
}

/** Forms that are sent by a choice, and buttons that only a page without script needs. */
function ready(): void {
  for (const b of all<HTMLElement>("[data-noscript]")) b.hidden = true;
  for (const b of all<HTMLElement>("[data-script]")) b.hidden = false;
  listen();
}

document.addEventListener("change", (e) => {
  const field = e.target;
  if (field instanceof HTMLElement && field.dataset.submit !== undefined) field.closest("form")?.requestSubmit();
});
document.addEventListener("click", (e) => {
  const opener = e.target instanceof Element ? e.target.closest<HTMLElement>("[data-dialog]") : null;
  if (opener) one<HTMLDialogElement>(`#${opener.dataset.dialog}`)?.showModal();
});
document.addEventListener("input", (e) => {
  if (e.target instanceof HTMLElement) e.target.dataset.dirty = "";
});

// Keys. None of them sends anything.
const steps: Record<string, string> = { p: "people", m: "message", s: "plan", r: "results" };
let going = false;

function go(step: string): void {
  one<HTMLAnchorElement>(`.steps a[href$="/${step}"]`)?.click();
}

function move(selector: string, by: number): void {
  const items = all<HTMLElement>(selector);
  if (items.length === 0) return;
  const at = items.findIndex((i) => i === document.activeElement || i.contains(document.activeElement));
  const to = items[(at + by + items.length) % items.length] ?? items[0]!;
  if (!to.matches("a, button, [tabindex]")) to.tabIndex = -1;
  to.focus();
  to.scrollIntoView({ block: "nearest" });
}

document.addEventListener("keydown", (e) => {
  const field = e.target instanceof HTMLElement && e.target.matches("input, textarea, select");
  if ((e.ctrlKey || e.metaKey) && e.key === "s") {
    const save = one<HTMLButtonElement>("[data-key=save]");
    if (save) { e.preventDefault(); save.click(); }
    return;
  }
  if ((e.ctrlKey || e.metaKey) && e.key === "Enter") {
    const rehearse = one<HTMLButtonElement>("[data-key=rehearse]");
    if (rehearse) { e.preventDefault(); rehearse.click(); }
    return;
  }
  if (field || e.ctrlKey || e.metaKey || e.altKey) return;
  if (going) {
    going = false;
    const step = steps[e.key];
    if (step) { e.preventDefault(); go(step); }
    return;
  }
  switch (e.key) {
    case "g": going = true; return;
    case "?": { const keys = one<HTMLDialogElement>("#keys"); if (keys && !keys.open) { e.preventDefault(); keys.showModal(); } return; }
    case "/": { const find = one<HTMLInputElement>("[data-key=find]"); if (find) { e.preventDefault(); find.focus(); } return; }
    case "[": move("[data-finding]", -1); return;
    case "]": move("[data-finding]", 1); return;
    case "j": move("[data-row]", 1); return;
    case "k": move("[data-row]", -1); return;
  }
});

ready();
