// The copy of a mail's HTML that is shown. The frame has every restriction of sandbox, and a policy. The copy has
// nothing that leads somewhere: a browser opens a link in a new tab, whatever the sandbox says, when somebody holds a
// key, and it connects to what some elements name, whatever the policy says.

import type { File } from "./mime"

export type Scheme = "light" | "dark" | "forced"

const policy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; font-src data:; form-action 'none'; base-uri 'none'"

// Elements of which mail programs show nothing, and what leads somewhere by itself.
const removed = "script, link, base, iframe, frame, object, embed, portal, applet, template, fencedframe, animate, set, " +
  "animatemotion, animatetransform, meta[http-equiv]"

const leading = /href$|^(target|ping|download|action|formaction|srcdoc|manifest|data|codebase|cite|longdesc|profile|attributename|shadowrootmode|srcset-x)$/i

export function parsed(html: string): Document { return new DOMParser().parseFromString(html, "text/html") }

// remote counts what the HTML would load from elsewhere.
export function remote(html: string): number {
  let n = 0
  for (const e of parsed(html).querySelectorAll("*")) {
    for (const a of e.attributes) {
      if (/^(src|srcset|background|poster)$/i.test(a.name) && /^\s*(https?:)?\/\//i.test(a.value)) n++
      if (a.name === "style" && /url\(\s*['"]?(https?:)?\/\//i.test(a.value)) n++
    }
    if (e.localName === "style") n += (e.textContent ?? "").match(/url\(\s*['"]?(https?:)?\/\//gi)?.length ?? 0
  }
  return n
}

// links are the links of the HTML, what they say and where they lead.
export function links(html: string): [string, string][] {
  return [...parsed(html).querySelectorAll("a[href], area[href]")].map(a => {
    const images = [...a.querySelectorAll("img[alt]")].map(i => i.getAttribute("alt"))
    return [[a.textContent, ...images].join(" ").replace(/\s+/g, " ").trim(), a.getAttribute("href")!.trim()]
  })
}

const blocks = new Set(("address article aside blockquote br caption center dd div dl dt fieldset figure footer form h1 h2 " +
  "h3 h4 h5 h6 header hr li main nav ol p pre section table tbody td tfoot th thead tr ul").split(" "))

// asText is what the HTML says, a line for each block.
export function asText(html: string): string {
  const lines: string[] = [""]
  const walk = (n: Node) => {
    if (n.nodeType === Node.TEXT_NODE) lines[lines.length - 1] += n.textContent
    const name = n.nodeType === Node.ELEMENT_NODE ? (n as Element).localName : ""
    if (/^(script|style|head|title|template)$/.test(name)) return
    if (name === "img") lines[lines.length - 1] += " " + ((n as Element).getAttribute("alt") ?? "") + " "
    if (blocks.has(name)) lines.push("")
    n.childNodes.forEach(walk)
    if (name === "a") lines[lines.length - 1] += " <" + ((n as Element).getAttribute("href") ?? "") + ">"
    if (blocks.has(name)) lines.push("")
  }
  walk(parsed(html).body)
  return lines.map(l => l.replace(/[\s\u00a0]+/g, " ").trim()).filter(l => l).join("\n")
}

const images = /^image\/(png|jpe?g|gif|webp|avif|bmp|x-icon)$/

export function dataURL(type: string, body: Uint8Array): string {
  let text = ""
  for (let i = 0; i < body.length; i += 0x8000) text += String.fromCharCode(...body.subarray(i, i + 0x8000))
  return `data:${type};base64,${btoa(text)}`
}

// themed has the rules for a scheme of colours hold, whatever the system has.
function themed(css: string, dark: boolean): string {
  return css.replace(/\(\s*prefers-color-scheme\s*:\s*(dark|light)\s*\)/gi, (_, of: string) =>
    (of.toLowerCase() === "dark") === dark ? "(min-width:0px)" : "(max-width:0px)").replace(
    /\(\s*prefers-color-scheme\s*\)/gi, "(min-width:0px)")
}

// darkStyles reports whether the HTML has styles of its own for dark colours: rules, or the word that it knows them.
export function darkStyles(html: string): { rules: boolean; known: boolean } {
  const doc = parsed(html), css = [...doc.querySelectorAll("style")].map(s => s.textContent).join("\n")
  return {
    rules: /prefers-color-scheme\s*:\s*dark/i.test(css),
    known: !!doc.querySelector("meta[name='color-scheme' i][content*='dark' i], meta[name='supported-color-schemes' i]" +
      "[content*='dark' i]") || /(^|[^-])(color-scheme|supported-color-schemes)\s*:[^;}]*dark/i.test(css),
  }
}

// copy is the document for the frame.
export function copy(html: string, files: File[], scheme: Scheme): string {
  const doc = parsed(html), dark = scheme === "dark"
  const own = new Map(files.filter(f => f.cid && images.test(f.type) && f.body.length).map(f => [f.cid, f]))
  const inline = (text: string) => text.replace(/cid:[^\s"'<>()&]+/gi, address => {
    const f = own.get(address.slice(4)) ?? own.get(decodeURI(address.slice(4)))
    return f ? dataURL(f.type, f.body) : address
  })
  doc.querySelectorAll(removed).forEach(e => e.remove())
  for (const e of doc.querySelectorAll("*")) quiet(e, inline, dark)
  const add = (name: string, attributes: Record<string, string>, text = "") => {
    const e = doc.createElement(name)
    for (const [k, v] of Object.entries(attributes)) e.setAttribute(k, v)
    e.textContent = text
    return e
  }
  doc.head.prepend(add("meta", { "http-equiv": "Content-Security-Policy", content: policy }),
    add("meta", { name: "referrer", content: "no-referrer" }))
  doc.head.prepend(add("style", {}, `:root{color-scheme:${dark && darkStyles(html).known ? "dark" : "light"}!important}`))
  if (scheme === "forced") {
    doc.head.append(add("style", {}, "html{background:#fff}" +
      "img,video,[background],[style*='url('],svg image{filter:invert(1) hue-rotate(180deg)!important}"))
  }
  doc.head.append(add("base", { target: "_blank" }))
  let text = doc.documentElement.outerHTML
  if (leadsOut(text)) { // what is written is read in another way
    text = text.replace(/href|action|srcdoc|attributename|shadowroot/gi, "x-$&").replace(/<(\/?)(iframe|object|embed|link)/gi, "<$1x-$2")
  }
  return "<!doctype html>" + text
}

// quiet takes from an element what leads somewhere.
function quiet(e: Element, inline: (text: string) => string, dark: boolean) {
  const link = /^(a|area)$/i.test(e.localName)
  for (const a of [...e.attributes]) {
    if (/^on/i.test(a.name)) e.removeAttribute(a.name)
    else if (leading.test(a.name)) {
      e.removeAttribute(a.name)
      if (link && a.name.toLowerCase() === "href") e.setAttribute("href", "#")
    } else if (/^(src|srcset|background|style|poster)$/i.test(a.name) && /cid:/i.test(a.value)) a.value = inline(a.value)
    else if (a.name.toLowerCase() === "media") a.value = themed(a.value, dark)
  }
  if (e.localName === "style") e.textContent = inline(themed(e.textContent ?? "", dark))
}

function leadsOut(text: string): boolean {
  const doc = parsed(text)
  if (doc.querySelector("script, link, iframe, object, embed, portal, template, base[href]")) return true
  for (const e of doc.querySelectorAll("*")) {
    for (const a of e.attributes) {
      if (/^on/i.test(a.name)) return true
      if (leading.test(a.name) && !(a.name === "href" && a.value === "#") && !(e.localName === "base" && a.name === "target")) return true
    }
  }
  return false
}
