/**
 * The error for what only the operator can put right: a port in use, a list that does not load, a user that does not
 * exist. Its message says what failed, with which value, and what to do; programs print it without a stack.
 */
export class OperatorError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "OperatorError";
  }
}

/** The names of errors whose message is meant for the operator as it stands. */
const OPERATOR_ERRORS = new Set(["OperatorError", "ConfigError", "SyscallError"]);

/** What to print when a program cannot go on: the message for an operator, the stack for a bug. */
export function describeFatal(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (OPERATOR_ERRORS.has(error.name) || isSystemError(error)) return error.message;
  return error.stack ?? error.message;
}

/** Errors of Node's own system calls, such as a port in use where `node:dgram` binds it. */
const isSystemError = (error: Error): boolean => "syscall" in error && "code" in error;
