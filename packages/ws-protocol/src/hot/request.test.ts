import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { formatAnnounce, formatScrape } from "../client-messages.ts";
import { emptyReport, fuzzRequests } from "../testing/fuzz.ts";
import { expectRequest, foundRequest } from "../testing/request-oracle.ts";
import {
  ANNOUNCE,
  ANSWER,
  encoder,
  id,
  name,
  OFFER,
  parse,
  parseJson,
  request,
  slice,
} from "../testing/request-reader.ts";
import { LEFT_UNKNOWN } from "./request-record.ts";
import * as status from "./request-status.ts";

test("a browser's announce is read: ids as bytes, offers as the text they came in", () => {
  const text =
    '{"numwant":2,"uploaded":0,"downloaded":0,"left":null,"event":"started","action":"announce",' +
    `"info_hash":"${"\u00e9".repeat(20)}","peer_id":"-WW0203-\\u0000\\u001f\\"\\\\abcdefgh",` +
    '"offers":[{"offer":{"type":"offer","sdp":"v=0\\r\\n é"},"offer_id":"01234567890123456789"},' +
    '{"offer_id":"\\u0000\\u00ff345678901234567890","offer": {"sdp":"", "type":"offer"} }]}';
  assert.equal(parse(text), status.REQUEST_ANNOUNCE);
  assert.deepEqual(request.ids.slice(0, 20), id(0xe9));
  assert.equal(
    Buffer.from(request.ids.slice(20, 40)).toString("latin1"),
    '-WW0203-\u0000\u001f"\\abcdefgh',
  );
  assert.equal(request.event, 2);
  assert.equal(request.left, LEFT_UNKNOWN);
  assert.equal(request.numwant, 2);
  assert.equal(request.offers, 2);
  assert.equal(slice(request.infoHashStart, request.infoHashEnd), `"${"é".repeat(20)}"`);
  assert.equal(
    slice(request.offerRanges[0], request.offerRanges[1]),
    '{"type":"offer","sdp":"v=0\\r\\n é"}',
  );
  assert.equal(slice(request.offerRanges[2], request.offerRanges[3]), '"01234567890123456789"');
  assert.equal(slice(request.offerRanges[4], request.offerRanges[5]), '{"sdp":"", "type":"offer"}');
  const secondId = new Uint8Array(20);
  request.readOfferId(1, secondId, 0);
  assert.deepEqual(secondId.subarray(0, 2), Uint8Array.of(0, 255));
  assert.equal(request.hasAnswer, false);
});

test("what a client formats is what the tracker reads", () => {
  const ids = fc.uint8Array({ minLength: 20, maxLength: 20 });
  const sdp = fc.string({ unit: "binary", maxLength: 50 });
  const message = fc.record(
    {
      infoHash: ids,
      peerId: ids,
      left: fc.nat(),
      event: fc.constantFrom("started", "completed", "stopped", "update", "paused") as fc.Arbitrary<
        "started" | "completed" | "stopped" | "update" | "paused"
      >,
      numwant: fc.integer(),
      offers: fc.array(
        fc.record({ offer: fc.record({ type: fc.constant("offer" as const), sdp }), offerId: ids }),
        { maxLength: 12 },
      ),
      answer: fc.record({
        answer: fc.record({ type: fc.constant("answer" as const), sdp }),
        toPeerId: ids,
        offerId: ids,
      }),
    },
    { requiredKeys: ["infoHash", "peerId"] },
  );
  fc.assert(
    fc.property(message, (announce) => {
      const bytes = encoder.encode(formatAnnounce(announce));
      const found = foundRequest(request, request.read(bytes, 0, bytes.length));
      assert.deepEqual(found, expectRequest(bytes, 10, 20));
      assert.equal(found.status, status.REQUEST_ANNOUNCE);
      assert.deepEqual(found.infoHash, announce.infoHash);
    }),
  );
});

test("the parser agrees with JSON.parse on thousands of proper, twisted and broken messages", () => {
  const report = emptyReport();
  fc.assert(
    fc.property(fc.nat(), (seed) => fuzzRequests(100, seed, report)),
    { numRuns: 150 },
  );
  assert.equal(report.messages, 15_000);
  assert.ok(
    report.announces > 2000 && report.scrapes > 500 && report.refused > 2000,
    JSON.stringify(report),
  );
});

