import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ChannelFailure } from "./frames.ts";
import {
  type GiverHello,
  type GoMessage,
  readGiverHello,
  readGo,
  readHello,
  readReason,
  readSockets,
  type SocketsMessage,
} from "./messages.ts";

const payloadOf = (value: unknown) => new Uint8Array(Buffer.from(JSON.stringify(value) ?? ""));

const HELLO: GiverHello = {
  ...{ handover: 1, version: "0.1.0", pid: 4711, facts: { "udp.engine": "mmsg" } },
  ...{ startedSeconds: 12.5, nowSeconds: 99, secrets: { key: "AAEC" }, socketFrames: 1 },
};
/** The places of docs/protocol/hand-over.md. */
const SOCKETS: SocketsMessage = [
  { kind: "udp", key: "udp.address_ipv4", family: 4, address: "7f000001", port: 3000 },
  { kind: "tcp", key: "web.unix_socket", family: 4, address: "00000000", port: 0, path: "/run/s" },
];
const GO: GoMessage = {
  counters: [{ name: "swarmtide_udp_sent_bytes_total", labels: { family: "ipv4" }, value: 98 }],
  totals: { completed: 3, refused: 2, gaveWay: 1 },
};

const MESSAGES = [
  { what: "the greeting", read: readGiverHello, example: HELLO },
  { what: "sockets", read: readSockets, example: SOCKETS },
  { what: "counters", read: readGo, example: GO },
] as const;

const isFailure = (error: unknown) =>
  error instanceof ChannelFailure && /not JSON|in another form/.test(error.message);

for (const { what, read, example } of MESSAGES) {
  test(`${what} are read as they were written, whatever else stands beside`, () => {
    assert.deepEqual(read(payloadOf(example)), example);
    if (!Array.isArray(example))
      assert.deepEqual(read(payloadOf({ ...example, later: [1] })), example);
  });

  test(`${what} cut at any byte are refused`, () => {
    const bytes = payloadOf(example);
    for (let end = 0; end < bytes.length; end++)
      assert.throws(() => read(bytes.subarray(0, end)), isFailure, `cut at ${end}`);
  });

  test(`${what} in which any part has another type are refused`, () => {
    for (const spoilt of spoiltOf(example))
      assert.throws(() => read(payloadOf(spoilt)), isFailure, JSON.stringify(spoilt));
  });

  test(`any JSON in the place of ${what} is read or refused, and nothing else`, () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        try {
          read(payloadOf(value));
        } catch (error) {
          assert.ok(isFailure(error));
        }
      }),
    );
  });
}

/** The value with one of its parts, at any depth, replaced by an invalid one. */
function spoiltOf(value: unknown): unknown[] {
  const others = [null, typeof value === "string" ? 1 : "text", -1.5, true].filter(
    (other) => typeof other !== typeof value || other === -1.5,
  );
  // Seconds and values of gauges may be negative and have a fraction.
  const mayBeAny = value === 12.5 || value === 99 || value === 98;
  const self = others.filter((other) => !(mayBeAny && other === -1.5));
  if (typeof value !== "object" || value === null) return self;
  const inside = Object.entries(value).flatMap(([key, part]) =>
    spoiltOf(part).map((spoilt) =>
      Array.isArray(value)
        ? value.map((element, i) => (String(i) === key ? spoilt : element))
        : { ...value, [key]: spoilt },
    ),
  );
  return [...self, ...inside];
}

test("a port, a family, a kind or an address that no socket has is refused", () => {
  const [place] = SOCKETS;
  for (const wrong of [{ port: 65_536 }, { family: 5 }, { kind: "raw" }, { address: "7f0" }])
    assert.throws(() => readSockets(payloadOf([{ ...place, ...wrong }])), isFailure);
});

test("a greeting that announces more sockets than there can be is refused", () => {
  assert.equal(readGiverHello(payloadOf({ ...HELLO, socketFrames: 1024 })).socketFrames, 1024);
  assert.throws(() => readGiverHello(payloadOf({ ...HELLO, socketFrames: 1025 })), isFailure);
});

test("the greeting of another version is read as far as all versions have it", () => {
  const hello = { handover: 2, version: "9.9.9", pid: 1 };
  assert.deepEqual(readHello(payloadOf({ ...hello, facts: 7 })), hello);
  assert.throws(() => readGiverHello(payloadOf(hello)), isFailure);
});

test("a refusal gives its reason, and one without says that", () => {
  assert.equal(readReason(payloadOf({ reason: "no room" })), "no room");
  assert.match(readReason(payloadOf({})), /gave no reason/);
});
