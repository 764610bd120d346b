/**
 * Requests that other HTTP trackers answer wrongly or not at all, as they come from real clients and from hostile ones.
 * Those of aquatic_http 0.9.0: it answers nothing to what it cannot parse and the connection never recovers.
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { readAnnounceReply, readScrapeReply } from "@swarmtide/http-protocol";
import { readSwarmTotals } from "@swarmtide/swarm";
import { announceTarget, httpGet } from "@swarmtide/test-kit";
import { ask, type Fixture, makeFixture } from "./testing/tracker-fixture.ts";

const [, QUERY = ""] = announceTarget("a", 6881, "&left=0").split("?");

/** The answer to one request, which must be an announce that succeeded on a connection that goes on. */
function succeeds(fixture: Fixture, request: string) {
  const [answer] = ask(fixture, request);
  assert.ok(answer);
  assert.equal(answer.status, 200, answer.text);
  assert.equal(answer.keepAlive, true);
  const reply = readAnnounceReply(answer.body);
  assert.ok(reply.failureReason === undefined, reply.failureReason);
  return reply;
}

const ACCEPTED: readonly [name: string, target: string][] = [
  ["a bare token before the parameters", `/announce?bare&${QUERY}`],
  ["a bare token between the parameters", `/announce?${QUERY.replace("&", "&bare&")}`],
  ["a leading ampersand", `/announce?&${QUERY}`],
  ["an empty segment", `/announce?${QUERY.replace("&", "&&")}`],
  ["an equals sign in a value", `/announce?x=a=b==&${QUERY}`],
  ["a percent-encoded name", `/announce?${QUERY.replace("port", "%70ort")}`],
  ["event with an empty value", `/announce?${QUERY}&event=`],
  ["event=empty", `/announce?${QUERY}&event=empty`],
  ["event=paused", `/announce?${QUERY}&event=paused`],
  ["compact=0", `/announce?${QUERY}&compact=0`],
  ["compact with an empty value", `/announce?${QUERY}&compact=`],
  ["a key that is not UTF-8", `/announce?${QUERY}&key=%ff%fe`],
  ["a key of 200 characters", `/announce?${QUERY}&key=${"k".repeat(200)}`],
  ["a negative numwant", `/announce?${QUERY}&numwant=-1`],
  ["no uploaded and no downloaded", `/announce?${QUERY}`],
  [
    "supportcrypto, corrupt, no_peer_id, ipv6",
    `/announce?${QUERY}&supportcrypto=1&corrupt=0&no_peer_id=1&ipv6=%3a%3a1`,
  ],
  ["a request of 7 KiB", `/announce?${QUERY}&pad=${"x".repeat(7000)}`],
  ["the absolute form", `http://tracker.example:3000/announce?${QUERY}`],
];

for (const [name, target] of ACCEPTED)
  test(`an announce with ${name} is answered`, () => {
    succeeds(makeFixture(), httpGet(target));
  });

test("an announce with forty headers is answered", () => {
  succeeds(makeFixture(), httpGet(`/announce?${QUERY}`, ...Array(40).fill("X-Header: value")));
});

test("of equal parameters the last one counts", () => {
  const fixture = makeFixture();
  succeeds(fixture, httpGet(`/announce?port=1&${QUERY}&port=7000`));
  const reply = succeeds(fixture, httpGet(announceTarget("a", 1, "&left=1")));
  assert.deepEqual(
    reply.peers.map(({ port }) => port),
    [7000],
  );
});

test("raw bytes in an info hash are bytes, not UTF-8, not Latin-1; a plus is a blank", () => {
  const fixture = makeFixture();
  const raw = "+\x80\xff\xc3\xa9aaaaaaaaaaaaaaa";
  succeeds(
    fixture,
    httpGet(`/announce?info_hash=${raw}&peer_id=-ST0001-abcdefghijkl&port=1&left=0`),
  );
  const encoded = "%20%80%ff%C3%A9%61aaaaaaaaaaaaaa";
  const [scraped] = ask(fixture, httpGet(`/scrape?info_hash=${encoded}`));
  assert.ok(scraped);
  assert.match(scraped.text, /8:completei1e/);
});

test("a bad request gets its answer at once, and a new connection is served", () => {
  const fixture = makeFixture();
  const [bad] = ask(fixture, httpGet("/announce?info_hash=%zz"));
  assert.ok(bad);
  assert.equal(bad.status, 400);
  assert.equal(bad.keepAlive, false);
  succeeds(fixture, httpGet(`/announce?${QUERY}`));
});

test("a bad announce gets its answer, and the same connection is served", () => {
  const fixture = makeFixture();
  const answers = ask(fixture, httpGet("/announce?port=0") + httpGet(`/announce?${QUERY}`));
  assert.match(answers[0]?.text ?? "", /^d14:failure reason/);
  assert.match(answers[1]?.text ?? "", /8:completei1e/);
});

