import assert from "node:assert/strict";
import { test } from "node:test";
import { infoHashToHex } from "@swarmtide/bittorrent";
import { readAnnounceReply, readScrapeReply } from "@swarmtide/http-protocol";
import {
  ANNOUNCE_SEEDER,
  Announce,
  AnnounceInterval,
  type InfoHashFilter,
  portInPacketOrder,
  readSwarmTotals,
} from "@swarmtide/swarm";
import { announceTarget, httpGet } from "@swarmtide/test-kit";
import {
  ANNOUNCES,
  ERRORS,
  NOT_STORED,
  REFUSED_TORRENTS,
  SCRAPE_TORRENTS_OVER_LIMIT,
  SCRAPES,
  UNKNOWN_EVENTS,
} from "../counters.ts";
import { ask, type Fixture, hashOf, makeFixture } from "../testing/tracker-fixture.ts";

function announce(fixture: Fixture, target: string, from = "192.0.2.1", ...headers: string[]) {
  const [answer] = ask(fixture, httpGet(target, ...headers), from);
  assert.equal(answer.status, 200);
  const reply = readAnnounceReply(answer.body);
  assert.ok(reply.failureReason === undefined, reply.failureReason);
  return reply;
}

function failure(fixture: Fixture, target: string, from = "192.0.2.1") {
  const [answer] = ask(fixture, httpGet(target), from);
  assert.equal(answer.status, 200);
  const reply = readAnnounceReply(answer.body);
  assert.ok(reply.failureReason !== undefined, answer.text);
  return reply;
}

function scrape(fixture: Fixture, letters: string, from = "192.0.2.1") {
  const query = [...letters].map((letter) => `info_hash=${letter.repeat(20)}`).join("&");
  const [answer] = ask(fixture, httpGet(`/scrape?${query}`), from);
  const reply = readScrapeReply(answer.body);
  assert.ok(reply.failureReason === undefined, reply.failureReason);
  return { counts: (letter: string) => reply.files.get(infoHashToHex(hashOf(letter))), reply };
}

test("a leecher gets the seeder, the seeder the leecher, and counts include the asker", () => {
  const fixture = makeFixture();
  const first = announce(fixture, announceTarget("a", 1001, "&left=0&event=started"), "192.0.2.1");
  assert.deepEqual([first.complete, first.incomplete, first.peers], [1, 0, []]);
  const second = announce(fixture, announceTarget("a", 1002, "&left=9"), "192.0.2.2");
  assert.deepEqual([second.complete, second.incomplete], [1, 1]);
  assert.deepEqual(second.peers, [{ address: "192.0.2.1", port: 1001 }]);
  const third = announce(fixture, announceTarget("a", 1001, "&left=0"), "192.0.2.1");
  assert.deepEqual(third.peers, [{ address: "192.0.2.2", port: 1002 }]);
});

test("a peer that another protocol put into the store is found over HTTP, and the other way round", () => {
  const fixture = makeFixture();
  const hash = new Int32Array(hashOf("a").slice().buffer);
  const address = new Int32Array(Uint8Array.of(198, 51, 100, 7).buffer);
  const reply = new Uint16Array(300);
  const announced = new Announce(hash, address, reply);
  announced.port = portInPacketOrder(6881);
  announced.flags = ANNOUNCE_SEEDER;
  fixture.store.announce(announced);
  const answer = announce(fixture, announceTarget("a", 6882, "&left=1"), "192.0.2.2");
  assert.deepEqual(answer.peers, [{ address: "198.51.100.7", port: 6881 }]);
  announced.peersWanted = 9;
  const count = fixture.store.announce(announced);
  assert.equal(count, 1);
  assert.deepEqual([...new Uint8Array(reply.buffer, 0, 6)], [192, 0, 2, 2, 0x1a, 0xe2]);
});

