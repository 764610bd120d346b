/**
 * Which room may import which, and which names are banned.
 *
 * - A room imports rooms of lower layers only (`layers.json`; ARCHITECTURE.md has the reasons), and only those its
 *   package.json declares: a test may use `devDependencies`, a source may not.
 * - A room of the list "dev" imports everything, the dev rooms in front of it included; only tests import it.
 * - A pure room imports no `node:` module outside its tests.
 * - Nobody imports a file of another room past its door (`src/index.ts`).
 * - No file or folder is called common, util, utils, helpers, misc or types.
 */

import { type House, type Problem, problemAt, type Source } from "./house.ts";
import { type Import, importsOf, roomOfSpecifier } from "./imports.ts";

const BANNED_NAMES = new Set(["common", "util", "utils", "helpers", "misc", "types"]);

export function problemsOfLayers(house: House): Problem[] {
  const problems: Problem[] = [];
  for (const source of house.sources) {
    for (const part of source.path.split("/"))
      if (BANNED_NAMES.has(part.replace(/\.ts$/, "")))
        problems.push({
          path: source.path,
          line: 1,
          text: `"${part}" says nothing, find its noun`,
        });
    if (source.room === "tools") continue;
    if (layerOf(house, source.room) < 0)
      problems.push({
        path: source.path,
        line: 1,
        text: `the room "${source.room}" has no layer in layers.json`,
      });
    for (const each of importsOf(source))
      for (const text of problemsOfImport(house, source, each))
        problems.push(problemAt(source, each.node, text));
  }
  return problems;
}

function layerOf({ layers }: House, room: string): number {
  const dev = layers.dev.indexOf(room);
  return dev < 0
    ? layers.layers.findIndex((layer) => layer.includes(room))
    : layers.layers.length + dev;
}

function* problemsOfImport(house: House, source: Source, each: Import): Generator<string> {
  const { specifier } = each;
  const { room, isTest } = source;
  const target = roomOfSpecifier(specifier);
  if (target === undefined) {
    if (specifier.startsWith("node:") && house.layers.pure.includes(room) && !isTest)
      yield `${room} is pure and may not import "${specifier}"`;
    if (/^\.\.?\//.test(specifier) && !specifier.endsWith(".ts"))
      yield `"${specifier}" needs its ending .ts`;
    return;
  }
  const own = layerOf(house, room);
  const theirs = layerOf(house, target.room);
  if (target.isDeep) yield `"${specifier}" goes past the door of ${target.room}`;
  if (theirs >= own && !isTest)
    yield `"${specifier}" is of layer ${theirs}, ${room} of layer ${own}: a room imports lower layers only`;
  const manifest = house.manifests.get(room);
  const isDeclared =
    specifier === manifest?.name ||
    Object.hasOwn(manifest?.dependencies ?? {}, specifier) ||
    (isTest && Object.hasOwn(manifest?.devDependencies ?? {}, specifier));
  if (!isDeclared) {
    const key = isTest ? "devDependencies" : "dependencies";
    yield `"${specifier}" is missing in the ${key} of packages/${room}/package.json`;
  }
}
