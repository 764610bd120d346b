/** One schema of a configuration file → its TypeScript type, strict reader, commented default and docs page. */
export { ConfigError, type ConfigErrorCode, type ConfigProblem } from "./config-error.ts";
export { lineOfNamedKey } from "./locate.ts";
export { editDistance, nearestName } from "./nearest.ts";
export { FileReadError, OperatorFile, readOperatorFile } from "./operator-file.ts";
export { printConfigDocs, printDefaultConfig } from "./print.ts";
export { defaultConfig, readConfig, readConfigFile } from "./read.ts";
export {
  boolean,
  type CheckProblem,
  type ConfigOf,
  choice,
  decimal,
  type Entries,
  integer,
  type KeySchema,
  list,
  optionalSocketAddress,
  path,
  type SectionSchema,
  type SocketAddress,
  section,
  socketAddress,
  text,
} from "./schema.ts";
