// The message that is open: its header, what was found, its views and its files.

import { compare, type Piece } from "./compare"
import { read, type Entry, type Finding, type Kept } from "./data"
import { asText, copy, darkStyles, links, remote, type Scheme } from "./frame"
import { parse, type File, type Mail } from "./mime"
import { explain, type Summary } from "./overview"
import { $, choice, count, h, isolated, size } from "./ui"

type View = "message" | "text" | "source" | "links" | "changes"

const shownFields = ["from", "to", "cc", "reply-to", "date"]

export class Letter {
  private entry: Entry | undefined
  private kept: Kept | undefined
  private mail: Mail | undefined
  private now: View = "message"
  private width = innerWidth < 700 ? "phone" : "desktop"
  private scheme: Scheme = "light"
  private urls: string[] = []
  private at = 0
  private of = 0

  constructor(private summary: Summary, private step: (n: number) => void) {}

  async show(e: Entry, at: number, of: number) {
    this.entry = e
    const kept = await read(e)
    if (this.entry !== e) return // another one meanwhile
    this.kept = kept
    this.mail = parse(kept.octets.length ? kept.octets : kept.was)
    this.at = at
    this.of = of
    if (this.now === "changes" && !this.old()) this.now = "message"
    this.draw()
  }

  close() {
    this.entry = undefined
    this.kept = undefined
    this.forget()
  }

  place(at: number, of: number) {
    this.at = at
    this.of = of
    document.querySelector(".pager .of")?.replaceChildren(this.where())
    for (const b of document.querySelectorAll<HTMLButtonElement>(".pager button")) b.disabled = this.ends(b.dataset.step!)
  }

  view(to: View) {
    if (!this.kept) return
    this.now = to
    this.drawView()
  }

  // turn goes to the next width or scheme.
  turn(what: "width" | "scheme") {
    if (!this.kept) return
    if (what === "width") this.width = this.width === "phone" ? "desktop" : "phone"
    else this.scheme = ({ light: "dark", dark: "forced", forced: "light" } as const)[this.scheme]
    this.now = "message"
    this.drawView()
  }

  private where() { return this.at < 0 ? "not in this selection" : `${(this.at + 1).toLocaleString("en")} of ${this.of.toLocaleString("en")}` }

  private ends(step: string) { return this.at >= 0 && (step === "-1" ? this.at === 0 : this.at === this.of - 1) }

  private old(): boolean { return !!this.kept?.was.length && !!this.kept.octets.length }

  private forget() {
    for (const u of this.urls) URL.revokeObjectURL(u)
    this.urls = []
  }

  private field(name: string) { return this.mail!.header.find(([n]) => n.toLowerCase() === name)?.[1] ?? "" }

  private draw() {
    this.forget()
    const e = this.entry!, { about } = this.kept!, mail = this.mail!
    const step = (n: number, text: string, label: string) => {
      const b = h("button", { type: "button", class: "second", "data-step": String(n), "aria-label": label, click: () => this.step(n) }, text)
      b.disabled = this.ends(String(n))
      return b
    }
    const fields = (all: [string, string][]) => all.flatMap(([n, v]) => [h("dt", {}, n), h("dd", {}, ...value(n, v))])
    const main = shownFields.flatMap(name => mail.header.filter(([n]) => n.toLowerCase() === name))
    if (about.blind) main.push(["Bcc, in no field", about.blind])
    const article = h("article", { class: "letter", "data-row": e.id },
      h("div", { class: "title" }, h("h2", {}, isolated(this.field("subject") || e.subject || "No subject", "span")),
        h("div", { class: "pager" }, step(-1, "\u2039", "The message before"), h("span", { class: "of" }, this.where()),
          step(1, "\u203a", "The next message"))),
      about.note && h("p", { class: "banner" }, isolated(about.note, "span")),
      e.change === "gone" && h("p", { class: "banner" }, this.kept!.was.length ?
        "This row has no message any more. Below is the one that was made earlier." : "This row has no message any more."),
      h("dl", { class: "head" }, ...fields(main)),
      h("details", { class: "headers" }, h("summary", {}, `All ${count(mail.header.length, "field")} of the header`),
        h("dl", { class: "head" }, ...fields(mail.header))),
      h("p", { class: "place" }, isolated(e.place), ` · key `, isolated(e.key), ` · ${size(e.size)}`, e.language ? ` · in ${e.language}` : "",
        about.path ? " · " : "", about.path && h("a", { href: about.path, download: true }, ".eml")),
      this.found(), this.changed(), this.files(mail.files, false),
      h("div", { id: "view" }), this.files(mail.files, true))
    $("main").replaceChildren(article)
    $("main").scrollTop = 0
    this.drawView()
  }