test("every truncation of a message is refused as JSON", () => {
  const bytes = encoder.encode(JSON.stringify({ ...ANNOUNCE, offers: [OFFER], left: 1 }));
  assert.equal(request.read(bytes, 0, bytes.length), status.REQUEST_ANNOUNCE);
  for (let length = 0; length < bytes.length; length++) {
    const found = request.read(bytes, 0, length);
    // A character cut in half is not UTF-8 either.
    assert.ok(
      found === status.REQUEST_BAD_JSON || found === status.REQUEST_BAD_UTF8,
      String(length),
    );
  }
});

test("every single byte of a message changed to every value agrees with JSON.parse", () => {
  const original = encoder.encode(
    '{"action":"announce","info_hash":"\\u00e9é345678901234567890","peer_id":"01234567890123456789","left":0,' +
      '"offers":[{"offer":{"type":"offer","sdp":"\\n"},"offer_id":"98765432109876543210"}]}',
  );
  for (let at = 0; at < original.length; at++) {
    const bytes = original.slice();
    for (let value = 0; value < 256; value++) {
      bytes[at] = value;
      const found = foundRequest(request, request.read(bytes, 0, bytes.length));
      const expected = expectRequest(bytes, 10, 20);
      if (found.status !== expected.status)
        assert.deepEqual(found, expected, `byte ${at} = ${value}`);
      else if (value % 16 === 0) assert.deepEqual(found, expected);
    }
  }
});

test("offers of the wrong shape are refused", () => {
  for (const offers of [
    [[]],
    ["x"],
    [1],
    {},
    "x",
    5,
    true,
    [{ ...OFFER, offer: "v=0" }],
    [{ ...OFFER, offer: { type: "answer", sdp: "" } }],
    [{ ...OFFER, offer: { type: "offer", sdp: 5 } }],
    [{ offer: "v=0" }],
    [{ offer: null, offer_id: "short" }],
    [{ ...OFFER, offer: { type: ["offer"], sdp: "" } }],
  ])
    assert.equal(
      parseJson({ ...ANNOUNCE, offers }),
      status.REQUEST_BAD_OFFERS,
      JSON.stringify(offers),
    );
  for (const offers of [null, []]) {
    assert.equal(parseJson({ ...ANNOUNCE, offers }), status.REQUEST_ANNOUNCE);
    assert.equal(request.offers, 0);
  }
});

test("offers that are null, or whose parts are null or missing, are left out, and those beside them count", () => {
  for (const nothing of [
    null,
    {},
    { offer_id: name(1) },
    { offer: OFFER.offer },
    { offer: null, offer_id: null },
    { ...OFFER, offer: null },
    { ...OFFER, offer_id: null },
    { ...OFFER, offer: { type: "offer" } },
    { ...OFFER, offer: { sdp: "v=0" } },
    { ...OFFER, offer: { type: "offer", sdp: null } },
    { ...OFFER, offer: { type: null, sdp: "v=0" } },
  ])
    for (const offers of [[nothing], [nothing, OFFER], [OFFER, nothing, OFFER]]) {
      assert.equal(parseJson({ ...ANNOUNCE, offers }), status.REQUEST_ANNOUNCE);
      assert.equal(request.offers, offers.length - 1, JSON.stringify(offers));
      if (offers.length > 1) {
        const [start, end] = request.offerRanges.subarray(0, 2);
        assert.equal(slice(start, end), JSON.stringify(OFFER.offer));
      }
    }
});

test("surplus offers are checked and left out", () => {
  assert.equal(
    parseJson({ ...ANNOUNCE, offers: new Array(25).fill(OFFER) }),
    status.REQUEST_ANNOUNCE,
  );
  assert.equal(request.offers, 10);
  assert.equal(
    parseJson({ ...ANNOUNCE, offers: [...new Array(25).fill(OFFER), 5] }),
    status.REQUEST_BAD_OFFERS,
  );
});

