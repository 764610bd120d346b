import assert from "node:assert/strict";
import { test } from "node:test";
import {
  EVENT_COMPLETED,
  EVENT_NONE,
  EVENT_PAUSED,
  EVENT_STARTED,
  EVENT_STOPPED,
} from "@swarmtide/bittorrent";
import fc from "fast-check";
import { announceQueryString, encodePercent } from "../client-request.ts";
import { asciiBytes } from "./byte-class.ts";
import {
  describeQueryStatus,
  QUERY_BAD_INFO_HASH,
  QUERY_BAD_LEFT,
  QUERY_BAD_PEER_ID,
  QUERY_BAD_PERCENT,
  QUERY_BAD_PORT,
  QUERY_FULL_SCRAPE,
  QUERY_NO_INFO_HASH,
  QUERY_NO_PEER_ID,
  QUERY_NO_PORT,
  QUERY_OK,
  QUERY_STATUS_COUNT,
  TrackerQuery,
} from "./query-record.ts";
import { parseAnnounceQuery, parseScrapeQuery } from "./tracker-query.ts";

const query = new TrackerQuery(200);

const announce = (text: string) => {
  const bytes = asciiBytes(text);
  return parseAnnounceQuery(query, bytes, 0, bytes.length);
};
const scrape = (text: string, record = query) => {
  const bytes = asciiBytes(text);
  return parseScrapeQuery(record, bytes, 0, bytes.length);
};
const text = (bytes: Uint8Array, length: number) =>
  String.fromCharCode(...bytes.subarray(0, length));

// 04 0b "kV?\r" … : escaped, plain, lower- and upper-case hex digits.
const INFO_HASH = "%04%0bkV%3f%5cr%14%a6%b7%98%adC%c3%C9.%40%24%00%b9";
const INFO_HASH_BYTES = [
  0x04, 0x0b, 0x6b, 0x56, 0x3f, 0x5c, 0x72, 0x14, 0xa6, 0xb7, 0x98, 0xad, 0x43, 0xc3, 0xc9, 0x2e,
  0x40, 0x24, 0x00, 0xb9,
];
const REQUIRED = `info_hash=${INFO_HASH}&peer_id=-ABC940-5ert69muw5t8&port=12345`;

test("a golden announce is read field by field", () => {
  const status = announce(
    `${REQUIRED}&uploaded=1&downloaded=2&left=3&numwant=0&key=4ab4b877&compact=1` +
      "&supportcrypto=1&event=started&trackerid=a%20b&no_peer_id=1",
  );
  assert.equal(status, QUERY_OK);
  assert.deepEqual([...query.hashBytes.subarray(0, 20)], INFO_HASH_BYTES);
  assert.equal(query.hashCount, 1);
  assert.equal(text(query.peerId, 20), "-ABC940-5ert69muw5t8");
  assert.deepEqual(
    [query.port, query.uploaded, query.downloaded, query.left, query.peersWanted, query.event],
    [12345, 1, 2, 3, 0, EVENT_STARTED],
  );
  assert.equal(text(query.key, query.keyLength), "4ab4b877");
  assert.equal(text(query.trackerId, query.trackerIdLength), "a b");
  assert.equal(query.isCompact, true);
  assert.equal(query.wantsNoPeerId, true);
});

test("the info hash lies in the words in native order, five of them", () => {
  assert.equal(announce(REQUIRED), QUERY_OK);
  const words = new Int32Array(Uint8Array.from(INFO_HASH_BYTES).buffer);
  assert.deepEqual([...query.hashWords.subarray(0, 5)], [...words]);
});

test("what a lenient tracker accepts is accepted", () => {
  const base = { left: -1, uploaded: -1, downloaded: -1, wanted: -1, event: EVENT_NONE };
  const read = (suffix: string, prefix = "") => {
    const status = announce(`${prefix}${REQUIRED}${suffix}`);
    assert.equal(status, QUERY_OK, `${prefix}…${suffix}: ${describeQueryStatus(status)}`);
    assert.deepEqual([...query.hashBytes.subarray(0, 20)], INFO_HASH_BYTES);
    return {
      left: query.left,
      uploaded: query.uploaded,
      downloaded: query.downloaded,
      wanted: query.peersWanted,
      event: query.event,
    };
  };
  assert.deepEqual(read(""), base);
  assert.deepEqual(read("&event="), base);
  assert.deepEqual(read("&event=empty"), base);
  assert.deepEqual(read("&&"), base);
  assert.deepEqual(read("&bare"), base);
  assert.deepEqual(read("", "bare&"), base);
  assert.deepEqual(read("", "&&=&=x&"), base);
  assert.deepEqual(read("&x=a=b=c&left=7"), { ...base, left: 7 });
  assert.deepEqual(read("&left=&uploaded=&downloaded=&numwant="), base);
  assert.deepEqual(read("&left=-1&numwant=-1&uploaded=NaN&downloaded=-5"), base);
  assert.deepEqual(read("&left=1&left=2"), { ...base, left: 2 });
  assert.deepEqual(read("&%6ceft=%35"), { ...base, left: 5 });
  assert.deepEqual(read("&ip=192.0.2.1&ipv6=2001:db8::1&corrupt=0&LEFT=1"), base);
  assert.deepEqual(read(`&${"%61".repeat(100)}=1`), base);
  const huge = "9".repeat(400);
  assert.equal(read(`&left=${huge}`).left, Number.MAX_SAFE_INTEGER);
  assert.equal(read("&left=0000000000000000000007").left, 7);
});

