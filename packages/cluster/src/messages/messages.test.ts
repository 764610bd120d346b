import assert from "node:assert/strict";
import { test } from "node:test";
import {
  ANNOUNCE_RECORD_WORDS,
  ANNOUNCE_SEEDER,
  ANNOUNCE_STOPPED,
  RECORD_IPV6,
} from "@swarmtide/swarm";
import fc from "fast-check";
import {
  DIRECTED_HEADER_BYTES,
  KIND_ASK,
  KIND_BYE,
  KIND_CHANNEL,
  KIND_PART,
  KIND_TAKEN,
  MESSAGE_HEADER_BYTES,
  RECORDS_BYTES_MAX,
  RECORDS_MESSAGE_BYTES_MAX,
} from "./layout.ts";
import {
  beginMessage,
  encodeDirected,
  encodeHello,
  isNodeName,
  MessageReader,
  REFUSED_MALFORMED,
  REFUSED_VERSION,
} from "./message.ts";
import { RecordsReader, RecordsWriter } from "./records.ts";

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");
const unhex = (text: string) => new Uint8Array(Buffer.from(text.replace(/\s/g, ""), "hex"));

const HEAD = {
  name: "fra-1",
  instance: "0011223344556677",
  sequence: 7,
  sentAtMilliseconds: 1_764_080_000_123,
} as const;

/** The worked examples of docs/protocol/cluster.md. */
const RECORDS_EXAMPLE = `
  8a535743 0001 01 05 0011223344556677 00000007 0000019a bb5c9c7b 0000004c 6672612d31
  00000001 00000001
  0102030405060708090a0b0c0d0e0f1011121314 0a000001 1ae1 8001
  0102030405060708090a0b0c0d0e0f1011121314 20010db8000000000000000000000001 1ae1 1000`;
const HELLO_EXAMPLE = `
  8a535743 0001 02 05 0011223344556677 00000000 0000019a bb5c9c7b 00000014 6672612d31
  0001 0002 00000007 00000003 000f4240 0000003c`;
const ASK_EXAMPLE = `
  8a535743 0001 04 05 0011223344556677 00000000 0000019a bb5c9c7b 00000010 6672612d31
  8899aabbccddeeff 00000001 0000001e`;

const wordsOf = (bytes: string) => new Int32Array(unhex(bytes).buffer);
const INFO_HASH = [...wordsOf("0102030405060708090a0b0c0d0e0f1011121314")];
const PORT_6881 = 0xe11a;
const WORDS = ANNOUNCE_RECORD_WORDS;

function exampleRecords(): RecordsWriter {
  const writer = new RecordsWriter();
  const ipv4 = [...wordsOf("0a000001"), 0, 0, 0];
  const ipv6 = wordsOf("20010db8000000000000000000000001");
  const seeder = [...INFO_HASH, ANNOUNCE_SEEDER, ...ipv4, PORT_6881, 1];
  const stopped = [...INFO_HASH, ANNOUNCE_STOPPED | RECORD_IPV6, ...ipv6, PORT_6881, 0];
  writer.add(Int32Array.from([...seeder, ...stopped]), 0);
  writer.add(Int32Array.from([...seeder, ...stopped]), WORDS);
  return writer;
}

function opened(bytes: Uint8Array): MessageReader {
  const reader = new MessageReader();
  assert.equal(reader.open(bytes), 0);
  return reader;
}

