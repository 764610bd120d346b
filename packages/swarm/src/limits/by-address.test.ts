import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type Cidr, parseCidr } from "@swarmtide/bittorrent";
import { randomBelow } from "@swarmtide/test-kit";
import { defaultConfig } from "@swarmtide/toml-config";
import fc from "fast-check";
import { SwarmCleaning } from "../store/cleaning.ts";
import type { SwarmStore } from "../store/hot/swarm-store.ts";
import {
  COUNTS,
  COUNTS_CELLS,
  COUNTS_KEY_WORDS,
  COUNTS_LOG_MASK,
  COUNTS_WORD_MASK,
} from "../store/layout.ts";
import { createSwarmStore, readSwarmTotals } from "../store/open-store.ts";
import { SwarmRestore, TorrentSlots } from "../store/restore.ts";
import { infoHashOf } from "../store/testing/peers.ts";
import { limitsSection } from "./config.ts";
import { REFUSED_PEERS_OF_ADDRESS, REFUSED_TORRENTS_OF_ADDRESS } from "./hot/announce-limits.ts";
import { announceFrom, limitedStore } from "./testing/limited-store.ts";

/** Addresses that count as one, and a neighbour that does not. */
const NETWORKS = {
  4: { own: () => "192.0.2.1", other: "192.0.2.2" },
  6: {
    own: (i: number) => `2001:db8:0:1:${i.toString(16)}::${(i * 7).toString(16)}`,
    other: "2001:db8:0:2::",
  },
} as const;

function expire(store: SwarmStore, nowSeconds: number, peerAgeSecondsMax: number): void {
  const cleaning = new SwarmCleaning(store, { nowSeconds, peerAgeSecondsMax });
  while (cleaning.step());
}

for (const family of [4, 6] as const) {
  const { own, other } = NETWORKS[family];
  describe(`peers of one address in one torrent over IPv${family}`, () => {
    for (const [form, max] of [
      ["a small swarm", 3],
      ["a large swarm", 100],
    ] as const)
      test(`${max} are stored in ${form}, one more is refused until another goes`, () => {
        const store = limitedStore({ maxPeersPerAddress: max });
        store.setNow(1000);
        for (let i = 0; i < max; i++) {
          store.announce(announceFrom(own(i), { port: 1000 + i, seeder: i % 3 === 0 }));
          assert.equal(store.refusal, 0, `peer ${i}`);
        }
        const further = announceFrom(own(max), { port: 1000 + max });
        assert.equal(store.announce(further), 0);
        assert.deepEqual(
          [store.refusal, store.stored, store.isRepeat],
          [REFUSED_PEERS_OF_ADDRESS, false, false],
        );
        assert.equal(store.leechers + store.seeders, max);
        store.announce(announceFrom(other));
        assert.equal(store.refusal, 0, "another network is another address");
        store.announce(announceFrom(own(max), { port: 1000 + max, torrent: 2 }));
        assert.equal(store.refusal, 0, "another torrent has its own count");
        store.announce(announceFrom(own(1), { port: 1001 }));
        assert.equal(store.refusal, 0, "a peer that is known is always welcome");
        store.announce(announceFrom(own(1), { port: 1001, seeder: true }));
        assert.equal(store.refusal, 0, "in another role too");
        store.announce(announceFrom(own(1), { port: 1001, stopped: true }));
        store.announce(further);
        assert.equal(store.refusal, 0, "one has stopped");
        store.announce(announceFrom(own(max + 1), { port: 1001 + max }));
        assert.equal(store.refusal, REFUSED_PEERS_OF_ADDRESS);
        expire(store, 3000, 1200);
        store.setNow(3000);
        store.announce(announceFrom(own(max + 1), { port: 1001 + max }));
        assert.equal(store.refusal, 0, "the others have expired");
      });
  });

  describe(`torrents of one address over IPv${family}`, () => {
    for (const max of [1, 5, 300])
      test(`${max} are stored, one more is refused until another goes`, () => {
        const store = limitedStore({ maxTorrentsPerAddress: max });
        store.setNow(1000);
        for (let torrent = 1; torrent <= max; torrent++) {
          store.announce(announceFrom(own(torrent), { torrent }));
          assert.equal(store.refusal, 0, `torrent ${torrent}`);
        }
        store.announce(announceFrom(own(0), { torrent: max + 1 }));
        assert.deepEqual([store.refusal, store.stored], [REFUSED_TORRENTS_OF_ADDRESS, false]);
        assert.equal(readSwarmTotals(store).torrents, max, "no empty torrent is left behind");
        store.announce(announceFrom(other, { torrent: max + 1 }));
        assert.equal(store.refusal, 0, "another network is another address");
        store.announce(announceFrom(own(0), { torrent: max + 1 }));
        assert.equal(store.refusal, REFUSED_TORRENTS_OF_ADDRESS, "though the torrent exists now");
        store.announce(announceFrom(own(1), { torrent: 1 }));
        assert.equal(store.refusal, 0, "its own torrents go on");
        store.announce(announceFrom(own(1), { torrent: 1, stopped: true }));
        store.announce(announceFrom(own(0), { torrent: max + 1 }));
        assert.equal(store.refusal, 0, "one has stopped");
      });
  });
}

