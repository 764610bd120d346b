/** Reads the configuration of a program, from the file the command line names or from the defaults. */
import {
  type ConfigOf,
  defaultConfig,
  type Entries,
  readConfigFile,
  type SectionSchema,
} from "@swarmtide/toml-config";

/** The configuration of a file, or every default where no file is named. Throws ConfigError. */
export const loadConfig = <E extends Entries>(
  schema: SectionSchema<E>,
  filePath: string | undefined,
): ConfigOf<SectionSchema<E>> =>
  filePath === undefined ? defaultConfig(schema) : readConfigFile(schema, filePath);
