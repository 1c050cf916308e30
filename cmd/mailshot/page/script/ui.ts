// Elements of the page. Texts become text nodes, and nothing that a message says is ever read as HTML.

type Child = Node | string | null | undefined | false

export function h<K extends keyof HTMLElementTagNameMap>(name: K, attributes: Record<string, string | boolean | (() => void)> = {},
  ...children: Child[]): HTMLElementTagNameMap[K] {
  const e = document.createElement(name)
  for (const [k, v] of Object.entries(attributes)) {
    if (typeof v === "function") e.addEventListener(k, v)
    else if (v !== false) e.setAttribute(k, v === true ? "" : v)
  }
  for (const c of children) if (c) e.append(c)
  return e
}

// isolated is a text that has its own direction.
export function isolated(text: string, name: "bdi" | "span" = "bdi"): HTMLElement { return h(name, { dir: "auto" }, text) }

export function count(n: number, one: string, many = one + "s"): string { return `${n.toLocaleString("en")} ${n === 1 ? one : many}` }

export function size(n: number): string {
  if (n < 1000) return `${n} B`
  if (n < 1e6) return `${(n / 1e3).toFixed(n < 1e4 ? 1 : 0)} kB`
  return `${(n / 1e6).toFixed(1)} MB`
}

export function $<T extends HTMLElement = HTMLElement>(id: string): T { return document.getElementById(id) as T }

export const icons: Record<string, string> = { error: "\u2716", warning: "\u26a0", note: "\u2139" }

// severity is a mark, a colour and a word.
export function severity(of: string): HTMLElement {
  return h("span", { class: "severity " + of }, h("span", { "aria-hidden": "true" }, icons[of] ?? ""), " " + of)
}

// choice is a group of buttons of which one is pressed.
export function choice(label: string, options: [string, string][], now: string, pick: (value: string) => void): HTMLElement {
  return h("div", { class: "choice", role: "group", "aria-label": label }, ...options.map(([value, text]) =>
    h("button", { type: "button", "data-value": value, "aria-pressed": String(value === now), click: () => pick(value) }, text)))
}
