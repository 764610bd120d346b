/**
 * The first module of the program `swarmtide`: it holds the signals, then loads everything else (`main.ts`). Static
 * imports would all be loaded before its first statement, some 150 ms in which a signal would kill.
 */
import { ProgramSignals } from "./program-signals.ts";

const signals = ProgramSignals.hold();
const { openFilesLimit, tooFewToLoad } = await import("./open-files.ts");
const complaint = tooFewToLoad(openFilesLimit());
if (complaint !== undefined) {
  process.stderr.write(`${complaint} [SWARMTIDE_OPEN_FILES]\n`);
  process.exitCode = 1;
} else {
  const { runProgram } = await import("./main.ts");
  await runProgram(signals);
}
