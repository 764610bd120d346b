import assert from "node:assert/strict";
import { test } from "node:test";
import { linuxSupported } from "@swarmtide/linux";
import { runOverload } from "./overload.bench.ts";

test("at twice the load repeats are shed first, and every other kind and family gets answers alike", {
  skip: !linuxSupported() && "needs Linux",
}, () => {
  const { rows, repeatsDropped, queueDrops } = runOverload(2, 30);
  assert.ok(repeatsDropped > 0 && queueDrops > 0);
  for (const family of [4, 6]) {
    const shares = rows
      .filter((row) => row.family === family && row.kind !== "repeat")
      .map(({ sent, answered }) => answered / sent);
    // The bounds are far apart: few requests of a kind are counted.
    assert.ok(Math.min(...shares) > 0.15, `IPv${family}: ${shares}`);
    assert.ok(Math.max(...shares) - Math.min(...shares) < 0.15, `IPv${family}: ${shares}`);
  }
  const shareOf = (kind: string) => {
    const row = rows.find((one) => one.family === 4 && one.kind === kind);
    return (row?.answered ?? 0) / (row?.sent ?? 1);
  };
  assert.ok(shareOf("repeat") < shareOf("announce") / 2);
});
