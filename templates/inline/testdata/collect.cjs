// Makes the documents for the long comparison: node collect.cjs OUT [MJML-SOURCES]
//
// It is run in a folder with: npm install --ignore-scripts mjml@4 mailgen@2 foundation-emails@2 inky@1
// MJML-SOURCES is a folder of .mjml files, such as the templates of github.com/mjmlio/email-templates.
const fs = require("fs"), path = require("path");
const { createRequire } = require("module");
const here = createRequire(path.join(process.cwd(), "x.js"));
const [out, sources] = process.argv.slice(2);
fs.mkdirSync(out, { recursive: true });
const write = (name, html) => fs.writeFileSync(path.join(out, name + ".html"), html);

// Foundation for Emails: its templates through Inky, with its style sheet in <style>, as its guide has it.
const inky = here("inky"), cheerio = createRequire(here.resolve("inky"))("cheerio");
const folder = path.dirname(here.resolve("foundation-emails/package.json"));
const sheet = fs.readFileSync(path.join(folder, "dist/foundation-emails.css"), "utf8");
for (const file of fs.readdirSync(path.join(folder, "templates"))) {
  const text = fs.readFileSync(path.join(folder, "templates", file), "utf8");
  const styles = [...text.matchAll(/<style[^>]*>([\s\S]*?)<\/style>/g)].map((m) => m[1]).join("\n");
  const body = text.replace(/<style[^>]*>[\s\S]*?<\/style>/g, "").replace(/<!--[\s\S]*?-->/g, "");
  const page = cheerio.load(`<table class="body"><tr><td class="center" align="center" valign="top"><center>${body}</center></td></tr></table>`);
  const html = new (inky.Inky || inky)({}).releaseTheKraken(page);
  write("foundation-" + path.basename(file, ".html"), `<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Strict//EN" ` +
    `"http://www.w3.org/TR/xhtml1/DTD/xhtml1-strict.dtd"><html xmlns="http://www.w3.org/1999/xhtml"><head>` +
    `<meta http-equiv="Content-Type" content="text/html; charset=utf-8"><meta name="viewport" content="width=device-width">` +
    `<title>x</title><style>${sheet}</style><style>${styles}</style></head>` +
    html.replace(/^[\s\S]*?<body>/, "<body>").replace(/^(?!<body>)/, "<body>").replace(/<\/body>[\s\S]*$/, "") + "</body></html>");
}

// Mailgen: each of its themes, before juice inlines them.
const mailgen = here.resolve("mailgen"), juice = createRequire(mailgen).resolve("juice");
require.cache[juice] = { id: juice, filename: juice, loaded: true, exports: (html) => html };
const Mailgen = require(mailgen);
const contents = {
  reset: { body: { name: "Ann", intro: "You asked for a new password.", outro: "Ignore this otherwise.", action: {
    instructions: "Press the button:", button: { color: "#DC4D2F", text: "Reset", link: "https://example.com/reset" } } } },
  receipt: { body: { name: "Ann", intro: "Thank you.", table: { data: [{ item: "Tea", price: "$1" }, { item: "Milk", price: "$2" }],
    columns: { customWidth: { item: "20%" }, customAlignment: { price: "right" } } }, action: { instructions: "See it here:",
    button: { text: "Dashboard", link: "https://example.com/d" } }, dictionary: { date: "June 11th", address: "4 Quay Road" } } },
};
for (const theme of ["default", "salted", "cerberus", "neopolitan"]) {
  for (const [name, content] of Object.entries(contents)) {
    const m = new Mailgen({ theme, product: { name: "Quay", link: "https://example.com/" } });
    write(`mailgen-${theme}-${name}`, m.generate(structuredClone(content)));
  }
}

// MJML.
if (sources) {
  const mjml = here("mjml");
  for (const file of fs.readdirSync(sources).filter((f) => f.endsWith(".mjml"))) {
    const text = fs.readFileSync(path.join(sources, file), "utf8");
    write("mjml-" + path.basename(file, ".mjml"), (mjml.default || mjml)(text, { validationLevel: "skip" }).html);
  }
}
