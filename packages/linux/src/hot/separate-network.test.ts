import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { linuxSupported } from "../libc.ts";

const script = fileURLToPath(new URL("../testing/separate-network.js", import.meta.url));
const inOwnNetwork = (command: string, names: readonly string[]) =>
  spawnSync("unshare", ["-rn", command, ...names], { encoding: "utf8" });

/** Why a network of our own cannot be made here, or false. */
function obstacle(): string | false {
  if (!linuxSupported()) return "this machine is not a supported Linux";
  const trial = inOwnNetwork("sh", [
    "-c",
    "ip link add name a type veth peer name b && tc qdisc show",
  ]);
  return trial.status === 0 ? false : "this user cannot make a network (unshare -rn, ip, tc)";
}

describe("in a network of their own", { skip: obstacle() }, () => {
  const holds = (scenario: string) => {
    const { status, stderr } = inOwnNetwork(process.execPath, [script, scenario]);
    assert.equal(status, 0, stderr);
  };

  test("replies leave from the address asked: several IPv6 and IPv4 ones, link-local, multicast", () => {
    holds("replySources");
  });

  test("packet info is left out only where the kernel would choose the asked address anyway", () => {
    holds("leftOutPacketInfo");
  });

  test("a full send buffer is -EAGAIN, the kept replies go out when there is room", () => {
    holds("fullSendBuffer");
  });

  test("a full device queue is -ENOBUFS where the kernel tells, the kept reply goes out later", () => {
    holds("fullDevice");
  });
});
