// A message taken apart, as a mail program does it.

export interface File { name: string; type: string; cid: string; body: Uint8Array; missing: number }

export interface Mail { header: [string, string][]; text: string; html: string; files: File[] }

const latin = (b: Uint8Array) => new TextDecoder("latin1").decode(b)

// decode reads octets in a charset.
function decode(body: Uint8Array, charset: string): string {
  try {
    return new TextDecoder(charset || "utf-8").decode(body)
  } catch {
    return latin(body)
  }
}

export function unbase64(text: string): Uint8Array {
  try {
    const plain = atob(text.replace(/[^A-Za-z0-9+/=]/g, "")), out = new Uint8Array(plain.length)
    for (let i = 0; i < plain.length; i++) out[i] = plain.charCodeAt(i)
    return out
  } catch {
    return new Uint8Array()
  }
}

function unquote(body: Uint8Array): Uint8Array {
  const out = new Uint8Array(body.length)
  let n = 0
  for (let i = 0; i < body.length; i++) {
    if (body[i] !== 61) {
      out[n++] = body[i]
      continue
    }
    if (body[i + 1] === 13 && body[i + 2] === 10) i += 2
    else if (body[i + 1] === 10) i++
    else {
      const x = parseInt(String.fromCharCode(body[i + 1], body[i + 2]), 16)
      if (Number.isNaN(x)) out[n++] = 61
      else {
        out[n++] = x
        i += 2
      }
    }
  }
  return out.slice(0, n)
}

// words decodes encoded words (RFC 2047). Words beside each other are one text, also where a letter is in two of them.
export function words(value: string): string {
  const one = /=\?([^?*]+)(?:\*[^?]*)?\?([bq])\?([^?]*)\?=/i
  return value.replace(/(=\?[^?]+\?[bq]\?[^?]*\?=)(?:\s+(?==\?[^?]+\?[bq]\?[^?]*\?=))?/gi, "$1").replace(
    /(?:=\?[^?]+\?[bq]\?[^?]*\?=)+/gi, run => {
      let charset = ""
      const bytes: number[] = []
      for (const m of run.matchAll(new RegExp(one.source, "gi"))) {
        charset ||= m[1]
        const b = m[2].toLowerCase() === "b" ? unbase64(m[3]) :
          unquote(new TextEncoder().encode(m[3].replace(/_/g, " ")))
        for (const x of b) bytes.push(x)
      }
      return decode(new Uint8Array(bytes), charset)
    })
}

// fields reads a header: names and values, unfolded, as they stand.
function fields(head: Uint8Array): [string, string][] {
  const text = new TextDecoder().decode(head).replace(/\r?\n([ \t])/g, "$1")
  return text.split(/\r?\n/).filter(line => line.includes(":")).map(line => {
    const i = line.indexOf(":")
    return [line.slice(0, i), line.slice(i + 1).trim()]
  })
}

// parameters reads a value with parameters, also in pieces and in a charset (RFC 2231).
function parameters(value: string): { value: string; get: (name: string) => string } {
  const found = new Map<string, string>(), pieces = new Map<string, [number, boolean, string][]>()
  const at = value.indexOf(";")
  for (const m of (at < 0 ? "" : value.slice(at)).matchAll(/;\s*([^=\s;]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^;]*))/g)) {
    const text = m[2] !== undefined ? m[2].replace(/\\(.)/g, "$1") : m[3].trim()
    const p = /^([^*]+)(?:\*(\d+))?(\*)?$/.exec(m[1].toLowerCase())
    if (!p) continue
    if (p[2] === undefined && !p[3]) found.set(p[1], text)
    else pieces.set(p[1], [...(pieces.get(p[1]) ?? []), [Number(p[2] ?? 0), !!p[3], text]])
  }
  for (const [name, list] of pieces) {
    let charset = ""
    const bytes: number[] = []
    for (const [n, coded, text] of list.sort((a, b) => a[0] - b[0])) {
      let rest = text
      if (coded && n === 0) {
        const parts = text.split("'")
        charset = parts[0]
        rest = parts.slice(2).join("'")
      }
      const plain = coded ? rest.replace(/%([0-9a-f]{2})/gi, (_, x: string) => String.fromCharCode(parseInt(x, 16))) : rest
      for (const c of plain) bytes.push(...(c.charCodeAt(0) < 256 ? [c.charCodeAt(0)] : new TextEncoder().encode(c)))
    }
    found.set(name, decode(new Uint8Array(bytes), charset))
  }
  return { value: (at < 0 ? value : value.slice(0, at)).trim().toLowerCase(), get: name => found.get(name) ?? "" }
}

