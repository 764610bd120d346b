/** Both sides of a hand-over over a real control socket, in one process: from one store into another. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { closeFd, linuxSupported, openUdpSocket } from "@swarmtide/linux";
import { CounterTables } from "@swarmtide/metrics";
import type { HandedSocket, Logger } from "@swarmtide/runtime";
import { monotonicSeconds, readSwarmTotals, type SwarmStore } from "@swarmtide/swarm";
import { until } from "@swarmtide/test-kit";
import { ControlListener, connectControlSocket, openControlSocket } from "./control-socket.ts";
import { type GiverOptions, giveTo } from "./giver.ts";
import { Taker } from "./taker.ts";
import { fillStore, openStore } from "./testing/giver-stream.ts";

const options = { skip: linuxSupported() ? false : "sockets are handed over on Linux alone" };
const FACTS = { "udp.engine": "mmsg" };

/** A running process: its store, one UDP socket, what it did and what it logged. */
class Giver {
  readonly store = openStore();
  readonly did: string[] = [];
  readonly lines: string[] = [];
  readonly path: string;
  isFilling = false;
  outcome: boolean | undefined;

  constructor(t: TestContext) {
    const folder = mkdtempSync(join(tmpdir(), "swarmtide-give-"));
    this.path = join(folder, "control");
    const { fd, port } = openUdpSocket({
      family: 4,
      address: Uint8Array.of(127, 0, 0, 1),
      port: 0,
    });
    const sockets: HandedSocket[] = [
      { kind: "udp", key: "udp.address_ipv4", family: 4, address: "7f000001", port, fd },
    ];
    const listener = new ControlListener(
      openControlSocket(this.path),
      (channel) => {
        void giveTo(channel, this.#options(sockets)).then((outcome) => {
          this.outcome = outcome;
        });
      },
      (line) => this.lines.push(line),
    );
    t.after(() => {
      listener.close();
      closeFd(fd);
      rmSync(folder, { recursive: true });
    });
  }

  #options(sockets: readonly HandedSocket[]): GiverOptions {
    const note = (line: string) => this.lines.push(line);
    const log: Logger = {
      ...{ error: note, warn: note, info: note, debug: note },
      setLevel() {},
      for: () => log,
    };
    return {
      ...{ version: "0.1.0", store: this.store, startedSeconds: monotonicSeconds(), facts: FACTS },
      services: [
        {
          sockets: () => sockets,
          secrets: { key: Uint8Array.of(1, 2, 3) },
          hold: async () => void this.did.push("hold"),
          release: () => this.did.push("release"),
          drain: async () => void this.did.push("drain"),
        },
      ],
      isFilling: () => this.isFilling,
      counters: () => new CounterTables([]),
      adjust: (samples) => samples,
      ...{ log, drainSeconds: 5, onHandedOver: () => this.did.push("made way") },
    };
  }

  async greet(): Promise<Taker> {
    const channel = connectControlSocket(this.path);
    assert.ok(channel);
    return await Taker.greet(channel, { version: "0.2.0", facts: FACTS });
  }
}

const swarmsOptions = (store: SwarmStore) => ({
  ...{ store, peerAgeSecondsMax: 1200, keepCompletedSeconds: 0, accessList: undefined },
});

const peersOf = (store: SwarmStore): number => {
  const { peersIpv4, peersIpv6 } = readSwarmTotals(store);
  return peersIpv4 + peersIpv6;
};

test(
  "swarms, sockets, keys and what is announced meanwhile arrive, and then the running process lets go",
  options,
  async (t) => {
    const giver = new Giver(t);
    fillStore(giver.store, 500, 12);
    const taker = await giver.greet();
    assert.deepEqual(taker.secret("key"), Uint8Array.of(1, 2, 3));
    const rest = taker.sockets.closeRest();
    assert.deepEqual(
      rest.map(({ kind, key }) => [kind, key]),
      [["udp", "udp.address_ipv4"]],
    );
    const store = openStore();
    assert.equal((await taker.receiveSwarms(swarmsOptions(store))).peers, 6000);
    fillStore(giver.store, 700, 12);
    assert.deepEqual(giver.did, []);
    await taker.go(Promise.resolve());
    assert.deepEqual(giver.did, ["hold"]);
    assert.equal(peersOf(store), 8400);
    await taker.serve();
    await taker.follow();
    await until("the running process is done", () => giver.outcome !== undefined);
    assert.equal(giver.outcome, true);
    assert.deepEqual(giver.did, ["hold", "made way", "drain"]);
  },
);

test("a store that is still being filled goes out once it is full", options, async (t) => {
  const giver = new Giver(t);
  giver.isFilling = true;
  const taker = await giver.greet();
  const store = openStore();
  const received = taker.receiveSwarms(swarmsOptions(store));
  await until("it is told", () => giver.lines.some((line) => /waiting until/.test(line)));
  fillStore(giver.store, 100, 6);
  giver.isFilling = false;
  await received;
  assert.equal(peersOf(store), 600);
  await taker.refuse("that is enough");
  await until("the running process goes on", () => giver.outcome !== undefined);
});

test(
  "where the new process refuses, the running one goes on and logs the reason",
  options,
  async (t) => {
    const giver = new Giver(t);
    fillStore(giver.store, 10, 6);
    for (const reason of ["first", "second"]) {
      giver.outcome = undefined;
      const taker = await giver.greet();
      await taker.receiveSwarms(swarmsOptions(openStore()));
      await taker.refuse(`the ${reason} reason`);
      await until("the running process goes on", () => giver.outcome !== undefined);
      assert.equal(giver.outcome, false);
      assert.ok(
        giver.lines.some((line) =>
          line.includes(`the ${reason} reason; this process keeps serving`),
        ),
      );
    }
    assert.deepEqual(giver.did, ["release", "release"]);
  },
);
