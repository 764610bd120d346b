import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { linuxSupported } from "@swarmtide/linux";

const inOwnNetwork = (script: string, ...words: readonly string[]) => {
  const path = fileURLToPath(new URL(`./testing/${script}.js`, import.meta.url));
  return spawnSync("unshare", ["-n", process.execPath, path, ...words], { encoding: "utf8" });
};

/** Why the kernel takes no XDP program of ours, or false. */
function obstacle(): string | false {
  if (!linuxSupported()) return "this machine is not a supported Linux";
  const { status, stderr } = inOwnNetwork("program-scenarios", "fuzz", "1");
  if (status === 0) return false;
  return `this user cannot load an XDP program: ${/\w+Error: (.*)/.exec(stderr)?.[1] ?? stderr}`;
}

const holds = (script: string, ...words: readonly string[]) => {
  const { status, stdout, stderr } = inOwnNetwork(script, ...words);
  assert.equal(status, 0, stdout + stderr);
};

describe("the engine xdp", { skip: obstacle() }, () => {
  test("answers connects, hands over what has a good connection id, drops what has none, passes on the rest", () => {
    holds("program-scenarios", "vectors");
  });

  test("does with every truncation of a frame what the handler does with its datagram", () => {
    holds("program-scenarios", "truncations");
  });

  test("does with random frames what the handler does with their datagrams", () => {
    holds("program-scenarios", "fuzz", "20000");
  });

  test("serves clients of both families at each address of the interface, fragments through its sockets, and counts all", () => {
    holds("network-scenarios", "serve");
  });

  test("serves in the driver's own mode", () => {
    holds("network-scenarios", "serve", "native");
  });

  test("has a socket and a worker for each receive queue, polled while it is busy if wanted", () => {
    holds("network-scenarios", "queues");
  });

  test("needs no privilege once it is open", () => {
    holds("network-scenarios", "unprivileged");
  });

  test("on one address leaves the others to the system", () => {
    holds("network-scenarios", "oneAddress");
  });

  test("detaches its program when the process is killed", () => {
    holds("network-scenarios", "killed");
  });
});
