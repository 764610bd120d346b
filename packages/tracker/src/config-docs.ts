/**
 * Writes docs/configuration.md from the schema and docs/errors.md from the table of codes: `npm run docs`. Tests hold both
 * pages to what this would write.
 */
import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { errorDocs } from "@swarmtide/runtime";
import { printConfigDocs } from "@swarmtide/toml-config";
import { trackerSchema } from "./config.ts";

const pagePath = (name: string): string =>
  fileURLToPath(new URL(`../../../docs/${name}`, import.meta.url));

/** The pages, in the repository. */
export const configDocsPath: string = pagePath("configuration.md");
export const errorDocsPath: string = pagePath("errors.md");

const INTRODUCTION = `One TOML file for everything: \`swarmtide -c FILE\`. \`swarmtide --print-config\` prints a complete one to start from.
A key that is missing has its default; a key or section that is not known is an error, and so is a value that is not
allowed: the tracker then says which line, and what would be right, and does not start.

SIGHUP reads the configuration again and checks it as a whole. Keys with *yes* under *reload* then apply from the next request on,
in all workers at once; other keys that have changed are named in the log and take a restart. What concerns the beginning of a
connection, such as \`trusted_proxies\`, holds for new connections. Where something is wrong, the log says which line, and
nothing changes. The files that the configuration names (access list, certificates) are read again, too; SIGUSR1 reads these
alone.
`;

/** What the page should hold. */
export function configDocs(): string {
  const [heading, , ...rest] = printConfigDocs(trackerSchema, "Configuration").split("\n\n");
  return [heading, INTRODUCTION.trim(), ...rest].join("\n\n");
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  writeFileSync(configDocsPath, configDocs());
  writeFileSync(errorDocsPath, errorDocs());
}
