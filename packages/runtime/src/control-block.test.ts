import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import { MessageChannel, Worker } from "node:worker_threads";
import { until } from "@swarmtide/test-kit";
import { ControlBlock, receiveMessages } from "./control-block.ts";

test("what one thread sets the others see", () => {
  const block = ControlBlock.create();
  const other = ControlBlock.attach(block.buffer);
  assert.equal(other.isStopping, false);
  assert.equal(other.generation, 0);
  block.announceReload();
  block.stop();
  assert.equal(other.generation, 1);
  assert.equal(other.isStopping, true);
  assert.equal(Buffer.from(block.buffer).toString("hex"), "01000000010000000200000000000000");
});

test("waiting for the stop ends with the time, and at once when the program stops", () => {
  const block = ControlBlock.create();
  assert.equal(block.waitForStop(1), false);
  block.stop();
  assert.equal(block.waitForStop(3_600_000), true);
});

test("waiting messages are read in their order without an event loop", () => {
  const { port1, port2 } = new MessageChannel();
  port1.postMessage({ list: 1 });
  port1.postMessage({ list: 2 });
  assert.deepEqual(receiveMessages(port2), [{ list: 1 }, { list: 2 }]);
  assert.deepEqual(receiveMessages(port2), []);
  port1.close();
});

test("threads wait between two requests until they go on, take nothing new, or stop", async () => {
  for (const [order, isDraining] of [
    ["release", false],
    ["drain", true],
    ["stop", true],
  ] as const) {
    const block = ControlBlock.create();
    block.waitWhileHeld();
    block.hold();
    const source = `import { workerData } from "node:worker_threads";
      const { ControlBlock } = await import(${JSON.stringify(new URL("./control-block.js", import.meta.url).href)});
      ControlBlock.attach(workerData).waitWhileHeld();`;
    const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(source)}`), {
      workerData: block.buffer,
    });
    await until("the thread waits", () => block.waitingCount === 1 || undefined);
    block[order]();
    assert.deepEqual(await once(worker, "exit"), [0]);
    assert.deepEqual([block.waitingCount, block.isDraining], [0, isDraining]);
  }
});
