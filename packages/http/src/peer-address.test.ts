import assert from "node:assert/strict";
import { test } from "node:test";
import { parseCidr, parseIpAddress } from "@swarmtide/bittorrent";
import { HttpPeer } from "./hot/http-peer.ts";
import { peerAddressBytes, peerAt, setPeerAddress } from "./peer-address.ts";

const addressOf = (text: string) => parseIpAddress(text) ?? assert.fail(text);
const TRUSTED = ["10.0.0.0/8", "2001:db8::/32"].map((text) => parseCidr(text) ?? assert.fail(text));

test("a peer's address comes back as it was set, in both families", () => {
  for (const text of ["192.0.2.7", "2001:db8::1:2:3"]) {
    const peer = peerAt(addressOf(text));
    assert.deepEqual(peerAddressBytes(peer), addressOf(text));
    assert.equal(peer.isTrustedProxy, false);
  }
});

test("an IPv4-mapped address is the IPv4 address that it stands for", () => {
  const mapped = new Uint8Array(16);
  mapped.set([0xff, 0xff, 192, 0, 2, 7], 10);
  const peer = peerAt(mapped);
  assert.equal(peer.family, 4);
  assert.deepEqual([...peerAddressBytes(peer)], [192, 0, 2, 7]);
});

test("a peer is a trusted proxy when its address lies in a trusted block", () => {
  for (const [text, isTrusted] of [
    ["10.1.2.3", true],
    ["11.1.2.3", false],
    ["2001:db8::1", true],
    ["2001:db9::1", false],
  ] as const)
    assert.equal(peerAt(addressOf(text), TRUSTED).isTrustedProxy, isTrusted, text);
});

test("a peer that is used again keeps nothing of the connection before", () => {
  const peer = peerAt(addressOf("2001:db8::1"), TRUSTED);
  peer.requestCount = 5;
  setPeerAddress(peer, addressOf("192.0.2.1"), TRUSTED);
  const fresh = peerAt(addressOf("192.0.2.1"), TRUSTED);
  assert.deepEqual({ ...peer }, { ...fresh });
  const copy = new HttpPeer();
  copy.copyFrom(peer);
  assert.deepEqual({ ...copy }, { ...fresh });
});
