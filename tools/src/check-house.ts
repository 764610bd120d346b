/**
 * Checks the rules of the house that neither the compiler nor Biome knows; a part of `npm run lint`. Each rule is a file of
 * `house/`, which says what it demands and why.
 *
 * `tools/house-waivers.json` lists what a rule lets pass: a file, a folder that ends in "/", or one exported name
 * (`path#name`), each with a reason. A waiver that nothing needs is reported.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { problemsOfDeadExports } from "./house/dead-exports.ts";
import { problemsOfFloatingPromises } from "./house/floating-promises.ts";
import { countHotAllowances, problemsOfHotCode } from "./house/hot-code.ts";
import { type House, type Manifest, openHouse, type Rule } from "./house/house.ts";
import { problemsOfIndexedAccess } from "./house/indexed-access.ts";
import { problemsOfLayers } from "./house/layers.ts";
import { problemsOfSizes } from "./house/sizes.ts";
import { type WaiverFile, Waivers } from "./house/waivers.ts";

const RULES: Readonly<Record<string, Rule>> = {
  layers: problemsOfLayers,
  "hot-code": problemsOfHotCode,
  sizes: problemsOfSizes,
  "dead-exports": problemsOfDeadExports,
  "floating-promises": problemsOfFloatingPromises,
  "indexed-access": problemsOfIndexedAccess,
};

const root = fileURLToPath(new URL("../../", import.meta.url)).replace(/[/\\]$/, "");
const readJson = (path: string) => JSON.parse(readFileSync(`${root}/${path}`, "utf8"));

function openThisHouse(): House {
  // A room that moved away may leave its dist/ behind.
  const rooms = readdirSync(`${root}/packages`).filter((room) =>
    existsSync(`${root}/packages/${room}/package.json`),
  );
  const manifests = new Map<string, Manifest>(
    rooms.map((room) => [room, readJson(`packages/${room}/package.json`)]),
  );
  const layers = readJson("layers.json");
  return openHouse({ root, config: "tools/tsconfig.house.json", layers, manifests });
}

const house = openThisHouse();
const waivers = new Waivers(readJson("tools/house-waivers.json") as WaiverFile);
let count = 0;
for (const [name, rule] of Object.entries(RULES)) {
  for (const problem of rule(house)) {
    if (waivers.lets(name, problem)) continue;
    count++;
    console.error(`${problem.path}:${problem.line}: ${problem.text} (${name})`);
  }
}
house.close();
const unused = waivers.unused();
if (unused.length > 0) console.log(`house: nothing needs these waivers: ${unused.join(", ")}`);
const allowances = `${countHotAllowances(house)} hot-allow`;
console.log(count === 0 ? `house: in order, ${allowances}` : `house: ${count} problems`);
process.exitCode = count === 0 ? 0 : 1;
