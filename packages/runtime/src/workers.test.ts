import assert from "node:assert/strict";
import { test } from "node:test";
import { ControlBlock } from "./control-block.ts";
import { startWorker, workerModule } from "./workers.ts";

const entry = workerModule(import.meta.url, "testing/obedient-worker");

/** Starts the test's worker and collects what is heard of it. */
function start(behaviour: string) {
  const control = ControlBlock.create();
  const deaths: string[] = [];
  const messages: unknown[] = [];
  const worker = startWorker({
    name: "udp-1",
    entry,
    data: { behaviour, control: control.buffer },
    onMessage: (message) => messages.push(message),
    onDeath: (reason) => deaths.push(reason),
  });
  return { control, deaths, messages, worker };
}

test("a worker reports readiness, hears messages in a blocking loop and ends when told to", {
  timeout: 30_000,
}, async () => {
  const { control, deaths, messages, worker } = start("serve");
  await worker.ready;
  worker.post("new list");
  control.announceReload();
  worker.expectEnd();
  while (messages.length === 0) await new Promise((resolve) => setTimeout(resolve, 1));
  control.stop();
  await worker.ended;
  assert.deepEqual(messages, [["new list"]]);
  assert.deepEqual(deaths, []);
});

test("a worker that throws is named, with the reason and the place", async () => {
  const { deaths, worker } = start("throw");
  await worker.ended;
  assert.equal(deaths.length, 1);
  assert.match(deaths[0], /^worker udp-1 failed: RangeError: seven is too many\n {4}at /);
});

test("a worker that ends by itself is named, also when its code is 0", async () => {
  for (const behaviour of ["return", "exit"]) {
    const { deaths, worker } = start(behaviour);
    await worker.ended;
    const code = behaviour === "exit" ? 3 : 0;
    assert.deepEqual(deaths, [
      `worker udp-1 ended unexpectedly with code ${code}; see the lines above`,
    ]);
  }
});

test("a worker that fails while it is expected to end is a death all the same", async () => {
  const { control, deaths, worker } = start("throw at stop");
  await worker.ready;
  worker.expectEnd();
  control.stop();
  await worker.ended;
  assert.match(deaths.join("\n"), /^worker udp-1 failed: Error: late/);
});

test("a terminated worker is no death", async () => {
  const { deaths, worker } = start("spin");
  await worker.ready;
  await worker.terminate();
  await worker.ended;
  assert.deepEqual(deaths, []);
});
