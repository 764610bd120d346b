/**
 * Makes a module in TypeScript of each WebAssembly text in `packages/`: `name.wat` → `name-module.ts`, which stands beside
 * it and is committed, so that nobody needs the compiler to build or to run the tracker.
 *
 * `npm run wat` writes them; with `--check`, as a part of `npm run lint`, it tells which ones are not what their text says.
 */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import loadWabt from "wabt";

const root = fileURLToPath(new URL("../../", import.meta.url));
const packages = join(root, "packages");

/** Characters of a line of the module. */
const LINE_CHARACTERS = 96;

function moduleText(name: string, binary: Uint8Array): string {
  const text = Buffer.from(binary).toString("base64");
  const lines = text.match(new RegExp(`.{1,${LINE_CHARACTERS}}`, "g")) ?? [];
  const constant = `${name.replaceAll("-", "_").toUpperCase()}_MODULE`;
  return [
    "/**",
    ` * WebAssembly in base64, made of ${name}.wat by \`npm run wat\`: change that file, not this one.`,
    " */",
    `export const ${constant}: string = [`,
    ...lines.map((line) => `  "${line}",`),
    '].join("");',
    "",
  ].join("\n");
}

const { parseWat } = await loadWabt();

function compile(path: string): string {
  const features = { simd: true };
  const parsed = parseWat(path, readFileSync(path, "utf8"), features);
  try {
    parsed.resolveNames();
    parsed.validate();
    return moduleText(basename(path, ".wat"), parsed.toBinary({}).buffer);
  } finally {
    parsed.destroy();
  }
}

const isCheck = process.argv.includes("--check");
for (const file of readdirSync(packages, { recursive: true, encoding: "utf8" })) {
  if (!file.endsWith(".wat") || file.includes("node_modules")) continue;
  const target = join(packages, file.replace(/\.wat$/, "-module.ts"));
  const text = compile(join(packages, file));
  if (!isCheck) {
    writeFileSync(target, text);
  } else if (readFileSync(target, "utf8") !== text) {
    console.error(
      `packages/${file} was changed, and its module was not made anew: run \`npm run wat\``,
    );
    process.exitCode = 1;
  }
}
