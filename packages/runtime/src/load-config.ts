/** Reads the configuration of a program, from the file the command line names or from the defaults. */
import { readFileSync } from "node:fs";
import {
  type ConfigOf,
  defaultConfig,
  type Entries,
  lineOfNamedKey,
  readConfigFile,
  type SectionSchema,
} from "@swarmtide/toml-config";
import { OperatorError } from "./operator-error.ts";

/** The configuration of a file, or every default where no file is named. Throws ConfigError. */
export const loadConfig = <E extends Entries>(
  schema: SectionSchema<E>,
  filePath: string | undefined,
): ConfigOf<SectionSchema<E>> =>
  filePath === undefined ? defaultConfig(schema) : readConfigFile(schema, filePath);

/** An error about a value that the configuration's file sets, with file and line before its message; others as they are. */
export function withConfigLine(error: unknown, filePath: string | undefined): unknown {
  if (!(error instanceof OperatorError) || filePath === undefined) return error;
  const line = lineOfNamedKey(readFileSync(filePath, "utf8"), error.message);
  if (line === undefined) return error;
  return new OperatorError(`${filePath}:${line}: ${error.message}`, {
    code: error.code,
    cause: error,
  });
}
