import assert from "node:assert/strict";
import { closeSync } from "node:fs";
import { test } from "node:test";
import { grantedReceiveBufferBytes, openUdpSocket } from "@swarmtide/linux";
import { defaultConfig } from "@swarmtide/toml-config";
import { trackerSchema } from "../config.ts";
import { describeFindings, exitCodeOf } from "./examine.ts";
import type { Finding } from "./finding.ts";
import type { Host } from "./host.ts";
import {
  checkBacklog,
  checkConntrack,
  checkContainer,
  checkReceiveBuffer,
  checkReceiveQueues,
} from "./network-checks.ts";
import { checkClock, checkLockedMemory, checkReachability, isGlobal } from "./tracker-checks.ts";

const config = defaultConfig(trackerSchema);

/** A host with these files; folders follow from them. */
function hostWith(files: Readonly<Record<string, string>>): Host {
  return {
    read: (path) => files[path],
    list: (path) => [
      ...new Set(
        Object.keys(files)
          .filter((file) => file.startsWith(`${path}/`))
          .map((file) => file.slice(path.length + 1).split("/")[0] ?? ""),
      ),
    ],
  };
}

const grades = (findings: readonly Finding[]) =>
  findings.map(({ what, grade }) => `${what}: ${grade}`);

test("a receive buffer that the kernel does not grant is an error with the command that grants it", () => {
  const wanted = config.udp.socketRecvBufferSize;
  const host = (rmemMax: number) => hostWith({ "/proc/sys/net/core/rmem_max": `${rmemMax}` });
  const small = checkReceiveBuffer(config, host(212_992), () => 212_992);
  assert.deepEqual(grades(small), ["receive buffer: error"]);
  assert.match(small[0]?.reason ?? "", /rmem_max = 212992: the kernel grants 212992 bytes/);
  assert.equal(small[0]?.remedy, `sysctl -w net.core.rmem_max=${wanted}`);
  assert.equal(exitCodeOf(small), 1);
  const forced = checkReceiveBuffer(config, host(212_992), (bytes) => bytes);
  assert.deepEqual(grades(forced), ["receive buffer: warning"]);
  assert.match(forced[0]?.reason ?? "", /too little for a tracker that runs without it$/);
  const enough = checkReceiveBuffer(config, host(99_999_999), (bytes) => bytes);
  assert.deepEqual(grades(enough), ["receive buffer: ok"]);
});

test("what this kernel grants of a receive buffer is what a socket of the tracker gets", () => {
  const granted = grantedReceiveBufferBytes(100_000);
  const place = { family: 4, address: Uint8Array.of(127, 0, 0, 1), port: 0 } as const;
  const socket = openUdpSocket({ ...place, receiveBufferBytes: 100_000 });
  closeSync(socket.fd);
  assert.equal(granted, socket.receiveBufferBytes);
});

test("datagrams that found a full buffer are counted in a note", () => {
  const snmp =
    "Ip: a b\nIp: 1 2\nUdp: InDatagrams NoPorts InErrors OutDatagrams RcvbufErrors\nUdp: 10 2 7 9 7";
  const findings = checkReceiveBuffer(config, hostWith({ "/proc/net/snmp": snmp }), (one) => one);
  assert.deepEqual(grades(findings), ["receive buffer: ok", "datagrams lost: note"]);
  assert.match(findings[1]?.reason ?? "", /^7 datagrams/);
});

test("locked memory is a note with its limit, unless any amount may be locked", () => {
  assert.deepEqual(grades(checkLockedMemory(8_388_608)), ["locked memory: note"]);
  assert.match(checkLockedMemory(8_388_608)[0]?.reason ?? "", /^at most 8388608 bytes/);
  assert.deepEqual(grades(checkLockedMemory(Number.POSITIVE_INFINITY)), ["locked memory: ok"]);
});

