/**
 * `npm run handover:proof -- --times N`: one process after another takes over from the one before, with one and with two workers
 * in turn, under clients of all protocols. Exit code 1 where a request was not answered or a count is not the model's.
 */
import { parseArgs } from "node:util";
import { Scope } from "../scope.ts";
import { proveHandover } from "./proof.ts";

const { values } = parseArgs({ options: { times: { type: "string", default: "10" } } });
Scope.endOnSignals();
const scope = new Scope();
try {
  const times = Number(values.times);
  const { problems, answered, cameBack } = await proveHandover(scope, {
    ...{ times, workers: [1, 2, 2, 1], tell: console.log },
  });
  for (const problem of problems) console.log(`FAILS  ${problem}`);
  console.log(
    `${problems.length === 0 ? "holds" : "FAILS"}  ${times} hand-overs: ${answered} requests answered, ${problems.length} problems, ${cameBack} WebSockets closed with 1012 came back`,
  );
  process.exitCode = problems.length === 0 ? 0 : 1;
} finally {
  await scope.close();
}
