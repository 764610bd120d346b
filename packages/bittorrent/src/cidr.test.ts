import assert from "node:assert/strict";
import { BlockList } from "node:net";
import { test } from "node:test";
import fc from "fast-check";
import { type Cidr, cidrContains, formatCidr, parseCidr, wholeFamilies } from "./cidr.ts";
import { formatIpAddress, parseIpAddress } from "./ip-address.ts";

const contains = (block: string, text: string): boolean => {
  const cidr = parseCidr(block);
  const address = parseIpAddress(text);
  assert.ok(cidr && address, `${block} ${text}`);
  return cidrContains(cidr, address);
};

test("a block holds its own addresses and no others", () => {
  assert.equal(contains("10.0.0.0/8", "10.255.0.1"), true);
  assert.equal(contains("10.0.0.0/8", "11.0.0.0"), false);
  assert.equal(contains("192.0.2.128/25", "192.0.2.128"), true);
  assert.equal(contains("192.0.2.128/25", "192.0.2.127"), false);
  assert.equal(contains("192.0.2.1", "192.0.2.1"), true);
  assert.equal(contains("192.0.2.1", "192.0.2.2"), false);
  assert.equal(contains("0.0.0.0/0", "255.255.255.255"), true);
  assert.equal(contains("2001:db8::/33", "2001:db8:7fff::1"), true);
  assert.equal(contains("2001:db8::/33", "2001:db8:8000::1"), false);
  assert.equal(contains("::1/128", "::1"), true);
});

test("families do not mix, and an IPv4-mapped spelling is IPv4", () => {
  assert.equal(contains("::/0", "1.2.3.4"), false);
  assert.equal(contains("::/0", "::ffff:1.2.3.4"), false);
  assert.equal(contains("0.0.0.0/0", "::1"), false);
  assert.equal(contains("::ffff:10.0.0.0/104", "10.1.2.3"), true);
  assert.equal(contains("::ffff:10.0.0.0/104", "11.1.2.3"), false);
  const loopback = parseCidr("127.0.0.0/8");
  const mapped = Uint8Array.from(Buffer.from("00000000000000000000ffff7f000001", "hex"));
  assert.ok(loopback && cidrContains(loopback, mapped));
});

test("malformed and ambiguous blocks are refused", () => {
  const refused = [
    ...["", "/", "/8", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/08", "10.0.0.0/8.0"],
    ...[
      "10.0.0.1/8",
      "10.0.0.0/8/8",
      "10.0.0.0/ 8",
      "10.0.0.0/255.0.0.0",
      "10/8",
      "::/129",
      "::1/127",
    ],
    ...["2001:db8::/16", "::ffff:10.0.0.0/95", "[::]/0", "fe80::%lo/10", "10.0.0.0/1e1"],
  ];
  for (const text of refused) assert.equal(parseCidr(text), undefined, text);
});

test("random blocks agree with Node's BlockList and survive being written", () => {
  const length = fc.constantFrom(4, 16);
  const sample = length.chain((size) =>
    fc.record({
      block: fc.uint8Array({ minLength: size, maxLength: size }),
      flips: fc.array(fc.nat(size * 8 - 1), { maxLength: 2 }),
      prefixBits: fc.nat(size * 8),
    }),
  );
  fc.assert(
    fc.property(sample, ({ block, flips, prefixBits }) => {
      const setBits = (bytes: Uint8Array, at: number, bits: number) => {
        bytes[at] = (bytes[at] ?? 0) | bits;
      };
      if (block.length === 16) setBits(block, 0, 0x20); // keep clear of IPv4-mapped space
      const address = block.slice();
      for (const bit of flips) address[bit >> 3] = (address[bit >> 3] ?? 0) ^ (0x80 >> (bit & 7));
      if (address.length === 16) setBits(address, 0, 0x20);
      for (let bit = prefixBits; bit < block.length * 8; bit++)
        block[bit >> 3] = (block[bit >> 3] ?? 0) & ~(0x80 >> (bit & 7));
      const text = `${formatIpAddress(block)}/${prefixBits}`;
      const cidr = parseCidr(text);
      assert.ok(cidr, text);
      assert.equal(formatCidr(cidr), text);
      const family = block.length === 4 ? "ipv4" : "ipv6";
      const list = new BlockList();
      list.addSubnet(formatIpAddress(block), prefixBits, family);
      assert.equal(cidrContains(cidr, address), list.check(formatIpAddress(address), family));
    }),
  );
});

test("blocks that leave no address of a family out are known, however they are put together", () => {
  const blocks = (...texts: string[]): Cidr[] => texts.flatMap((text) => parseCidr(text) ?? []);
  assert.deepEqual(wholeFamilies([]), []);
  assert.deepEqual(wholeFamilies(blocks("0.0.0.0/0")), [4]);
  assert.deepEqual(wholeFamilies(blocks("::/0", "10.0.0.0/8", "0.0.0.0/0")), [4, 6]);
  assert.deepEqual(wholeFamilies(blocks("0.0.0.0/1", "128.0.0.0/1", "10.0.0.0/8")), [4]);
  assert.deepEqual(wholeFamilies(blocks("0.0.0.0/1", "0.0.0.0/1", "128.0.0.0/2")), []);
  assert.deepEqual(wholeFamilies(blocks("8000::/1", "::/2", "4000::/3", "6000::/3")), [6]);
  assert.deepEqual(wholeFamilies(blocks("127.0.0.1", "::1")), []);
});
