/** The command `swarmtide doctor`. Called by main.ts; command-line.ts knows its words. */
import { type Command, type GivenOptions, loadConfig } from "@swarmtide/runtime";
import { trackerSchema } from "../config.ts";
import { services } from "../services/services.ts";
import { describeFindings, examine, exitCodeOf } from "./examine.ts";
import { thisHost } from "./host.ts";

/** Looks at this host with the eyes of a configuration. */
export const DOCTOR: Command = {
  words: ["doctor"],
  summary: "look for what will lose packets, connections or peers on this host",
  options: [{ long: "json", summary: "print the findings as JSON" }],
};

/** Returns the exit code. Throws ConfigError where the configuration cannot be read. */
export function runDoctor({ values }: GivenOptions, print: (text: string) => void): number {
  const config = loadConfig(trackerSchema, values.get("config"));
  let threads = 0;
  for (const service of services) threads += service.threads(config);
  const findings = examine(config, threads, thisHost);
  print(values.has("json") ? `${JSON.stringify(findings)}\n` : describeFindings(findings));
  return exitCodeOf(findings);
}
