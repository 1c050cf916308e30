"use strict";
(() => {
  // The code is behind # or =, and never leaves this machine but in the person's own mail.
  const code = /(?:^|[^a-z0-9])([a-z2-7]{52}|[a-z2-7]{32})(?![a-z0-9])/i.exec(decodeURIComponent(location.hash + " " + location.search));
  const parts = document.querySelectorAll("details[lang]");
  for (const wanted of navigator.languages) {
    const of = (test) => [...parts].find((p) => test(p.lang.toLowerCase(), wanted.toLowerCase()));
    const part = of((a, b) => a === b) || of((a, b) => a.split("-")[0] === b.split("-")[0]);
    if (!part) continue;
    part.open = true;
    part.parentNode.prepend(part);
    document.documentElement.lang = part.lang;
    document.documentElement.dir = part.dir;
    document.title = part.dataset.title;
    break;
  }
  for (const part of parts) {
    const input = part.querySelector("input"), link = part.querySelector("a");
    const write = () => {
      if (!link) return;
      const value = input.value.trim();
      link.hidden = !/^[a-z2-7]+$/i.test(value);
      link.href = "mailto:" + link.dataset.before + value.toLowerCase() + link.dataset.after;
    };
    if (code) {
      input.value = code[1].toLowerCase();
      part.querySelector(".help").hidden = true;
    }
    for (const e of part.querySelectorAll(".code, .mail")) e.hidden = false;
    input.addEventListener("input", write);
    write();
  }
})();
