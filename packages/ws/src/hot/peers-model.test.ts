/** The tables of peers against a model of Maps, over random histories; and what they do when they are full. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { PEER_ID_AT, RequestRecord } from "@swarmtide/ws-protocol";
import fc from "fast-check";
import { idOf } from "../testing/test-client.ts";
import { mixWord } from "./id-words.ts";
import { BUDGET_BYTES_PER_PEER, Peers } from "./peers.ts";

const WORKERS = 2;
/** Serials begin at what it makes, whose bits are set in each part of the record that has some of them: peer-serials.ts. */
const SECRET = 12345;

interface ModelPeer {
  readonly torrent: string;
  readonly worker: number;
  readonly slot: number;
  readonly id: string;
  /** What it is known by to who has seen its record. */
  readonly serial: number;
  isSeeder: boolean;
  hasCompleted: boolean;
  announced: number;
}

type Announced = Omit<ModelPeer, "serial" | "hasCompleted" | "announced">;

/** Map.groupBy, which Node 20 lacks. */
function groupBy<T>(items: readonly T[], keyFor: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) groups.set(keyFor(item), [...(groups.get(keyFor(item)) ?? []), item]);
  return groups;
}

const keyOf = ({ torrent, worker, slot, id }: Announced) => `${torrent}/${worker}/${slot}/${id}`;

class Model {
  readonly peers: Peers;
  readonly #request = new RequestRecord(0, 0);
  readonly #model = new Map<string, ModelPeer>();
  /** The same peers by torrent and connection. */
  readonly #siblings = new Map<string, Set<ModelPeer>>();
  /** Of torrents that have peers: how many have completed it. */
  readonly #completed = new Map<string, number>();

  #lastSerial: number;

  constructor(peersMax: number) {
    this.peers = new Peers(SECRET, WORKERS, peersMax * BUDGET_BYTES_PER_PEER);
    this.#lastSerial = mixWord(SECRET, 0);
  }

  get size(): number {
    return this.#model.size;
  }

