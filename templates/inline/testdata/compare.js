// Compares pairs of documents in frames: the computed styles of all elements, their parts ::before and ::after, and
// the visible text. pairs is defined before this script: [{name, before, after}]. mode is "stripped" to look instead
// at the second document alone, for what nobody could read or press.
const skip = new Set(["STYLE", "SCRIPT"]);

function frame(html, width) {
  return new Promise((done) => {
    const f = document.createElement("iframe");
    f.style.cssText = `width:${width}px;height:900px;border:0;position:absolute;left:0;top:0`;
    f.onload = () => done(f);
    f.srcdoc = html;
    document.body.append(f);
  });
}

function elements(f) {
  return [...f.contentDocument.querySelectorAll("*")].filter((e) => !skip.has(e.tagName));
}

let names; // of all properties

function computed(e, part) {
  const s = e.ownerDocument.defaultView.getComputedStyle(e, part);
  names = names || [...s];
  return s;
}

// parts are an element itself and those of ::before and ::after that there are.
function parts(e) {
  return [null, "::before", "::after"].filter((p) => !p || !["none", "normal"].includes(computed(e, p).content));
}

function where(e) {
  const id = e.id ? "#" + e.id : "";
  const c = e.getAttribute("class");
  return e.tagName.toLowerCase() + id + (c ? "." + c.trim().replace(/\s+/g, ".") : "") + " " +
    JSON.stringify((e.innerText || "").trim().slice(0, 20));
}

async function compare(pair, width) {
  const [a, b] = [await frame(pair.before, width), await frame(pair.after, width)];
  const [as, bs] = [elements(a), elements(b)];
  const said = [];
  if (as.length !== bs.length) said.push(`${as.length} elements became ${bs.length}`);
  const [ta, tb] = [a.contentDocument.body.innerText, b.contentDocument.body.innerText];
  if (ta !== tb) said.push("the text differs");
  for (let i = 0; i < Math.min(as.length, bs.length); i++) {
    if (as[i].tagName !== bs[i].tagName) { said.push(`${where(as[i])} became ${where(bs[i])}`); break; }
    for (const part of parts(as[i])) {
      const [sa, sb] = [computed(as[i], part), computed(bs[i], part)];
      for (const p of names) {
        const [va, vb] = [sa.getPropertyValue(p), sb.getPropertyValue(p)];
        if (va !== vb) said.push(`${where(bs[i])}${part || ""} ${p}: ${va} became ${vb}`);
      }
    }
    if (parts(bs[i]).length !== parts(as[i]).length) said.push(`${where(bs[i])} has other parts`);
  }
  const dark = a.contentWindow.matchMedia("(prefers-color-scheme: dark)").matches;
  a.remove(); b.remove();
  return { name: pair.name, width, dark, elements: as.length, said: said.slice(0, 20), more: said.length };
}

function rgba(s) {
  const m = s.match(/[\d.]+/g);
  return m ? [m[0], m[1], m[2], m[3] === undefined ? 1 : m[3]].map(Number) : [0, 0, 0, 0];
}

function over(top, under) {
  return [0, 1, 2].map((i) => top[i] * top[3] + under[i] * (1 - top[3])).concat(1);
}

