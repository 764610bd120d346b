/**
 * `npm run handover:proof -- --times N`: one process after another takes over from the one before, with one and with two workers
 * in turn, under clients of all protocols. With `--peers N` one hand-over of so many peers, after their snapshot was restored.
 * Exit code 1 where a request was not answered, a count is not the model's or a peer is missing.
 */
import { parseArgs } from "node:util";
import { Scope } from "../scope.ts";
import { proveLargeHandover } from "./large-proof.ts";
import { proveHandover } from "./proof.ts";

const { values } = parseArgs({
  options: { times: { type: "string", default: "10" }, peers: { type: "string", default: "0" } },
});

async function proveMany(scope: Scope, peers: number): Promise<readonly string[]> {
  const result = await proveLargeHandover(scope, { peers, tell: console.log });
  console.log(`${verdictOf(result.problems)}  a hand-over of ${result.peers} peers`);
  return result.problems;
}

async function proveSeveral(scope: Scope, times: number): Promise<readonly string[]> {
  const { problems, answered, cameBack } = await proveHandover(scope, {
    ...{ times, workers: [1, 2, 2, 1], tell: console.log },
  });
  console.log(
    `${verdictOf(problems)}  ${times} hand-overs: ${answered} requests answered, ${problems.length} problems, ${cameBack} WebSockets closed with 1012 came back`,
  );
  return problems;
}

const verdictOf = (problems: readonly string[]): string =>
  problems.length === 0 ? "holds" : "FAILS";

Scope.endOnSignals();
const scope = new Scope();
try {
  const peers = Number(values.peers);
  const problems =
    peers > 0 ? await proveMany(scope, peers) : await proveSeveral(scope, Number(values.times));
  for (const problem of problems) console.log(`FAILS  ${problem}`);
  process.exitCode = problems.length === 0 ? 0 : 1;
} finally {
  await scope.close();
}