// find looks for octets of a text.
function find(octets: Uint8Array, text: string, from: number): number {
  const first = text.charCodeAt(0)
  for (let i = octets.indexOf(first, from); i >= 0; i = octets.indexOf(first, i + 1)) {
    let n = 1
    while (n < text.length && octets[i + n] === text.charCodeAt(n)) n++
    if (n === text.length) return i
  }
  return -1
}

// parse takes a message apart.
export function parse(octets: Uint8Array): Mail {
  const mail: Mail = { header: [], text: "", html: "", files: [] }
  walk(octets, mail, true, 0)
  return mail
}

// textOf is the text part of a message of which this is the beginning; undefined if the beginning does not hold it.
export function textOf(octets: Uint8Array, whole: boolean): string | undefined {
  const at = find(octets, "\nContent-Type: text/plain", 0)
  if (at < 0) return whole ? "" : undefined
  const from = find(octets, "\r\n\r\n", at), end = from < 0 ? -1 : find(octets, "\r\n--", from)
  if (end < 0 && !whole) return undefined
  const part = octets.subarray(at + 1, end < 0 ? octets.length : end)
  return parse(part).text
}

function walk(octets: Uint8Array, mail: Mail, top: boolean, depth: number) {
  const end = find(octets, "\r\n\r\n", 0)
  const head = fields(octets.subarray(0, end < 0 ? octets.length : end))
  const body = end < 0 ? new Uint8Array() : octets.subarray(end + 4)
  if (top) mail.header = head.map(([name, value]) => [name, words(value)])
  const get = (name: string) => head.find(([n]) => n.toLowerCase() === name)?.[1] ?? ""
  const type = parameters(get("content-type") || "text/plain")
  if (type.value.startsWith("multipart/") && depth < 20) {
    for (const part of parts(body, type.get("boundary"))) walk(part, mail, false, depth + 1)
    return
  }
  const disposition = parameters(get("content-disposition"))
  const encoding = get("content-transfer-encoding").toLowerCase()
  const gone = /^X-left-out (\d+)$/.exec(latin(body.subarray(0, 40)).trim())
  const plain = gone ? new Uint8Array() : encoding === "base64" ? unbase64(latin(body)) :
    encoding === "quoted-printable" ? unquote(body) : body
  const file = {
    name: words(disposition.get("filename")), type: type.value, cid: get("content-id").replace(/^<|>$/g, ""),
    body: plain, missing: gone ? Number(gone[1]) : 0,
  }
  const isBody = !file.name && !file.cid
  if (isBody && type.value === "text/plain" && !mail.text) mail.text = decode(plain, type.get("charset"))
  else if (isBody && type.value === "text/html" && !mail.html) mail.html = decode(plain, type.get("charset"))
  else mail.files.push(file)
}

// parts are those between the lines of a boundary.
function parts(body: Uint8Array, boundary: string): Uint8Array[] {
  const all: Uint8Array[] = [], line = "--" + boundary
  let from = -1
  for (let at = 0; ;) {
    const i = find(body, line, at)
    if (i < 0) return all
    at = i + line.length
    if (i > 0 && body[i - 1] !== 10) continue
    if (from >= 0) all.push(body.subarray(from, Math.max(from, i - 2)))
    if (body[at] === 45 && body[at + 1] === 45) return all
    const end = find(body, "\n", at)
    if (end < 0) return all
    from = end + 1
  }
}
