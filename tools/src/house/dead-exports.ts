/**
 * An export that only its tests use is dead code that looks alive. An exported name must be used by another source, by
 * another room through the door (a test of another room counts: it is a stranger), or at least by its own file while a
 * test beside it needs the name. Types that their own file or a door shows are free: they describe what it gives.
 *
 * The door of `tracker` is the library's public face and needs no importer.
 */
import { isIdentifier } from "typescript/unstable/ast";
import { type House, type Problem, problemAt, type Source, walk } from "./house.ts";
import { type Export, exportsOf, importsOf, relativeTarget, roomOfSpecifier } from "./imports.ts";

/** Rooms whose door serves programs outside of this repository. */
const PUBLIC_DOORS = new Set(["tracker"]);

interface Uses {
  /** Used by sources of the same room, or by any file of another room. */
  readonly alive: Set<string>;
  /** Used by tests of the same room. */
  readonly tested: Set<string>;
  /** Exported by the door of its room. */
  readonly shown: Set<string>;
}

const key = (path: string, name: string): string => `${path}#${name}`;

export function problemsOfDeadExports(house: House): Problem[] {
  const uses = usesIn(house);
  return house.sources
    .filter((source) => !source.isTest)
    .flatMap((source) =>
      exportsOf(source).flatMap((each) => {
        const text = problemOf(source, each, uses);
        return text === undefined ? [] : [problemAt(source, each.node, text)];
      }),
    );
}

function problemOf(source: Source, each: Export, uses: Uses): string | undefined {
  const name = key(source.path, each.name);
  if (uses.alive.has(name)) return undefined;
  if (uses.shown.has(name) && (each.isType || PUBLIC_DOORS.has(source.room))) return undefined;
  const isUsedInside = countIdentifiers(source, each.name) > 1;
  if (isUsedInside && (each.isType || uses.tested.has(name))) return undefined;
  if (isUsedInside) return `"${each.name}" is exported, but nobody imports it`;
  return uses.tested.has(name)
    ? `"${each.name}" is used by its own tests only`
    : `"${each.name}" is used by nobody`;
}

function usesIn(house: House): Uses {
  const uses: Uses = { alive: new Set(), tested: new Set(), shown: new Set() };
  const declared = new Map(
    house.sources.map((source) => [source.path, exportsOf(source).map((each) => each.name)]),
  );
  const named = (path: string, name: string): readonly string[] =>
    name === "*" ? (declared.get(path) ?? []) : [name];
  const doors = doorsOf(house, named);
  for (const source of house.sources) {
    for (const each of importsOf(source)) {
      const room = roomOfSpecifier(each.specifier)?.room;
      const target = relativeTarget(source, each.specifier);
      const isPassedOn = each.isReExport && isDoor(source);
      const into = isPassedOn ? uses.shown : source.isTest && target ? uses.tested : uses.alive;
      for (const name of each.names) {
        if (room !== undefined) {
          const origins = doors.get(room) ?? new Map<string, string[]>();
          const found = name === "*" ? [...origins.values()].flat() : (origins.get(name) ?? []);
          for (const origin of found) uses.alive.add(origin);
        } else if (target !== undefined) {
          for (const one of named(target, name)) into.add(key(target, one));
        }
      }
    }
  }
  return uses;
}

const isDoor = (source: Source): boolean => source.path.endsWith("/src/index.ts");

/** For each room, what its door calls a name, or a namespace → where it is declared. */
function doorsOf(
  house: House,
  named: (path: string, name: string) => readonly string[],
): Map<string, Map<string, string[]>> {
  const doors = new Map<string, Map<string, string[]>>();
  for (const source of house.sources) {
    if (!isDoor(source)) continue;
    const origins = new Map<string, string[]>();
    for (const each of importsOf(source)) {
      const target = relativeTarget(source, each.specifier);
      if (target === undefined || !each.isReExport) continue;
      const names = each.names.flatMap((one) => named(target, one));
      if (each.namespace !== undefined)
        origins.set(
          each.namespace,
          names.map((name) => key(target, name)),
        );
      else for (const name of names) origins.set(name, [key(target, name)]);
    }
    for (const each of exportsOf(source)) origins.set(each.name, [key(source.path, each.name)]);
    doors.set(source.room, origins);
  }
  return doors;
}

function countIdentifiers(source: Source, name: string): number {
  let count = 0;
  walk(source.file, (node) => {
    if (isIdentifier(node) && node.text === name) count++;
    return true;
  });
  return count;
}
