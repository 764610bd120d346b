/**
 * The command line of every program of the project. A program describes its commands; the parser answers with what
 * was asked for, and the help text comes from the same description. Called once, at the start of a program.
 *
 * Conventions: `-c FILE`, `--config FILE` and `--config=FILE` mean the same; `--` ends the options; of several
 * requests help wins over version, version over printing the configuration, and that over running. An argument
 * that is not understood is an error, never ignored: the program prints the usage on stderr and exits with 2.
 */
import { nearestName } from "@swarmtide/toml-config";

/** An option. Without `value` it is a switch. */
export interface CommandOption {
  /** `config`, without the dashes. */
  readonly long: string;
  /** `c`, without the dash. */
  readonly short?: string;
  /** The word for its value in the help: `FILE`. */
  readonly value?: string;
  /** What the value must look like, and how `value` says so: "expected PORT". */
  readonly pattern?: RegExp;
  /** It may be given several times. */
  readonly repeats?: true;
  /** What a value begins with, for shells that complete it. */
  readonly candidates?: readonly string[];
  readonly summary: string;
}

/** One thing the program can be asked to do. */
export interface Command {
  /** The words that ask for it: `["load-test", "udp"]`; empty for the command that runs without any. */
  readonly words: readonly string[];
  readonly summary: string;
  /** Options beside those that every command has. */
  readonly options?: readonly CommandOption[];
  /** Names of the arguments that must follow, such as `TRACKER_URL`. One that ends with … stands for one or more. */
  readonly operands?: readonly string[];
  /** False where the options of the command line that every command has do not apply. */
  readonly takesConfig?: false;
}

/** What the help is made of. */
export interface CommandLine {
  /** The name of the program as it is typed. */
  readonly program: string;
  readonly title: string;
  readonly commands: readonly Command[];
  /** The options of every command, beside those for help and version. */
  readonly options: readonly CommandOption[];
  /** What to write instead of arguments that other programs take; undefined where nothing fits. */
  readonly advice?: (args: readonly string[]) => string | undefined;
}

/** What the arguments ask for. */
export type Invocation =
  | { readonly kind: "help"; readonly command: Command | undefined }
  | { readonly kind: "version" }
  | { readonly kind: "run"; readonly command: Command; readonly given: GivenOptions }
  | { readonly kind: "mistake"; readonly message: string };

/** The options and operands that were given to a command. */
export interface GivenOptions {
  /** Values by long name; switches have the value "". */
  readonly values: ReadonlyMap<string, string>;
  /** All values of options that may be given several times, in their order. */
  readonly lists: ReadonlyMap<string, readonly string[]>;
  readonly operands: readonly string[];
}

const STANDARD_OPTIONS: readonly CommandOption[] = [
  { long: "version", short: "v", summary: "print the version" },
  { long: "help", short: "h", summary: "print this help" },
];

/** Ends the name of an operand that may be repeated. */
const MANY = "…";

/** The options that are not the command's own. */
function commonOptions(line: CommandLine, command: Command | undefined): readonly CommandOption[] {
  return command?.takesConfig === false ? STANDARD_OPTIONS : [...line.options, ...STANDARD_OPTIONS];
}

/** All options of a command. */
export const optionsOf = (line: CommandLine, command: Command): readonly CommandOption[] => [
  ...(command.options ?? []),
  ...commonOptions(line, command),
];

/** Parses the arguments behind the program's name. Never throws. */
export function parseCommandLine(line: CommandLine, args: readonly string[]): Invocation {
  const invocation = parseArguments(line, args);
  const advice = invocation.kind === "mistake" ? line.advice?.(args) : undefined;
  if (invocation.kind !== "mistake" || advice === undefined) return invocation;
  return {
    kind: "mistake",
    message: `${invocation.message.replace(/; did you mean .*/, "")}; ${advice}`,
  };
}

function parseArguments(line: CommandLine, args: readonly string[]): Invocation {
  const { command, wordCount } = findCommand(line, args);
  if (command === undefined) return mistakenCommand(line, args);
  const options = optionsOf(line, command);
  const read = readArguments(options, args.slice(wordCount));
  if (read.values.has("help"))
    return { kind: "help", command: wordCount > 0 ? command : undefined };
  if (read.mistake !== undefined) return { kind: "mistake", message: read.mistake };
  if (read.values.has("version")) return { kind: "version" };
  const wanted = command.operands ?? [];
  const isOpen = wanted.at(-1)?.endsWith(MANY) ?? false;
  const unexpected = isOpen ? undefined : read.operands[wanted.length];
  if (unexpected !== undefined) return unexpectedArgument(line, command, unexpected);
  if (read.operands.length < wanted.length)
    return { kind: "mistake", message: `${wanted[read.operands.length]} is missing` };
  return { kind: "run", command, given: read };
}

/** The command with the most words that the arguments begin with. */
function findCommand(line: CommandLine, args: readonly string[]) {
  let command: Command | undefined;
  for (const candidate of line.commands) {
    const matches = candidate.words.every((word, index) => word === args[index]);
    if (matches && candidate.words.length >= (command?.words.length ?? 0)) command = candidate;
  }
  return { command, wordCount: command?.words.length ?? 0 };
}

