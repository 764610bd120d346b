import assert from "node:assert/strict";
import { test } from "node:test";
import { writeSocketAddress } from "../socket-address.ts";
import { sourceAddressAt, sourceFamily, sourceHasPort } from "./source-address.ts";

/** A sockaddr as the kernel writes it, eight words into a larger memory. */
function sourceOf(family: 4 | 6, address: readonly number[], port: number): Int32Array {
  const words = new Int32Array(24);
  const bytes = writeSocketAddress(family, Uint8Array.from(address), port);
  new Uint8Array(words.buffer).set(bytes, 32);
  return words;
}

/** The address that is found, as bytes. */
function addressIn(words: Int32Array): number[] {
  const bytes = sourceFamily(words, 8) === 4 ? 4 : 16;
  return [...new Uint8Array(words.buffer, sourceAddressAt(words, 8) * 4, bytes)];
}

const IPV6 = [0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 1, 2, 3, 4];
const MAPPED = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 192, 0, 2, 7];

test("an IPv4 and an IPv6 source are found where the kernel wrote them", () => {
  const ipv4 = sourceOf(4, [192, 0, 2, 7], 3000);
  assert.equal(sourceFamily(ipv4, 8), 4);
  assert.deepEqual(addressIn(ipv4), [192, 0, 2, 7]);
  const ipv6 = sourceOf(6, IPV6, 3000);
  assert.equal(sourceFamily(ipv6, 8), 6);
  assert.deepEqual(addressIn(ipv6), IPV6);
});

test("an IPv4 client of an IPv6 socket is an IPv4 client", () => {
  const words = sourceOf(6, MAPPED, 3000);
  assert.equal(sourceFamily(words, 8), 4);
  assert.deepEqual(addressIn(words), [192, 0, 2, 7]);
});

test("port 0 is told from every other", () => {
  assert.equal(sourceHasPort(sourceOf(4, [192, 0, 2, 7], 0), 8), false);
  for (const port of [1, 255, 256, 65_535])
    for (const family of [4, 6] as const)
      assert.equal(
        sourceHasPort(sourceOf(family, family === 4 ? [1, 2, 3, 4] : IPV6, port), 8),
        true,
      );
});