test("each address family has its own swarm, and IPv4-mapped addresses are IPv4", () => {
  const fixture = makeFixture();
  announce(fixture, announceTarget("a", 1, "&left=0"), "2001:db8::1");
  const ipv4 = announce(fixture, announceTarget("a", 2, "&left=1"), "192.0.2.1");
  assert.deepEqual([ipv4.complete, ipv4.incomplete, ipv4.peers], [0, 1, []]);
  assert.equal(ipv4.externalIp, "192.0.2.1");
  const ipv6 = announce(fixture, announceTarget("a", 3, "&left=1"), "2001:db8::2");
  assert.deepEqual(ipv6.peers, [{ address: "2001:db8::1", port: 1 }]);
  assert.equal(ipv6.externalIp, "2001:db8::2");
  const mapped = announce(fixture, announceTarget("a", 4, "&left=1"), "::ffff:192.0.2.9");
  assert.deepEqual(mapped.peers, [{ address: "192.0.2.1", port: 2 }]);
  const { counters } = fixture;
  assert.deepEqual([counters.sum(ANNOUNCES, 4), counters.sum(ANNOUNCES, 6)], [2, 2]);
});

test("compact=0 gives dictionaries, in both families", () => {
  const fixture = makeFixture();
  for (const [from, asker] of [
    ["192.0.2.1", "192.0.2.2"],
    ["2001:db8:0:0:0:0:0:1", "2001:db8::2"],
  ]) {
    for (let port = 1; port <= 60; port++)
      announce(fixture, announceTarget("a", port, "&left=0"), from);
    const answer = announce(fixture, announceTarget("a", 99, "&left=1&compact=0"), asker);
    assert.equal(answer.peers.length, 50);
    assert.ok(answer.peers.every(({ address, port }) => address === from && port >= 1));
  }
});

test("numwant: absent or negative is the maximum, 0 none, else at most the maximum", () => {
  const fixture = makeFixture({ config: { maxResponsePeers: 5 } });
  for (let port = 1; port <= 9; port++) announce(fixture, announceTarget("a", port, "&left=0"));
  const peers = (more: string) =>
    announce(fixture, announceTarget("a", 99, `&left=1${more}`), "192.0.2.2").peers.length;
  assert.deepEqual(
    ["", "&numwant=-1", "&numwant=", "&numwant=0", "&numwant=1", "&numwant=3", "&numwant=200"].map(
      peers,
    ),
    [5, 5, 5, 0, 1, 3, 5],
  );
});

test("stopped takes the peer out and gets counts and no peers", () => {
  const fixture = makeFixture();
  announce(fixture, announceTarget("a", 1, "&left=0"), "192.0.2.1");
  announce(fixture, announceTarget("a", 2, "&left=1"), "192.0.2.2");
  const stopped = announce(fixture, announceTarget("a", 2, "&left=1&event=stopped"), "192.0.2.2");
  assert.deepEqual([stopped.complete, stopped.incomplete, stopped.peers], [1, 0, []]);
});

test("completed counts a known leecher once, and every scrape shows it", () => {
  const fixture = makeFixture();
  announce(fixture, announceTarget("a", 1, "&left=5&event=started"));
  announce(fixture, announceTarget("a", 1, "&left=0&event=completed"));
  const again = announce(fixture, announceTarget("a", 1, "&left=0&event=completed"));
  assert.equal(again.downloaded, 1);
  announce(fixture, announceTarget("a", 2, "&left=0&event=completed"));
  assert.equal(scrape(fixture, "a").counts("a")?.downloaded, 1);
});

test("a peer that does not say what it lacks is a leecher, unless it has just completed", () => {
  const fixture = makeFixture();
  announce(fixture, announceTarget("a", 1));
  assert.equal(scrape(fixture, "a").counts("a")?.incomplete, 1);
  announce(fixture, announceTarget("a", 1, "&event=completed"));
  assert.deepEqual(scrape(fixture, "a").counts("a"), {
    complete: 1,
    incomplete: 0,
    downloaded: 1,
    downloaders: 0,
  });
});