test("port 0 is refused and not handed out", () => {
  const fixture = makeFixture();
  const [answer] = ask(fixture, httpGet(announceTarget("a", 0, "&left=0")));
  assert.ok(answer);
  assert.match(answer.text, /port is not a number from 1 to 65535/);
  assert.equal(readSwarmTotals(fixture.store).torrents, 0);
});

test("numwant 1 gives one peer, an odd number gives that many, 0 none", () => {
  const fixture = makeFixture();
  for (let port = 1; port <= 20; port++)
    succeeds(fixture, httpGet(announceTarget("a", port, "&left=0")));
  for (const wanted of [0, 1, 2, 3, 7, 19])
    assert.equal(
      succeeds(fixture, httpGet(announceTarget("a", 99, `&left=1&numwant=${wanted}`))).peers.length,
      wanted,
    );
});

test("a scrape of more than 57 torrents is answered, as many as the limit says", () => {
  const query = Array.from(
    { length: 100 },
    (_, i) => `info_hash=${`%${(i + 16).toString(16)}`.repeat(20)}`,
  );
  const [answer] = ask(makeFixture(), httpGet(`/scrape?${query.join("&")}`));
  assert.ok(answer);
  const reply = readScrapeReply(answer.body);
  assert.ok(reply.failureReason === undefined);
  assert.equal(reply.files.size, 100);
});

test("Content-Length counts the bencoded value and nothing behind it, and says text/plain", () => {
  const [answer] = ask(makeFixture(), httpGet(`/announce?${QUERY}`));
  assert.ok(answer);
  assert.match(answer.head, /\r\nContent-Type: text\/plain\r\n/);
  assert.match(answer.head, new RegExp(`\r\nContent-Length: +${answer.body.length}\r\n`));
  assert.equal(answer.text.at(-1), "e");
});

test("Expect: 100-continue gets the final answer, with a body the refusal (RFC 9110 section 10.1.1)", () => {
  succeeds(makeFixture(), httpGet(`/announce?${QUERY}`, "Expect: 100-continue"));
  const [refused] = ask(
    makeFixture(),
    httpGet(`/announce?${QUERY}`, "Expect: 100-continue", "Content-Length: 9"),
  );
  assert.ok(refused);
  assert.equal(refused.status, 413);
  assert.equal(refused.keepAlive, false);
});

test("bytes above 127 are nothing in a header value and refused in a header name (obs-text)", () => {
  succeeds(makeFixture(), httpGet(`/announce?${QUERY}`, "X-Name: \x80\xff"));
  const [refused] = ask(makeFixture(), httpGet(`/announce?${QUERY}`, "X-\x80: a"));
  assert.ok(refused);
  assert.equal(refused.status, 400);
});

test("the control characters in a target are refused, each", () => {
  for (const code of [...Array(32).keys(), 127]) {
    const [answer] = ask(
      makeFixture(),
      httpGet(`/announce?a=${String.fromCharCode(code)}&${QUERY}`),
    );
    assert.ok(answer);
    assert.equal(answer.status, 400, `${code}`);
    assert.equal(answer.keepAlive, false);
  }
});

test("the URLs that torrents carry are served: a slash or .php behind, one segment in front", () => {
  for (const target of ["/announce/", "/announce.php", "/0123456789abcdef/announce"]) {
    const [answer] = ask(makeFixture(), httpGet(`${target}?${QUERY}`));
    assert.ok(answer);
    assert.equal(answer.status, 200, target);
    assert.match(answer.text, /8:intervali/, target);
    const [exact] = ask(
      makeFixture({ config: { onlyExactPaths: true } }),
      httpGet(`${target}?${QUERY}`),
    );
    assert.ok(exact);
    assert.equal(exact.status, 404, target);
  }
});

test("no other path is the tracker's", () => {
  for (const target of ["/Announce", "/a/b/announce", "/announc%65", "//announce", "/"]) {
    const [answer] = ask(makeFixture(), httpGet(`${target}?${QUERY}`));
    assert.ok(answer);
    assert.equal(answer.status, 404, target);
    assert.equal(answer.keepAlive, true);
  }
});

test("what Go's url.Values and Python's urlencode write for an info hash with blanks is understood", () => {
  const fixture = makeFixture();
  succeeds(
    fixture,
    httpGet(
      "/announce?info_hash=a+b+c+%2Bd%FFfghijklmnop&peer_id=-ST0001-abcdefghijkl&port=1&left=0",
    ),
  );
  const [scraped] = ask(fixture, httpGet("/scrape?info_hash=a%20b%20c%20%2bd%fffghijklmnop"));
  assert.ok(scraped);
  assert.match(scraped.text, /8:completei1e/);
});