test("exempt addresses have no limits, and 0 switches each off", () => {
  for (const limits of [
    { maxPeersPerAddress: 1, maxTorrentsPerAddress: 1, exempt: ["192.0.2.0/24"] },
    { maxPeersPerAddress: 0, maxTorrentsPerAddress: 0 },
  ]) {
    const store = limitedStore(limits);
    for (let i = 0; i < 500; i++) {
      store.announce(announceFrom("192.0.2.1", { torrent: i % 5, port: 1 + i }));
      assert.equal(store.refusal, 0);
    }
    assert.equal(readSwarmTotals(store).peersIpv4, 500);
  }
});

test("by default 128 peers of an address share a torrent, the 129th does not; loopback has no limit", () => {
  const store = limitedStore(defaultConfig(limitsSection));
  for (const [address, stored] of [
    ["192.0.2.1", 128],
    ["127.0.0.1", 129],
    ["::1", 129],
  ] as const) {
    const torrent = stored + address.length;
    for (let i = 0; i < 129; i++) store.announce(announceFrom(address, { port: 1 + i, torrent }));
    assert.equal(store.leechers, stored, address);
  }
});

/** Sums of the cells by address and by address and torrent: two for each peer that is counted there. */
function cellsOf(store: SwarmStore) {
  const sums = { byAddress: 0, byTorrent: 0, lowest: 0 };
  for (const w of store.shards) {
    const lines = 1 << ((w[COUNTS] ?? 0) & COUNTS_LOG_MASK);
    const first = ((w[COUNTS] ?? 0) & COUNTS_WORD_MASK) + COUNTS_KEY_WORDS;
    const ofAddresses = (lines / 8) * COUNTS_CELLS;
    for (let i = 0; i < ofAddresses + lines * COUNTS_CELLS; i++) {
      const cell = w[first + i] ?? 0;
      sums[i < ofAddresses ? "byAddress" : "byTorrent"] += cell;
      sums.lowest = Math.min(sums.lowest, cell);
    }
  }
  return sums;
}

const ALL_GONE = { byAddress: 0, byTorrent: 0, lowest: 0 };

test("after any history the counts are those of the peers stored, and zero when all have gone", () => {
  fc.assert(
    fc.property(fc.integer(), fc.constantFrom(2 ** 22, 2 ** 26), (seed, memoryBytesMax) => {
      const random = randomBelow(seed);
      const limits = {
        ...defaultConfig(limitsSection),
        maxPeersPerAddress: 40,
        maxTorrentsPerAddress: 5000,
      };
      const store = createSwarmStore({ memoryBytesMax, limits });
      let now = 1000;
      for (let step = 0; step < 20_000; step++) {
        // Not at the very end: large swarms are to be counted when the sums are looked at.
        if (step < 18_000 && random(2000) === 0) {
          now += random(1500);
          expire(store, now, 1200);
        }
        store.setNow(now);
        const address = random(3) === 0 ? `2001:db8::${random(9)}:0:0:0:1` : `192.0.2.${random(9)}`;
        store.announce(
          announceFrom(address, {
            // A few large swarms, and so many small ones that the smaller arenas fill up and some give way.
            torrent: random(2) === 0 ? random(2) : 10 + random(100_000),
            port: 1 + random(60),
            seeder: random(2) === 0,
            stopped: random(6) === 0,
          }),
        );
      }
      const { peersIpv4, peersIpv6 } = readSwarmTotals(store);
      const { byAddress, byTorrent, lowest } = cellsOf(store);
      assert.equal(byAddress, 2 * (peersIpv4 + peersIpv6));
      assert.ok(byTorrent > 0 && byTorrent < byAddress);
      assert.equal(lowest, 0);
      expire(store, now + 5000, 1200);
      assert.deepEqual(cellsOf(store), ALL_GONE);
    }),
    { numRuns: 8 },
  );
});