test("a plus sign is a blank, as Go and Python encode one; %2B is a plus sign", () => {
  const hash = `%2B+${"a+".repeat(9)}`;
  assert.equal(announce(`info_hash=${hash}&peer_id=${hash}&port=1&trackerid=a+b%2b`), QUERY_OK);
  assert.equal(text(query.hashBytes, 20), `+ ${"a ".repeat(9)}`);
  assert.equal(text(query.trackerId, query.trackerIdLength), "a b+");
  assert.equal(scrape(`info_hash=${hash}`), QUERY_OK);
  assert.equal(text(query.hashBytes, 20), `+ ${"a ".repeat(9)}`);
});

test("what Node's form encoder writes of any bytes is read back", () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 20, maxLength: 20 }), (bytes) => {
      // Bytes beyond 0x7f would be written as UTF-8: an info hash of ASCII is what this encoder can carry.
      const ascii = Buffer.from(bytes.map((byte) => byte & 0x7f)).toString("latin1");
      const form = new URLSearchParams([["info_hash", ascii]]).toString();
      assert.equal(scrape(form), QUERY_OK);
      assert.equal(text(query.hashBytes, 20), ascii);
    }),
  );
});

test("all events are known", () => {
  const events = [
    ["started", EVENT_STARTED],
    ["stopped", EVENT_STOPPED],
    ["completed", EVENT_COMPLETED],
    ["paused", EVENT_PAUSED],
    ["%73topped", EVENT_STOPPED],
  ] as const;
  for (const [name, event] of events) {
    assert.equal(announce(`${REQUIRED}&event=${name}`), QUERY_OK);
    assert.equal(query.event, event);
  }
});

test("compact=0 is understood and anything else is compact", () => {
  for (const [suffix, isCompact] of [
    ["", true],
    ["&compact=1", true],
    ["&compact=0", false],
    ["&compact=", true],
    ["&compact", true],
  ] as const) {
    assert.equal(announce(REQUIRED + suffix), QUERY_OK);
    assert.equal(query.isCompact, isCompact, suffix);
  }
});

test("a text longer than the room for it counts as not given", () => {
  assert.equal(announce(`${REQUIRED}&key=${"k".repeat(65)}&trackerid=${"t".repeat(64)}`), QUERY_OK);
  assert.equal(query.keyLength, 0);
  assert.equal(query.trackerIdLength, 64);
});

const REFUSED: readonly [name: string, text: string, status: number][] = [
  ["no info hash", "peer_id=-ABC940-5ert69muw5t8&port=1", QUERY_NO_INFO_HASH],
  ["a short info hash", "info_hash=abc", QUERY_BAD_INFO_HASH],
  ["a long info hash", `info_hash=${INFO_HASH}a`, QUERY_BAD_INFO_HASH],
  ["an empty info hash", "info_hash=", QUERY_BAD_INFO_HASH],
  ["no peer id", `info_hash=${INFO_HASH}&port=1`, QUERY_NO_PEER_ID],
  ["a short peer id", "peer_id=abc", QUERY_BAD_PEER_ID],
  ["no port", `info_hash=${INFO_HASH}&peer_id=-ABC940-5ert69muw5t8`, QUERY_NO_PORT],
  ["an empty port", `info_hash=${INFO_HASH}&peer_id=-ABC940-5ert69muw5t8&port=`, QUERY_NO_PORT],
  ["port 0", "port=0", QUERY_BAD_PORT],
  ["port 65536", "port=65536", QUERY_BAD_PORT],
  ["a negative port", "port=-1", QUERY_BAD_PORT],
  ["a port in words", "port=http", QUERY_BAD_PORT],
  ["left in words", "left=all", QUERY_BAD_LEFT],
  ["a bad percent in a value", "left=%zz", QUERY_BAD_PERCENT],
  ["a bad percent in an info hash", "info_hash=%0", QUERY_BAD_PERCENT],
  ["a bad percent in a key", "%zz=1", QUERY_BAD_PERCENT],
];

for (const [name, suffix, status] of REFUSED)
  test(`an announce with ${name} is refused`, () => {
    const whole = name.startsWith("no ") || name.includes("empty port");
    assert.equal(announce(whole ? suffix : `${REQUIRED}&${suffix}`), status);
  });

