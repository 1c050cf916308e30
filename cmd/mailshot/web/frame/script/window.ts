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

/** What was made able to have the focus stays so, as long as it has it. */
const stays = (name: string, node: Element): boolean => name !== "tabindex" || node !== document.activeElement;

/** Makes a part of the page new, and leaves the focus where it was. If what had the focus is gone, the nearest part around
 *  it has it: never another button, for a key that is pressed twice must not do what nobody asked for. */
function keep(change: () => void): void {
  const around: HTMLElement[] = [];
  for (let e = document.activeElement; e instanceof HTMLElement && e !== document.body; e = e.parentElement) around.push(e);
  const view = around[0]?.dataset.view;
  change();
  if (around.length === 0 || document.activeElement !== document.body) return;
  const again = view ? one<HTMLElement>(`[data-view=${view}]`) : null;
  const left = around.map((e) => e.isConnected ? e : e.id ? document.getElementById(e.id) : null).find((e) => e?.offsetParent);
  const to = again || left || one<HTMLElement>("main");
  if (!to) return;
  if (to.tabIndex < 0) to.tabIndex = -1;
  to.focus({ preventScroll: true });
}

let said: Set<string | undefined> | null = null;

/** Says what is new to those who do not see the page: each part with data-speak, once for each value that it has. */
function speak(): void {
  const parts = all<HTMLElement>("[data-speak]");
  const news = parts.filter((e) => said && !said.has(e.dataset.speak)).map((e) => e.textContent!.trim());
  said = new Set([...said ?? [], ...parts.map((e) => e.dataset.speak)]);
  const status = one("#spoken");
  if (status && news.length > 0) status.textContent = news.join(" ");
}

