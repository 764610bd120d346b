import assert from "node:assert/strict";
import { test } from "node:test";
import { showProgress } from "./progress.ts";
import { Tally } from "./tally.ts";

function shown(
  options: { readonly isJson: boolean; readonly isTerminal: boolean },
  run: (tally: Tally, pass: (milliseconds: number) => void) => void,
  timers: { tick(milliseconds: number): void },
): string[] {
  const lines: string[] = [];
  const tally = new Tally(["announce"]);
  const end = showProgress(tally, { ...options, complain: (text) => lines.push(text) });
  run(tally, (milliseconds) => timers.tick(milliseconds));
  end();
  timers.tick(60_000);
  return lines;
}

const fiveSeconds = (tally: Tally, pass: (milliseconds: number) => void): void => {
  for (let second = 0; second < 5; second++) {
    tally.sent[0] = (tally.sent[0] ?? 0) + 7;
    pass(1000);
  }
};

test("elsewhere than on a terminal a plain line stands every five seconds, and none after the end", (context) => {
  context.mock.timers.enable({ apis: ["setInterval"] });
  const lines = shown({ isJson: false, isTerminal: false }, fiveSeconds, context.mock.timers);
  assert.equal(lines.length, 1);
  assert.match(lines[0] ?? "", /^[\d,]+ requests\/s, 0 responses\/s, 0 errors\/s, 0 lost\/s\n$/);
});

test("on a terminal one line is written over each second and erased at the end", (context) => {
  context.mock.timers.enable({ apis: ["setInterval"] });
  for (const isJson of [false, true]) {
    const lines = shown({ isJson, isTerminal: true }, fiveSeconds, context.mock.timers);
    assert.equal(lines.length, 6);
    assert.ok(lines.every((line) => line.startsWith("\r\u001b[K") && !line.includes("\n")));
    assert.equal(lines[5], "\r\u001b[K");
  }
});

test("with --json each second brings an object with the counts so far", (context) => {
  context.mock.timers.enable({ apis: ["setInterval"] });
  const lines = shown({ isJson: true, isTerminal: false }, fiveSeconds, context.mock.timers);
  const sent = lines.map((line) => JSON.parse(line).counts.sent.announce);
  assert.deepEqual(sent, [7, 14, 21, 28, 35]);
});