  // found are the findings of the message, and those of all messages that name its row. What a template has, every
  // message has: it is folded away.
  private found(): HTMLElement | null {
    const own = this.kept!.about.findings ?? [], e = this.entry!
    if (e.change === "gone") return null
    const codes = new Set(own.map(f => f.code)), shown = (f: Finding) => explain(f, this.summary.explained[f.code])
    const others = this.summary.findings.filter(f => !codes.has(f.code))
    const row = others.filter(f => (f.places ?? [f.place]).includes(e.place))
    const common = others.filter(f => f.place && !f.places && !f.rows && /:\d+:\d+$/.test(f.place) && f.severity !== "error")
    if (!own.length && !row.length && !common.length) return null
    return h("section", { class: "findings", "aria-label": "Findings" }, ...[...own, ...row].map(shown),
      common.length > 0 && h("details", { class: "common" }, h("summary", {}, count(common.length, "finding") +
        " of the templates and the campaign file, not of this message alone"), ...common.map(shown)))
  }

  private changed(): HTMLElement | null {
    const change = this.kept!.about.change
    if (!change || change.kind === "same") return null
    const name = this.summary.against?.name ?? ""
    if (change.kind === "new") return h("p", { class: "banner new" }, "New: it was not in ", isolated(name), ".")
    if (!change.cells?.length && !change.words?.length) return null
    return h("section", { class: "card changes" }, h("h3", {}, change.kind === "gone" ? "Gone since " : "Changed since ", isolated(name)),
      change.cells?.length ? h("table", {}, h("thead", {}, h("tr", {}, ...["Column", "Then", "Now"].map(t => h("th", { scope: "col" }, t)))),
        h("tbody", {}, ...change.cells.map(c => h("tr", {}, h("th", { scope: "row" }, isolated(c.column)),
          h("td", {}, c.was ? h("del", {}, isolated(c.was)) : h("i", {}, "empty")),
          h("td", {}, c.is ? h("ins", {}, isolated(c.is)) : h("i", {}, "empty")))))) : null,
      ...(change.words ?? []).map(w => h("p", {}, isolated(w, "span"))),
      this.old() && h("p", {}, h("button", { type: "button", class: "second", click: () => this.view("changes") }, "Compare the messages")))
  }

  private drawView() {
    const mail = this.mail!, found = links(mail.html)
    const tabs: [View, string][] = [["message", "Message"], ["text", "Text"], ["source", "Source"], ["links", `Links (${found.length})`]]
    if (this.old()) tabs.push(["changes", "Changes"])
    const bar = h("div", { class: "bar" },
      choice("View", tabs, this.now, v => this.view(v as View)),
      this.now === "message" && mail.html && choice("Width", [["phone", "Phone"], ["desktop", "Desktop"]], this.width, v => { this.width = v; this.drawView() }),
      this.now === "message" && mail.html && choice("Colours", [["light", "Light"], ["dark", "Dark"], ["forced", "Forced dark"]], this.scheme,
        v => { this.scheme = v as Scheme; this.drawView() }))
    const focus = (document.activeElement as HTMLElement | null)?.dataset.value
    $("view").replaceChildren(bar, ...this.content(found))
    if (focus) bar.querySelector<HTMLElement>(`[data-value="${focus}"]`)?.focus()
  }

