import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { linuxSupported } from "@swarmtide/linux";
import { AccessList, createSwarmStore } from "@swarmtide/swarm";
import { UdpClient, until } from "@swarmtide/test-kit";
import { defaultConfig } from "@swarmtide/toml-config";
import { bindUdp } from "./bind.ts";
import { type UdpConfig, udpSection } from "./config.ts";
import { ANNOUNCES, BUSY_SECONDS } from "./counters.ts";
import { startUdp } from "./server.ts";
import {
  announceRequest,
  connectRequest,
  infoHash,
  readAnnounceReply,
  readError,
} from "./testing/tracker-client.ts";

/** Word 0 of a shard (packages/swarm/src/store/layout.ts). */
const LOCK = 0;
const STALL_MICROSECONDS = 1_000_000;

const skip = linuxSupported() ? false : "descriptors for workers need Linux";
const running: (() => Promise<void>)[] = [];
after(async () => {
  for (const stop of running) await stop();
});

const configOf = (changes: Partial<UdpConfig>): UdpConfig => ({
  ...defaultConfig(udpSection),
  addressIpv4: [{ host: "127.0.0.1", port: 0 }],
  addressIpv6: [{ host: "::1", port: 0 }],
  socketRecvBufferSize: 0,
  ...changes,
});

async function startTracker(changes: Partial<UdpConfig>) {
  const config = configOf(changes);
  const binding = bindUdp(config);
  const store = createSwarmStore({ memoryBytesMax: 2 ** 26 });
  const deaths: string[] = [];
  const server = startUdp({
    config,
    binding,
    store: store.handle,
    accessList: AccessList.build({ mode: "off" }),
    startedSeconds: process.hrtime()[0],
    onDeath: (reason) => deaths.push(reason),
  });
  await server.ready;
  const stop = async () => {
    assert.equal(await server.stop(), true);
    assert.deepEqual(deaths, []);
  };
  running.push(stop);
  return { binding, config, store, server, stop };
}

async function announce(client: UdpClient, number: number, port: number): Promise<Buffer> {
  const connected = await client.ask(connectRequest());
  const request = announceRequest(connected.subarray(8, 16), { infoHash: number, port });
  return client.ask(request);
}

describe("the UDP server", { skip }, () => {
  for (const engine of ["mmsg", "uring", "dgram"] as const)
    test(`with engine ${engine} two clients find each other, over IPv4 and over IPv6`, async () => {
      const { binding, server } = await startTracker({ engine });
      assert.equal(binding.engine, engine);
      for (const [index, family] of ([4, 6] as const).entries()) {
        const alice = await UdpClient.open(binding.listeners.addresses[index] ?? "");
        const bob = await UdpClient.open(binding.listeners.addresses[index] ?? "");
        await announce(alice, 1, 1111);
        const reply = readAnnounceReply(await announce(bob, 1, 2222), family);
        assert.equal(reply.peers.length, 1);
        assert.match(reply.peers[0] ?? "", /:1111$/);
        alice.close();
        bob.close();
        assert.ok(server.counters.sum(ANNOUNCES, family) >= 2);
      }
    });

  for (const engine of ["mmsg", "uring", "dgram"] as const)
    test(`a worker that stalls for a second shows it in p99, with engine ${engine}`, async () => {
      const { binding, server, store } = await startTracker({ engine, useIpv6: false });
      const client = await UdpClient.open(binding.listeners.addresses[0] ?? "");
      const connected = await client.ask(connectRequest());
      const request = (number: number) =>
        announceRequest(connected.subarray(8, 16), { infoHash: number, port: 1000 + number });
      for (let number = 0; number < 50; number++) await client.ask(request(number));
      // The lock of every shard: whoever announces waits for it, and its worker with it.
      for (const shard of store.shards) assert.equal(Atomics.compareExchange(shard, LOCK, 0, 1), 0);
      const waiting = client.ask(request(1));
      await until("the worker waits", () => store.shards.some((w) => Atomics.load(w, LOCK) === 2));
      await delay(STALL_MICROSECONDS / 1000);
      for (const shard of store.shards)
        if (Atomics.exchange(shard, LOCK, 0) === 2) Atomics.notify(shard, LOCK, 1);
      await waiting;
      client.close();
      await until("the stall shows", () => server.latency.snapshot().max >= STALL_MICROSECONDS);
      const p99 = server.latency.snapshot().percentile(99);
      assert.ok(p99 >= STALL_MICROSECONDS / 2, `${p99} µs`);
      assert.ok(server.counters.sum(BUSY_SECONDS) >= STALL_MICROSECONDS / 1e6);
    });

  test("with several workers, connection ids and peers of one are valid at the others", async () => {
    const { binding, server } = await startTracker({ workers: 4, useIpv6: false });
    const clients = await Promise.all(
      Array.from({ length: 24 }, () => UdpClient.open(binding.listeners.addresses[0] ?? "")),
    );
    const connected = await (clients[0] as UdpClient).ask(connectRequest());
    for (const [index, client] of clients.entries()) {
      // All clients use the id of the first: it is bound to the address, not to the port or the worker.
      const request = announceRequest(connected.subarray(8, 16), { port: 1000 + index });
      assert.equal(readAnnounceReply(await client.ask(request), 4).peers.length, index);
    }
    const used = [0, 1, 2, 3].filter(
      (worker) => (server.counters.row(worker, 4)[ANNOUNCES] ?? 0) > 0,
    );
    assert.ok(used.length > 1, "the kernel spreads clients over the workers");
    for (const client of clients) client.close();
  });

  test("a reload reaches workers that wait in a system call", async () => {
    for (const engine of ["mmsg", "uring", "dgram"] as const) {
      const { binding, config, server } = await startTracker({ engine, useIpv6: false });
      const client = await UdpClient.open(binding.listeners.addresses[0] ?? "");
      readAnnounceReply(await announce(client, 1, 1111), 4);
      server.reload({
        config,
        accessList: AccessList.build({ mode: "deny", hashes: infoHash(1) }),
      });
      // A worker looks for reloads every 50 ms at the latest.
      await until("the worker refuses the torrent", async () => {
        assert.match(readError(await announce(client, 1, 1111)), /not allowed/);
        return true;
      });
      client.close();
    }
  });

  test("stop ends every worker and frees the ports", async () => {
    const { binding, stop } = await startTracker({ workers: 2 });
    await stop();
    running.pop();
    const port = Number(binding.listeners.addresses[0]?.split(":").at(-1));
    const again = bindUdp(configOf({ addressIpv4: [{ host: "127.0.0.1", port }] }));
    again.listeners.close();
  });

  test("a port in use is refused by name, with one worker and with several", async () => {
    const first = bindUdp(configOf({ useIpv6: false, workers: 2 }));
    const port = Number(first.listeners.addresses[0]?.split(":").at(-1));
    for (const workers of [1, 2]) {
      const config = configOf({
        useIpv6: false,
        workers,
        addressIpv4: [{ host: "127.0.0.1", port }],
      });
      assert.throws(
        () => bindUdp(config),
        new RegExp(`bind.*127\\.0\\.0\\.1:${port}.*EADDRINUSE`, "s"),
      );
    }
    first.listeners.close();
  });
});
