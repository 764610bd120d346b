import assert from "node:assert/strict";
import { isIPv6 } from "node:net";
import { test } from "node:test";
import fc from "fast-check";
import {
  describeSocketAddress,
  readSocketPort,
  SOURCE_IPV4_ADDRESS_OFFSET,
  SOURCE_IPV6_ADDRESS_OFFSET,
  writeSocketAddress,
} from "./socket-address.ts";

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");
const port = fc.integer({ min: 0, max: 65_535 });

test("127.0.0.1:3000 and [::1]:3000 are the structures that the kernel expects", () => {
  const expected4 =
    "0200" + // AF_INET, little endian
    "0bb8" + // port 3000, big endian
    "7f000001" + // 127.0.0.1
    "0000000000000000"; // unused
  assert.equal(hex(writeSocketAddress(4, Uint8Array.of(127, 0, 0, 1), 3000)), expected4);
  const expected6 =
    "0a00" + // AF_INET6, little endian
    "0bb8" + // port 3000, big endian
    "00000000" + // flow information
    "00000000000000000000000000000001" + // ::1
    "00000000"; // scope id
  assert.equal(hex(writeSocketAddress(6, new Uint8Array(16).fill(1, 15), 3000)), expected6);
});

test("address and port come back from where they were written", () => {
  const families = [
    [4, 4, SOURCE_IPV4_ADDRESS_OFFSET],
    [6, 16, SOURCE_IPV6_ADDRESS_OFFSET],
  ] as const;
  for (const [family, length, offset] of families)
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: length, maxLength: length }),
        port,
        (address, number) => {
          const bytes = writeSocketAddress(family, address, number);
          assert.equal(readSocketPort(bytes), number);
          assert.deepEqual(bytes.subarray(offset, offset + length), address);
        },
      ),
    );
});

test("addresses are described as people write them", () => {
  const group = (...words: number[]) =>
    Uint8Array.from(words.flatMap((word) => [word >> 8, word & 255]));
  assert.equal(describeSocketAddress(Uint8Array.of(192, 0, 2, 7), 80), "192.0.2.7:80");
  for (const [words, expected] of [
    [[0, 0, 0, 0, 0, 0, 0, 0], "[::]:80"],
    [[0, 0, 0, 0, 0, 0, 0, 1], "[::1]:80"],
    [[0xfe80, 0, 0, 0, 0, 0, 0, 0], "[fe80::]:80"],
    [[0x2001, 0xdb8, 0, 1, 0, 0, 0, 1], "[2001:db8:0:1::1]:80"],
    [[1, 0, 2, 0, 3, 0, 4, 0], "[1:0:2:0:3:0:4:0]:80"],
    [[1, 2, 3, 4, 5, 6, 7, 8], "[1:2:3:4:5:6:7:8]:80"],
    [[0x10, 0, 0, 0x100, 0, 0, 0, 0xa0], "[10:0:0:100::a0]:80"],
  ] as const)
    assert.equal(describeSocketAddress(group(...words), 80), expected);
});

test("the description of any IPv6 address is a valid spelling of it", () => {
  fc.assert(
    fc.property(
      fc.array(fc.constantFrom(0, 0, 0, 1, 0x10, 0xffff), { minLength: 8, maxLength: 8 }),
      (words) => {
        const address = Uint8Array.from(words.flatMap((word) => [word >> 8, word & 255]));
        const text = describeSocketAddress(address, 1).slice(1, -3);
        assert.ok(isIPv6(text), text);
        const [head = [], tail = []] = text
          .split("::")
          .map((part) => part.split(":").filter(Boolean));
        const zeros = new Array(8 - head.length - tail.length).fill("0");
        const groups = [...head, ...zeros, ...tail].map((part) => Number.parseInt(part, 16));
        assert.deepEqual(groups, words);
      },
    ),
  );
});
