/**
 * A process for the tests, run by `unshare -n` as root: a tracker with engine `xdp` at one end of a cable (veth), clients in
 * a network of their own at the other. The arguments name the scenario and the mode; it ends with exit code 0 when all
 * holds. The same file is the client, with the argument `client`.
 */
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { attachXdp, BpfAssembler, findInterface, loadXdpProgram, XDP_PASS } from "@swarmtide/linux";
import { AccessList, createSwarmStore, readSwarmTotals } from "@swarmtide/swarm";
import { until, within } from "@swarmtide/test-kit";
import { defaultConfig } from "@swarmtide/toml-config";
import { bindUdp } from "../../../bind.ts";
import { type UdpConfig, udpSection } from "../../../config.ts";
import {
  ANNOUNCES,
  CONNECTS,
  DROPPED_CONNECTION_ID,
  RECEIVED_BYTES,
  SENT_BYTES,
} from "../../../counters.ts";
import { startUdp } from "../../../server.ts";
import {
  announceRequest,
  connectRequest,
  infoHash,
  readAnnounceReply,
  scrapeRequest,
} from "../../../testing/tracker-client.ts";

const SERVER = { 4: "10.9.0.1", 6: "fd00:9::1" } as const;
const SECOND = { 4: "10.9.0.7", 6: "fd00:9::7" } as const;
const CLIENT = { 4: "10.9.0.2", 6: "fd00:9::2" } as const;
const PORT = 3000;
/** Larger than a frame of the cable: it arrives in fragments, which only sockets take. */
const SCRAPED = 74;
/** Clients. All of them choose the same of two queues once in 2^31 runs. */
const OFTEN = 32;

const ip = (command: string) => execFileSync("ip", command.split(" "), { encoding: "utf8" });

function setUp(name: string, addresses: readonly string[]): void {
  writeFileSync(`/proc/sys/net/ipv6/conf/${name}/accept_dad`, "0");
  for (const address of addresses)
    ip(`addr add ${address}/${address.includes(":") ? 64 : 24} dev ${name}`);
  ip(`link set ${name} up`);
}

/**
 * The other end of the cable in a network of its own: a child that asks there. Resolves when it has asked; the cable goes
 * with the function returned.
 */
