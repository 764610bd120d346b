import assert from "node:assert/strict";
import { test } from "node:test";
import { readAnnounceReply } from "@swarmtide/http-protocol";
import { readSwarmTotals } from "@swarmtide/swarm";
import { announceTarget, httpGet } from "@swarmtide/test-kit";
import { PROXY_HEADER_ERRORS, UNTRUSTED_FORWARDING } from "../counters.ts";
import { ask, makeFixture } from "../testing/tracker-fixture.ts";
import { HINT_ANNOUNCES } from "./proxy-hint.ts";

const TRUSTED = ["10.0.0.0/8", "2001:db8:ffff::/48"];

/** The address an announce is recorded under, or its failure. */
function recorded(from: string, ...headers: string[]): string | undefined {
  const fixture = makeFixture({ trusted: TRUSTED });
  const [answer] = ask(fixture, httpGet(announceTarget("a", 1), ...headers), from);
  assert.equal(answer.status, 200);
  assert.equal(answer.keepAlive, true);
  const reply = readAnnounceReply(answer.body);
  return reply.failureReason === undefined ? reply.externalIp : `failure: ${reply.failureReason}`;
}

test("the rightmost untrusted address counts, not the leftmost", () => {
  const cases: [header: string, client: string][] = [
    ["192.0.2.1", "192.0.2.1"],
    ["198.51.100.9, 192.0.2.1", "192.0.2.1"],
    ["198.51.100.9, 192.0.2.1, 10.9.9.9", "192.0.2.1"],
    ["192.0.2.1,10.0.0.2,2001:db8:ffff::1", "192.0.2.1"],
    ["10.0.0.3, 10.0.0.2", "10.0.0.3"],
    ["not an address, 192.0.2.1", "192.0.2.1"],
    ["  192.0.2.1\t,  ,", "192.0.2.1"],
    ["192.0.2.1:4711", "192.0.2.1"],
    ["2001:db8::1", "2001:db8::1"],
    ["[2001:db8::1]", "2001:db8::1"],
    ["[2001:db8::1]:4711", "2001:db8::1"],
    ["::ffff:192.0.2.1", "192.0.2.1"],
  ];
  for (const [header, client] of cases)
    assert.equal(recorded("10.0.0.1", `X-Forwarded-For: ${header}`), client, header);
});

test("several lines of the header are one list, whatever their case", () => {
  assert.equal(
    recorded("10.0.0.1", "x-forwarded-for: 198.51.100.9", "X-FORWARDED-FOR: 192.0.2.1, 10.0.0.2"),
    "192.0.2.1",
  );
  assert.equal(
    recorded("10.0.0.1", "X-Forwarded-For: 192.0.2.1", "X-Forwarded-For: 10.0.0.2"),
    "192.0.2.1",
  );
});

test("a header from an address that is not trusted is ignored", () => {
  assert.equal(recorded("203.0.113.5", "X-Forwarded-For: 192.0.2.1"), "203.0.113.5");
  assert.equal(recorded("203.0.113.5", "X-Real-IP: 192.0.2.1"), "203.0.113.5");
  assert.equal(
    recorded("10.0.0.1", "X-Real-IP: 1.2.3.4", "X-Forwarded-For: 192.0.2.1"),
    "192.0.2.1",
  );
});

test("a missing or broken header from a trusted proxy is an error answer, never a crash", () => {
  const broken = [
    "",
    ",",
    "unknown",
    "256.1.1.1",
    "1.2.3",
    "01.2.3.4",
    "1.2.3.4:",
    "1.2.3.4:123456",
    "1.2.3.4x",
    "[::1",
    "[::1]x",
    "[]",
    ":::",
    `${"1".repeat(100)}`,
    "for=192.0.2.1",
  ];
  for (const value of broken)
    assert.match(
      recorded("10.0.0.1", `X-Forwarded-For: ${value}`) ?? "",
      /^failure: the proxy/,
      value,
    );
  assert.match(recorded("10.0.0.1") ?? "", /no X-Forwarded-For header/);
  assert.match(
    recorded("2001:db8:ffff::7", "X-Real-IP: 1.2.3.4") ?? "",
    /no X-Forwarded-For header/,
  );
});

test("the error answer says when to come back, scrapes get it too, health checks do not", () => {
  const fixture = makeFixture({ trusted: TRUSTED });
  const scrape = httpGet("/scrape?info_hash=aaaaaaaaaaaaaaaaaaaa");
  const answers = ask(
    fixture,
    httpGet(announceTarget("a", 1)) + scrape + httpGet("/health"),
    "10.0.0.1",
  );
  assert.match(answers[0].text, /8:retry in2:15e$/);
  assert.match(answers[1].text, /^d14:failure reason/);
  assert.equal(answers[2].status, 200);
  assert.equal(fixture.counters.sum(PROXY_HEADER_ERRORS), 2);
});

test("one proxy connection carries many peers", () => {
  const fixture = makeFixture({ trusted: TRUSTED });
  const requests = Array.from({ length: 20 }, (_, i) =>
    httpGet(announceTarget("a", 1, "&left=0"), `X-Forwarded-For: 192.0.2.${i}`),
  );
  ask(fixture, requests.join(""), "10.0.0.1");
  assert.equal(readSwarmTotals(fixture.store).peersIpv4, 20);
});

test("many announces with forwarding headers from one untrusted address give one hint that names it", () => {
  const fixture = makeFixture({ trusted: TRUSTED });
  const send = (from: string, count: number) => {
    for (let i = 0; i < count; i++)
      ask(fixture, httpGet(announceTarget("a", 1), "X-Forwarded-For: 192.0.2.1"), from);
  };
  send("203.0.113.1", 50);
  send("203.0.113.5", HINT_ANNOUNCES - 1);
  send("203.0.113.6", 20);
  assert.equal(fixture.handler.takeProxyHint(), undefined);
  send("203.0.113.5", 100);
  assert.match(
    fixture.handler.takeProxyHint() ?? "",
    /203\.0\.113\.5 .*trusted_proxies.*X-Forwarded-For/,
  );
  send("203.0.113.5", 100);
  assert.equal(fixture.handler.takeProxyHint(), undefined);
  assert.equal(fixture.counters.sum(UNTRUSTED_FORWARDING), 50 + HINT_ANNOUNCES - 1 + 20 + 200);
});