test("a large swarm that becomes small again is no longer counted by torrent", () => {
  const store = limitedStore({ maxPeersPerAddress: 70, maxTorrentsPerAddress: 5000 });
  store.setNow(1000);
  for (let i = 0; i < 200; i++) store.announce(announceFrom(`192.0.2.${i}`));
  assert.deepEqual(cellsOf(store), { byAddress: 400, byTorrent: 400, lowest: 0 });
  store.setNow(2000);
  for (let i = 0; i < 10; i++) store.announce(announceFrom(`192.0.2.${i}`));
  expire(store, 2400, 1200);
  assert.deepEqual(cellsOf(store), { byAddress: 20, byTorrent: 0, lowest: 0 });
});

test("a limit on torrents that is large is estimated from some of the shards, within six per cent", () => {
  const max = 20_000;
  const store = limitedStore({ maxTorrentsPerAddress: max });
  const stored = new Map<string, number>();
  for (const address of ["192.0.2.1", "2001:db8::1"]) {
    let torrent = 1;
    while (torrent < 2 * max && store.refusal === 0) {
      torrent++;
      store.announce(announceFrom(address, { torrent }));
    }
    stored.set(address, torrent);
    // About one address in 6,000 shares both cells with the one that is full, so several are tried.
    const welcome = ["192.0.2.97", "192.0.2.98", "192.0.2.99"].some((other) => {
      store.announce(announceFrom(other));
      return store.refusal === 0;
    });
    assert.ok(welcome, `another address than ${address}`);
  }
  for (const [address, torrents] of stored)
    assert.ok(Math.abs(torrents / max - 1) < 0.06, `${torrents} of ${address}`);
});

test("peers that are restored count as those that announced, and are not refused themselves", () => {
  const limits = {
    ...defaultConfig(limitsSection),
    maxPeersPerAddress: 3,
    maxTorrentsPerAddress: 5000,
  };
  const store = createSwarmStore({ memoryBytesMax: 2 ** 26, limits });
  const restore = new SwarmRestore(store);
  for (const [torrentNumber, peers] of [
    [1, 3],
    [2, 5],
    [3, 100],
  ] as const) {
    const torrent = new TorrentSlots();
    torrent.infoHash.set(infoHashOf(torrentNumber));
    torrent.leechers[4] = peers;
    torrent.leechers[6] = 2;
    const ipv4 = Array.from({ length: peers }, (_, i) => [0x010200c0, 1000 + i]);
    const ipv6 = [1, 2].map((i) => [0xb80d0120 | 0, 0, 0, i, 1000 + i]);
    torrent.slots = Int32Array.from([...ipv4, ...ipv6].flat());
    restore.restore(torrent);
  }
  assert.equal(restore.peersStored, 108 + 6);
  assert.equal(cellsOf(store).byAddress, 2 * (108 + 6));
  assert.equal(cellsOf(store).byTorrent, 2 * 100, "only the IPv4 swarm of 100 is large");
  for (const torrent of [1, 2, 3]) {
    store.announce(announceFrom("192.0.2.1", { torrent, port: 1 }));
    assert.equal(store.refusal, REFUSED_PEERS_OF_ADDRESS, `torrent ${torrent}`);
    store.announce(announceFrom("192.0.2.2", { torrent, port: 1 }));
    assert.equal(store.refusal, 0);
    store.announce(announceFrom("2001:db8::77", { torrent, port: 1 }));
    assert.equal(store.refusal, 0);
    store.announce(announceFrom("2001:db8::78", { torrent, port: 1 }));
    assert.equal(store.refusal, REFUSED_PEERS_OF_ADDRESS);
  }
  expire(store, 10_000, 1200);
  assert.deepEqual(cellsOf(store), ALL_GONE);
});

test("in a store that is full of other addresses nobody meets their limit", () => {
  const store = createSwarmStore({ memoryBytesMax: 2 ** 24, limits: defaultConfig(limitsSection) });
  for (let i = 0; i < 500_000; i++) {
    const hash = Math.imul(i, 0x9e3779b1) >>> 0;
    const address = `10.${hash >>> 24}.${(hash >>> 16) & 255}.${(hash >>> 8) & 255}`;
    store.announce(announceFrom(address, { torrent: i % 7, port: 1 + (hash & 255) }));
    assert.equal(store.refusal, 0);
  }
  assert.equal(store.stored, false);
});

test("the blocks of the defaults are IPv4 and IPv6 loopback", () => {
  const blocks = defaultConfig(limitsSection).exempt.map(parseCidr) as Cidr[];
  assert.deepEqual(
    blocks.map(({ address, prefixBits }) => [address.length, prefixBits]),
    [
      [4, 8],
      [16, 128],
    ],
  );
});
