/**
 * Connections beyond the descriptors there are, on every engine, with the clock of the test. The program itself under
 * `ulimit -n` is tested in packages/tracker.
 */

import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { test } from "node:test";
import { HttpClient, httpGet, until } from "@swarmtide/test-kit";
import { ACCEPT_FAILURES, CONNECTIONS_ACCEPTED, CONNECTIONS_CLOSED } from "../counters.ts";
import { ENGINES, startEngine } from "../testing/engines.ts";

/** Descriptors of this process. The kernel gives the lowest free number, so this is about the next one. */
const fdsHere = () => readdirSync("/proc/self/fd").length;
const turns = async (count: number) => {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve));
};

for (const kind of ENGINES)
  test(`${kind}: out of descriptors, open connections are served, failures are counted, and accepting goes on later`, {
    timeout: 30_000,
    skip: process.platform === "linux" ? false : "needs /proc",
  }, async () => {
    // Clients and connections are in this process, so two descriptors go for each; ten of them find room.
    const engine = await startEngine(kind, { fdsEnd: fdsHere() + 24 });
    const kept = await engine.connect();
    kept.send(httpGet("/health"));
    await kept.receive(1);
    const clients: HttpClient[] = [];
    while (engine.count(ACCEPT_FAILURES) === 0) {
      assert.ok(clients.length < 100, "a hundred connections were accepted");
      clients.push(await HttpClient.connect(engine.port));
      await turns(5);
    }
    assert.ok(engine.connectionCount() > 1);
    for (let i = 2; i <= 20; i++) {
      kept.send(httpGet("/health"));
      await kept.receive(i);
    }
    const failures = engine.count(ACCEPT_FAILURES);
    await turns(300);
    assert.equal(engine.count(ACCEPT_FAILURES), failures, "it does not try again at once");
    // Another one comes: the epoll engine leaves it in the queue, after its pause it tries once more.
    clients.push(await HttpClient.connect(engine.port));
    await turns(100);
    engine.advance(1000);
    await until("accept fails", () => engine.count(ACCEPT_FAILURES) > failures);
    await turns(300);
    assert.equal(engine.count(ACCEPT_FAILURES), failures + 1);
    for (const client of clients) client.destroy();
    await until("one connection is open", () => engine.connectionCount() === 1);
    engine.advance(1000);
    const later = await engine.connect();
    later.send(httpGet("/health"));
    await later.receive(1);
    kept.destroy();
    later.destroy();
    await engine.stop();
    assert.equal(engine.count(CONNECTIONS_ACCEPTED), engine.count(CONNECTIONS_CLOSED));
  });