function luminance(c) {
  const [r, g, b] = c.slice(0, 3).map((v) => (v /= 255, v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

// contrast is that of an element's text, or null where an image is behind it.
function contrast(e) {
  const view = e.ownerDocument.defaultView;
  const layers = [];
  for (let n = e; n; n = n.parentElement) {
    const s = view.getComputedStyle(n);
    if (s.backgroundImage !== "none") return null;
    layers.push(rgba(s.backgroundColor));
  }
  let under = [255, 255, 255, 1];
  for (const l of layers.reverse()) under = over(l, under);
  const text = over(rgba(view.getComputedStyle(e).color), under);
  const [x, y] = [luminance(text), luminance(under)].sort((p, q) => q - p);
  return (x + 0.05) / (y + 0.05);
}

// shown are the elements with text of their own that somebody sees.
function shown(f) {
  return elements(f).filter((e) => {
    const s = f.contentWindow.getComputedStyle(e);
    const r = e.getBoundingClientRect();
    return r.width > 1 && r.height > 1 && s.visibility === "visible" && parseFloat(s.fontSize) > 2 && e.checkVisibility({ opacityProperty: true }) &&
      [...e.childNodes].some((n) => n.nodeType === 3 && n.data.replace(/[\s\u00a0\u034f\u200c\u2007\u00ad]/g, ""));
  });
}

function lines(e) {
  const range = e.ownerDocument.createRange();
  const all = [];
  for (const n of e.childNodes) {
    if (n.nodeType !== 3 || !n.data.trim()) continue;
    range.selectNodeContents(n);
    all.push(...range.getClientRects());
  }
  return all;
}

// poor lists what is wrong with a document: texts of low contrast, texts that lie on each other, buttons that are
// not buttons. A button is a link that has a background and a padding in the whole document.
async function poor(html, width, pair) {
  const f = await frame(html, width);
  const all = shown(f);
  const said = { contrast: new Map(), overlap: new Map(), buttons: new Map() };
  for (const e of all) {
    const c = contrast(e);
    if (c !== null && c < 4.5) said.contrast.set(elements(f).indexOf(e), `${where(e)} ${c.toFixed(1)}`);
  }
  const rects = all.flatMap((e) => lines(e).map((r) => [e, r]));
  rects.sort((p, q) => p[1].top - q[1].top);
  for (let i = 0; i < rects.length; i++) {
    for (let j = i + 1; j < rects.length && rects[j][1].top < rects[i][1].bottom; j++) {
      const [a, b] = [rects[i][1], rects[j][1]];
      const w = Math.min(a.right, b.right) - Math.max(a.left, b.left);
      const h = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
      if (w > 2 && h > 0.5 * Math.min(a.height, b.height) && rects[i][0] !== rects[j][0]) {
        said.overlap.set(elements(f).indexOf(rects[j][0]), `${where(rects[i][0])} on ${where(rects[j][0])}`);
      }
    }
  }
  elements(f).forEach((e, i) => {
    if (e.tagName === "A" && button(e)) said.buttons.set(i, where(e));
  });
  f.remove();
  return said;
}

function button(a) {
  for (let n = a, i = 0; n && i < 2; n = n.parentElement, i++) {
    const s = n.ownerDocument.defaultView.getComputedStyle(n);
    const pad = parseFloat(s.paddingLeft) + parseFloat(s.paddingTop) + parseFloat(s.borderTopWidth);
    if (rgba(s.backgroundColor)[3] > 0 && pad >= 4 && n.tagName !== "BODY") return true;
  }
  return false;
}

async function stripped(pair, width) {
  const before = await poor(pair.before, width);
  const after = await poor(pair.after, width);
  const wide = await poor(pair.before, 900); // what is a button in @media alone is not one without <style>
  const said = [];
  for (const kind of ["contrast", "overlap"]) {
    for (const [i, text] of after[kind]) if (!before[kind].has(i)) said.push(`${kind}: ${text}`);
  }
  for (const [i, text] of before.buttons) if (wide.buttons.has(i) && !after.buttons.has(i)) said.push(`not a button: ${text}`);
  return { name: pair.name, width, elements: 0, said: said.slice(0, 20), more: said.length, buttons: before.buttons.size };
}

(async () => {
  const results = [];
  for (const pair of pairs) {
    for (const width of [375, 700]) {
      try {
        results.push(await (mode === "stripped" ? stripped : compare)(pair, width));
      } catch (e) {
        results.push({ name: pair.name, width, said: [String(e && e.stack || e)], more: 1 });
      }
    }
  }
  const out = document.createElement("pre");
  out.id = "results";
  out.textContent = JSON.stringify(results);
  document.body.replaceChildren(out);
  document.title = "done";
})();
