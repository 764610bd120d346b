import assert from "node:assert/strict";
import { test } from "node:test";
import { parseCidr, parseIpAddress } from "@swarmtide/bittorrent";
import { peerAt } from "@swarmtide/http";
import { randomBelow } from "@swarmtide/test-kit";
import { ConnectionLimits, LIMIT_ADDRESS, LIMIT_TOTAL } from "./connection-limits.ts";

const LIMIT_OK = "ok";
const trusted = [parseCidr("10.0.0.0/8")].filter((cidr) => cidr !== undefined);
const peer = (address: string) => peerAt(parseIpAddress(address) ?? new Uint8Array(4), trusted);

/** Limits with the places of what is open, by address. */
function limitsOf(totalMax: number, perAddressMax: number) {
  const limits = new ConnectionLimits(totalMax, perAddressMax);
  const places = new Map<string, number[]>();
  return {
    limits,
    open(address: string) {
      const place = limits.open(peer(address), peer(address).isTrustedProxy);
      if (place < 0) return place;
      places.set(address, [...(places.get(address) ?? []), place]);
      return LIMIT_OK;
    },
    close(address: string) {
      const place = places.get(address)?.pop();
      assert.ok(place !== undefined);
      limits.close(place);
    },
  };
}

test("each address has its own limit and gets its room back", () => {
  const { limits, open, close } = limitsOf(100, 2);
  assert.deepEqual([open("192.0.2.1"), open("192.0.2.1")], [LIMIT_OK, LIMIT_OK]);
  assert.equal(open("192.0.2.1"), LIMIT_ADDRESS);
  assert.equal(open("192.0.2.2"), LIMIT_OK);
  close("192.0.2.1");
  assert.equal(open("192.0.2.1"), LIMIT_OK);
  assert.equal(limits.count, 3);
});

test("an IPv6 /48 counts as one address, its neighbour as another", () => {
  const { open } = limitsOf(100, 2);
  assert.equal(open("2001:db8:1:2::1"), LIMIT_OK);
  assert.equal(open("2001:db8:1:ffff::2"), LIMIT_OK);
  assert.equal(open("2001:db8:1::3"), LIMIT_ADDRESS);
  assert.equal(open("2001:db8:2::1"), LIMIT_OK);
  assert.equal(open("2001:db9:1::1"), LIMIT_OK);
});

test("an IPv4 address and an IPv6 network of the same bits are two", () => {
  const { open } = limitsOf(100, 1);
  assert.equal(open("32.1.13.184"), LIMIT_OK);
  assert.equal(open("2001:db8::1"), LIMIT_OK);
});

test("the limit in all holds for everybody, the one by address not for trusted proxies", () => {
  const { open, close } = limitsOf(4, 1);
  for (let i = 0; i < 4; i++) assert.equal(open("10.0.0.1"), LIMIT_OK);
  assert.equal(open("10.0.0.1"), LIMIT_TOTAL);
  assert.equal(open("192.0.2.1"), LIMIT_TOTAL);
  close("10.0.0.1");
  assert.equal(open("192.0.2.1"), LIMIT_OK);
});

test("nothing is kept of addresses that have left", () => {
  const { limits, open, close } = limitsOf(1000, 2);
  for (let i = 0; i < 200; i++) open(`192.0.2.${i}`);
  for (let i = 0; i < 200; i++) close(`192.0.2.${i}`);
  assert.deepEqual([limits.count, limits.addressCount], [0, 0]);
});

test("whatever comes and goes, each address is counted as a model counts it", () => {
  const { limits, open, close } = limitsOf(64, 3);
  const model = new Map<string, number>();
  let total = 0;
  const below = randomBelow(1);
  for (let step = 0; step < 20_000; step++) {
    const number = below(40);
    const address = number < 20 ? `192.0.2.${number}` : `2001:db8:${number}::1`;
    const count = model.get(address) ?? 0;
    if (below(2) === 0 && count > 0) {
      close(address);
      model.set(address, count - 1);
      total--;
    } else {
      const expected = total >= 64 ? LIMIT_TOTAL : count >= 3 ? LIMIT_ADDRESS : LIMIT_OK;
      assert.equal(open(address), expected);
      if (expected !== LIMIT_OK) continue;
      model.set(address, count + 1);
      total++;
    }
    assert.equal(limits.count, total);
    assert.equal(limits.addressCount, [...model.values()].filter((open) => open > 0).length);
  }
});