async function askFromClient(what: string, before = () => {}): Promise<() => Promise<void>> {
  const script = fileURLToPath(import.meta.url);
  const child = spawn("unshare", ["-n", process.execPath, script, "client", what], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const exit = once(child, "exit");
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  await lines.next();
  ip(`link set outer netns ${child.pid}`);
  before();
  child.stdin.write("the cable is there\n");
  assert.equal((await lines.next()).value, "asked", "the client");
  return async () => {
    child.stdin.end();
    await exit;
  };
}

async function startServer(changes: Partial<UdpConfig>) {
  const config: UdpConfig = {
    ...defaultConfig(udpSection),
    ...{ engine: "xdp", xdpInterface: "inner", xdpMode: "generic", socketRecvBufferSize: 0 },
    ...changes,
  };
  const binding = bindUdp(config);
  const store = createSwarmStore({ memoryBytesMax: 2 ** 26 });
  const server = startUdp({
    ...{ config, binding, store: store.handle, accessList: AccessList.build({ mode: "off" }) },
    startedSeconds: process.hrtime()[0] - 100,
    onDeath: (reason) => assert.fail(reason),
  });
  await server.ready;
  return { binding, store, server };
}

function addCable(queues = 1): void {
  const queued = `numrxqueues ${queues} numtxqueues ${queues}`;
  ip("link set lo up");
  ip(`link add inner ${queued} type veth peer name outer ${queued}`);
  setUp("inner", [SERVER[4], SERVER[6], SECOND[4], SECOND[6]]);
}

/** Clients of both families are served, through the program and past it, and everything is counted once. */
async function serve(): Promise<void> {
  const xdpMode = process.argv[3] === "native" ? "native" : "generic";
  addCable();
  const { binding, store, server } = await startServer({ workers: 2, xdpMode });
  assert.match(
    binding.engineBinding?.description ?? "",
    new RegExp(`^engine xdp on inner \\(veth\\): ${xdpMode} mode, .*, 1 receive queue$`),
  );
  assert.match(ip("link show inner"), xdpMode === "native" ? / xdp / : / xdpgeneric /);
  const unplug = await askFromClient(xdpMode === "native" ? "ask natively" : "ask");
  const { counters } = server;
  for (const family of [4, 6] as const) {
    await until("drops are taken over", () => counters.sum(DROPPED_CONNECTION_ID, family) === 1);
    // To each of two addresses: a connect answered by the program, and a longer one by the worker.
    assert.equal(counters.sum(CONNECTS, family), 4);
    assert.equal(counters.sum(ANNOUNCES, family), 4);
    const connects = 2 * (16 + 20);
    assert.equal(counters.sum(RECEIVED_BYTES, family), connects + 5 * 98 + 16 + 20 * SCRAPED);
    const announced = 4 * 20 + (0 + 1 + 2 + 3) * (family === 4 ? 6 : 18);
    assert.equal(counters.sum(SENT_BYTES, family), 4 * 16 + announced + 8 + 12 * SCRAPED);
  }
  const totals = readSwarmTotals(store);
  assert.deepEqual([totals.peersIpv4, totals.peersIpv6], [4, 4]);
  assert.equal(await server.stop(), true);
  assert.doesNotMatch(ip("link show inner"), /xdp/);
  await unplug();
}

/** Every receive queue has its socket, and its worker. */
async function queues(): Promise<void> {
  addCable(2);
  const { binding, server } = await startServer({ workers: 2, xdpBusyPoll: true });
  assert.match(binding.engineBinding?.description ?? "", /2 receive queues$/);
  const unplug = await askFromClient("ask often");
  for (const worker of [0, 1])
    assert.ok((server.counters.row(worker, 4)[ANNOUNCES] ?? 0) > 0, `worker ${worker + 1} serves`);
  assert.equal(server.counters.sum(ANNOUNCES), OFTEN);
  assert.equal(await server.stop(), true);
  await unplug();
}

/** Once everything is open no privilege is needed, for answering and for counting. */
async function unprivileged(): Promise<void> {
  addCable();
  const { server } = await startServer({});
  const unplug = await askFromClient("ask", () => {
    process.setgroups?.([]);
    process.setgid?.(65_534);
    process.setuid?.(65_534);
  });
  await until("drops are taken over", () => server.counters.sum(DROPPED_CONNECTION_ID) === 2);
  assert.equal(server.counters.sum(CONNECTS), 8);
  assert.equal(server.counters.sum(ANNOUNCES), 8);
  assert.equal(await server.stop(), true);
  await unplug();
}

/** A tracker on one address lets requests to another pass. */
async function oneAddress(): Promise<void> {
  addCable();
  const at = (host: string) => [{ host, port: PORT }];
  const { server } = await startServer({ addressIpv4: at(SERVER[4]), addressIpv6: at(SERVER[6]) });
  const unplug = await askFromClient("ask one");
  assert.equal(await server.stop(), true);
  await unplug();
}

/** The process ends without a word; the interface is as it was. */
async function killed(): Promise<void> {
  addCable();
  const script = fileURLToPath(import.meta.url);
  const child = spawn(process.execPath, [script, "hold"], { stdio: ["ignore", "pipe", "inherit"] });
  await once(createInterface({ input: child.stdout }), "line");
  assert.match(ip("link show inner"), /xdpgeneric/);
  child.kill("SIGKILL");
  await once(child, "exit");
  await until("the program is detached", () => !ip("link show inner").includes("xdp"));
}

async function hold(): Promise<void> {
  await startServer({});
  console.log("serves");
}

async function client(): Promise<void> {
  const input = createInterface({ input: process.stdin });
  console.log("waits");
  await once(input, "line");
  ip("link set lo up");
  setUp("outer", [CLIENT[4], CLIENT[6]]);
  const what = process.argv[3];
  // Only then does the driver of the cable deliver what the other end sends in native mode.
  if (what === "ask natively") passAllNatively();
  for (const family of [4, 6] as const)
    if (what === "ask one") await askOne(family);
    else if (what !== "ask often") await askAll(family);
  if (what === "ask often") await askOften();
  console.log("asked");
}

/** A client with one socket towards an address of the tracker. Nothing is sent twice, so that everything can be counted. */
class Asker {
  readonly #socket: Socket;

  private constructor(socket: Socket) {
    this.#socket = socket;
  }

  static async open(host: string): Promise<Asker> {
    const socket = createSocket(host.includes(":") ? "udp6" : "udp4");
    socket.connect(PORT, host);
    await once(socket, "connect");
    return new Asker(socket);
  }

  send(request: Uint8Array): void {
    this.#socket.send(request);
  }

  /** The reply to a request. Rejects when the system says that nobody listens there. */
  async ask(request: Uint8Array): Promise<Buffer> {
    const reply = once(this.#socket, "message");
    this.send(request);
    const [message] = (await within("a reply", reply)) as [Buffer];
    return message;
  }

  close(): void {
    this.#socket.close();
  }
}

async function askAll(family: 4 | 6): Promise<void> {
  let port = 1000;
  for (const host of [SERVER[family], SECOND[family]]) {
    const asker = await Asker.open(host);
    const connected = await asker.ask(connectRequest());
    const longer = await asker.ask(Buffer.concat([connectRequest(), Buffer.from("more")]));
    for (const reply of [connected, longer]) {
      const request = announceRequest(reply.subarray(8, 16), { port: ++port });
      const { peers, leechers } = readAnnounceReply(await asker.ask(request), family);
      assert.equal(peers.length, port - 1001);
      assert.equal(leechers, port - 1000);
    }
    if (host === SECOND[family]) {
      const hashes = Array.from({ length: SCRAPED }, (_, i) => infoHash(i));
      const scraped = await asker.ask(scrapeRequest(connected.subarray(8, 16), hashes));
      assert.equal(scraped.length, 8 + 12 * SCRAPED);
      asker.send(announceRequest(Buffer.alloc(8, 1)));
    }
    asker.close();
  }
}

function passAllNatively(): void {
  const a = new BpfAssembler();
  a.alu("move", 0, XDP_PASS);
  a.exit();
  const { index = 0 } = findInterface("outer") ?? {};
  attachXdp(loadXdpProgram(a.assemble()), index, "native", "outer");
}

/** From many ports, so that the driver spreads them over its queues. */
async function askOften(): Promise<void> {
  for (let i = 0; i < OFTEN; i++) {
    const asker = await Asker.open(SERVER[4]);
    const connected = await asker.ask(connectRequest());
    await asker.ask(announceRequest(connected.subarray(8, 16), { port: 1000 + i }));
    asker.close();
  }
}

async function askOne(family: 4 | 6): Promise<void> {
  const asker = await Asker.open(SERVER[family]);
  const connected = await asker.ask(connectRequest());
  await asker.ask(announceRequest(connected.subarray(8, 16)));
  asker.close();
  const refused = await Asker.open(SECOND[family]);
  await assert.rejects(refused.ask(connectRequest()), { code: "ECONNREFUSED" });
  refused.close();
}

const scenario = { serve, queues, unprivileged, oneAddress, killed, hold, client }[
  process.argv[2] ?? ""
];
assert.ok(scenario, "the first argument names a scenario");
await scenario();
