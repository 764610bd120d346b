/**
 * The command `swarmtide check-config`: what a start would say of the configuration, without starting. It reads every file
 * that the configuration names and tells what would be opened; it opens no listener, so that it can look beside a tracker
 * that runs. Called by main.ts; exit code 0 when the tracker would start as far as can be told, 1 when not.
 */
import {
  type Command,
  type GivenOptions,
  type Logger,
  OperatorError,
  withConfigLine,
} from "@swarmtide/runtime";
import { AccessList } from "@swarmtide/swarm";
import { ConfigError, fileLayer } from "@swarmtide/toml-config";
import type { TrackerConfig } from "../config.ts";
import { CONFIG_OPTIONS, ConfigSource } from "../config-source.ts";
import { loadAccessList } from "../load-access-list.ts";
import { divideMemory } from "../memory.ts";
import { withoutMissingFamilies } from "../missing-families.ts";
import { riskySettings } from "../risky-settings.ts";
import { services, workerThreads } from "../services/services.ts";
import { checkThatSomethingRuns } from "../start-checks.ts";
import { aquaticProgramOf, describeAquaticFile } from "./aquatic-file.ts";

/** The words and options of the command. */
export const CHECK_CONFIG: Command = {
  words: ["check-config"],
  summary: "check the configuration and the files it names, and tell what would be served",
  options: CONFIG_OPTIONS,
};

/** Prints what it finds. Throws ConfigError, OperatorError where the tracker would not start. */
export async function checkConfig(
  given: GivenOptions,
  environment: NodeJS.ProcessEnv,
  print: (text: string) => void,
): Promise<void> {
  const source = new ConfigSource(CHECK_CONFIG, given, environment);
  const name = source.path ?? "the default configuration";
  const config = readOurs(source);
  try {
    const lines = await look(config);
    print(`${name} is in order\n${lines.join("\n")}\n`);
  } catch (error) {
    throw withConfigLine(error, source.path);
  }
}

/** Throws OperatorError with key by key what a file of aquatic says. */
function readOurs(source: ConfigSource): TrackerConfig {
  try {
    return source.read();
  } catch (error) {
    if (source.path === undefined || !(error instanceof ConfigError)) throw error;
    if (error.code !== "SWARMTIDE_CONFIG_INVALID") throw error;
    const table = tableOf(source.path);
    const program = table && aquaticProgramOf(table);
    if (table === undefined || program === undefined) throw error;
    throw new OperatorError(`${source.path}: ${describeAquaticFile(table, program)}`, {
      code: "SWARMTIDE_CONFIG_INVALID",
      cause: error,
    });
  }
}

/** Undefined where the file is no TOML. */
function tableOf(path: string) {
  try {
    return fileLayer(path).table;
  } catch {
    return undefined;
  }
}

/** What the tracker would do, in lines. Throws what a start would throw. */
async function look(wanted: TrackerConfig): Promise<string[]> {
  const warnings: string[] = [];
  const warn = (message: string) => void warnings.push(`warning: ${message}`);
  const log: Logger = {
    ...{ error: warn, warn, info() {}, debug() {}, setLevel() {} },
    for: () => log,
  };
  const given = withoutMissingFamilies(wanted, log);
  checkThatSomethingRuns(given);
  const { config, line } = divideMemory(given, workerThreads(given), log);
  for (const risk of riskySettings(config)) warn(risk);
  const lines: string[] = [];
  for (const service of services) lines.push(...(service.look?.(config) ?? []));
  const list = await loadAccessList(config.accessList);
  if (list.mode !== "off")
    lines.push(`access list: ${list.mode}, ${AccessList.attach(list).entryCount} entries`);
  return [...lines, line, ...warnings];
}
