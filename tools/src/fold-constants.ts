/**
 * The last step of `npm run build`: writes the numbers that hot code imports as names into the built modules of `hot/`.
 *
 * V8 loads an imported constant from memory and checks its type at every use, even in optimised code, because a module's
 * exports may change; TypeScript's `const enum`, which the compiler replaces, is not available with isolated modules. An
 * announce takes 13 % less time for it (docs/decisions/0008-constants-in-hot-code.md). Code that is not folded does the same.
 */
import { existsSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join, sep } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { foldConstants } from "./constants/fold.ts";
import { ModuleConstants } from "./constants/module-constants.ts";

const packages = fileURLToPath(new URL("../../packages/", import.meta.url));
const rooms = readdirSync(packages).filter((room) => existsSync(join(packages, room, "dist")));
const columns = new Map<string, Readonly<Record<string, unknown>>>();
for (const room of rooms) {
  const path = join(packages, room, "dist", "counters.js");
  if (existsSync(path)) columns.set(path, await import(pathToFileURL(path).href));
}
const constants = new ModuleConstants(
  new Map(rooms.map((room) => [`@swarmtide/${room}`, join(packages, room, "dist", "index.js")])),
  columns,
);

for (const room of rooms) {
  const dist = join(packages, room, "dist");
  for (const file of readdirSync(dist, { recursive: true, encoding: "utf8" })) {
    if (!file.split(sep).includes("hot") || !/(?<!\.test)\.js$/.test(file)) continue;
    const path = join(dist, file);
    const text = readFileSync(path, "utf8");
    const folded = foldConstants(text, constants.visibleIn(path));
    if (folded === text) continue;
    // Programs that start meanwhile read the one or the other.
    writeFileSync(`${path}.folded`, folded);
    renameSync(`${path}.folded`, path);
  }
}