test("a partial seed (paused) is a leecher that does not download (BEP 21)", () => {
  const fixture = makeFixture();
  announce(fixture, announceTarget("a", 1, "&left=5"));
  announce(fixture, announceTarget("a", 2, "&left=5&event=paused"));
  assert.deepEqual(scrape(fixture, "a").counts("a"), {
    complete: 0,
    incomplete: 2,
    downloaded: 0,
    downloaders: 1,
  });
});

test("a peer that pauses with nothing left is a seeder, as over UDP", () => {
  const fixture = makeFixture();
  announce(fixture, announceTarget("a", 1, "&left=0&event=paused"));
  announce(fixture, announceTarget("a", 1, "&left=5"));
  assert.equal(scrape(fixture, "a").counts("a")?.downloaders, 1);
  announce(fixture, announceTarget("a", 1, "&left=0&event=paused"));
  assert.deepEqual(scrape(fixture, "a").counts("a"), {
    complete: 1,
    incomplete: 0,
    downloaded: 0,
    downloaders: 0,
  });
});

test("the address parameters of a request are ignored", () => {
  const fixture = makeFixture();
  announce(fixture, announceTarget("a", 1, "&left=0&ip=198.51.100.1&ipv4=198.51.100.1"));
  const answer = announce(fixture, announceTarget("a", 2, "&left=1"), "192.0.2.2");
  assert.deepEqual(answer.peers, [{ address: "192.0.2.1", port: 1 }]);
});

test("intervals lie within ten percent of the configured one, and differ", () => {
  const fixture = makeFixture({ interval: new AnnounceInterval(900, 1) });
  const intervals = Array.from(
    { length: 300 },
    () => announce(fixture, announceTarget("a", 1)).intervalSeconds,
  );
  assert.ok(intervals.every((seconds) => seconds >= 810 && seconds <= 990));
  assert.ok(Math.min(...intervals) < 820 && Math.max(...intervals) > 980);
  assert.equal(announce(fixture, announceTarget("a", 1)).minIntervalSeconds, 300);
});

test("scrape: unknown torrents are zeros, more than the maximum are cut off, BEP 48's flag is there", () => {
  const fixture = makeFixture({ config: { maxScrapeTorrents: 3 } });
  announce(fixture, announceTarget("b", 1, "&left=0"));
  const { counts, reply } = scrape(fixture, "dbaac");
  assert.deepEqual(counts("b"), { complete: 1, incomplete: 0, downloaded: 0, downloaders: 0 });
  assert.deepEqual(counts("a"), { complete: 0, incomplete: 0, downloaded: 0, downloaders: 0 });
  assert.equal(reply.files.size, 3);
  assert.equal(reply.minRequestIntervalSeconds, 300);
  assert.equal(fixture.counters.sum(SCRAPE_TORRENTS_OVER_LIMIT), 2);
  assert.equal(scrape(fixture, "b", "2001:db8::1").counts("b")?.complete, 0);
  assert.deepEqual([fixture.counters.sum(SCRAPES, 4), fixture.counters.sum(SCRAPES, 6)], [1, 1]);
});

test("a scrape of 100 torrents, fully percent-encoded, is answered whole", () => {
  const fixture = makeFixture();
  const query = Array.from(
    { length: 100 },
    (_, i) => `info_hash=${`%${i.toString(16).padStart(2, "0")}`.repeat(20)}`,
  );
  const [answer] = ask(fixture, httpGet(`/scrape?${query.join("&")}`));
  const reply = readScrapeReply(answer.body);
  assert.equal(reply.failureReason === undefined && reply.files.size, 100);
});

test("a scrape without info hash is refused: there is no dump of everything", () => {
  const fixture = makeFixture();
  for (const target of ["/scrape", "/scrape?", "/scrape?x=1"])
    assert.match(failure(fixture, target).failureReason, /at least one info_hash/);
  assert.equal(fixture.counters.sum(ERRORS), 3);
});