/** Puts a new page in place of this one, and leaves alone what did not change. */
function renew(html: string): void {
  const page = new DOMParser().parseFromString(html, "text/html");
  const main = one("main", page);
  const here = one("main");
  if (!main || !here) return;
  document.title = page.title;
  keep(() => void Idiomorph.morph(here, main, {
    morphStyle: "outerHTML",
    callbacks: {
      beforeNodeMorphed: (old: Node) => !typing(old) && !(old instanceof HTMLIFrameElement),
      // What a person has opened stays open.
      beforeAttributeUpdated: (name: string, node: Element) =>
        stays(name, node) && (name !== "open" || !(node instanceof HTMLDetailsElement)),
    },
  }));
  speak();
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
let heard: string | undefined; // the path of the stream
let asking = false;
let news = false;

/** Listens to the news of a run or a list, as long as the page has some and somebody looks at it: a browser has six
 *  connections for a window, and each stream holds one. */
function listen(): void {
  const path = document.hidden ? undefined : document.body.dataset.events;
  if (path === heard) return;
  stream?.close();
  stream = null;
  heard = path;
  if (!path) return;
  stream = new EventSource(path);
  stream.addEventListener("changed", async () => {
    news = true;
    if (asking) return;
    asking = true;
    while (news) {
      news = false;
      await again();
    }
    asking = false;
  });
}

document.addEventListener("visibilitychange", listen);

/** Forms that are sent by a choice, and buttons that only a page without script needs. */
function ready(): void {
  for (const b of all<HTMLElement>("[data-noscript]")) b.hidden = true;
  for (const b of all<HTMLElement>("[data-script]")) b.hidden = false;
  listen();
  edit();
  poll();
}

// A choice sends its form at once, except by keys: each arrow chooses, so that Enter or the button sends.
let keys = false;
addEventListener("keydown", () => { keys = true; }, true);
addEventListener("pointerdown", () => { keys = false; }, true);
document.addEventListener("change", (e) => {
  const field = e.target;
  if (!(field instanceof HTMLElement) || field.dataset.submit === undefined) return;
  const form = field.closest("form");
  if (keys && form && field instanceof HTMLSelectElement) {
    for (const b of all<HTMLElement>("[data-noscript]", form)) b.hidden = false;
    return;
  }
  form?.requestSubmit();
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

// Single keys can be turned off, for those whose words become keys when they speak to the machine.
// Cookies ignore ports, so that the next window knows it.
const off = (): boolean => /(^|; )mailshot-keys=off/.test(document.cookie);
document.addEventListener("change", (e) => {
  if (e.target instanceof HTMLInputElement && e.target.id === "keys-on")
    document.cookie = `mailshot-keys=${e.target.checked ? "on" : "off"}; path=/; max-age=31536000; samesite=strict`;
});

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

/** Goes to the next person: to their message where the page shows one, else to their row. */
function turn(key: string, by: number): void {
  const link = one<HTMLAnchorElement>(`a[data-key=${key}]`);
  if (link) link.click();
  else if (!one("#preview")) move("[data-row]", by);
}

/** The key as Latin keyboards have it: by its place, where the keyboard writes other letters. */
function pressed(e: KeyboardEvent): string {
  if (e.key?.length !== 1) return e.key ?? ""; // a browser that fills in a field presses none
  if (e.key <= "~") return e.shiftKey ? e.key : e.key.toLowerCase();
  const places: Record<string, string> = { Slash: e.shiftKey ? "?" : "/", BracketLeft: "[", BracketRight: "]" };
  return places[e.code] ?? e.code.replace(/^Key/, "").toLowerCase();
}

document.addEventListener("keydown", (e) => {
  const field = e.target instanceof HTMLElement && e.target.matches("input, textarea, select");
  if (e.key === "Enter" && e.target instanceof HTMLSelectElement && e.target.dataset.submit !== undefined) {
    e.preventDefault();
    e.target.form?.requestSubmit();
    return;
  }
  const key = pressed(e);
  if ((e.ctrlKey || e.metaKey) && key === "s") {
    const save = one<HTMLButtonElement>("[data-key=save]");
    if (save) { e.preventDefault(); save.click(); }
    return;
  }
  if ((e.ctrlKey || e.metaKey) && e.key === "Enter") {
    const rehearse = one<HTMLButtonElement>("[data-key=rehearse]");
    e.preventDefault();
    if (rehearse) rehearse.click(); // it makes a plan, which waits for its number
    else go("rehearse");
    return;
  }
  if (field || e.metaKey || (e.ctrlKey || e.altKey) && !e.getModifierState("AltGraph") || off()) return;
  if (going) {
    going = false;
    const step = steps[key];
    if (step) { e.preventDefault(); go(step); }
    return;
  }
  switch (key) {
    case "g": going = true; return;
    case "?": { const keys = one<HTMLDialogElement>("#keys"); if (keys && !keys.open) { e.preventDefault(); keys.showModal(); } return; }
    case "/": { const find = one<HTMLInputElement>("[data-key=find]"); if (find) { e.preventDefault(); find.focus(); } return; }
    case "[": move("[data-finding]", -1); return;
    case "]": move("[data-finding]", 1); return;
    case "j": turn("next", 1); return;
    case "k": turn("previous", -1); return;
  }
});

// The page of the message. The text stays in a <textarea>; a copy of it lies below, in the same lines, and carries the
// numbers, the marks and the places of actions. Only the server makes messages: what is typed is sent there to be seen.
let area: HTMLTextAreaElement | null = null;
let mirror: HTMLElement | null = null;
let painted: string[] = [];
let later = 0;
let asked: AbortController | null = null;
let asks = 0; // how often this page has asked for another message, or saved
const mostLines = 5000; // above, there is no copy
const action = /\{\{.*?\}\}/g;
const dirty = (): boolean => area !== null && area.dataset.dirty !== undefined;

/** Makes the text on this page ready, once. */
function edit(): void {
  const found = one<HTMLTextAreaElement>("[data-editor] textarea");
  if (!found || found === area) return;
  area = found;
  painted = [];
  mirror = document.createElement("div");
  mirror.className = "mirror";
  mirror.setAttribute("aria-hidden", "true");
  found.before(mirror);
  found.addEventListener("scroll", align);
  found.addEventListener("input", (e) => {
    found.dataset.dirty = "";
    one("#saved")?.replaceChildren();
    paint();
    if (!(e as InputEvent).isComposing) suggest();
    clearTimeout(later);
    later = setTimeout(() => void show(location.href), 300);
  });
  found.addEventListener("keydown", choose);
  found.addEventListener("blur", () => setTimeout(hush, 150));
  new ResizeObserver(align).observe(found);
  paint();
  if (found.dataset.at) select(Number(found.dataset.at));
}

/** Lays the copy below the text. */
function align(): void {
  if (!area || !mirror) return;
  mirror.dir = getComputedStyle(area).direction;
  mirror.style.width = `${area.clientWidth}px`;
  mirror.style.height = `${area.clientHeight}px`;
  mirror.style.left = `${area.offsetLeft + area.clientLeft}px`;
  mirror.style.top = `${area.offsetTop + area.clientTop}px`;
  mirror.scrollTop = area.scrollTop;
}

/** Makes those lines of the copy new that are not the text's any more. */
function paint(): void {
  if (!area || !mirror) return;
  const lines = area.value.split("\n");
  if (lines.length > mostLines) {
    mirror.replaceChildren();
    painted = [];
    return;
  }
  let from = 0;
  while (from < painted.length && from < lines.length && painted[from] === lines[from]) from++;
  let tail = 0;
  while (tail < painted.length - from && tail < lines.length - from && painted.at(-1 - tail) === lines.at(-1 - tail)) tail++;
  for (let i = painted.length - tail - 1; i >= from; i--) mirror.children[i]?.remove();
  const next = mirror.children[from] ?? null;
  for (const text of lines.slice(from, lines.length - tail)) mirror.insertBefore(copy(text), next);
  painted = lines;
  mark();
  align();
}

function copy(text: string): HTMLElement {
  const line = document.createElement("div");
  let at = 0;
  for (const m of text.matchAll(action)) {
    const span = document.createElement("span");
    span.textContent = m[0];
    line.append(text.slice(at, m.index), span);
    at = m.index + m[0].length;
  }
  line.append(text.slice(at) || "\u200b");
  return line;
}

/** Marks the lines that findings are about. */
function mark(): void {
  if (!mirror) return;
  for (const line of all(".error, .warning, .note", mirror)) line.className = "";
  for (const f of all<HTMLElement>("#findings [data-line]").reverse()) {
    const line = mirror.children[Number(f.dataset.line) - 1];
    if (line) line.className = ["error", "warning"].find((s) => f.classList.contains(s)) ?? "note";
  }
}

/** Selects a line of the text. */
function select(n: number): void {
  if (!area) return;
  const lines = area.value.split("\n");
  if (n < 1 || n > lines.length) return;
  const from = lines.slice(0, n - 1).reduce((sum, l) => sum + l.length + 1, 0);
  area.focus();
  area.setSelectionRange(from, from + lines[n - 1]!.length);
  const line = mirror?.children[n - 1];
  if (line instanceof HTMLElement) area.scrollTop = line.offsetTop - area.clientHeight / 3;
  align();
}

/** Takes parts of a page that was fetched over into this one. */
function adopt(page: Document, ...parts: string[]): void {
  for (const part of parts) {
    const now = one(part);
    const then = one(part, page);
    if (now && then && !now.contains(document.activeElement)) now.replaceWith(document.adoptNode(then));
    else if (now && then) keep(() => void Idiomorph.morph(now, then, {
      callbacks: { beforeNodeMorphed: (old: Node) => !typing(old), beforeAttributeUpdated: stays },
    }));
  }
}

/** Takes the side of the text over, and leaves the text as it is, with the copy below it. */
function settle(page: Document): void {
  const now = one(".source");
  const then = one(".source", page);
  if (!now || !then) return;
  keep(() => void Idiomorph.morph(now, then, {
    morphStyle: "outerHTML",
    callbacks: {
      beforeNodeMorphed: (old: Node) => old !== area, beforeAttributeUpdated: stays,
      beforeNodeRemoved: (old: Node) => old !== mirror && old !== offered,
    },
  }));
  for (const b of all<HTMLElement>("[data-noscript]")) b.hidden = true;
  edit();
  mark();
  align();
}

/** Puts the new message in place of the old one, when its frame is there. Where there is none, the last good one stays. */
function present(page: Document): void {
  const now = one("#preview");
  const then = one<HTMLElement>("#preview", page);
  if (!now || !then) return;
  if (dirty() && (then.dataset.stale !== undefined || then.dataset.none !== undefined) && one(".facts", now)) {
    for (const shown of all("#preview")) shown.classList.add("stale"); // also one that is coming
    const why = one(".stale-text", then);
    if (why?.childElementCount) one(".stale-text", now)?.replaceWith(why);
    return;
  }
  const frame = one<HTMLIFrameElement>("iframe", then);
  document.adoptNode(then);
  const change = (): void => keep(() => {
    for (const old of all("#preview")) if (old !== then) old.remove();
    then.classList.remove("coming");
  });
  for (const old of all("#preview.coming")) old.remove();
  now.after(then);
  if (!frame || !one("iframe", now)) return change();
  then.classList.add("coming");
  frame.addEventListener("load", change, { once: true });
  setTimeout(() => { if (then.isConnected) change(); }, 1500);
}

/** Asks for the page of an address, with the text as it is typed, and shows its message. */
async function show(address: string, push = false): Promise<void> {
  asked?.abort();
  asked = new AbortController();
  asks++;
  const url = new URL(address, location.href);
  const form = one<HTMLFormElement>("[data-editor]");
  try {
    let answer: Response;
    if (form && dirty()) {
      const body = new URLSearchParams(new FormData(form) as unknown as Record<string, string>);
      for (const name of ["row", "view", "images", "find"]) body.delete(name);
      for (const [name, value] of url.searchParams) if (name !== "file" && name !== "at") body.set(name, value);
      answer = await fetch(form.action, { method: "POST", body, signal: asked.signal });
    } else {
      answer = await fetch(url, { signal: asked.signal });
    }
    if (!answer.headers.get("Content-Type")?.startsWith("text/html")) return;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    if (push) history.pushState(null, "", answer.redirected ? answer.url : url);
    for (const name of ["row", "view"]) {
      const field = one<HTMLInputElement>(`[data-editor] [name=${name}]`);
      const value = one<HTMLInputElement>(`[data-editor] [name=${name}]`, page)?.value;
      if (field && value) field.value = value;
    }
    if (push) for (const field of all<HTMLElement>("#who [data-dirty]")) delete field.dataset.dirty;
    adopt(page, "#findings", "#who", ".source .tabs", ".command");
    present(page);
    mark();
    poll();
  } catch {
    // Another text was typed since, or the window is gone.
  }
}

let saving: Promise<void> = Promise.resolve();

/** Saves the text, when what was saved before is answered. */
function save(form: HTMLFormElement): void {
  saving = saving.then(() => store(form)).catch(() => {
    const told = one<HTMLElement>("#saved");
    if (told) told.textContent = told.dataset.unanswered ?? "";
  });
}

/** Saves the text. A newer file on the disk is shown, and not written over. */
async function store(form: HTMLFormElement): Promise<void> {
  clearTimeout(later);
  asked?.abort();
  asks++;
  const text = area?.value;
  const body = new URLSearchParams(new FormData(form) as unknown as Record<string, string>);
  body.set("do", "save");
  const answer = await fetch(form.action, { method: "POST", body });
  if (!answer.headers.get("Content-Type")?.startsWith("text/html")) {
    form.submit();
    return;
  }
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  if (!answer.ok) {
    settle(page);
    one<HTMLElement>(".banner.error")?.scrollIntoView({ block: "nearest" });
    return;
  }
  if (area && area.value === text) delete area.dataset.dirty;
  settle(page);
  adopt(page, "#who");
  present(page);
  poll();
}

let waiting = 0;
let wait = 1000;

/** Asks again, as long as all messages are being looked through. */
function poll(): void {
  clearTimeout(waiting);
  if (!one("[data-poll]")) {
    wait = 1000;
    return;
  }
  waiting = setTimeout(async () => {
    wait = Math.min(wait * 2, 8000);
    try {
      const now = asks;
      const answer = await fetch(location.href);
      if (answer.ok && now === asks) { // else it is about another message by now
        const page = new DOMParser().parseFromString(await answer.text(), "text/html");
        adopt(page, "#who", "#completions", ...(dirty() ? [] : ["#findings", ".source .tabs"]));
        mark();
      }
    } catch {
      // asked again below
    }
    poll();
  }, wait);
}

// What is offered behind {{.
let offered: HTMLElement | null = null;
let chosen = 0;
const word = /(?:\.[\p{L}\p{N}_]*|[\p{L}_][\p{L}\p{N}_]*)$/u;

function hush(): void {
  offered?.remove();
  offered = null;
  area?.removeAttribute("aria-activedescendant");
  area?.removeAttribute("aria-controls");
}

function suggest(): void {
  hush();
  if (!area || !mirror?.childElementCount || area.selectionStart !== area.selectionEnd) return;
  const before = area.value.slice(0, area.selectionStart);
  const line = before.slice(before.lastIndexOf("\n") + 1);
  if (!/\{\{[^{}]*$/.test(line) || /"[^"]*$/.test(line.slice(line.lastIndexOf("{{")).replace(/"[^"]*"/g, ""))) return;
  const typed = word.exec(line)?.[0] ?? "";
  if (typed === "" && !/(\{\{-?|\s)$/.test(line)) return;
  const like = typed.toLowerCase();
  const options = all<HTMLOptionElement>("#completions option").filter((o) => {
    const value = o.value.toLowerCase();
    return value !== like && (value.startsWith(like) || (like.length > 1 && value.includes(like.replace(/^\./, ""))));
  });
  options.sort((a, b) => Number(b.value.toLowerCase().startsWith(like)) - Number(a.value.toLowerCase().startsWith(like)));
  if (options.length === 0) return;
  const list = document.createElement("ul");
  list.className = "offered";
  list.id = "offered";
  list.setAttribute("role", "listbox");
  list.setAttribute("aria-label", area.dataset.offered ?? "");
  list.dir = "ltr";
  options.slice(0, 60).forEach((o, i) => {
    const item = document.createElement("li");
    item.id = `offered-${i}`;
    item.setAttribute("role", "option");
    const name = document.createElement("b");
    name.textContent = o.value;
    const hint = document.createElement("span");
    hint.textContent = o.label;
    item.append(name, hint);
    item.dataset.value = o.value;
    item.addEventListener("mousedown", (e) => { e.preventDefault(); chosen = i; accept(); });
    list.append(item);
  });
  const at = caret(before.split("\n").length - 1, line.length - typed.length);
  mirror.after(list);
  const room = mirror.offsetLeft + area.clientWidth - list.offsetWidth;
  list.style.left = `${Math.max(0, Math.min(at.left, room))}px`;
  list.style.top = `${at.bottom + 4}px`;
  offered = list;
  area.setAttribute("aria-controls", "offered");
  pick(0);
}

/** Where a character of the text is, in the editor's box. */
function caret(n: number, at: number): { left: number; bottom: number } {
  const line = mirror!.children[n];
  const box = mirror!.parentElement!.getBoundingClientRect();
  const range = document.createRange();
  const walk = document.createTreeWalker(line!, NodeFilter.SHOW_TEXT);
  for (let t = walk.nextNode() as Text | null; t; t = walk.nextNode() as Text | null) {
    if (at <= t.length) {
      range.setStart(t, at);
      range.setEnd(t, at);
      break;
    }
    at -= t.length;
  }
  const rect = range.getBoundingClientRect();
  return { left: rect.left - box.left, bottom: rect.bottom - box.top };
}

function pick(i: number): void {
  if (!offered || !area) return;
  const items = all<HTMLElement>("li", offered);
  chosen = (i + items.length) % items.length;
  items.forEach((item, n) => item.setAttribute("aria-selected", String(n === chosen)));
  items[chosen]?.scrollIntoView({ block: "nearest" });
  area.setAttribute("aria-activedescendant", `offered-${chosen}`);
}

function accept(): void {
  const value = offered && all<HTMLElement>("li", offered)[chosen]?.dataset.value;
  hush();
  if (!area || !value) return;
  const end = area.selectionStart;
  const typed = word.exec(area.value.slice(area.value.lastIndexOf("\n", end - 1) + 1, end))?.[0] ?? "";
  area.setSelectionRange(end - typed.length, end);
  document.execCommand("insertText", false, value); // unlike setRangeText, it can be undone
  hush();
}

function choose(e: KeyboardEvent): void {
  if (!offered || e.isComposing) return;
  switch (e.key) {
    case "ArrowDown": pick(chosen + 1); break;
    case "ArrowUp": pick(chosen - 1); break;
    case "Enter": case "Tab": accept(); break;
    case "Escape": hush(); break;
    default: return;
  }
  e.preventDefault();
}

document.addEventListener("click", (e) => {
  if (!(e.target instanceof Element) || e.ctrlKey || e.metaKey || e.shiftKey || e.button !== 0) return;
  const line = e.target.closest<HTMLElement>("[data-to-line]");
  const link = e.target.closest<HTMLAnchorElement>("a[data-swap]");
  if (line && area) {
    e.preventDefault();
    select(Number(line.dataset.toLine));
  } else if (link) {
    e.preventDefault();
    void show(link.href, true);
  }
});
document.addEventListener("submit", (e) => {
  const form = e.target;
  if (!(form instanceof HTMLFormElement)) return;
  if (form.dataset.editor !== undefined && (e.submitter as HTMLButtonElement | null)?.value !== "preview") {
    e.preventDefault();
    save(form);
  } else if (form.matches("#who form")) {
    e.preventDefault();
    const query = new URLSearchParams(new FormData(form) as unknown as Record<string, string>);
    void show(`${form.action}?${query}`, true);
  }
});
addEventListener("popstate", () => void show(location.href));
addEventListener("beforeunload", (e) => { if (dirty()) e.preventDefault(); });

const keysOn = one<HTMLInputElement>("#keys-on");
if (keysOn) keysOn.checked = !off();
speak();
ready();
