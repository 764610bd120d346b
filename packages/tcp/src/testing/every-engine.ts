/** One test against every engine, which must answer alike. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { CONNECTIONS_ACCEPTED, CONNECTIONS_CLOSED } from "../counters.ts";
import {
  ENGINES,
  type EngineName,
  type EngineSettings,
  type RunningEngine,
  startEngine,
} from "./engines.ts";

/** Runs the test against every engine, and checks that every connection was closed in the end. */
export function everyEngine(
  name: string,
  settings: EngineSettings,
  run: (engine: RunningEngine, kind: EngineName) => Promise<void>,
): void {
  for (const kind of ENGINES)
    test(`${kind}: ${name}`, { timeout: 30_000 }, async () => {
      const engine = await startEngine(kind, settings);
      try {
        await run(engine, kind);
      } finally {
        await engine.stop();
      }
      assert.equal(engine.count(CONNECTIONS_ACCEPTED), engine.count(CONNECTIONS_CLOSED));
    });
}
