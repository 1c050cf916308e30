// Reads a mapping from file names to sources of Typst, and writes their PDFs to the folder that is its argument.
const fs = require("fs"), path = require("path");
const { NodeCompiler } = require("@myriaddreamin/typst-ts-node-compiler");
const dir = process.argv[process.argv.length - 1];
const compiler = NodeCompiler.create({ workspace: dir, fontArgs: [{ fontPaths: ["/usr/share/fonts/truetype"] }] });
for (const [name, source] of Object.entries(JSON.parse(fs.readFileSync(0, "utf8")))) {
  fs.writeFileSync(path.join(dir, name), compiler.pdf({ mainFileContent: source }));
}
