/**
 * Recognises a configuration file of aquatic, whose sections are others, and says key by key what it is here. Called by
 * `swarmtide check-config`.
 */
import { show } from "@swarmtide/toml-config";
import { AQUATIC_KEYS, type AquaticKeys } from "./aquatic-keys.ts";

type Table = Readonly<Record<string, unknown>>;
export type AquaticProgram = keyof typeof AQUATIC_KEYS;

/** Sections and keys that aquatic's files have and ours have not. */
const SIGNS = ["network", "protocol", "cleaning", "metrics", "scrape_exports", "socket_workers"];
/** Keys that one of its programs alone has. */
const WS_SIGNS = ["network.address", "protocol.max_offers", "network.websocket_max_message_size"];
const HTTP_SIGNS = ["swarm_workers", "network.enable_tls", "protocol.max_peers", "metrics"];

/** Whose file it is; undefined where it is none of aquatic's. */
export function aquaticProgramOf(table: Table): AquaticProgram | undefined {
  if (!SIGNS.some((name) => Object.hasOwn(table, name))) return undefined;
  const has = (name: string) => valueAt(table, name) !== undefined;
  if (WS_SIGNS.some(has)) return "ws";
  return HTTP_SIGNS.some(has) ? "http" : "udp";
}

/** One line for each key of the file: what it is here. */
export function describeAquaticFile(table: Table, program: AquaticProgram): string {
  const lines = keysOf(table).map((name) => describe(name, table, AQUATIC_KEYS[program]));
  return [
    `this is a file of aquatic_${program}; a file for swarmtide has other sections (swarmtide --print-config). Key by key:`,
    ...lines.map((line) => `  ${line}`),
    `What the file leaves out has another default here in places. Of a file for aquatic_${program} alone, run "swarmtide ${program}".`,
  ].join("\n");
}

function describe(name: string, table: Table, keys: AquaticKeys): string {
  const written = `${name} = ${show(valueAt(table, name))}`;
  const known = Object.hasOwn(keys, name) ? keys[name] : undefined;
  if (known === undefined) return `${written}: no key of aquatic that is known here`;
  const { to, note } = known;
  if (to === undefined) return `${written}: left out; ${note}`;
  const target =
    to === "web.address_ipv4" && isIpv6(valueAt(table, name)) ? "web.address_ipv6" : to;
  return `${written}: is ${target} = ${show(valueAt(table, name))}${note === undefined ? "" : `; ${note}`}`;
}

const isIpv6 = (value: unknown): boolean => typeof value === "string" && value.startsWith("[");

/** `["socket_workers", "network.use_ipv4", …]`, in the order of the file. */
function keysOf(table: Table): string[] {
  return Object.entries(table).flatMap(([name, value]) =>
    isSection(value) ? Object.keys(value).map((key) => `${name}.${key}`) : [name],
  );
}

function valueAt(table: Table, name: string): unknown {
  let value: unknown = table;
  for (const part of name.split(".")) value = isSection(value) ? value[part] : undefined;
  return value;
}

const isSection = (value: unknown): value is Table =>
  typeof value === "object" && value !== null && !Array.isArray(value);
