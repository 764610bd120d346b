/**
 * Checks the house rules that a compiler does not: which package may import which, and which names are banned.
 * Part of `npm run lint`; `layers.json` holds the layers, ARCHITECTURE.md the reasons.
 *
 * - A package imports only packages of lower layers, and only those its package.json declares.
 * - A package of the layer "dev" imports everything; only tests (`*.test.ts`, `testing/`, `bench/`, `transfer/`) import it.
 * - A protocol package (and `bittorrent`) imports no `node:` module outside its tests.
 * - Nobody imports a file of another package past its door (`src/index.ts`).
 * - No file or folder is called common, util, utils, helpers, misc or types.
 * - `src/hot/`, and a `hot/` deeper in `src/`, has no closure, `try`, `await`, template string, spread, `Map`, `Set` or
 *   `BigInt`; an exception is a line that carries a comment `hot-allow: reason`.
 */
import { readdirSync, readFileSync } from "node:fs";
import { basename, join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../", import.meta.url));

interface Layers {
  readonly layers: readonly (readonly string[])[];
  readonly dev: readonly string[];
  readonly pure: readonly string[];
}

const BANNED_NAMES = new Set(["common", "util", "utils", "helpers", "misc", "types"]);

const HOT_BANS: readonly (readonly [RegExp, string])[] = [
  [/=>|\bfunction\s*\(/, "a closure"],
  [/\btry\b/, "try"],
  [/\bawait\b/, "await"],
  [/`/, "a template string"],
  [/\.\.\./, "spread"],
  [/\b(Map|Set|WeakMap|WeakSet)\b/, "Map or Set"],
  [/\bBig(Int|Uint)|\b\d+n\b/, "BigInt"],
];

/** Every problem of one source text; `path` is relative to the repository and uses "/". */
export function problemsOfSource(
  path: string,
  text: string,
  layers: Layers,
  declared: ReadonlySet<string>,
): string[] {
  const problems: string[] = [];
  const folder = path.split("/")[1] ?? "";
  const isTest = /\.test\.ts$|\/(testing|bench|transfer)\//.test(path);
  const layerOf = (name: string): number =>
    layers.dev.includes(name)
      ? layers.layers.length
      : layers.layers.findIndex((layer) => layer.includes(name));
  const own = layerOf(folder);
  if (own < 0) problems.push(`${path}: package "${folder}" stands in no layer of layers.json`);

  for (const match of text.matchAll(/(?:from|import)\s*\(?\s*"([^"]+)"/g)) {
    const specifier = match[1] ?? "";
    const house = /^(?:@swarmtide\/([^/]+)|swarmtide)(\/.*)?$/.exec(specifier);
    if (house) {
      const target = house[1] ?? "tracker";
      const theirs = layerOf(target);
      if (house[2]) problems.push(`${path}: "${specifier}" goes past the door of ${target}`);
      if (theirs >= own && !isTest)
        problems.push(`${path}: "${specifier}" is layer ${theirs}, ${folder} is layer ${own}`);
      if (!declared.has(specifier))
        problems.push(`${path}: "${specifier}" is missing in the package.json of ${folder}`);
    } else if (specifier.startsWith("node:") && layers.pure.includes(folder) && !isTest) {
      problems.push(`${path}: ${folder} is pure and may not import "${specifier}"`);
    } else if (/^\.\.?\//.test(specifier) && !specifier.endsWith(".ts")) {
      problems.push(`${path}: "${specifier}" needs its .ts ending`);
    }
  }
  if (/\/src\/(?:.*\/)?hot\//.test(path) && !isTest)
    problems.push(...problemsOfHotSource(path, text));
  return problems;
}

function problemsOfHotSource(path: string, text: string): string[] {
  const problems: string[] = [];
  let inBlockComment = false;
  text.split("\n").forEach((line, index) => {
    if (line.includes("hot-allow:")) return;
    let code = line;
    if (inBlockComment) {
      const end = code.indexOf("*/");
      if (end < 0) return;
      inBlockComment = false;
      code = code.slice(end + 2);
    }
    code = code.replace(/\/\*.*?\*\//g, "").replace(/"(?:[^"\\]|\\.)*"/g, '""');
    const lineComment = code.indexOf("//");
    if (lineComment >= 0) code = code.slice(0, lineComment);
    const block = code.indexOf("/*");
    if (block >= 0) {
      inBlockComment = true;
      code = code.slice(0, block);
    }
    for (const [pattern, what] of HOT_BANS)
      if (pattern.test(code)) problems.push(`${path}:${index + 1}: ${what} in src/hot/`);
  });
  return problems;
}

function sourcesIn(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory())
      return entry.name === "dist" || entry.name === "node_modules" ? [] : sourcesIn(path);
    return entry.name.endsWith(".ts") ? [path] : [];
  });
}

function checkTree(): string[] {
  const layers: Layers = JSON.parse(readFileSync(join(root, "layers.json"), "utf8"));
  const problems: string[] = [];
  for (const folder of readdirSync(join(root, "packages"))) {
    const home = join(root, "packages", folder);
    const manifest = JSON.parse(readFileSync(join(home, "package.json"), "utf8"));
    const declared = new Set<string>([
      manifest.name,
      ...Object.keys(manifest.dependencies ?? {}),
      ...Object.keys(manifest.devDependencies ?? {}),
    ]);
    for (const file of sourcesIn(home)) {
      const path = relative(root, file).split(sep).join("/");
      for (const part of path.split("/"))
        if (BANNED_NAMES.has(basename(part, ".ts")))
          problems.push(`${path}: "${part}" is a drawer`);
      problems.push(...problemsOfSource(path, readFileSync(file, "utf8"), layers, declared));
    }
  }
  return problems;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const problems = checkTree();
  for (const problem of problems) console.error(problem);
  console.log(problems.length === 0 ? "layers: in order" : `layers: ${problems.length} problems`);
  process.exit(problems.length === 0 ? 0 : 1);
}
