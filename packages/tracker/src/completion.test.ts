import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { runToEnd, temporaryFolder } from "@swarmtide/test-kit";

/** Whether a shell is there. */
const skipWithout = (shell: string) =>
  spawnSync(shell, ["-c", "true"]).status !== 0 && `needs ${shell}`;

/** The script that the program prints for a shell, in a file. */
function scriptFor(t: TestContext, shell: string): string {
  const { code, stdout, stderr } = runToEnd("completion", shell);
  assert.deepEqual([code, stderr], [0, ""]);
  const file = join(temporaryFolder(t), `swarmtide.${shell}`);
  writeFileSync(file, stdout);
  return file;
}

/** What a run prints, as lines. */
function linesOf(command: string, ...args: string[]): string[] {
  const { stdout, stderr } = spawnSync(command, args, { encoding: "utf8" });
  assert.equal(stderr, "");
  return stdout
    .trim()
    .split("\n")
    .map((line) => line.split("\t")[0]?.trim() ?? "");
}

test("bash completes commands, options, files and keys", { skip: skipWithout("bash") }, (t) => {
  const file = scriptFor(t, "bash");
  const complete = (...words: string[]) =>
    linesOf(
      "bash",
      "-c",
      `compopt() { :; }; source ${file}; COMP_WORDS=(swarmtide ${words.map((word) => JSON.stringify(word)).join(" ")}); COMP_CWORD=${words.length}; _swarmtide; printf '%s\n' "\${COMPREPLY[@]}"`,
    );
  assert.ok(complete("").includes("check-config"));
  assert.deepEqual(complete("load-test", ""), ["udp", "http", "ws"]);
  assert.deepEqual(complete("--po"), ["--port"]);
  assert.deepEqual(complete("udp", "--tls-c"), ["--tls-cert"]);
  assert.deepEqual(complete("--set", "udp.max_resp"), ["udp.max_response_peers="]);
  assert.deepEqual(complete("-c", file.slice(0, -2)), [file]);
  assert.ok(!complete("announce", "--").includes("--config"));
});

test("fish completes commands, options and keys", { skip: skipWithout("fish") }, (t) => {
  const file = scriptFor(t, "fish");
  const complete = (line: string) =>
    linesOf("fish", "--no-config", "-c", `source ${file}; complete -C 'swarmtide ${line}'`);
  assert.ok(complete("").includes("check-config"));
  assert.deepEqual(complete("load-test ").sort(), ["http", "udp", "ws"]);
  assert.ok(complete("--po").includes("--port"));
  assert.ok(complete("--set udp.max_resp").includes("udp.max_response_peers="));
  assert.ok(!complete("announce --").includes("--config"));
});

test("zsh takes the script", { skip: skipWithout("zsh") }, (t) => {
  const file = scriptFor(t, "zsh");
  const check = `autoload -Uz compinit && compinit -u -D; source ${file}; print -r -- $_comps[swarmtide]`;
  assert.deepEqual(linesOf("zsh", "-f", "-c", check), ["_swarmtide"]);
});

test("a shell that is not known is refused with those that are", () => {
  const { code, stderr } = runToEnd("completion", "tcsh");
  assert.equal(code, 2);
  assert.match(stderr, /"tcsh" is not a shell that is known: bash, zsh, fish/);
});
