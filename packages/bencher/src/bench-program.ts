/** What the benchmark programs have in common: reading numbers from the command line, failing in one line. */

/** A mistake on the command line: answered with the usage, exit code 2. */
export class UsageError extends Error {}

/** The number behind --NAME. Throws a UsageError for anything but a whole number from `min` on. */
export function wholeNumber(name: string, text: string, min: number): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < min)
    throw new UsageError(`--${name} ${text}: wanted is a whole number from ${min} on`);
  return value;
}

/** The items of --NAME LIST. Throws a UsageError for one that is not among `known`. */
export const listed = <Item extends string>(
  name: string,
  text: string,
  known: readonly Item[],
): Item[] =>
  text.split(",").map((wanted) => {
    const item = known.find((entry) => entry === wanted);
    if (item === undefined)
      throw new UsageError(`--${name}: "${wanted}" is none of ${known.join(", ")}`);
    return item;
  });

/** Runs a program to its end; what it throws is one line on stderr. */
export async function runProgram(usage: string, main: () => Promise<void>): Promise<void> {
  try {
    await main();
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    if (error instanceof UsageError) process.stderr.write(usage);
    process.exitCode = error instanceof UsageError ? 2 : 1;
  }
}
