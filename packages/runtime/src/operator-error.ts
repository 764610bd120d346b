/**
 * The error for what only the operator can put right: a port in use, a list that does not load, a user that does not
 * exist. Its message says what failed, with which value, and what to do; programs print it without a stack. Its code is
 * one of `error-codes.ts` and stays the same when the message changes.
 */
import { SyscallError } from "@swarmtide/linux";
import { ConfigError } from "@swarmtide/toml-config";
import type { ErrorCode } from "./error-codes.ts";
import type { LogFields } from "./log.ts";

export interface OperatorErrorOptions extends ErrorOptions {
  readonly code: ErrorCode;
}

export class OperatorError extends Error {
  readonly code: ErrorCode;

  constructor(message: string, { code, ...options }: OperatorErrorOptions) {
    super(message, options);
    this.name = "OperatorError";
    this.code = code;
  }
}

/**
 * What to print when a program cannot go on: the message for an operator with its code, `… [SWARMTIDE_PORT_IN_USE]`; the
 * stack for a bug.
 */
export function describeFatal(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error instanceof OperatorError) return withCode(error.message, error.code);
  if (error instanceof ConfigError)
    return error.message
      .split("\n")
      .map((problem) => withCode(problem, error.code))
      .join("\n");
  if (error instanceof SyscallError || isSystemError(error)) return error.message;
  return error.stack ?? error.message;
}

/** The code of an error as a field of the log. */
export const codeField = (error: unknown): LogFields =>
  error instanceof OperatorError || error instanceof ConfigError ? { code: error.code } : {};

/** The code behind the first line; a stack may follow it. */
const withCode = (message: string, code: string): string => message.replace(/$/m, ` [${code}]`);

/** Errors of Node's own system calls that nothing more is known about. */
const isSystemError = (error: Error): boolean => "syscall" in error && "code" in error;
