/** The worker of workers.test.ts: behaves as its data says. */
import { parentPort, workerData } from "node:worker_threads";
import { ControlBlock, receiveMessages } from "../control-block.ts";
import { reportReady } from "../workers.ts";

const { behaviour, control: buffer } = workerData as {
  readonly behaviour: string;
  readonly control: SharedArrayBuffer;
};
const control = ControlBlock.attach(buffer);

if (behaviour === "throw") throw new RangeError("seven is too many");
if (behaviour === "exit") process.exit(3);
const generationAtStart = control.generation; // Before readiness is reported: a reload may follow at once.
if (behaviour !== "return") reportReady();
if (behaviour === "spin") for (;;) control.waitForStop(10);
if (behaviour === "throw at stop") {
  while (!control.waitForStop(10));
  throw new Error("late");
}
if (behaviour === "serve") serve();

function serve(): void {
  let generation = generationAtStart;
  while (!control.waitForStop(5)) {
    if (control.generation === generation) continue;
    generation = control.generation;
    if (parentPort) parentPort.postMessage(receiveMessages(parentPort));
  }
}
