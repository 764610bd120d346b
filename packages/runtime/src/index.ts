/** What every program needs: command line, configuration, log, workers, privileges. */
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
export { ControlBlock, receiveMessages } from "./control-block.ts";
export { loadConfig, withConfigLine } from "./load-config.ts";
export {
  createLogger,
  LOG_LEVELS,
  type LogFields,
  type LogFormat,
  type Logger,
  type LogLevel,
  type LogOutput,
  type LogSettings,
  logKeys,
  writeLine,
} from "./log.ts";
export { describeFatal, OperatorError } from "./operator-error.ts";
export {
  dropPrivileges,
  type PrivilegesConfig,
  pathAfterDrop,
  privilegesSection,
} from "./privileges.ts";
export { WorkerSockets } from "./worker-sockets.ts";
export {
  type RunningWorker,
  reportReady,
  startWorker,
  type WorkerOptions,
  workerCountOf,
  workerModule,
} from "./workers.ts";
