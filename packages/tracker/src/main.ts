/**
 * The program `swarmtide`, loaded by `bin.ts` once that holds the signals. Exit codes: 0 after a stop or an answer, 1
 * when it cannot run or a worker died, 2 for arguments it does not understand.
 */
import {
  type Command,
  describeFatal,
  type ErrorCode,
  formatCompletion,
  formatHelp,
  formatUsage,
  type GivenOptions,
  parseCommandLine,
  SHELLS,
  writeLine,
} from "@swarmtide/runtime";
import { printDefaultConfig } from "@swarmtide/toml-config";
import { CHECK_CONFIG, checkConfig } from "./check-config/check-config.ts";
import { CLIENT_COMMANDS } from "./client-command-line.ts";
import {
  COMPLETION,
  commandLine,
  LOAD_TEST_HTTP,
  LOAD_TEST_WS,
  LOAD_TESTS,
} from "./command-line.ts";
import { trackerSchema } from "./config.ts";
import { ConfigSource } from "./config-source.ts";
import { DOCTOR, runDoctor } from "./doctor/doctor-command.ts";
import type { ProgramSignals } from "./program-signals.ts";
import { serve } from "./serve.ts";
import { runSnapshotCommand, SNAPSHOT_COMMANDS } from "./snapshot-commands.ts";
import { version } from "./version.ts";

const STDOUT = 1;
const STDERR = 2;
const EXIT_FAILED = 1;
const EXIT_USAGE = 2;
const USAGE_CODE: ErrorCode = "SWARMTIDE_USAGE";

const print = (text: string) => writeLine(STDOUT, text);

/** Loaded only where it is asked for: a tracker needs none of it. */
async function loadTest(
  command: Command,
  { values }: GivenOptions,
  signals: ProgramSignals,
): Promise<void> {
  const { loadTestHttp, loadTestUdp, loadTestWs } = await import("@swarmtide/load-test");
  const runOthers = command === LOAD_TEST_WS ? loadTestWs : loadTestUdp;
  const run = command === LOAD_TEST_HTTP ? loadTestHttp : runOthers;
  process.exitCode = await run({
    configPath: values.get("config"),
    printsConfig: values.has("print-config"),
    isJson: values.has("json"),
    print,
    complain: (text) => writeLine(STDERR, text),
    isTerminal: process.stderr.isTTY === true,
    onStop: (stop) => signals.onStop(stop),
  });
}

/** Ends with usage and exit code 2. */
function complainAboutArguments(message: string): void {
  writeLine(
    STDERR,
    `swarmtide: ${message} [${USAGE_CODE}]\n${formatUsage(commandLine)}\nswarmtide --help explains the options\n`,
  );
  process.exitCode = EXIT_USAGE;
}

function printCompletion(name: string | undefined): void {
  const shell = SHELLS.find((one) => one === name);
  if (shell !== undefined) print(formatCompletion(commandLine, shell));
  else complainAboutArguments(`"${name}" is not a shell that is known: ${SHELLS.join(", ")}`);
}

/** Loaded only where one of them is asked for. A signal ends it as it ends any other command. */
async function askTracker(
  command: Command,
  given: GivenOptions,
  signals: ProgramSignals,
): Promise<void> {
  signals.onStop(() => process.exit(EXIT_FAILED));
  const { ArgumentError, runClientCommand } = await import("./client-commands.ts");
  try {
    const complain = (text: string) => writeLine(STDERR, text);
    process.exitCode = await runClientCommand(command, given, { print, complain });
  } catch (error) {
    if (!(error instanceof ArgumentError)) throw error;
    complainAboutArguments(error.message);
  }
}

async function main(signals: ProgramSignals): Promise<void> {
  const invocation = parseCommandLine(commandLine, process.argv.slice(2));
  switch (invocation.kind) {
    case "help":
      return print(formatHelp(commandLine, invocation.command));
    case "version":
      return print(`swarmtide ${version()}\n`);
    case "mistake":
      return complainAboutArguments(invocation.message);
    case "run":
      if (LOAD_TESTS.includes(invocation.command))
        return await loadTest(invocation.command, invocation.given, signals);
      if (CLIENT_COMMANDS.includes(invocation.command))
        return await askTracker(invocation.command, invocation.given, signals);
      if (invocation.command === COMPLETION) return printCompletion(invocation.given.operands[0]);
      if (SNAPSHOT_COMMANDS.includes(invocation.command)) {
        signals.onStop(() => process.exit(EXIT_FAILED));
        process.exitCode = runSnapshotCommand(invocation.command, invocation.given, print);
        return;
      }
      if (invocation.given.values.has("print-config"))
        return print(printDefaultConfig(trackerSchema));
      if (invocation.command === CHECK_CONFIG) {
        signals.onStop(() => process.exit(EXIT_FAILED));
        return await checkConfig(invocation.given, process.env, print);
      }
      if (invocation.command === DOCTOR) {
        signals.onStop(() => process.exit(EXIT_FAILED));
        process.exitCode = await runDoctor(invocation.given, print);
        return;
      }
      return await serve({
        takesOver: invocation.given.values.has("take-over"),
        source: new ConfigSource(invocation.command, invocation.given, process.env),
        version: version(),
        print,
        signals,
      });
  }
}

/** Runs what the command line asks for. Ends the process where that fails. */
export async function runProgram(signals: ProgramSignals): Promise<void> {
  try {
    await main(signals);
  } catch (error) {
    writeLine(STDERR, `${describeFatal(error)}\n`);
    process.exit(EXIT_FAILED);
  }
}
