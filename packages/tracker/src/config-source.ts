/**
 * Where the configuration of the program comes from, in this order, of which the later counts: the defaults, the file, the
 * environment (`SWARMTIDE__UDP__WORKERS=2`), the command line (`--port`, `--udp`, `--tls-cert`, and last `--set`). Read at the
 * start, on SIGHUP and by commands that look at the configuration. Main thread.
 *
 * Names of the environment have two underscores between their parts: orchestrators set SWARMTIDE_PORT and the like for a
 * service of this name, which are not meant for it and are ignored.
 */
import { missingFamily } from "@swarmtide/linux";
import {
  type Command,
  type CommandOption,
  type GivenOptions,
  type LogFormat,
  loadConfig,
  logKeys,
} from "@swarmtide/runtime";
import { type Entries, type SectionSchema, type Setting, salvageKey } from "@swarmtide/toml-config";
import { type TrackerConfig, trackerSchema } from "./config.ts";

/** Where HTTPS listens with `--tls-cert` where the configuration does not say. */
const TLS_PORT = 3443;

/** The protocols that a command or switch can ask for. */
const PROTOCOLS = ["udp", "http", "ws"] as const;

/** `udp.workers` and all others. */
function settingNames({ entries }: SectionSchema<Entries>, prefix = ""): string[] {
  return Object.entries(entries).flatMap(([name, entry]) =>
    entry.kind === "key" ? [`${prefix}${name}`] : settingNames(entry, `${name}.`),
  );
}

/** Options of every command that reads the configuration of a tracker. */
export const CONFIG_OPTIONS: readonly CommandOption[] = [
  {
    long: "port",
    value: "PORT",
    pattern: /^\d{1,5}$/,
    summary: "listen on PORT, for UDP, HTTP and WebTorrent",
  },
  { long: "udp", summary: "serve UDP, and of the others those that are named likewise" },
  { long: "http", summary: "serve HTTP, in the same way" },
  { long: "ws", summary: "serve WebTorrent, in the same way" },
  {
    long: "tls-cert",
    value: "FILE",
    summary: `serve HTTPS and wss with this certificate, on port ${TLS_PORT} unless a tls_address says where`,
  },
  { long: "tls-key", value: "FILE", summary: "the private key of that certificate" },
  {
    long: "set",
    value: "SECTION.KEY=VALUE",
    pattern: /^[a-z0-9_]+(\.[a-z0-9_]+)?=/,
    repeats: true,
    candidates: settingNames(trackerSchema).map((name) => `${name}=`),
    summary: "set a key of the configuration, such as udp.workers=2; may be repeated",
  },
];

/** The configuration that a command line asks for. */
export class ConfigSource {
  /** The file; undefined for none. */
  readonly path: string | undefined;
  readonly #settings: readonly Setting[];
  readonly #defaults: readonly Setting[];

  constructor(command: Command, given: GivenOptions, environment: NodeJS.ProcessEnv) {
    this.path = given.values.get("config");
    this.#settings = [...environmentSettings(environment), ...givenSettings(command, given)];
    this.#defaults = given.values.has("tls-cert") ? tlsAddresses() : [];
  }

  /** Reads it, from the file at `path`. Throws ConfigError. */
  read(path: string | undefined = this.path): TrackerConfig {
    return loadConfig(trackerSchema, path, this.#settings, this.#defaults);
  }

  /** How the log is to be written, as far as a configuration that cannot be read still says so. */
  salvageLogFormat(): LogFormat {
    return salvageKey(logKeys.log_format, "log_format", this.path, this.#settings);
  }
}

function environmentSettings(environment: NodeJS.ProcessEnv): Setting[] {
  return Object.entries(environment).flatMap(([name, text = ""]) => {
    const [, rest] = /^SWARMTIDE__(.+)$/.exec(name) ?? [];
    if (rest === undefined) return [];
    return [{ path: rest.toLowerCase().split("__"), text, source: name }];
  });
}

function givenSettings(command: Command, { values, lists }: GivenOptions): Setting[] {
  const settings: Setting[] = [];
  const set = (name: string, text: string, source: string) =>
    settings.push({ path: name.split("."), text, source });
  const named = PROTOCOLS.filter((name) => values.has(name) || command.words[0] === name);
  if (named.length > 0)
    for (const name of PROTOCOLS)
      set(`${name}.enabled`, String(named.includes(name)), "command line");
  const port = values.get("port");
  if (port !== undefined) for (const name of ["udp", "web"]) set(`${name}.port`, port, "--port");
  for (const [option, key] of [
    ["tls-cert", "web.tls_certificate_path"],
    ["tls-key", "web.tls_private_key_path"],
  ] as const) {
    const file = values.get(option);
    if (file !== undefined) set(key, JSON.stringify(file), `--${option}`);
  }
  for (const setting of lists.get("set") ?? []) {
    const equals = setting.indexOf("=");
    set(setting.slice(0, equals), setting.slice(equals + 1), "--set");
  }
  return settings;
}

/** Both families, as far as this system has them. */
function tlsAddresses(): Setting[] {
  const places = { 4: `0.0.0.0:${TLS_PORT}`, 6: `[::]:${TLS_PORT}` } as const;
  return ([4, 6] as const)
    .filter((family) => missingFamily(family) === undefined)
    .map((family) => ({
      path: ["web", `tls_address_ipv${family}`],
      text: JSON.stringify(places[family]),
      source: "--tls-cert",
    }));
}
