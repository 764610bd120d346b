/** The command `swarmtide doctor`. Called by main.ts; command-line.ts knows its words. */
import type { Command, GivenOptions } from "@swarmtide/runtime";
import { CONFIG_OPTIONS, ConfigSource } from "../config-source.ts";
import { workerThreads } from "../services/services.ts";
import { checkCluster } from "./cluster-checks.ts";
import { describeFindings, examine, exitCodeOf } from "./examine.ts";
import { thisHost } from "./host.ts";

/** Looks at this host with the eyes of a configuration. */
export const DOCTOR: Command = {
  words: ["doctor"],
  summary: "look for what will lose packets, connections or peers on this host",
  options: [...CONFIG_OPTIONS, { long: "json", summary: "print the findings as JSON" }],
};

/** Returns the exit code. Throws ConfigError where the configuration cannot be read. */
export async function runDoctor(
  given: GivenOptions,
  print: (text: string) => void,
): Promise<number> {
  const { values } = given;
  const config = new ConfigSource(DOCTOR, given, process.env).read();
  const found = examine(config, workerThreads(config), thisHost);
  const findings = [...found, ...(await checkCluster(config))];
  print(values.has("json") ? `${JSON.stringify(findings)}\n` : describeFindings(findings));
  return exitCodeOf(findings);
}
