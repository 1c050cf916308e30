// The list of messages. Only what is on the screen is in the page, so ten thousand are as quick as ten.

import type { Entry } from "./data"
import { $, count, h, icons, isolated } from "./ui"

const height = 60 // of a row in pixels, as the styles have it
const more = 6    // rows beyond each edge

export class List {
  shown: Entry[] = []
  now: Entry | undefined
  private box = $("list")
  private rows = $("rows")
  private drawn = ""

  constructor(private worst: (e: Entry) => string, private open: (e: Entry) => void) {
    this.box.addEventListener("scroll", () => this.draw(), { passive: true })
    new ResizeObserver(() => { this.drawn = ""; this.draw() }).observe(this.box)
    this.box.addEventListener("click", event => {
      const row = (event.target as Element).closest<HTMLElement>("[data-at]")
      if (row) this.open(this.shown[Number(row.dataset.at)])
    })
    this.box.addEventListener("keydown", event => {
      const page = Math.max(1, Math.floor(this.box.clientHeight / height) - 1)
      const step: Record<string, number> = {
        ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page, Home: -Infinity, End: Infinity,
      }
      if (event.key in step && !event.altKey && !event.ctrlKey && !event.metaKey) {
        event.preventDefault()
        this.step(step[event.key])
      } else if (event.key === "Enter" && this.now) {
        event.preventDefault()
        $("main").focus()
      }
    })
  }

  // step goes so many messages further.
  step(n: number) {
    if (!this.shown.length) return
    const at = this.now ? this.shown.indexOf(this.now) : -1
    const to = at < 0 ? (n < 0 && n > -Infinity ? this.shown.length - 1 : n === Infinity ? this.shown.length - 1 : 0) : at + n
    this.open(this.shown[Math.min(Math.max(to, 0), this.shown.length - 1)])
  }

  set(entries: Entry[]) {
    this.shown = entries
    this.rows.style.blockSize = entries.length * height + "px"
    this.drawn = ""
    this.draw()
  }

  select(e: Entry | undefined) {
    this.now = e
    this.drawn = ""
    const at = e ? this.shown.indexOf(e) : -1
    if (at >= 0) {
      const top = at * height
      if (top < this.box.scrollTop) this.box.scrollTop = top
      else if (top + height > this.box.scrollTop + this.box.clientHeight) this.box.scrollTop = top + height - this.box.clientHeight
    }
    this.draw()
  }

  private draw() {
    const first = Math.max(0, Math.floor(this.box.scrollTop / height) - more)
    const end = Math.min(this.shown.length, Math.ceil((this.box.scrollTop + this.box.clientHeight) / height) + more)
    const drawn = first + "-" + end
    if (drawn === this.drawn) return
    this.drawn = drawn
    const rows = []
    for (let i = first; i < end; i++) rows.push(this.row(this.shown[i], i))
    this.rows.replaceChildren(...rows)
    const at = this.now ? this.shown.indexOf(this.now) : -1
    if (at >= first && at < end) this.box.setAttribute("aria-activedescendant", "row-" + at)
    else this.box.removeAttribute("aria-activedescendant")
  }

  private row(e: Entry, i: number): HTMLElement {
    const worst = this.worst(e)
    const row = h("div", {
      class: "row", role: "option", id: "row-" + i, "data-at": String(i), "data-row": e.id,
      "aria-selected": String(e === this.now), "aria-posinset": String(i + 1), "aria-setsize": String(this.shown.length),
    },
    h("span", { class: "who" }, isolated(e.name || e.address || e.key),
      worst && h("span", { class: "mark " + worst, title: worst }, h("span", { "aria-hidden": "true" }, icons[worst]), h("span", { class: "hidden" }, worst))),
    h("span", { class: "what" }, isolated(e.subject || (e.change === "gone" ? "no message any more" : "no subject"), "span")),
    h("span", { class: "meta" }, e.change && e.change !== "same" && h("span", { class: "change " + e.change }, e.change),
      h("span", {}, (e.files ? count(e.files, "file") + " \u00b7 " : "") + e.row)))
    row.style.insetBlockStart = i * height + "px"
    return row
  }
}