  private content(found: [string, string][]): Node[] {
    const mail = this.mail!
    const text = (s: string, label: string, name: string) =>
      h("pre", { class: name, tabindex: "0", dir: name === "text" ? "auto" : "ltr", "aria-label": label }, s)
    switch (this.now) {
      case "text":
        return mail.text ? [text(mail.text, "The text part", "text")] : [h("p", { class: "quiet" }, "The message has no text part.")]
      case "source": {
        const octets = this.kept!.octets.length ? this.kept!.octets : this.kept!.was
        const all = new TextDecoder().decode(octets).replace(/\r\n/g, "\n")
          .replace(/^X-left-out (\d+)$/gm, "[$1 octets of a file, in base64, which this page does not have]"), most = 400_000
        return [text(all.slice(0, most), "The octets of the message", "source"),
          ...(all.length > most ? [h("p", { class: "quiet" }, `and ${size(all.length - most)} more, of attachments`)] : []),
          this.save(new Blob([octets as BlobPart], { type: "application/octet-stream" }), (this.entry!.key || "message") + ".eml", "Save as .eml")]
      }
      case "links":
        return [found.length ? h("ol", { class: "links" }, ...found.map(([said, to]) =>
          h("li", {}, h("b", {}, isolated(said || "without a text")), h("code", {}, isolated(to))))) :
          h("p", { class: "quiet" }, "The HTML has no links.")]
      case "changes":
        return this.differences()
    }
    if (!mail.html) {
      return [h("p", { class: "quiet" }, "The message is text alone."), text(mail.text, "The text part", "text")]
    }
    return this.framed(mail)
  }

  private framed(mail: Mail): Node[] {
    const frame = h("iframe", {
      sandbox: "", referrerpolicy: "no-referrer", title: "The message as a mail program shows it", srcdoc: copy(mail.html, mail.files, this.scheme),
    })
    const away = remote(mail.html), dark = darkStyles(mail.html), notes: string[] = []
    if (away) notes.push(`${count(away, "image or style is", "images or styles are")} from elsewhere: this page does not load them.`)
    if (this.scheme === "dark") {
      notes.push(dark.rules || dark.known ? "With the message's own styles for dark colours, as Apple Mail and Thunderbird show it." :
        "The message has no styles for dark colours, so Apple Mail and Thunderbird leave it light.")
    }
    if (this.scheme === "forced") notes.push("An approximation: all colours are turned round, as apps of Gmail and Outlook do, each in its own way.")
    const box = h("div", { class: `mail ${this.width} ${this.scheme}` }, frame)
    if (this.width === "desktop") fit(box, frame)
    return [box, ...notes.map(n => h("p", { class: "quiet note" }, n))]
  }

  private save(blob: Blob, name: string, text: string): HTMLElement {
    return h("a", { class: "button second", href: this.url(blob), download: clean(name) }, text)
  }

  private url(blob: Blob): string {
    const u = URL.createObjectURL(blob)
    this.urls.push(u)
    return u
  }

  // files are the files that go with the message, or those that its HTML shows.
  private files(all: File[], inside: boolean): HTMLElement | null {
    const items = all.map((f, i) => (f.cid !== "") === inside ? this.file(f, this.kept!.about.files?.[i]) : null).filter(e => e !== null)
    if (!items.length) return null
    return h("section", { class: "files", "aria-label": inside ? "Files in the message" : "Files" },
      inside ? h("details", {}, h("summary", {}, count(items.length, "file") + " in the message"), h("ul", {}, ...items)) : h("ul", {}, ...items))
  }

  private file(f: File, path: string | undefined): HTMLElement {
    const name = f.name || f.cid || "file"
    // A browser shows these without running anything of them in this page's name.
    const shown = /^(application\/pdf|image\/(png|jpeg|gif|webp)|text\/(plain|csv|calendar))$/.test(f.type)
    const type = shown && f.type.startsWith("text/") ? "text/plain;charset=utf-8" : f.type
    const open = () => h("a", {
      class: "button second", target: "_blank", rel: "noopener", href: f.missing ? path! : this.url(new Blob([f.body as BlobPart], { type })),
    }, "Open", h("span", { class: "hidden" }, " " + name))
    const save = () => f.missing ? h("a", { class: "button second", href: path!, download: clean(name) }, "Save") :
      this.save(new Blob([f.body as BlobPart], { type: "application/octet-stream" }), name, "Save")
    const dot = name.lastIndexOf(".") > 0 ? name.lastIndexOf(".") : name.length // what it ends with stands at its end
    return h("li", {}, h("b", { dir: "ltr" }, isolated(name.slice(0, dot)), name.slice(dot)), " ", h("span", { class: "quiet" }, `${f.type}, ${size(f.missing || f.body.length)}`), " ",
      f.missing && !path ? h("span", { class: "quiet" }, "not in this page") : h("span", { class: "acts" }, shown && open(), save()))
  }

