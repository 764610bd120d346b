import assert from "node:assert/strict";
import { test } from "node:test";
import { linuxSupported } from "@swarmtide/linux";
import { runHttpOverload } from "./overload.bench.ts";

test("at twice the load repeats are refused first, and every other kind gets answers alike, kept or new, of both families", {
  skip: !linuxSupported() && "needs Linux",
  timeout: 120_000,
}, async () => {
  const { rows, repeatsRefused } = await runHttpOverload(2, 20);
  assert.ok(repeatsRefused > 0);
  for (const way of ["kept", "new"])
    for (const family of [4, 6]) {
      const shares = rows
        .filter((row) => row.way === way && row.family === family && row.kind !== "repeat")
        .map(({ asked, answered }) => answered / asked);
      assert.equal(shares.length, 3);
      // The bounds are far apart: few requests of a kind are counted.
      const [least, most] = [Math.min(...shares), Math.max(...shares)];
      assert.ok(least > 0.1, `${way} IPv${family}: ${shares}`);
      assert.ok(most - least < 0.3, `${way} IPv${family}: ${shares}`);
    }
  const shareOf = (kind: string) => {
    const of = rows.filter((row) => row.kind === kind);
    const sum = (values: number[]) => values.reduce((total, value) => total + value, 0);
    return sum(of.map(({ answered }) => answered)) / sum(of.map(({ asked }) => asked));
  };
  assert.ok(shareOf("repeat") < shareOf("announce"));
});
