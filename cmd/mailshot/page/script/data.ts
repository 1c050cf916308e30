// The data of the page: elements with base64 of deflated octets, read when they are needed.

export interface Entry {
  row: number; place: string; name: string; address: string; subject: string; key: string; language: string
  size: number; files: number; codes: number[]; change: string; block: number; at: number
  id: string // of its permalink
  hay: string // what a search looks at
}

export interface Finding {
  code: string; severity: string; place: string; text: string; hint: string; rows?: number; places?: string[]
}

export interface Cell { column: string; was: string; is: string }

export interface About {
  blind: string; note: string; findings: Finding[] | null; path: string; files: string[] | null
  change: { kind: string; cells?: Cell[]; words?: string[] } | null
}

export interface Kept { about: About; octets: Uint8Array; was: Uint8Array }

const literal = 0, copied = 1, blob = 2

// inflate reads an element.
export async function inflate(id: string): Promise<Uint8Array> {
  const text = atob(document.getElementById(id)?.textContent ?? "")
  const packed = new Uint8Array(text.length)
  for (let i = 0; i < text.length; i++) packed[i] = text.charCodeAt(i)
  const plain = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate-raw"))
  return new Uint8Array(await new Response(plain).arrayBuffer())
}

export async function json<T>(id: string, around = ["", ""]): Promise<T> {
  return JSON.parse(around[0] + new TextDecoder().decode(await inflate(id)) + around[1]) as T
}

export async function entries(): Promise<Entry[]> {
  const rows = await json<unknown[][]>("index", ["[", "]"])
  const seen = new Map<string, number>()
  const all = rows.map(r => {
    const [row, place, name, address, subject, key, language, size, files, codes, change, block, at] = r as
      [number, string, string, string, string, string, string, number, number, number[] | null, string, number, number]
    return { row, place, name, address, subject, key, language, size, files, codes: codes ?? [], change, block, at, id: "",
      hay: fold([name, address, subject, key, place].join("\n")) }
  })
  all.sort((a, b) => a.row - b.row || a.block - b.block || a.at - b.at)
  const messages = new Map<number, number>() // of each row
  for (const e of all) if (e.change !== "gone") messages.set(e.row, (messages.get(e.row) ?? 0) + 1)
  for (const e of all) {
    const several = (messages.get(e.row) ?? 0) > 1 && e.language
    const id = e.change === "gone" ? "gone-" + e.row : String(e.row) + (several ? "." + e.language : "")
    const n = (seen.get(id) ?? 0) + 1
    seen.set(id, n)
    e.id = n > 1 ? id + "-" + n : id
  }
  return all
}

// fold makes texts alike that a person takes for the same.
export function fold(text: string): string { return text.normalize("NFKC").toLowerCase() }

let shared: Promise<Uint8Array> | undefined
const blocks = new Map<number, Promise<Uint8Array[][]>>()
const files = new Map<number, Promise<Uint8Array>>()
const mostBlocks = 6

// block takes the pieces of a block's messages apart: what is known of it, and the operations of its octets and of those
// that were made earlier.
function block(n: number): Promise<Uint8Array[][]> {
  let b = blocks.get(n)
  if (!b) {
    b = inflate("m" + n).then(octets => {
      const r = new Reader(octets), all: Uint8Array[][] = []
      while (!r.done()) all.push([r.take(r.varint()), r.take(r.varint()), r.take(r.varint())])
      return all
    })
    blocks.set(n, b)
    for (const old of blocks.keys()) {
      if (blocks.size <= mostBlocks) break
      blocks.delete(old)
    }
  }
  return b
}

// file is a file of messages; undefined if the page has no room for it.
function file(n: number): Promise<Uint8Array> {
  let f = files.get(n)
  if (!f) {
    f = inflate("f" + n)
    if (files.size > 32) files.clear()
    files.set(n, f)
  }
  return f
}

// beginning gives the first octets of a message, its files left out: so many at least, where it has them.
export async function beginning(e: Entry, most: number): Promise<Uint8Array> {
  const ops = (await block(e.block))[e.at][1]
  shared ??= inflate("shared")
  return expand(ops, await shared, false, most)
}

// read gives a message.
export async function read(e: Entry): Promise<Kept> {
  const [about, ops, was] = (await block(e.block))[e.at]
  shared ??= inflate("shared")
  const text = await shared
  return {
    about: JSON.parse(new TextDecoder().decode(about)) as About,
    octets: await expand(ops, text, true), was: await expand(was, text, true),
  }
}

class Reader {
  at = 0
  constructor(readonly octets: Uint8Array) {}
  done() { return this.at >= this.octets.length }
  varint() {
    let n = 0, factor = 1
    for (;;) {
      const b = this.octets[this.at++]
      n += (b & 127) * factor
      if (b < 128) return n
      factor *= 128
    }
  }
  signed() {
    const n = this.varint()
    return n % 2 ? -(n + 1) / 2 : n / 2
  }
  take(n: number) { return this.octets.subarray(this.at, this.at += n) }
}

// expand makes octets of operations.
async function expand(ops: Uint8Array, text: Uint8Array, withFiles: boolean, most = Infinity): Promise<Uint8Array> {
  const r = new Reader(ops), pieces: Uint8Array[] = []
  let end = 0, size = 0
  while (!r.done() && size < most) {
    if (pieces.length) size += pieces[pieces.length - 1].length
    if (size >= most) break
    const x = r.varint(), kind = x % 4, n = (x - kind) / 4
    if (kind === literal) pieces.push(r.take(n))
    else if (kind === copied) {
      const from = end + r.signed()
      end = from + n
      pieces.push(text.subarray(from, end))
    } else if (kind === blob) {
      if (!withFiles) continue
      const size = document.getElementById("f" + n)?.dataset.leftOut
      if (size) pieces.push(new TextEncoder().encode(`X-left-out ${size}`))
      else pieces.push(lines(await file(n)))
    } else pieces.push(lines(await expand(r.take(n), text, withFiles)))
  }
  const out = new Uint8Array(pieces.reduce((n, p) => n + p.length, 0))
  let at = 0
  for (const p of pieces) {
    out.set(p, at)
    at += p.length
  }
  return out
}

// lines is base64 as messages have it, in lines of 76.
function lines(body: Uint8Array): Uint8Array {
  let text = ""
  for (let i = 0; i < body.length; i += 57) text += (i ? "\r\n" : "") + btoa(String.fromCharCode(...body.subarray(i, i + 57)))
  return new TextEncoder().encode(text)
}