test("nothing of one announce is left in the next", () => {
  announce(`${REQUIRED}&left=1&event=stopped&numwant=3&compact=0&key=a&trackerid=b&uploaded=4`);
  assert.equal(announce(REQUIRED), QUERY_OK);
  assert.deepEqual(
    [query.left, query.event, query.peersWanted, query.isCompact, query.keyLength],
    [-1, EVENT_NONE, -1, true, 0],
  );
  assert.deepEqual([query.trackerIdLength, query.uploaded], [0, -1]);
  assert.equal(announce("port=1"), QUERY_NO_INFO_HASH);
});

test("what the client side writes is what the tracker reads", () => {
  const bytes20 = fc.uint8Array({ minLength: 20, maxLength: 20 });
  fc.assert(
    fc.property(
      fc.record({
        infoHash: bytes20,
        peerId: bytes20,
        port: fc.integer({ min: 1, max: 65535 }),
        uploaded: fc.maxSafeNat(),
        downloaded: fc.maxSafeNat(),
        left: fc.maxSafeNat(),
        event: fc.constantFrom(0, 1, 2, 3, 4) as fc.Arbitrary<0 | 1 | 2 | 3 | 4>,
        peersWanted: fc.nat(),
        compact: fc.boolean(),
        noPeerId: fc.boolean(),
        key: fc.uint8Array({ minLength: 1, maxLength: 64 }),
        trackerId: fc.uint8Array({ minLength: 1, maxLength: 64 }),
      }),
      (sent) => {
        assert.equal(announce(announceQueryString(sent)), QUERY_OK);
        assert.deepEqual(
          {
            infoHash: query.hashBytes.slice(0, 20),
            peerId: query.peerId.slice(),
            port: query.port,
            uploaded: query.uploaded,
            downloaded: query.downloaded,
            left: query.left,
            event: query.event,
            peersWanted: query.peersWanted,
            compact: query.isCompact,
            noPeerId: query.wantsNoPeerId,
            key: query.key.slice(0, query.keyLength),
            trackerId: query.trackerId.slice(0, query.trackerIdLength),
          },
          { ...sent },
        );
      },
    ),
  );
});

test("a scrape gives its info hashes sorted and each once", () => {
  const bytes20 = fc.uint8Array({ minLength: 20, maxLength: 20 });
  fc.assert(
    fc.property(fc.array(bytes20, { minLength: 1, maxLength: 150 }), fc.nat(), (hashes, pick) => {
      const sent = [...hashes, hashes[pick % hashes.length]];
      const status = scrape(sent.map((hash) => `info_hash=${encodePercent(hash)}`).join("&"));
      assert.equal(status, QUERY_OK);
      assert.equal(query.hashesSeen, sent.length);
      const expected = [...new Set(sent.map((hash) => Buffer.from(hash).toString("hex")))].sort();
      const seen = Array.from({ length: query.hashCount }, (_, i) =>
        Buffer.from(query.hashBytes.subarray(i * 20, i * 20 + 20)).toString("hex"),
      );
      assert.deepEqual(seen, expected);
    }),
  );
});

test("a scrape keeps as many info hashes as there is room for and counts all", () => {
  const small = new TrackerQuery(2);
  const hashes = ["c", "b", "a"].map((letter) => `info_hash=${letter.repeat(20)}`);
  assert.equal(scrape(hashes.join("&"), small), QUERY_OK);
  assert.equal(small.hashCount, 2);
  assert.equal(small.hashesSeen, 3);
  assert.equal(text(small.hashBytes, 40), "b".repeat(20) + "c".repeat(20));
});

test("a scrape without info hash is a full scrape, and bad info hashes are refused", () => {
  assert.equal(scrape(""), QUERY_FULL_SCRAPE);
  assert.equal(scrape("info_hash=&a=b&info_hash"), QUERY_FULL_SCRAPE);
  assert.equal(scrape("info_hash=abc"), QUERY_BAD_INFO_HASH);
  assert.equal(scrape("info_hash=%"), QUERY_BAD_PERCENT);
  assert.equal(scrape(`x=1&${REQUIRED}`), QUERY_OK);
});

test("random bytes never throw", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (noise) => {
      const bytes = Uint8Array.from([...asciiBytes(`${REQUIRED}&`), ...noise]);
      for (const start of [0, REQUIRED.length]) {
        const first = parseAnnounceQuery(query, bytes, start, bytes.length);
        const second = parseScrapeQuery(query, bytes, start, bytes.length);
        assert.ok(first >= 0 && first < QUERY_STATUS_COUNT);
        assert.ok(second >= 0 && second < QUERY_STATUS_COUNT);
      }
    }),
    { numRuns: 1000 },
  );
});
