/** One schema of a configuration file → its TypeScript type, strict reader, commented default and docs page. */
export { ConfigError, type ConfigErrorCode, type ConfigProblem } from "./config-error.ts";
export {
  boolean,
  choice,
  decimal,
  integer,
  list,
  optionalInteger,
  optionalSocketAddress,
  path,
  socketAddress,
  socketAddresses,
  standsTwice,
  text,
} from "./keys.ts";
export {
  type ConfigLayer,
  inWordsOfOptions,
  optionsLayer,
  type Setting,
  settingsLayer,
} from "./layers.ts";
export { lineOfNamedKey } from "./locate.ts";
export { editDistance, nearestName } from "./nearest.ts";
export { FileReadError, OperatorFile, readOperatorFile } from "./operator-file.ts";
export { printConfigDocs, printDefaultConfig } from "./print.ts";
export { defaultConfig, readConfig, readLayers, readOptions } from "./read.ts";
export { fileLayer } from "./read-file.ts";
export { type ChangedKey, changedKeys, takeReloadable } from "./reload.ts";
export { salvageKey } from "./salvage.ts";
export {
  type CheckProblem,
  type ConfigOf,
  type ConfigOptionsOf,
  type Entries,
  type KeySchema,
  type SectionSchema,
  type SocketAddress,
  section,
} from "./schema.ts";
export { show } from "./show.ts";
