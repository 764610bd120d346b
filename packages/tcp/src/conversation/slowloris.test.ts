/**
 * Thousands of connections that trickle a request: others are served meanwhile, and the slow ones end with the time a
 * request may take. On every engine, with the clock of the test. Sources are many addresses of 127.0.0.0/8.
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { announceTarget, type HttpClient, httpGet, until } from "@swarmtide/test-kit";
import { RECEIVED_BYTES_IPV4, REQUEST_TIMEOUTS } from "../counters.ts";
import { ENGINES, REQUEST_TIMEOUT, startEngine } from "../testing/engines.ts";

const SLOW_CONNECTIONS = 5000;
const CONNECTIONS_PER_SOURCE = 100;
/** Connected at a time, so that the queue of the listener (1024) never overflows. */
const CONNECTED_AT_ONCE = 250;
/** Bytes each slow connection sends, one at a time, before its time ends. */
const TRICKLED_BYTES = 4;

for (const kind of ENGINES)
  test(`${kind}: 5,000 connections that trickle leave others served and end with the request timeout`, {
    timeout: 180_000,
    skip: process.platform === "linux" ? false : "needs 127.0.0.0/8 as sources",
  }, async () => {
    const engine = await startEngine(kind, { connectionsPerAddressMax: CONNECTIONS_PER_SOURCE });
    const slow: HttpClient[] = [];
    while (slow.length < SLOW_CONNECTIONS) {
      const batch = Array.from({ length: CONNECTED_AT_ONCE }, (_, i) =>
        engine.connect({ localAddress: sourceOf(slow.length + i) }),
      );
      slow.push(...(await Promise.all(batch)));
    }
    await until(
      `${SLOW_CONNECTIONS} connections are open`,
      () => engine.connectionCount() === SLOW_CONNECTIONS,
    );
    const step = Math.floor(REQUEST_TIMEOUT / (TRICKLED_BYTES + 1));
    for (let round = 0; round < TRICKLED_BYTES; round++) {
      const wanted = engine.count(RECEIVED_BYTES_IPV4) + SLOW_CONNECTIONS;
      for (const client of slow) client.send("GET /"[round] ?? "");
      await until(
        "the server has read the bytes",
        () => engine.count(RECEIVED_BYTES_IPV4) >= wanted,
      );
      const other = await engine.connect();
      other.send(httpGet(announceTarget("a", 1 + round)));
      assert.equal((await other.receive(1))[0]?.status, 200);
      other.destroy();
      await until(
        `${SLOW_CONNECTIONS} connections are open`,
        () => engine.connectionCount() === SLOW_CONNECTIONS,
      );
      engine.advance(step);
    }
    assert.equal(engine.count(REQUEST_TIMEOUTS), 0);
    engine.advance(step + 1);
    await Promise.all(slow.map(({ closed }) => closed));
    assert.equal(engine.count(REQUEST_TIMEOUTS), SLOW_CONNECTIONS);
    await until("no connection is open", () => engine.connectionCount() === 0);
    await engine.stop();
  });

/** 127.0.1.1 and up, a hundred connections each. */
function sourceOf(index: number): string {
  return `127.0.1.${1 + Math.floor(index / CONNECTIONS_PER_SOURCE)}`;
}