test("an answer needs its shape, whom it is for and which offer it answers", () => {
  assert.equal(parseJson({ ...ANNOUNCE, ...ANSWER }), status.REQUEST_ANNOUNCE);
  assert.equal(request.hasAnswer, true);
  assert.deepEqual(request.ids.slice(40, 60), id(1));
  assert.deepEqual(request.ids.slice(60, 80), id(2));
  assert.equal(slice(request.answerStart, request.answerEnd), JSON.stringify(ANSWER.answer));
  for (const answer of [{}, [], "x", { type: "offer", sdp: "" }, { type: "answer" }])
    assert.equal(parseJson({ ...ANNOUNCE, ...ANSWER, answer }), status.REQUEST_BAD_ANSWER);
  assert.equal(parseJson({ ...ANNOUNCE, ...ANSWER, answer: null }), status.REQUEST_ANNOUNCE);
  assert.equal(request.hasAnswer, false);
});

test("deep JSON is refused at its depth, anywhere in a message", () => {
  const deep = (levels: number) => "[".repeat(levels) + "]".repeat(levels);
  const inMessage = (levels: number) =>
    parse(`{"x":${deep(levels)},"action":"scrape","info_hash":"${"a".repeat(20)}"}`);
  assert.equal(inMessage(31), status.REQUEST_SCRAPE);
  assert.equal(inMessage(32), status.REQUEST_BAD_DEPTH);
  assert.equal(parse("[".repeat(100_000)), status.REQUEST_BAD_DEPTH);
  assert.equal(parse('{"offers":[{"offer":'.repeat(20_000)), status.REQUEST_BAD_DEPTH);
});

test("scrapes: one, many, none and too many", () => {
  const scrape = (value: unknown) => parseJson({ action: "scrape", info_hash: value });
  assert.equal(parse(formatScrape([id(1)])), status.REQUEST_SCRAPE);
  assert.deepEqual([request.scrapes, request.scrapeInfoHashes[0]], [1, 1]);
  assert.equal(parse(formatScrape([id(1), id(2)])), status.REQUEST_SCRAPE);
  assert.deepEqual([request.scrapes, request.scrapeInfoHashes[20]], [2, 2]);
  assert.equal(parse('{"action":"scrape"}'), status.REQUEST_BAD_SCRAPE_ALL);
  assert.equal(scrape(null), status.REQUEST_BAD_SCRAPE_ALL);
  assert.deepEqual([scrape([]), request.scrapes], [status.REQUEST_SCRAPE, 0], "a heartbeat");
  for (const bad of ["", name(1).slice(1), [name(1), null], [[name(1)]], 5, {}])
    assert.equal(scrape(bad), status.REQUEST_BAD_INFO_HASH);
  assert.equal(scrape(new Array(20).fill(name(1))), status.REQUEST_SCRAPE);
  assert.equal(scrape(new Array(21).fill(name(1))), status.REQUEST_BAD_SCRAPE_LENGTH);
});

test("what is not a request at all gets its own status", () => {
  assert.equal(parse("[]"), status.REQUEST_BAD_SHAPE);
  assert.equal(parse(" 5 "), status.REQUEST_BAD_SHAPE);
  assert.equal(parse("{}"), status.REQUEST_BAD_ACTION);
  assert.equal(parse('{"action":"Announce"}'), status.REQUEST_BAD_ACTION);
  assert.equal(parse('{"action":5}'), status.REQUEST_BAD_ACTION);
  assert.equal(parse(""), status.REQUEST_BAD_JSON);
  assert.equal(parse("{} x"), status.REQUEST_BAD_JSON);
  const notUtf8 = Uint8Array.of(0x7b, 0x5d, 0xff);
  assert.equal(request.read(notUtf8, 0, 3), status.REQUEST_BAD_UTF8);
});

test("every refusal has a reason that can stand in JSON as it is", () => {
  for (const failure of status.FAILURE_STATUSES) {
    const text = Buffer.from(status.failureReasonOf(failure) ?? []).toString("latin1");
    assert.match(text, /^[A-Za-z][ -~]{8,}$/);
    assert.equal(JSON.stringify(text), `"${text}"`);
  }
  assert.equal(status.failureReasonOf(status.REQUEST_ANNOUNCE), undefined);
});