  #address(worker: number, slot: number) {
    return { worker, connectionSlot: slot, connectionSerial: 1000 + slot };
  }

  #find(torrent: string, worker: number, slot: number, id: string) {
    this.#request.ids.set(idOf(id), PEER_ID_AT);
    const number = this.peers.torrents.find(idOf(torrent), 0);
    const address = this.#address(worker, slot);
    return { number, peer: number === 0 ? 0 : this.peers.find(number, address, this.#request) };
  }

  announce(now: number, given: Announced): void {
    const { torrent, worker, slot, id, isSeeder } = given;
    const { number, peer } = this.#find(torrent, worker, slot, id);
    const known = this.#model.get(keyOf(given));
    assert.equal(peer !== 0, known !== undefined);
    const { peers } = this;
    if (known === undefined) {
      const siblings = this.#siblingsOf(given);
      if (number !== 0) {
        assert.equal(peers.siblings, siblings.size);
        if (siblings.size > 0)
          assert.equal(
            now - peers.ageOf(peers.silent, now),
            Math.min(...Array.from(siblings, ({ announced }) => announced)),
          );
      }
      if (!peers.hasRoom(number)) return;
      const entered = number !== 0 ? number : peers.torrents.insert(idOf(torrent), 0);
      const address = this.#address(worker, slot);
      const serial = peers.serialOf(peers.insert(entered, address, this.#request, isSeeder, now));
      assert.equal(serial, (this.#lastSerial + 1) | 0);
      this.#lastSerial = serial;
      const added = { ...given, serial, hasCompleted: false, announced: now };
      this.#model.set(keyOf(added), added);
      siblings.add(added);
      return;
    }
    peers.touch(peer, now);
    known.announced = now;
    if (known.isSeeder !== isSeeder) peers.lists.changeRole(peer);
    if (isSeeder && !known.isSeeder && !known.hasCompleted) {
      peers.lists.complete(peer);
      known.hasCompleted = true;
      this.#completed.set(torrent, (this.#completed.get(torrent) ?? 0) + 1);
    }
    known.isSeeder = isSeeder;
  }

  leave(torrent: string, worker: number, slot: number, id: string): void {
    const { peer } = this.#find(torrent, worker, slot, id);
    if (peer !== 0) this.peers.remove(peer);
    for (const [key, one] of this.#model)
      if (one.torrent === torrent && one.worker === worker && one.slot === slot && one.id === id)
        this.#delete(key, one);
    this.#forgetEmpty();
  }

  hangUp(worker: number, slot: number): void {
    const { peers } = this;
    for (let peer = peers.firstOf(worker, slot); peer !== 0; peer = peers.firstOf(worker, slot))
      peers.remove(peer);
    for (const [key, one] of this.#model)
      if (one.worker === worker && one.slot === slot) this.#delete(key, one);
    this.#forgetEmpty();
  }

  #siblingsOf({ torrent, worker, slot }: Announced) {
    const key = `${torrent}/${worker}/${slot}`;
    const found = this.#siblings.get(key) ?? new Set<ModelPeer>();
    this.#siblings.set(key, found);
    return found;
  }

  #delete(key: string, one: ModelPeer): void {
    this.#model.delete(key);
    this.#siblingsOf(one).delete(one);
  }

  #forgetEmpty(): void {
    for (const torrent of [...this.#completed.keys()])
      if (![...this.#model.values()].some((one) => one.torrent === torrent))
        this.#completed.delete(torrent);
  }

  /** Compares everything. */
  check(now: number): void {
    const { peers } = this;
    const torrents = groupBy([...this.#model.values()], ({ torrent }) => torrent);
    assert.equal(peers.table.length, this.#model.size);
    assert.equal(peers.torrents.table.length, torrents.size);
    for (const [torrent, members] of torrents) {
      const number = peers.torrents.find(idOf(torrent), 0);
      assert.ok(number !== 0);
      const { lists } = peers;
      assert.equal(lists.length(number), members.length);
      assert.equal(lists.leechers(number), members.filter(({ isSeeder }) => !isSeeder).length);
      assert.equal(lists.completed(number), this.#completed.get(torrent) ?? 0);
      const listed = Array.from(members, (_, position) => lists.at(number, position));
      assert.equal(new Set(listed).size, members.length);
      for (const one of members) {
        const { peer } = this.#find(torrent, one.worker, one.slot, one.id);
        assert.ok(listed.includes(peer));
        assert.equal(lists.isSeeder(peer), one.isSeeder);
        assert.equal(peers.ageOf(peer, now), now - one.announced);
        assert.equal(peers.hasCompleted(peer), one.hasCompleted);
        assert.ok(peers.isSame(peer, one.serial));
      }
    }
    this.#checkConnections();
  }

  #checkConnections(): void {
    const { peers } = this;
    const ids = new Set(
      [...this.#model.values()].map((one) => `${one.worker}/${one.slot}/${one.id}`),
    );
    assert.equal(peers.identities.table.length, ids.size);
    const byConnection = groupBy(
      [...this.#model.values()],
      ({ worker, slot }) => `${worker}/${slot}`,
    );
    for (const members of byConnection.values()) {
      const [{ worker, slot }] = members;
      assert.equal(peers.identities.peersOf(worker, slot), members.length);
      let count = 0;
      for (let peer = peers.firstOf(worker, slot); peer !== 0; peer = peers.nextOf(peer)) count++;
      assert.equal(count, members.length);
    }
  }
}

const step = (torrents: number, slots: number, ids: number) =>
  fc.record({
    what: fc.constantFrom("in", "in", "in", "in", "in", "out", "hang up"),
    torrent: fc.nat(torrents - 1).map((number) => `t${number}`),
    worker: fc.nat(WORKERS - 1),
    slot: fc.nat(slots - 1),
    id: fc.nat(ids - 1).map((number) => `p${number}`),
    isSeeder: fc.boolean(),
  });

for (const [title, torrents, slots, ids] of [
  ["a few torrents of many", 2, 100, 2],
  ["many torrents of a few", 200, 3, 3],
  ["connections with many ids", 5, 3, 40],
] as const)
  test(`whatever comes, goes and changes, the tables are what Maps would be: ${title}`, () => {
    const steps = fc.array(step(torrents, slots, ids), { maxLength: 400, size: "max" });
    fc.assert(
      fc.property(steps, (list) => {
        const model = new Model(2000);
        list.forEach(({ what, torrent, worker, slot, id, isSeeder }, now) => {
          if (what === "in") model.announce(now, { torrent, worker, slot, id, isSeeder });
          else if (what === "out") model.leave(torrent, worker, slot, id);
          else model.hangUp(worker, slot);
          if (now % 50 === 0) model.check(now);
        });
        model.check(list.length);
        for (let worker = 0; worker < WORKERS; worker++)
          for (let slot = 0; slot < slots; slot++) model.hangUp(worker, slot);
        assert.equal(model.peers.entries, 0);
      }),
      { numRuns: 60 },
    );
  });

test("a swarm grows to five levels and shrinks to nothing, and every place is found at every length", () => {
  const model = new Model(100_000);
  const { peers } = model;
  const COUNT = 20_000;
  const announce = (slot: number, isSeeder: boolean) =>
    model.announce(0, { torrent: "film", worker: 0, slot, id: "p", isSeeder });
  for (let slot = 0; slot < COUNT; slot++) announce(slot, slot % 3 === 0);
  const torrent = peers.torrents.find(idOf("film"), 0);
  const seen = () => {
    const { lists } = peers;
    const length = lists.length(torrent);
    const all = Array.from({ length }, (_, position) => lists.at(torrent, position));
    assert.equal(new Set(all).size, length);
    all.forEach((peer, position) => {
      assert.equal(lists.isSeeder(peer), position >= lists.leechers(torrent));
    });
    return length;
  };
  assert.equal(seen(), COUNT);
  for (let left = COUNT; left > 0; left--) {
    peers.remove(peers.lists.at(torrent, (left * 7919) % left));
    if (left % 1000 === 1) seen();
  }
  assert.equal(peers.entries, 0);
});

test("full tables refuse and lose nothing; what goes makes room again", () => {
  const model = new Model(1024);
  const announce = (number: number) =>
    model.announce(number, {
      torrent: `t${number % 699}`,
      worker: 0,
      slot: number % 50,
      id: "p",
      isSeeder: false,
    });
  for (let number = 0; number < 5000; number++) announce(number);
  assert.equal(model.size, 1024);
  model.check(5000);
  for (let slot = 0; slot < 25; slot++) model.hangUp(0, slot);
  const left = model.size;
  for (let number = 5000; number < 10_000; number++) announce(number);
  assert.ok(model.size > left);
  model.check(10_000);
});
