// The gallery: the list, the overview, and the message that is open. Its state is in the address: #17 is row 17.

import { beginning, entries, fold, json, type Entry } from "./data"
import { List } from "./list"
import { Letter } from "./letter"
import { textOf } from "./mime"
import { overview, type Summary } from "./overview"
import { $, count, h } from "./ui"

const keys: [string, string][] = [
  ["j, \u2193", "the next message"], ["k, \u2191", "the one before"], ["/", "search"], ["o", "the overview"],
  ["m, t, s, l", "the message, its text, its source, its links"], ["w", "phone or desktop width"],
  ["d", "light, dark, forced dark"], ["?", "these keys"],
]

async function start() {
  const [summary, all] = await Promise.all([json<Summary>("summary"), entries()])
  const byID = new Map(all.map(e => [e.id, e])), byRow = new Map<number, Entry>(), byPlace = new Map(all.map(e => [e.place, e]))
  for (const e of all) if (!byRow.has(e.row)) byRow.set(e.row, e)
  const atPlace = new Map<string, string[]>() // what a check of all messages says of a row
  for (const f of summary.findings) {
    for (const p of f.places ?? [f.place]) atPlace.set(p, [...(atPlace.get(p) ?? []), f.severity + " " + f.code])
  }
  const codesOf = (e: Entry) => new Set([...e.codes.map(c => summary.kinds[c][1] + " " + summary.kinds[c][0]), ...(atPlace.get(e.place) ?? [])])
  const counts = new Map<string, number>()
  for (const e of all) for (const c of codesOf(e)) counts.set(c, (counts.get(c) ?? 0) + 1)
  // Of what only a check of all messages finds, the first rows are known, and not all.
  const own = new Set(all.flatMap(e => e.codes.map(c => summary.kinds[c][1] + " " + summary.kinds[c][0])))
  const first = new Set(summary.findings.filter(f => (f.places?.length ?? 0) >= 5 && f.rows !== f.places!.length)
    .map(f => f.severity + " " + f.code).filter(c => !own.has(c)))
  const worst = (e: Entry) => {
    const of = [...codesOf(e)].map(c => c.split(" ")[0])
    return ["error", "warning"].find(s => of.includes(s)) ?? ""
  }
  const list = new List(worst, e => go(e.id))
  const letter = new Letter(summary, n => list.step(n))
  const main = $("main"), desk = document.querySelector<HTMLElement>(".desk")!

  function go(id: string) {
    const hash = "#" + encodeURIComponent(id)
    if (location.hash === hash) show()
    else location.hash = hash
  }

  function wanted(): string {
    try {
      return decodeURIComponent(location.hash.slice(1))
    } catch { // somebody typed it
      return location.hash.slice(1)
    }
  }

  function show() {
    const id = wanted()
    const e = byID.get(id) ?? (/^\d+$/.test(id) ? byRow.get(Number(id)) : undefined)
    desk.dataset.shown = id === "list" ? "list" : "main"
    list.select(e)
    if (e) {
      const at = list.shown.indexOf(e)
      void letter.show(e, at, list.shown.length)
    } else if (id !== "list" || !main.querySelector("article")) {
      letter.close()
      main.replaceChildren(overview(summary, all, counts, first, {
        finding: code => choose("finding", code), change: kind => choose("change", kind), place: p => byPlace.has(p),
        row: e => go(e.id),
      }))
    }
    document.title = (e ? (e.name || e.address) + " \u2013 " : "") + summary.id + ": preview"
    $("overview").setAttribute("aria-pressed", String(!e && id !== "list"))
  }

  main.addEventListener("click", event => {
    const place = (event.target as Element).closest<HTMLElement>("[data-place]")?.dataset.place
    const e = place && byPlace.get(place)
    if (e) go(e.id)
  })

  // filters
  const chosen: Record<string, string> = { finding: "", language: "", change: "" }
  const selects: Record<string, HTMLSelectElement> = {}

  function filter(name: string, label: string, first: string, options: HTMLElement[]) {
    const s = h("select", { "aria-label": label, "data-filter": name, change: () => { chosen[name] = s.value; find() } },
      h("option", { value: "" }, first), ...options)
    selects[name] = s
    $("filters").append(s)
  }

  function choose(name: string, value: string) {
    chosen[name] = selects[name].value = value
    find()
    if (list.shown.length) go(list.shown[0].id)
    else location.hash = "list"
  }

  const option = (value: string, text: string) => h("option", { value }, text)
  if (counts.size) {
    const with_ = all.filter(e => codesOf(e).size > 0).length
    const groups = ["error", "warning", "note"].map(s => [s, [...counts].filter(([c]) => c.startsWith(s + " "))] as const)
    filter("finding", "Filter by finding", "Findings", [
      option("*", `with a finding: ${with_.toLocaleString("en")}`), option("-", `without: ${(all.length - with_).toLocaleString("en")}`),
      ...groups.filter(([, codes]) => codes.length).map(([s, codes]) => h("optgroup", { label: s + "s" },
        ...codes.map(([c, n]) => option(c.slice(s.length + 1), `${c.slice(s.length + 1)}: ${first.has(c) ? "the first " : ""}${n.toLocaleString("en")}`)))),
    ])
  }
  const tally = (of: (e: Entry) => string) => {
    const n = new Map<string, number>()
    for (const e of all) n.set(of(e), (n.get(of(e)) ?? 0) + 1)
    return [...n].filter(([k]) => k)
  }
  const languages = tally(e => e.language), changes = tally(e => e.change)
  if (languages.length > 1) {
    filter("language", "Filter by language", "Languages", languages.map(([l, n]) => option(l, `${l}: ${n.toLocaleString("en")}`)))
  }
  if (changes.length) {
    filter("change", "Filter by change", "Changes", changes.map(([c, n]) => option(c, `${c}: ${n.toLocaleString("en")}`)))
  }

  // search: what the list shows at once, the texts of the messages behind it
  let search = 0
  const texts = new Map<Entry, string>()
  let kept = 0

  const passes = (e: Entry) => {
    const { finding, language, change } = chosen
    if (language && e.language !== language || change && e.change !== change) return false
    if (!finding) return true
    const codes = codesOf(e)
    return finding === "*" ? codes.size > 0 : finding === "-" ? codes.size === 0 : [...codes].some(c => c.endsWith(" " + finding))
  }

  const word = all.some(e => e.change === "gone") ? "row" : "message"

  async function find() {
    const mine = ++search
    const words = fold($<HTMLInputElement>("query").value).split(/\s+/).filter(w => w)
    const candidates = all.filter(passes), hits = new Set<Entry>()
    for (const e of candidates) if (words.every(w => e.hay.includes(w))) hits.add(e)
    const say = (done: number) => {
      list.set(candidates.filter(e => hits.has(e)))
      const n = list.shown.length, every = words.length || candidates.length < all.length ? ` of ${all.length.toLocaleString("en")}` : ""
      $("hits").textContent = (n ? count(n, word) + every : `No ${word}` + every) +
        (done < candidates.length ? `, searching the texts: ${Math.floor(100 * done / candidates.length)} %` : "")
      list.select(list.now)
      if (list.now) letter.place(list.shown.indexOf(list.now), n)
    }
    if (words.join("").length < 3) return say(Infinity)
    say(0)
    let last = performance.now()
    const order = [...candidates].sort((a, b) => a.block - b.block || a.at - b.at)
    for (const [i, e] of order.entries()) {
      if (hits.has(e)) continue
      let text = texts.get(e)
      if (text === undefined) {
        text = fold(textOf(await beginning(e, 8192), false) ?? textOf(await beginning(e, Infinity), true) ?? "")
        if ((kept += text.length) < 32 << 20) texts.set(e, text)
      }
      if (mine !== search) return
      if (words.every(w => e.hay.includes(w) || text.includes(w))) hits.add(e)
      if (performance.now() - last > 100) {
        say(i)
        await new Promise(r => setTimeout(r))
        if (mine !== search) return
        last = performance.now()
      }
    }
    say(Infinity)
  }

  $("find").addEventListener("submit", event => {
    event.preventDefault()
    if (list.shown.length) go(list.shown[0].id)
  })
  let soon: ReturnType<typeof setTimeout>
  $("query").addEventListener("input", () => {
    clearTimeout(soon)
    soon = setTimeout(find, 120)
  })

  // keys
  $("help").append(h("h2", { id: "help-title" }, "Keys"), h("dl", { class: "keys-list" },
    ...keys.map(([k, what]) => h("div", {}, h("dt", {}, ...k.split(", ").map(k => h("kbd", {}, k))), h("dd", {}, what)))),
  h("form", { method: "dialog" }, h("button", { class: "second" }, "Close")))
  const help = $<HTMLDialogElement>("help")
  $("keys").addEventListener("click", () => help.showModal())
  $("overview").addEventListener("click", () => go(""))
  $("show-list").addEventListener("click", () => go("list"))
  $("skip").addEventListener("click", event => { event.preventDefault(); main.focus() })
  document.addEventListener("keydown", event => {
    if (event.altKey || event.ctrlKey || event.metaKey || help.open) return
    const target = event.target as HTMLElement
    if (/^(input|select|textarea)$/i.test(target.localName)) {
      if (event.key === "Escape") target.blur()
      return
    }
    const act: Record<string, () => void> = {
      j: () => list.step(1), k: () => list.step(-1), "/": () => {
        if (!$("query").checkVisibility()) {
          desk.dataset.shown = "list"
          location.hash = "list"
        }
        $("query").focus()
      },
      o: () => go(""), "?": () => help.showModal(), m: () => letter.view("message"), t: () => letter.view("text"),
      s: () => letter.view("source"), l: () => letter.view("links"), w: () => letter.turn("width"), d: () => letter.turn("scheme"),
    }
    if (!target.closest("#list, .scroll, pre, summary, a")) {
      act.ArrowDown = act.j
      act.ArrowUp = act.k
    }
    if (act[event.key]) {
      event.preventDefault()
      act[event.key]()
    }
  })

  window.addEventListener("hashchange", show)
  await find()
  show()
  document.documentElement.dataset.ready = "true"
}

start().catch((e: unknown) => {
  $("main").replaceChildren(h("p", { class: "banner" }, "This page cannot be read: " + String(e) +
    (typeof DecompressionStream === "undefined" ? ". It needs a browser of 2023 or later." : "")))
})
