import assert from "node:assert/strict";
import { test } from "node:test";
import { DEFAULT_LOAD, readLoadOptions } from "./load-options.ts";

test("without arguments the defaults hold", () => {
  assert.deepEqual(readLoadOptions([]), DEFAULT_LOAD);
});

test("arguments change what they name and nothing else", () => {
  assert.deepEqual(
    readLoadOptions(["--plain", "--port", "81", "--offers", "0", "--pause", "1.5"]),
    {
      ...DEFAULT_LOAD,
      tls: false,
      port: 81,
      offers: 0,
      pauseSeconds: 1.5,
    },
  );
});

test("help is asked for, not run", () => {
  assert.equal(readLoadOptions(["-h"]), undefined);
});

for (const [args, complaint] of [
  [["--port", "0"], /--port 0: expected a number from 1 to 65535/],
  [["--connections", "2.5"], /--connections 2.5: expected a whole number/],
  [["--answer-share", "x"], /--answer-share x: expected a number from 0 to 1/],
  [["--torrents", ""], /--torrents : expected/],
  [["--nonsense"], /nonsense/],
] as const)
  test(`${args.join(" ")} is refused with what was expected`, () => {
    assert.throws(() => readLoadOptions(args), complaint);
  });
