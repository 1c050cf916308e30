// What is known of all messages.

import type { Entry, Finding } from "./data"
import { count, h, isolated, severity, size } from "./ui"

export interface Explained { what: string; why: string; fix: string; source: string }

export interface Summary {
  id: string; made: string; rows: number; counts: Record<string, number> | null; whole: boolean; without: number
  findings: Finding[]; dropped: number; ignored: { code: string; reason: string; findings: number }[] | null
  kinds: [string, string][]; explained: Record<string, Explained>; outside: string; notes: string[]; leftOut: number
  against: { name: string; inputs: string[] | null; counts: Record<string, number> | null; notes: string[] | null
    columns: { name: string; rows: number }[] | null } | null
}

export interface Show { finding: (code: string) => void; change: (kind: string) => void; place: (place: string) => boolean; row: (e: Entry) => void }

// explain is a finding with what is known of its code, folded away.
export function explain(f: Finding, about: Explained | undefined, ...more: (Node | null)[]): HTMLElement {
  return h("details", { class: "finding", "data-finding": f.code },
    h("summary", {}, severity(f.severity), " ", isolated(f.text, "span")),
    h("div", { class: "why" },
      f.place && h("p", { class: "place" }, isolated(f.place)),
      f.hint && h("p", {}, h("b", {}, "Hint "), isolated(f.hint, "span")),
      about && h("dl", {}, h("dt", {}, "What"), h("dd", {}, about.what), h("dt", {}, "Why"), h("dd", {}, about.why),
        h("dt", {}, "What to do"), h("dd", {}, about.fix), h("dt", {}, "Source"), h("dd", {}, about.source)),
      h("p", { class: "place" }, h("code", {}, f.code)), ...more))
}

function facts(entries: Entry[]): HTMLElement {
  const with_ = entries.filter(e => e.change !== "gone")
  const sizes = with_.map(e => e.size).sort((a, b) => a - b)
  const subjects = new Set(with_.map(e => e.subject)), addresses = new Map<string, number>(), languages = new Map<string, number>()
  for (const e of with_) {
    addresses.set(e.address, (addresses.get(e.address) ?? 0) + 1)
    if (e.language) languages.set(e.language, (languages.get(e.language) ?? 0) + 1)
  }
  const files = with_.filter(e => e.files > 0).length
  const several = [...addresses.values()].filter(n => n > 1).length
  const of = (dt: string, dd: string) => [h("dt", {}, dt), h("dd", {}, isolated(dd, "span"))]
  return h("dl", { class: "facts" },
    ...of("Messages", with_.length.toLocaleString("en")),
    ...of("Subjects", subjects.size === 1 ? [...subjects][0] : `${subjects.size.toLocaleString("en")} different`),
    ...(sizes.length ? of("Size", sizes[0] === sizes[sizes.length - 1] ? size(sizes[0]) :
      `${size(sizes[0])} to ${size(sizes[sizes.length - 1])}, half of them below ${size(sizes[sizes.length >> 1])}`) : []),
    ...of("With files", files === with_.length ? "all" : files ? count(files, "message") : "none"),
    ...(languages.size ? of("Languages", [...languages].map(([l, n]) => `${l} ${n.toLocaleString("en")}`).join(", ")) : []),
    ...(several ? of("More than one", `${count(several, "address gets", "addresses get")} more than one message`) : []))
}

export function overview(s: Summary, entries: Entry[], counts: Map<string, number>, first: Set<string>,
  show: Show): HTMLElement {
  const a = s.against
  const state = (name: string, n: number) => h("li", { "data-state": name }, h("b", {}, n.toLocaleString("en")), " " + name)
  const states = Object.entries(s.counts ?? {}).filter(([, n]) => n > 0)
  const rank = ["error", "warning", "note"]
  const findings = [...s.findings].sort((x, y) => rank.indexOf(x.severity) - rank.indexOf(y.severity))
  return h("article", { class: "overview" },
    h("h2", {}, count(entries.filter(e => e.change !== "gone").length, "message")),
    h("p", { class: "quiet" }, `Made on ${s.made}. Nothing was sent. This page loads nothing from elsewhere, and needs no network.`),
    findings.some(f => f.severity === "error") && h("p", { class: "banner bad" },
      "There are errors: a send would refuse, and send nothing."),
    s.outside && h("p", { class: "quiet" }, `Each message is ${s.outside}.`),
    ...s.notes.map(n => h("p", { class: "banner" }, isolated(n, "span"))),
    s.leftOut > 0 && h("p", { class: "banner" }, `${count(s.leftOut, "file is", "files are")} not in this page, which has ` +
      "room for 64 MB of files. mailshot preview --out FOLDER --format html writes all of them as files."),
    a && h("section", { class: "card against" }, h("h3", {}, "Compared with ", isolated(a.name)),
      h("ul", { class: "states" }, ...["changed", "new", "gone", "same"].filter(k => a.counts?.[k]).map(k => {
        const text = `${a.counts![k].toLocaleString("en")} ${k === "same" ? "the same" : k}`
        return h("li", { "data-change": k }, h("button", { type: "button", class: "quiet", click: () => show.change(k) }, text))
      })),
      a.inputs?.length ? h("p", {}, "Of the campaign, other than then: ", isolated(a.inputs.join(", "), "span"), ".") : null,
      a.columns?.length ? h("p", {}, "Cells that differ: ", ...a.columns.flatMap((c, i) => [i ? ", " : "", isolated(c.name),
        ` in ${count(c.rows, "row")}`]), ".") : null,
      ...(a.notes ?? []).map(n => h("p", { class: "quiet" }, isolated(n, "span")))),
    states.length > 0 && h("section", {}, h("h3", {}, s.whole ? "The list: " + count(s.rows, "row") : "The rows shown"),
      h("ul", { class: "states" }, ...states.map(([name, n]) => state(name, n)))),
    s.without > 0 && h("p", { class: "quiet" }, count(s.without, "row gets", "rows get") + " no message: mailshot check says why."),
    h("section", {}, h("h3", {}, "What was found"),
      findings.length ? h("div", { class: "findings" }, ...findings.map(f => {
        const code = f.severity + " " + f.code, n = counts.get(code) ?? 0
        const places = f.places?.length ? f.places : f.place ? [f.place] : []
        return explain(f, s.explained[f.code],
          n > 0 ? h("p", {}, h("button", { type: "button", class: "second", click: () => show.finding(f.code) },
            first.has(code) ? `Show the first ${n} with it` : `Show ${count(n, "message")} with it`)) : null,
          places.some(p => show.place(p)) ? h("p", {}, "Rows: ", ...places.filter(p => show.place(p)).map(p =>
            h("button", { type: "button", class: "quiet", "data-place": p }, p))) : null)
      })) : h("p", { class: "good" }, "\u2713 Nothing. The messages are as they should be."),
      s.dropped > 0 && h("p", { class: "quiet" }, `and ${s.dropped} more`),
      ...(s.ignored ?? []).map(i => h("p", { class: "quiet" }, `Left out by the campaign file: ${i.findings} × ${i.code} (${i.reason})`))),
    h("section", {}, h("h3", {}, "The set"), facts(entries)))
}