  // differences are those between the message and the earlier one.
  private differences(): Node[] {
    const was = parse(this.kept!.was), is = this.mail!
    const subject = (m: Mail) => m.header.find(([n]) => n.toLowerCase() === "subject")?.[1] ?? ""
    const names = new Set([...was.files, ...is.files].map(f => f.name || f.cid))
    const same = (a: Uint8Array, b: Uint8Array) => a.length === b.length && a.every((x, i) => x === b[i])
    const files = [...names].map(name => {
      const a = was.files.find(f => (f.name || f.cid) === name), b = is.files.find(f => (f.name || f.cid) === name)
      const words = !a ? "added" : !b ? "removed" : a.missing || b.missing ? "not compared: not in this page" : same(a.body, b.body) ? "the same" :
        `changed: ${size(a.body.length)} then, ${size(b.body.length)} now`
      return h("li", {}, isolated(name), " ", h("span", { class: "quiet" }, words))
    })
    return [
      h("p", { class: "quiet" }, h("del", {}, "removed since then"), " ", h("ins", {}, "added since then")),
      ...this.difference("Subject", subject(was), subject(is)), ...this.difference("Text", was.text, is.text),
      ...this.difference("HTML, as text", asText(was.html), asText(is.html)),
      ...(files.length ? [h("h3", {}, "Files"), h("ul", {}, ...files)] : []),
    ]
  }

  private difference(title: string, was: string, is: string): Node[] {
    if (was === is) return [h("h3", {}, title), h("p", { class: "quiet" }, "the same")]
    return [h("h3", {}, title), h("div", { class: "diff", dir: "auto" }, ...compare(was, is).map((p, i, all) => piece(p, i === 0, i === all.length - 1)))]
  }
}

const desktop = 640, tall = 1100 // the least width of a desktop's mail, and the height of one that is made smaller

// fit makes a desktop's mail smaller where there is no room for its width.
function fit(box: HTMLElement, frame: HTMLElement) {
  new ResizeObserver(() => {
    const k = Math.min(1, box.clientWidth / desktop), small = k > 0 && k < 1
    frame.style.inlineSize = small ? desktop + "px" : ""
    frame.style.blockSize = small ? tall + "px" : ""
    frame.style.transform = small ? `scale(${k})` : ""
    frame.style.marginBlockEnd = small ? tall * (k - 1) + "px" : ""
  }).observe(box)
}

// value is the value of a field. Names and addresses each have their own direction.
function value(name: string, text: string): Node[] {
  if (!/^(from|to|cc|reply-to|sender)$/i.test(name)) return [isolated(text, "span")]
  return text.split(/\s*(<[^<>]*>)/).filter(s => s).flatMap((s, i) => [document.createTextNode(i ? " " : ""), isolated(s)])
}

// clean is a name that a file may have on every system.
function clean(name: string): string { return name.replace(/[\u0000-\u001f\u202a-\u202e\u2066-\u2069\/\\:*?"<>|]/g, "_") }

// piece is a piece of a comparison. What is the same and long is folded.
function piece(p: Piece, first: boolean, last: boolean): Node {
  const words = { removed: "removed: ", added: "added: ", same: "" }[p.kind]
  if (p.kind !== "same") {
    return h(p.kind === "added" ? "ins" : "del", {}, h("span", { class: "hidden" }, words), p.text)
  }
  const around = 160
  if (p.text.length < 3 * around) return document.createTextNode(p.text)
  const head = first ? "" : p.text.slice(0, around), tail = last ? "" : p.text.slice(-around)
  return h("span", {}, head, h("span", { class: "fold" }, ` … ${count(p.text.length - head.length - tail.length, "character")} the same … `), tail)
}