test("the worked examples are written and read as documented", () => {
  assert.equal(hex(exampleRecords().take(HEAD)), hex(unhex(RECORDS_EXAMPLE)));
  const reader = opened(unhex(RECORDS_EXAMPLE));
  const { name, instance, sequence, sentAtMilliseconds } = reader;
  assert.deepEqual({ name, instance, sequence, sentAtMilliseconds }, HEAD);
  const hello = {
    ...{ canGive: true, ends: 2, recordsSequence: 7, channelSequence: 3 },
    ...{ peers: 1_000_000, upSeconds: 60 },
  };
  const unnumbered = { ...HEAD, sequence: 0 };
  assert.equal(hex(encodeHello(unnumbered, hello)), hex(unhex(HELLO_EXAMPLE)));
  assert.deepEqual(opened(unhex(HELLO_EXAMPLE)).hello, hello);
  const ask = { to: "8899aabbccddeeff", first: 1, second: 30 };
  assert.equal(
    hex(encodeDirected({ ...unnumbered, kind: KIND_ASK }, ask)),
    hex(unhex(ASK_EXAMPLE)),
  );
  assert.deepEqual(opened(unhex(ASK_EXAMPLE)).directed, ask);
});

test("records are read as they were written, those of IPv4 first", () => {
  const word = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });
  const record = fc
    .tuple(
      fc.array(word, { minLength: 5, maxLength: 5 }),
      fc.nat(63),
      fc.array(word, { minLength: 4, maxLength: 4 }),
      fc.nat(0xffff),
      fc.nat(2047),
    )
    .map(([infoHash, flags, address, port, age]) => {
      const isIpv6 = (flags & RECORD_IPV6) !== 0;
      return [...infoHash, flags, ...(isIpv6 ? address : [address[0] ?? 0, 0, 0, 0]), port, age];
    });
  const reader = new RecordsReader();
  fc.assert(
    fc.property(fc.array(record, { maxLength: 60 }), (records) => {
      const writer = new RecordsWriter();
      const words = Int32Array.from(records.flat());
      for (let i = 0; i < records.length; i++) writer.add(words, i * WORDS);
      reader.open(opened(writer.take(HEAD)));
      assert.equal(reader.count, records.length);
      const isIpv6 = (one: readonly number[]) => ((one[5] ?? 0) & RECORD_IPV6) !== 0;
      const expected = [...records.filter((one) => !isIpv6(one)), ...records.filter(isIpv6)];
      assert.deepEqual([...reader.words.subarray(0, words.length)], expected.flat());
      assert.equal(writer.count, 0);
    }),
    { seed: 21, numRuns: 300 },
  );
});

test("an age beyond what a record can tell is told as the greatest", () => {
  const writer = new RecordsWriter();
  const record = new Int32Array(WORDS);
  record[11] = 8191;
  writer.add(record, 0);
  const reader = new RecordsReader();
  reader.open(opened(writer.take(HEAD)));
  assert.equal(reader.words[11], 2047);
});

test("a full writer makes a message that is still taken, with the longest name", () => {
  for (const flags of [0, RECORD_IPV6]) {
    const writer = new RecordsWriter();
    const record = new Int32Array(WORDS);
    record[5] = flags;
    let added = 0;
    for (; writer.room > 0; added++) writer.add(record, 0);
    assert.equal(
      added,
      Math.floor((RECORDS_BYTES_MAX - (flags === 0 ? 40 - 28 : 0)) / (flags === 0 ? 28 : 40)),
    );
    const message = writer.take({ ...HEAD, name: "n".repeat(64) });
    assert.ok(message.length <= RECORDS_MESSAGE_BYTES_MAX);
    const reader = new RecordsReader();
    reader.open(opened(message));
    assert.equal(reader.count, added);
  }
});

test("a message that is for an instance, or for all, is read as it was written", () => {
  const instance = fc.stringMatching(/^[0-9a-f]{16}$/).filter((text) => !/^0+$/.test(text));
  fc.assert(
    fc.property(
      fc.stringMatching(/^[A-Za-z0-9_-]{1,64}$/),
      fc.option(instance, { nil: undefined }),
      fc.nat(0xffffffff),
      fc.constantFrom(KIND_PART, KIND_CHANNEL),
      fc.uint8Array({ maxLength: 200 }),
      (name, to, number, kind, rest) => {
        const directed = { to, first: number, second: 0xffffffff - number };
        const reader = opened(encodeDirected({ ...HEAD, name, kind }, directed, rest));
        assert.deepEqual(reader.directed, directed);
        assert.equal(hex(reader.rest), hex(rest));
        assert.equal(reader.name, name);
      },
    ),
    { seed: 22, numRuns: 500 },
  );
});

