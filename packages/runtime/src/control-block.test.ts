import assert from "node:assert/strict";
import { test } from "node:test";
import { MessageChannel } from "node:worker_threads";
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
  assert.equal(Buffer.from(block.buffer).toString("hex"), "0100000001000000");
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
