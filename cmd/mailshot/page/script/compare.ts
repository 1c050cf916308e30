// What differs between two texts, word by word (Myers, An O(ND) Difference Algorithm, 1986).

export type Piece = { kind: "same" | "added" | "removed"; text: string }

const mostSteps = 2000

// compare compares texts by their words. Where a text is only wrapped in another way, nothing differs.
export function compare(was: string, is: string): Piece[] {
  const a = tokens(was), b = tokens(is)
  let head = 0
  while (head < a.length && head < b.length && equal(a[head], b[head])) head++
  let tail = 0
  while (tail < a.length - head && tail < b.length - head && equal(a[a.length - 1 - tail], b[b.length - 1 - tail])) tail++
  const pieces: Piece[] = []
  const add = (kind: Piece["kind"], text: string) => {
    const last = pieces[pieces.length - 1]
    if (!text) return
    if (last?.kind === kind) last.text += text
    else pieces.push({ kind, text })
  }
  add("same", b.slice(0, head).join(""))
  for (const [kind, text] of middle(a.slice(head, a.length - tail), b.slice(head, b.length - tail))) add(kind, text)
  add("same", tail ? b.slice(b.length - tail).join("") : "")
  return pieces
}

// tokens are words, each with the blanks behind it.
function tokens(text: string): string[] { return text.match(/\S+\s*|^\s+/g) ?? [] }

function equal(a: string, b: string): boolean { return a === b || a.trim() === b.trim() }

function middle(a: string[], b: string[]): [Piece["kind"], string][] {
  const n = a.length, m = b.length, all = (): [Piece["kind"], string][] => [["removed", a.join("")], ["added", b.join("")]]
  if (!n || !m) return all()
  const most = Math.min(n + m, mostSteps), v = new Int32Array(2 * most + 2), trace: Int32Array[] = []
  for (let d = 0; d <= most; d++) {
    trace.push(v.slice(most - d, most + d + 2))
    for (let k = -d; k <= d; k += 2) {
      let x = k === -d || k !== d && v[most + k - 1] < v[most + k + 1] ? v[most + k + 1] : v[most + k - 1] + 1
      let y = x - k
      while (x < n && y < m && equal(a[x], b[y])) x++, y++
      v[most + k] = x
      if (x >= n && y >= m) return back(a, b, trace)
    }
  }
  return all()
}

function back(a: string[], b: string[], trace: Int32Array[]): [Piece["kind"], string][] {
  const out: [Piece["kind"], string][] = []
  let x = a.length, y = b.length
  for (let d = trace.length - 1; d >= 0; d--) {
    const v = trace[d], at = (k: number) => v[k + d], k = x - y
    const up = k === -d || k !== d && at(k - 1) < at(k + 1)
    const before = up ? k + 1 : k - 1
    const px = d === 0 ? 0 : at(before), py = px - (d === 0 ? 0 : before)
    while (x > px && y > py) out.push(["same", b[--y]]), x--
    if (d > 0) {
      if (up) out.push(["added", b[--y]])
      else out.push(["removed", a[--x]])
    }
  }
  return out.reverse()
}
