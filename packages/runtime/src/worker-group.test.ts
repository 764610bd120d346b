import assert from "node:assert/strict";
import { test } from "node:test";
import { joinGroups, startGroup, workerModule } from "./worker-group.ts";
import type { Serving } from "./worker-thread.ts";

const entry = workerModule(import.meta.url, "testing/obedient-worker");

/** Starts the test's worker and collects what is told of it. */
function start(behaviour: string) {
  const deaths: string[] = [];
  const hints: string[] = [];
  let heard: () => void = () => {};
  const hinted = new Promise<void>((resolve) => {
    heard = resolve;
  });
  let died: () => void = () => {};
  const dead = new Promise<void>((resolve) => {
    died = resolve;
  });
  const group = startGroup<string, string>({
    entry,
    workers: [{ name: "udp-1", setup: behaviour }],
    settings: "old list",
    onHint: (line) => {
      hints.push(line);
      heard();
    },
    onDeath: (reason) => {
      deaths.push(reason);
      died();
    },
    ...(behaviour === "spin" ? { stopMillisecondsMax: 1 } : {}),
  });
  return { deaths, dead, hints, hinted, group };
}

for (const behaviour of ["a blocking loop", "event loop"])
  test(`a worker reports readiness, takes a reload in ${behaviour} and ends when told to`, {
    timeout: 30_000,
  }, async () => {
    const { deaths, hints, hinted, group } = start(behaviour);
    await group.ready;
    group.reload("new list");
    await hinted;
    assert.equal(await group.stop(), true);
    assert.deepEqual(hints, ["old list → new list"]);
    assert.deepEqual(deaths, []);
  });

test("a worker that throws is named, with the reason and the place", async () => {
  const { deaths, dead } = start("throw");
  await dead;
  assert.equal(deaths.length, 1);
  assert.match(deaths[0] ?? "", /^worker udp-1 failed: RangeError: seven is too many\n {4}at /);
});

test("a worker that exits unasked is named, also when its code is 0", async () => {
  for (const behaviour of ["return", "exit"]) {
    const { deaths, dead } = start(behaviour);
    await dead;
    const code = behaviour === "exit" ? 3 : 0;
    assert.deepEqual(deaths, [
      `worker udp-1 ended unexpectedly with code ${code}; see the lines above`,
    ]);
  }
});

test("a worker that fails while it is expected to end is a death all the same", async () => {
  const { deaths, group } = start("throw at stop");
  await group.ready;
  await group.stop();
  assert.match(deaths.join("\n"), /^worker udp-1 failed: Error: late/);
});

test("a worker that does not stop in time is terminated, which is not a death", async () => {
  const { deaths, group } = start("spin");
  await group.ready;
  assert.equal(await group.stop(), false);
  assert.deepEqual(deaths, []);
});

/** What happens to a worker on the main thread, in order. */
function serveHere(events: string[]) {
  return (setup: string, settings: string): Serving<string> => {
    events.push(`open ${setup} with ${settings}`);
    return {
      reload: (news) => events.push(`reload ${setup} with ${news}`),
      stop: () => void events.push(`stop ${setup}`),
    };
  };
}

test("the same worker is opened, reloaded and stopped on the main thread", async () => {
  const events: string[] = [];
  const onDeath = assert.fail;
  const workers = [{ name: "udp-1", setup: "sockets" }];
  const group = startGroup({ entry: serveHere(events), workers, settings: "a", onDeath });
  group.reload("b");
  await group.ready;
  assert.equal(await group.stop(), true);
  assert.deepEqual(events, ["open sockets with a", "reload sockets with b", "stop sockets"]);
});

test("a worker that cannot open on the main thread fails the start, and stops all the same", async () => {
  const group = startGroup<undefined, undefined>({
    entry: () => Promise.reject(new Error("port in use")),
    workers: [{ name: "web-1", setup: undefined }],
    settings: undefined,
    onDeath: assert.fail,
  });
  await assert.rejects(group.ready, /port in use/);
  assert.equal(await group.stop(), true);
});

test("a worker with a loop of its own is refused on the main thread", async () => {
  const group = startGroup<undefined, undefined>({
    entry: () => ({ reload() {}, stop() {}, run() {} }),
    workers: [{ name: "udp-1", setup: undefined }],
    settings: undefined,
    onDeath: assert.fail,
  });
  await assert.rejects(group.ready, /udp-1 needs a thread of its own/);
});

test("joined groups are ready, reloaded and stopped as one", async () => {
  const events: string[] = [];
  const groupOf = (setup: string) =>
    startGroup({
      entry: serveHere(events),
      workers: [{ name: setup, setup }],
      settings: "a",
      onDeath: assert.fail,
    });
  const joined = joinGroups([groupOf("http"), groupOf("web")]);
  await joined.ready;
  joined.reload("b");
  assert.equal(await joined.stop(), true);
  assert.deepEqual(events, [
    ...["open http with a", "open web with a"],
    ...["reload http with b", "reload web with b"],
    ...["stop http", "stop web"],
  ]);
});

for (const behaviour of ["a blocking loop", "event loop"])
  test(`workers with ${behaviour} wait, go on, and end once they are let go`, {
    timeout: 30_000,
  }, async () => {
    const { deaths, hints, hinted, group } = start(behaviour);
    await group.ready;
    await group.hold();
    group.reload("new list");
    group.release();
    await hinted;
    assert.deepEqual(hints, ["old list → new list"]);
    await group.hold();
    await group.drain();
    assert.deepEqual(hints.slice(1), ["drained"]);
    assert.equal(await group.stop(), true);
    assert.deepEqual(deaths, []);
  });

test("workers that are started held serve once they are released", {
  timeout: 30_000,
}, async () => {
  for (const servesOnceOpen of [false, true]) {
    let isReady = false;
    const group = startGroup<string, string>({
      ...{ entry, workers: [{ name: "udp-1", setup: "event loop" }], settings: "list" },
      ...{ isHeld: true, servesOnceOpen, onDeath: assert.fail },
    });
    void group.ready.then(() => {
      isReady = true;
    });
    await group.hold();
    assert.equal(isReady, !servesOnceOpen);
    group.release();
    await group.ready;
    assert.equal(await group.stop(), true);
  }
});

test("workers that are stopped while they wait to be opened end without", {
  timeout: 30_000,
}, async () => {
  const group = startGroup<string, string>({
    ...{ entry, workers: [{ name: "udp-1", setup: "throw" }], settings: "list" },
    ...{ isHeld: true, servesOnceOpen: true, onDeath: assert.fail },
  });
  await group.hold();
  assert.equal(await group.stop(), true);
});
