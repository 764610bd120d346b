/**
 * What is wrong with a configuration file, in the words an operator can act on. Thrown by the reader with every
 * problem of the file at once; programs print `message` without a stack and exit with 1.
 *
 * One line a problem: `config.toml:12: udp.workers = "x": expected a whole number from 0 to 1024`.
 */

/** One problem. `line` counts from 1; undefined where the problem has no line (a missing file, a default). */
export interface ConfigProblem {
  /** Empty where there is no file, and the key is missing on the command line and in the environment. */
  readonly file: string;
  readonly line: number | undefined;
  /** The full name of the key or section, such as `udp.workers`; empty where the whole file is meant. */
  readonly key: string;
  /** The value as it would stand in the file; undefined where the key itself is the problem. */
  readonly value: string | undefined;
  /** What is wrong and what would be right: `expected true or false`. */
  readonly complaint: string;
}

/** Whether the file could not be read at all, or what stands in it is wrong; both are explained in docs/errors.md. */
export type ConfigErrorCode = "SWARMTIDE_CONFIG_INVALID" | "SWARMTIDE_CONFIG_UNREADABLE";

/** Every problem of one configuration file. */
export class ConfigError extends Error {
  readonly code: ConfigErrorCode;
  readonly problems: readonly ConfigProblem[];

  constructor(
    problems: readonly ConfigProblem[],
    code: ConfigErrorCode = "SWARMTIDE_CONFIG_INVALID",
  ) {
    super(problems.map(formatProblem).join("\n"));
    this.name = "ConfigError";
    this.code = code;
    this.problems = problems;
  }
}

function formatProblem(problem: ConfigProblem): string {
  const at = problem.line === undefined ? problem.file : `${problem.file}:${problem.line}`;
  const place = at === "" ? "" : `${at}: `;
  if (problem.key === "") return `${place}${problem.complaint}`;
  const subject = problem.value === undefined ? problem.key : `${problem.key} = ${problem.value}`;
  return `${place}${subject}: ${problem.complaint}`;
}