const EXAMPLES = (): Uint8Array[] => [
  unhex(RECORDS_EXAMPLE),
  unhex(HELLO_EXAMPLE),
  unhex(ASK_EXAMPLE),
  encodeDirected(
    { ...HEAD, kind: KIND_PART },
    { to: undefined, first: 1, second: 2 },
    unhex("0102"),
  ),
  encodeDirected({ ...HEAD, kind: KIND_TAKEN }, { to: undefined, first: 1, second: 2 }),
  beginMessage({ ...HEAD, kind: KIND_BYE }, 0).bytes,
];

test("a message that is cut anywhere, or longer by a byte, is malformed", () => {
  const reader = new MessageReader();
  for (const bytes of EXAMPLES()) {
    assert.equal(reader.open(bytes), 0);
    for (let length = 0; length < bytes.length; length++)
      assert.equal(reader.open(bytes.subarray(0, length)), REFUSED_MALFORMED, `${length} bytes`);
    assert.equal(reader.open(new Uint8Array([...bytes, 0])), REFUSED_MALFORMED);
  }
});

test("a message of another version is told apart from a malformed one, whatever else it holds", () => {
  const reader = new MessageReader();
  for (const version of [0, 2, 0xffff]) {
    const bytes = unhex(HELLO_EXAMPLE);
    new DataView(bytes.buffer).setUint16(4, version);
    bytes.fill(0xff, 6);
    assert.equal(reader.open(bytes), REFUSED_VERSION);
    assert.equal(reader.version, version);
  }
});

test("other magic, names that are no part of a subject, unknown kinds and wrong counts are malformed", () => {
  const reader = new MessageReader();
  const changed = (example: string, at: number, value: number) => {
    const bytes = unhex(example);
    bytes[at] = value;
    return reader.open(bytes);
  };
  assert.equal(changed(HELLO_EXAMPLE, 0, 0), REFUSED_MALFORMED);
  for (const character of [".", "*", ">", " ", "\0", "ä"])
    assert.equal(changed(HELLO_EXAMPLE, 33, character.charCodeAt(0)), REFUSED_MALFORMED);
  for (const kind of [0, 9, 255]) assert.equal(changed(HELLO_EXAMPLE, 6, kind), REFUSED_MALFORMED);
  assert.equal(changed(RECORDS_EXAMPLE, MESSAGE_HEADER_BYTES + 5 + 3, 2), REFUSED_MALFORMED);
  // 4,294,967,296 records of 28 bytes would wrap around to none in 32 bits.
  const large = unhex(RECORDS_EXAMPLE);
  new DataView(large.buffer).setUint32(MESSAGE_HEADER_BYTES + 5, 0x80000000);
  assert.equal(reader.open(large), REFUSED_MALFORMED);
});

test("random bytes behind the magic are never taken for more than they are", () => {
  const reader = new MessageReader();
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (tail) => {
      const bytes = new Uint8Array([0x8a, 0x53, 0x57, 0x43, 0, 1, ...tail]);
      if (reader.open(bytes) !== 0) return;
      assert.ok(isNodeName(reader.name));
      assert.ok(reader.bodyAt <= bytes.length);
    }),
    { seed: 23, numRuns: 5000 },
  );
});

test("a name or an instance that cannot be sent is a mistake of ours", () => {
  const begin = (head: object) => () => beginMessage({ ...HEAD, kind: KIND_BYE, ...head }, 0);
  assert.throws(begin({ name: "a.b" }), RangeError);
  assert.throws(begin({ name: "" }), RangeError);
  assert.throws(begin({ instance: "7" }), RangeError);
  assert.equal(DIRECTED_HEADER_BYTES, 16);
});
