/** What every program needs: command line, configuration, log, workers, privileges. */
export { type AvailableMemory, availableMemory, type ReadText } from "./available-memory.ts";
export {
  type Command,
  type CommandLine,
  type CommandOption,
  formatHelp,
  formatUsage,
  type GivenOptions,
  type Invocation,
  parseCommandLine,
} from "./command-line.ts";
export { formatCompletion, SHELLS, type Shell } from "./completion.ts";
export { type ErrorCode, errorDocs } from "./error-codes.ts";
export { type HandedSocket, HandedSockets, handedSocket } from "./handed-sockets.ts";
export {
  formatListener,
  isWildcard,
  type Listener,
  listenerAt,
  UNIX_SOCKET_CLIENTS,
  unixListenerAt,
} from "./listener.ts";
export { Listeners, listenError, type OpenSocket, sharedPort } from "./listeners.ts";
export { loadConfig, withConfigLine } from "./load-config.ts";
export {
  createLogger,
  LOG_LEVELS,
  type LogAddresses,
  type LogFields,
  type LogFormat,
  type Logger,
  type LogLevel,
  type LogOutput,
  type LogSettings,
  logKeys,
  writeLine,
} from "./log.ts";
export {
  ALL_ENDS,
  ALL_NODES,
  CHANNEL_MESSAGE_BYTES_MAX,
  CHANNEL_WAITING_BYTES_MAX,
  type IncomingMessage,
  makeNodeChannels,
  NOT_SENT,
  NodeChannelEnd,
  type NodeChannelHandle,
  type NodeChannelReceiver,
  type NodeChannels,
  type OutgoingMessage,
  WAITING_IN,
  WAITING_OUT,
} from "./node-channel.ts";
export {
  codeField,
  describeFatal,
  OperatorError,
  type OperatorErrorOptions,
} from "./operator-error.ts";
export {
  dropPrivileges,
  type PrivilegesConfig,
  pathAfterDrop,
  privilegesSection,
} from "./privileges.ts";
export { listProgramFiles, packageFile, readProgramFile } from "./program-files.ts";
export { ServiceManager } from "./service-manager.ts";
export { TEMPORARY_FILE_FLAGS, temporaryPathFor } from "./temporary-file.ts";
export {
  type GroupOptions,
  joinGroups,
  STOP_MILLISECONDS_MAX,
  startGroup,
  type WorkerGroup,
  type WorkerStart,
  workerCountOf,
  workerModule,
} from "./worker-group.ts";
export {
  DRAIN_MILLISECONDS_MAX,
  LOOK_MILLISECONDS,
  type OpenWorker,
  runWorker,
  type Serving,
  type Steering,
} from "./worker-thread.ts";
