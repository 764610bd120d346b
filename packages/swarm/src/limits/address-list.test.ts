import assert from "node:assert/strict";
import { test } from "node:test";
import { parseIpAddress } from "@swarmtide/bittorrent";
import fc from "fast-check";
import { AccessList } from "../access-list/access-list.ts";
import { Admission } from "../announce/hot/admission.ts";
import {
  AddressListError,
  attachAddressList,
  buildAddressList,
  buildAddressListInSlices,
} from "./address-list.ts";

const list = (text: string, mode: "allow" | "deny" = "deny") =>
  buildAddressList(mode, Buffer.from(text));

/** Whether an admission with this list admits the address. */
function admits(handle: ReturnType<typeof list>, address: string): boolean {
  const bytes = parseIpAddress(address);
  if (bytes === undefined) throw new TypeError(`${address} is not an IP address`);
  // Behind another word, as in a batch of datagrams.
  const words = new Int32Array(5);
  new Uint8Array(words.buffer).set(bytes, 4);
  const access = AccessList.attach({ ...AccessList.build({ mode: "off" }), addresses: handle });
  return new Admission(access).admitsAddress(words, 1, bytes.length === 4 ? 4 : 6);
}

const FILE = `# refused
192.0.2.0/25
10.0.0.0/8   # a network
198.51.100.5 - 198.51.100.9\r
203.0.113.77

2001:db8::/32
fd00::5-fd00::9
ff02::1
`;

for (const [address, isListed] of [
  ["192.0.2.0", true],
  ["192.0.2.127", true],
  ["192.0.2.128", false],
  ["192.0.1.255", false],
  ["9.255.255.255", false],
  ["10.0.0.0", true],
  ["10.255.255.255", true],
  ["11.0.0.0", false],
  ["198.51.100.4", false],
  ["198.51.100.5", true],
  ["198.51.100.9", true],
  ["198.51.100.10", false],
  ["203.0.113.77", true],
  ["255.255.255.255", false],
  ["0.0.0.0", false],
  ["2001:db7:ffff:ffff:ffff:ffff:ffff:ffff", false],
  ["2001:db8::", true],
  ["2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", true],
  ["2001:db9::", false],
  ["fd00::4", false],
  ["fd00::5", true],
  ["fd00::9", true],
  ["fd00::a", false],
  ["ff02::1", true],
  ["::", false],
] as const)
  test(`${address} is ${isListed ? "" : "not "}on a list: "deny" refuses what is, "allow" what is not`, () => {
    assert.equal(admits(list(FILE, "deny"), address), !isListed);
    assert.equal(admits(list(FILE, "allow"), address), isListed);
  });

test("without a list every address is admitted, with an empty one none or all", () => {
  const access = AccessList.attach(AccessList.build({ mode: "off" }));
  assert.equal(new Admission(access).admitsAddress(Int32Array.of(5), 0, 4), true);
  assert.equal(admits(list("", "deny"), "192.0.2.1"), true);
  assert.equal(admits(list("# nobody\n", "allow"), "192.0.2.1"), false);
});

test("whole families are ranges too, and ranges that touch become one", () => {
  const all = list("0.0.0.0/0\n::/0");
  for (const address of ["0.0.0.0", "255.255.255.255", "::", "ffff::ffff"])
    assert.equal(admits(all, address), false, address);
  assert.equal(list("10.0.0.0/9\n10.128.0.0/9\n10.1.2.3\n11.0.0.0-11.0.0.5").ranges, 1);
});

test("a line that is no range fails the whole list, by number and text", () => {
  for (const bad of ["10.0.0.1/8", "nobody", "1.2.3", "9.0.0.1-1.0.0.1", "1.2.3.4-::1", "1-2-3"])
    assert.throws(
      () => list(`192.0.2.1\n\n${bad} # x\n`),
      (error) =>
        error instanceof AddressListError && error.line === 3 && error.value === `"${bad}"`,
      bad,
    );
});

test("a new list takes the place of the old one between two requests", () => {
  const off = AccessList.build({ mode: "off" });
  const admission = new Admission(AccessList.attach(off));
  const words = new Int32Array(Uint8Array.of(192, 0, 2, 1).buffer);
  for (const [text, isAdmitted] of [
    ["192.0.2.1", false],
    ["192.0.2.2", true],
  ] as const) {
    admission.replace(AccessList.attach({ ...off, addresses: list(text) }));
    assert.equal(admission.admitsAddress(words, 0, 4), isAdmitted);
  }
});

test("random lists agree with looking at every range", () => {
  const range = fc
    .tuple(fc.integer({ min: 0, max: 300 }), fc.integer({ min: 0, max: 20 }))
    .map(([first, length]) => [first, first + length] as const);
  const address = (n: number) => `192.0.${n >> 8}.${n & 255}`;
  fc.assert(
    fc.property(fc.array(range, { maxLength: 30 }), (ranges) => {
      const text = ranges.map(([first, last]) => `${address(first)}-${address(last)}`).join("\n");
      const attached = attachAddressList(list(text));
      for (let n = 0; n < 330; n++) {
        const words = new Int32Array(Uint8Array.of(192, 0, n >> 8, n & 255).buffer);
        const isListed = ranges.some(([first, last]) => n >= first && n <= last);
        assert.equal(attached?.allows(words, 0, 4), !isListed);
      }
    }),
    { numRuns: 50 },
  );
});

test("a long list is built in many slices, in whatever order its ranges stand, and says the same as a sorted one", () => {
  const count = 50_000;
  // Every second address of 10.0.0.0/8, in the order of a walk that jumps.
  const lines = Array.from({ length: count }, (_, at) => {
    const address = 2 * ((at * 7919) % count);
    return `10.${address >>> 16}.${(address >>> 8) & 0xff}.${address & 0xff}\n2001:db8::${(at * 31) % 9}:${((at * 7919) % count).toString(16)}`;
  });
  const slices = buildAddressListInSlices("deny", Buffer.from(lines.join("\n")));
  let pauses = 0;
  let slice = slices.next();
  for (; slice.done !== true; slice = slices.next()) pauses++;
  // 100,000 lines are read, sorted, joined and laid out.
  assert.ok(pauses > 4 * (count / 8192), `${pauses} pauses`);
  const sorted = lines.join("\n").split("\n").sort().join("\n");
  const { memory } = buildAddressList("deny", Buffer.from(sorted));
  assert.deepEqual(new Uint32Array(slice.value.memory), new Uint32Array(memory));
  for (const address of [0, 1, 2, 3, 2 * count - 2, 2 * count - 1, 2 * count])
    assert.equal(
      admits(slice.value, `10.${address >>> 16}.${(address >>> 8) & 0xff}.${address & 0xff}`),
      address % 2 === 1 || address >= 2 * count,
    );
});