test("bad parameters are failures in words, and the connection goes on", () => {
  const fixture = makeFixture();
  const cases: [target: string, reason: RegExp][] = [
    ["/announce", /info_hash is missing/],
    ["/announce?info_hash=abc", /info_hash is not 20 bytes/],
    ["/announce?info_hash=aaaaaaaaaaaaaaaaaaaa&port=1", /peer_id is missing/],
    [announceTarget("a", 0), /port is not a number/],
    [announceTarget("a", 1, "&left=x"), /left is not a number/],
  ];
  for (const [target, reason] of cases)
    assert.match(failure(fixture, target).failureReason, reason);
  assert.equal(readSwarmTotals(fixture.store).torrents, 0);
  assert.equal(fixture.counters.sum(ANNOUNCES), 0, "none of them is valid");
  assert.equal(fixture.counters.sum(ERRORS), cases.length);
});

test("an event that nobody knows counts as none, and is counted", () => {
  const fixture = makeFixture();
  const reply = announce(fixture, announceTarget("a", 1, "&left=0&event=begun"));
  assert.equal(reply.complete, 1);
  announce(fixture, announceTarget("a", 1, "&left=0&event=STARTED"));
  assert.equal(fixture.counters.sum(UNKNOWN_EVENTS), 1);
  assert.equal(announce(fixture, announceTarget("a", 1, "&event=Stopped")).complete, 0);
});

test("the access list refuses announces, and reads as zeros in scrapes", () => {
  const first = new Int32Array(hashOf("a").slice().buffer)[0];
  const onlyA: InfoHashFilter = { allows: (words, at) => words[at] === first };
  const fixture = makeFixture();
  announce(fixture, announceTarget("b", 1, "&left=0"));
  fixture.admission.replace(onlyA);
  announce(fixture, announceTarget("a", 1, "&left=0"));
  const refused = failure(fixture, announceTarget("b", 1));
  assert.match(refused.failureReason, /not allowed/);
  assert.equal(refused.retryIn, undefined);
  assert.equal(fixture.counters.sum(REFUSED_TORRENTS), 1);
  assert.equal(fixture.counters.sum(ANNOUNCES), 3, "a refused announce is a valid one");
  const { counts } = scrape(fixture, "ab");
  assert.equal(counts("a")?.complete, 1);
  assert.equal(counts("b")?.complete, 0);
  fixture.admission.replace({ allows: () => true });
  assert.equal(scrape(fixture, "b").counts("b")?.complete, 1);
});

test("a peer that finds no room in the store is answered with a warning", () => {
  const fixture = makeFixture();
  const { store } = fixture;
  const warnings = new Set<string | undefined>();
  for (let port = 1; port <= 2; port++) {
    if (port === 2)
      store.announce = () => {
        store.stored = false;
        return 0;
      };
    warnings.add(announce(fixture, announceTarget("a", port)).warning);
  }
  assert.equal(warnings.size, 2);
  assert.match([...warnings].join(), /no room/);
  assert.equal(fixture.counters.sum(NOT_STORED), 1);
});

test("what a lenient tracker accepts is accepted: event=, bare tokens, 17 headers, compact=0", () => {
  const fixture = makeFixture();
  announce(fixture, announceTarget("a", 1, "&event="));
  announce(fixture, `/announce?bare&${announceTarget("a", 1).split("?")[1]}`);
  announce(fixture, announceTarget("a", 1, "&a=b=c&&d"));
  announce(fixture, announceTarget("a", 1), "192.0.2.1", ...Array(30).fill("X-Header: y"));
  announce(fixture, announceTarget("a", 1, `&pad=${"x".repeat(5000)}`));
  announce(fixture, announceTarget("a", 1, "&compact=0&event=paused"));
});
