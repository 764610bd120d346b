/**
 * Writes docs/configuration.md from the schema: `npm run docs`. A test holds the page to what this would write.
 */
import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { printConfigDocs } from "@swarmtide/toml-config";
import { trackerSchema } from "./config.ts";

/** The page, in the repository. */
export const configDocsPath: string = fileURLToPath(
  new URL("../../../docs/configuration.md", import.meta.url),
);

const INTRODUCTION = `One TOML file for everything: \`swarmtide -c FILE\`. \`swarmtide --print-config\` prints a complete one to start from.
A key that is missing has its default; a key or section that is not known is an error, and so is a value that is not
allowed: the tracker then says which line, and what would be right, and does not start.
`;

/** What the page should hold. */
export function configDocs(): string {
  const [heading, , ...rest] = printConfigDocs(trackerSchema, "Configuration").split("\n\n");
  return [heading, INTRODUCTION.trim(), ...rest].join("\n\n");
}

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(configDocsPath, configDocs());
