/**
 * What takes part in `npm run bench`: a server that is found in the cache folder or built there, or the reason why it is
 * missing. Its configuration is a template of `rivals/`. The lists are in udp-competitors.ts, http- and ws-.
 */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { certificateKeys } from "../harness/certificate.ts";
import { configFile } from "../harness/servers.ts";

/** How a server is to be started in one round. */
export interface Settings {
  readonly port: number;
  /** A folder of the round's own. */
  readonly folder: string;
  readonly workers: number;
  readonly load: SuiteLoad;
}

/** What every tester of a table asks for. */
export interface SuiteLoad {
  readonly torrents: number;
  readonly peers: number;
  readonly connections: number;
  readonly isTls: boolean;
  readonly keepsAlive: boolean;
}

export interface Found {
  /** Its version and how it was built: one line. */
  readonly version: string;
  /** Writes the configuration and returns the command that runs the server in the foreground. */
  command(settings: Settings): readonly string[];
}

export interface Competitor {
  readonly name: string;
  /** A floor is not a tracker, and swarmtide is not its own rival: neither can be the "best rival". */
  readonly role: "swarmtide" | "rival" | "floor";
  /** Whether it serves such a load at all. */
  serves(load: SuiteLoad): boolean;
  /** Whether it needs no building or is in the cache. */
  isThere(): boolean;
  /** Builds it where it is not there. Throws with the reason where that fails. */
  find(): Found;
}

/** A file of `rivals/` with {names} filled in, written into the round's folder; returns its path. */
export function fromTemplate(
  name: string,
  folder: string,
  values: Readonly<Record<string, string | number | boolean>>,
): string {
  return configFile(folder, fillIn(templateText(name), { folder, ...values }), name);
}

export const templateText = (name: string): string =>
  readFileSync(fileURLToPath(new URL(`../../rivals/${name}`, import.meta.url)), "utf8");

/** Throws for a name without a value. */
export const fillIn = (
  text: string,
  values: Readonly<Record<string, string | number | boolean>>,
): string =>
  text.replace(/\{(\w+)\}/g, (_, key: string) => {
    const value = values[key];
    if (value === undefined) throw new Error(`template has no value for {${key}}`);
    return `${value}`;
  });

/** Where swarmtide listens, plain or over TLS. */
export function swarmtideAddress({ port, folder, load }: Settings): string {
  const address = `127.0.0.1:${port}`;
  return load.isTls
    ? `use_ipv4 = false\ntls_address_ipv4 = "${address}"\n${certificateKeys(folder)}`
    : `address_ipv4 = "${address}"`;
}
