/**
 * Reads the configuration of a program: the file that the command line names, or the defaults, and over it the settings of
 * the environment and the command line.
 */
import { readFileSync } from "node:fs";
import {
  type ConfigOf,
  type Entries,
  fileLayer,
  lineOfNamedKey,
  readLayers,
  type SectionSchema,
  type Setting,
  settingsLayer,
} from "@swarmtide/toml-config";
import { OperatorError } from "./operator-error.ts";

/**
 * The configuration of a file, or every default where no file is named; `settings` count before it, and `defaults` where it
 * says nothing. Throws ConfigError.
 */
export const loadConfig = <E extends Entries>(
  schema: SectionSchema<E>,
  filePath: string | undefined,
  settings: readonly Setting[] = [],
  defaults: readonly Setting[] = [],
): ConfigOf<SectionSchema<E>> =>
  readLayers(schema, [
    ...(defaults.length === 0 ? [] : [settingsLayer(defaults)]),
    ...(filePath === undefined ? [] : [fileLayer(filePath)]),
    ...(settings.length === 0 ? [] : [settingsLayer(settings)]),
  ]);

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