test("connection tracking is a warning, and an error when its table is nearly full", () => {
  const at = (count: string) =>
    checkConntrack(
      config,
      hostWith({
        "/proc/sys/net/netfilter/nf_conntrack_max": "1000",
        "/proc/sys/net/netfilter/nf_conntrack_count": count,
      }),
    );
  assert.deepEqual(grades(at("10")), ["connection tracking: warning"]);
  assert.deepEqual(grades(at("800")), ["connection tracking: error"]);
  assert.match(at("10")[0]?.remedy ?? "", /udp dport \{ 3000 \} notrack/);
  assert.deepEqual(grades(at("0")), ["connection tracking: note"]);
  assert.deepEqual(checkConntrack(config, hostWith({})), []);
});

test("a card with one receive queue wants RPS, one with several or with RPS does not", () => {
  const card = (name: string, mask: string) => ({
    [`/sys/class/net/${name}/operstate`]: "up",
    [`/sys/class/net/${name}/queues/rx-0/rps_cpus`]: mask,
    [`/sys/class/net/${name}/queues/tx-0/xps_cpus`]: "0",
  });
  const single = checkReceiveQueues(4, hostWith({ ...card("eth0", "0"), ...card("lo", "0") }));
  assert.deepEqual(grades(single), ["receive queue of eth0: warning"]);
  assert.equal(single[0]?.remedy, "echo f > /sys/class/net/eth0/queues/rx-0/rps_cpus");
  assert.deepEqual(checkReceiveQueues(4, hostWith(card("eth0", "f"))), []);
  assert.deepEqual(checkReceiveQueues(1, hostWith(card("eth0", "0"))), []);
  const several = { ...card("eth0", "0"), "/sys/class/net/eth0/queues/rx-1/rps_cpus": "0" };
  assert.deepEqual(checkReceiveQueues(4, hostWith(several)), []);
});

test("a backlog that the system cuts is a warning", () => {
  const findings = checkBacklog(config, hostWith({ "/proc/sys/net/core/somaxconn": "16" }));
  assert.deepEqual(grades(findings), ["TCP backlog: warning"]);
  assert.deepEqual(checkBacklog(config, hostWith({ "/proc/sys/net/core/somaxconn": "65535" })), []);
});

test("a container on a bridge is warned of the proxy in front of it, one on the host's network is not", () => {
  const head = "Iface\tDestination\tGateway \tFlags";
  const bridged = {
    "/.dockerenv": "",
    "/proc/net/route": `${head}\neth0\t00000000\t010011AC\t0003`,
  };
  assert.deepEqual(grades(checkContainer(hostWith(bridged))), ["container network: warning"]);
  const onHost = { ...bridged, "/proc/net/route": `${head}\neth0\t00000000\t0100A8C0\t0003` };
  assert.deepEqual(checkContainer(hostWith(onHost)), []);
  assert.deepEqual(checkContainer(hostWith({ "/proc/net/route": bridged["/proc/net/route"] })), []);
});

test("a clock that was never set is a warning", () => {
  assert.deepEqual(grades(checkClock(0)), ["clock: warning"]);
  assert.deepEqual(grades(checkClock(Date.UTC(2030, 0, 1))), ["clock: ok"]);
});

test("public addresses are told from those of a household or a laboratory", () => {
  for (const address of ["8.8.8.8", "2606:4700::1111"]) assert.equal(isGlobal(address), true);
  for (const address of ["192.168.1.2", "100.64.3.4", "127.0.0.1", "::1", "fe80::1", "fd00::1"])
    assert.equal(isGlobal(address), false, address);
  assert.match(
    checkReachability(config, ["10.0.0.2"])[0]?.reason ?? "",
    /forwards UDP 3000 and TCP 3000/,
  );
  assert.match(
    checkReachability(config, ["8.8.8.8"])[0]?.reason ?? "",
    /^this host has 8\.8\.8\.8;/,
  );
});

test("the exit code is 1 only when something is lost, and a remedy stands below its finding", () => {
  const warning: Finding = { what: "a", grade: "warning", reason: "slow", remedy: "do this" };
  const error: Finding = { what: "b", grade: "error", reason: "lost" };
  assert.equal(exitCodeOf([warning]), 0);
  assert.equal(exitCodeOf([warning, error]), 1);
  assert.match(
    describeFindings([warning, error]),
    /^warning a +slow\n +→ do this\nerror +b +lost\n$/,
  );
});
