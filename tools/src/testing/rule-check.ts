/** A house of a few files in memory, so that a rule's test shows the source it speaks of. */
import { createVirtualFileSystem } from "typescript/unstable/fs";
import { type Manifest, openHouse, type Rule } from "../house/house.ts";

const ROOT = "/house";

const OPTIONS = {
  target: "es2023",
  lib: ["es2023"],
  module: "nodenext",
  types: [],
  strict: true,
  noEmit: true,
  allowImportingTsExtensions: true,
  noUncheckedIndexedAccess: true,
};

/** Rooms from the bottom: low; mid and twin; high; the kit of the tests and what breaks the program with it. */
const LAYERS = {
  layers: [["low"], ["mid", "twin"], ["high"]],
  dev: ["kit", "breaker"],
  pure: ["mid"],
};

/** What `rule` finds in the files, as "path:line: text". `manifests` declare what a room may import. */
export function check(
  rule: Rule,
  files: Readonly<Record<string, string>>,
  manifests: Readonly<Record<string, Omit<Manifest, "name">>> = {},
): string[] {
  const memory: Record<string, string> = {
    [`${ROOT}/tsconfig.json`]: JSON.stringify({
      compilerOptions: OPTIONS,
      include: ["packages/*/src"],
    }),
    [`${ROOT}/package.json`]: JSON.stringify({ type: "module" }),
  };
  for (const [path, text] of Object.entries(files)) memory[`${ROOT}/${path}`] = text;
  const house = openHouse({
    root: ROOT,
    config: "tsconfig.json",
    layers: LAYERS,
    manifests: new Map(
      Object.entries(manifests).map(([room, each]) => [
        room,
        { name: `@swarmtide/${room}`, ...each },
      ]),
    ),
    fs: createVirtualFileSystem(memory),
  });
  try {
    return rule(house).map(({ path, line, text }) => `${path}:${line}: ${text}`);
  } finally {
    house.close();
  }
}