function mistakenCommand(line: CommandLine, args: readonly string[]): Invocation {
  const [first] = args;
  if (first === undefined) return { kind: "mistake", message: "a command is missing" };
  const read = readArguments([...line.options, ...STANDARD_OPTIONS], args);
  if (read.values.has("help")) return { kind: "help", command: undefined };
  if (read.values.has("version") && read.mistake === undefined) return { kind: "version" };
  return { kind: "mistake", message: `${quote(first)} is not a command${meant(line, first)}` };
}

function unexpectedArgument(line: CommandLine, command: Command, operand: string): Invocation {
  const message =
    command.words.length === 0
      ? `${quote(operand)} is not a command${meant(line, operand)}`
      : `${quote(operand)} is not expected behind "${command.words.join(" ")}"`;
  return { kind: "mistake", message };
}

function meant(line: CommandLine, given: string): string {
  const near = nearestName(
    given,
    line.commands.map((command) => command.words.join(" ")).filter((name) => name !== ""),
  );
  return near === undefined ? "" : `; did you mean "${near}"?`;
}

interface ReadArguments {
  readonly values: Map<string, string>;
  readonly lists: Map<string, string[]>;
  readonly operands: string[];
  /** The first argument that is not in order. */
  mistake: string | undefined;
}

function readArguments(options: readonly CommandOption[], args: readonly string[]): ReadArguments {
  const read: ReadArguments = {
    values: new Map(),
    lists: new Map(),
    operands: [],
    mistake: undefined,
  };
  for (let index = 0; index < args.length; index++) {
    const arg = args[index] ?? "";
    if (arg === "--") {
      read.operands.push(...args.slice(index + 1));
      break;
    }
    if (!arg.startsWith("-") || arg === "-") {
      read.operands.push(arg);
      continue;
    }
    const equals = arg.startsWith("--") ? arg.indexOf("=") : -1;
    const name = equals < 0 ? arg : arg.slice(0, equals);
    const option = options.find((one) => name === `--${one.long}` || name === `-${one.short}`);
    if (option === undefined) {
      read.mistake ??= `${quote(name)} is not an option${meantOption(options, name)}`;
    } else if (option.value === undefined) {
      if (equals >= 0) read.mistake ??= `--${option.long} takes no value`;
      read.values.set(option.long, "");
    } else {
      const value = equals >= 0 ? arg.slice(equals + 1) : args[++index];
      takeValue(read, option, name, value ?? "");
    }
  }
  return read;
}

function takeValue(read: ReadArguments, option: CommandOption, name: string, value: string): void {
  const { long, pattern, repeats } = option;
  if (value === "") read.mistake ??= `${name} needs a ${option.value}`;
  else if (pattern?.test(value) === false)
    read.mistake ??= `${name} ${quote(value)}: expected ${option.value}`;
  if (repeats) read.lists.set(long, [...(read.lists.get(long) ?? []), value]);
  else if (read.values.has(long)) read.mistake ??= `--${long} is given twice`;
  read.values.set(long, value);
}

function meantOption(options: readonly CommandOption[], name: string): string {
  if (!name.startsWith("--")) return "";
  const near = nearestName(
    name.slice(2),
    options.map((option) => option.long),
  );
  return near === undefined ? "" : `; did you mean --${near}?`;
}

const quote = (text: string): string => JSON.stringify(text);

/** The help: usage, commands, options. With a command, only what belongs to it. */
export function formatHelp(line: CommandLine, command?: Command): string {
  const parts = [line.title, formatUsage(line, command)];
  const named = line.commands.filter((one) => one.words.length > 0);
  if (command === undefined && named.length > 0) {
    const rows = line.commands.map((one): [string, string] => [one.words.join(" "), one.summary]);
    parts.push(`Commands:\n${formatRows(rows.map(([name, text]) => [name || "(none)", text]))}`);
  } else if (command !== undefined) parts[0] = `${line.title}: ${command.summary}`;
  // Without a command the program does what the unnamed one does.
  const { options: own = [] } = command ?? line.commands.find((one) => !named.includes(one)) ?? {};
  const options = [...own, ...commonOptions(line, command)];
  const rows = options.map((option): [string, string] => [formatOption(option), option.summary]);
  parts.push(`Options:\n${formatRows(rows)}`);
  return `${parts.join("\n\n")}\n`;
}

/** The one line that says how to call the program, also shown with a mistake. */
export function formatUsage(line: CommandLine, command?: Command): string {
  const hasCommands = line.commands.some((one) => one.words.length > 0);
  const words = command?.words ?? (hasCommands ? ["[COMMAND]"] : []);
  return `Usage: ${[line.program, ...words, "[OPTIONS]", ...(command?.operands ?? [])].join(" ")}`;
}

function formatOption(option: CommandOption): string {
  const long = option.value === undefined ? option.long : `${option.long} ${option.value}`;
  return option.short === undefined ? `    --${long}` : `-${option.short}, --${long}`;
}

function formatRows(rows: readonly (readonly [string, string])[]): string {
  const width = Math.max(...rows.map(([left]) => left.length));
  return rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`).join("\n");
}
