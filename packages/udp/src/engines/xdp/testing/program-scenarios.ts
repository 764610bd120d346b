/**
 * A process for the tests, run by `unshare -n` as root: holds the XDP program to what the handler does, frame by frame. The
 * arguments name the scenario, and for `fuzz` the number of frames and a seed; it ends with exit code 0 when all holds.
 */

import assert from "node:assert/strict";
import { XDP_DROP, XDP_PASS, XDP_REDIRECT, XDP_TX } from "@swarmtide/linux";
import { type RandomBelow, randomBelow } from "@swarmtide/test-kit";
import {
  announceRequest,
  connectRequest,
  infoHash,
  scrapeRequest,
} from "../../../testing/tracker-client.ts";
import { type Datagram, frameOf } from "./frames.ts";
import { IPV4_SERVED, IPV6_SERVED, PORTS, TestProgram } from "./test-program.ts";

const IPV4_CLIENT = Uint8Array.of(10, 9, 0, 2);
const IPV6_CLIENT = Buffer.from("fd000009000000000000000000000002", "hex");

const program = new TestProgram();

function requestOf(family: 4 | 6, payload: Uint8Array, changes: Partial<Datagram> = {}): Datagram {
  return {
    source: family === 4 ? IPV4_CLIENT : IPV6_CLIENT,
    destination: family === 4 ? IPV4_SERVED : IPV6_SERVED,
    ...{ sourcePort: 6881, port: PORTS[family], payload, ...changes },
  };
}

/** The connection id that this program issues to a client now, or issued `agoSeconds` before. */
function idOf(
  family: 4 | 6,
  agoSeconds = 0,
  source = requestOf(family, connectRequest()).source,
): Buffer {
  const ids = program.connectionIds;
  ids.setNow(Math.floor(program.now()) - agoSeconds);
  ids.issue(new Int32Array(Uint8Array.from(source).buffer), 0, family);
  const id = Buffer.alloc(8);
  id.writeInt32BE(ids.high, 0);
  id.writeInt32BE(ids.low, 4);
  return id;
}

function holds(frame: Uint8Array, action: number, what: string): void {
  const { found, expected } = program.compare(frame);
  assert.deepEqual(found, expected, what);
  assert.equal(found.action, action, what);
}

/** Every kind of frame, in both families. */
function vectors(): void {
  for (const family of [4, 6] as const) {
    const connect = requestOf(family, connectRequest());
    holds(frameOf(connect), XDP_TX, "a connect request is answered");
    holds(
      frameOf(requestOf(family, Buffer.concat([connectRequest(), Buffer.from("more")]))),
      XDP_REDIRECT,
      "a longer one is left to the handler",
    );
    for (const id of [idOf(family), idOf(family, 119), idOf(family, -59)]) {
      holds(frameOf(requestOf(family, announceRequest(id))), XDP_REDIRECT, "a good connection id");
      const scrape = scrapeRequest(id, [infoHash(1), infoHash(2)]);
      holds(frameOf(requestOf(family, scrape)), XDP_REDIRECT, "a scrape");
    }
    const other = family === 4 ? Uint8Array.of(10, 9, 0, 3) : IPV6_SERVED;
    for (const id of [
      idOf(family, 121),
      idOf(family, 5000),
      idOf(family, -70),
      idOf(family, 0, other),
      Buffer.alloc(8),
      Buffer.alloc(8, 0xff),
    ])
      holds(
        frameOf(requestOf(family, announceRequest(id))),
        XDP_DROP,
        `a bad id ${id.toString("hex")}`,
      );
    const magic = connectRequest();
    magic[7] = 1;
    holds(frameOf(requestOf(family, magic)), XDP_DROP, "a connect without the protocol's number");
    for (const length of [0, 1, 15])
      holds(frameOf(requestOf(family, Buffer.alloc(length))), XDP_DROP, `${length} bytes`);
    passedOn(family, connect);
    const padded = Buffer.concat([frameOf(connect), Buffer.alloc(20, 0xaa)]);
    holds(padded, XDP_TX, "padding behind the packet");
  }
  for (const family of [4, 6] as const) {
    assert.equal(program.count("connects", family), 2);
    assert.equal(program.count("badConnectionIds", family), 6);
    assert.equal(program.count("badConnects", family), 1);
    assert.equal(program.count("short", family), 3);
    assert.equal(program.count("sentBytes", family), 2 * 16);
    assert.equal(program.count("receivedBytes", family), 2 * 16 + 6 * 98 + 16 + 16);
  }
  program.settings.disable();
  const frame = frameOf(requestOf(4, connectRequest()));
  assert.throws(() => holds(frame, XDP_PASS, ""), "a program that is switched off lets all pass");
  program.settings.enable(program.connectionIds, program.now());
  holds(frame, XDP_TX, "and works again");
}

/** What is none of the program's business. */
function passedOn(family: 4 | 6, connect: Datagram): void {
  const changed = (change: (frame: Buffer) => void): Buffer => {
    const frame = frameOf(connect);
    change(frame);
    return frame;
  };
  const elsewhere = family === 4 ? Uint8Array.of(10, 9, 0, 9) : IPV6_CLIENT;
  const others: readonly (readonly [string, Uint8Array])[] = [
    ["another port", frameOf({ ...connect, port: 3002 })],
    ["another address", frameOf({ ...connect, destination: elsewhere })],
    ["source port 0", frameOf({ ...connect, sourcePort: 0 })],
    ["TCP", changed((frame) => frame.writeUInt8(6, family === 4 ? 23 : 20))],
    ["a VLAN", changed((frame) => frame.writeUInt16BE(0x8100, 12))],
    ["a wrong version", changed((frame) => frame.writeUInt8(0x55, 14))],
    [
      "a UDP length that differs",
      changed((frame) => frame.writeUInt16BE(25, family === 4 ? 38 : 58)),
    ],
    ["a cut frame", frameOf(connect).subarray(0, -1)],
    ["headers alone", frameOf(connect).subarray(0, family === 4 ? 42 : 62)],
    ["Ethernet alone", frameOf(connect).subarray(0, 14)],
  ];
  for (const [what, frame] of others) holds(frame, XDP_PASS, what);
  if (family === 6) return;
  for (const [what, value] of [
    ["a first fragment", 0x2000],
    ["a later fragment", 0x0010],
  ] as const)
    holds(
      changed((frame) => frame.writeUInt16BE(value, 20)),
      XDP_PASS,
      what,
    );
  holds(
    changed((frame) => frame.writeUInt8(0x46, 14)),
    XDP_PASS,
    "IP options",
  );
}

/** Every truncation of a frame of each kind. */
function truncations(): void {
  for (const family of [4, 6] as const)
    for (const payload of [
      connectRequest(),
      announceRequest(idOf(family)),
      announceRequest(Buffer.alloc(8)),
    ]) {
      const frame = frameOf(requestOf(family, payload));
      for (let length = 14; length <= frame.length; length++) {
        const { found, expected } = program.compare(frame.subarray(0, length));
        assert.deepEqual(found, expected, `${length} of ${frame.length} bytes of family ${family}`);
      }
    }
}

/** Frames near good ones: some bytes changed, cut, lengthened; the seed is printed with what differs. */
function fuzz(): void {
  const [count = 20_000, seed = 1] = process.argv.slice(3).map(Number);
  const below = randomBelow(seed);
  const actions = new Map<number, number>();
  for (let i = 0; i < count; i++) {
    const frame = randomFrame(below);
    const { found, expected } = program.compare(frame);
    actions.set(found.action, (actions.get(found.action) ?? 0) + 1);
    assert.deepEqual(
      found,
      expected,
      `seed ${seed}, frame ${i}: ${Buffer.from(frame).toString("hex")}`,
    );
  }
  const seen = (action: number) => actions.get(action) ?? 0;
  console.log(
    `${count} frames (seed ${seed}): ${seen(XDP_TX)} answered, ${seen(XDP_REDIRECT)} handed over, ${seen(XDP_DROP)} dropped, ${seen(XDP_PASS)} passed on`,
  );
  for (const action of [XDP_TX, XDP_REDIRECT, XDP_DROP, XDP_PASS])
    assert.ok(count < 1000 || seen(action) > 0, `action ${action} was seen`);
}

function randomFrame(below: RandomBelow): Uint8Array {
  const family = below(2) === 0 ? 4 : 6;
  const id = below(3) === 0 ? Buffer.alloc(8, below(256)) : idOf(family, below(200) - 70);
  const payloads = [
    connectRequest,
    () => announceRequest(id),
    () => scrapeRequest(id, [infoHash(below(9))]),
    () => Buffer.alloc(below(40), below(256)),
  ];
  const payload = (payloads[below(payloads.length)] ?? connectRequest)();
  let frame = frameOf(requestOf(family, payload));
  // Most stay whole, or nothing would ever come through.
  const changes = below(3) === 0 ? 1 + below(4) : 0;
  for (let i = 0; i < changes; i++) {
    const at = below(2) === 0 ? below(frame.length) : 12 + below(Math.min(60, frame.length - 12));
    frame[at] = below(2) === 0 ? below(256) : (frame[at] ?? 0) ^ (1 << below(8));
  }
  if (below(10) === 0) frame = frame.subarray(0, 14 + below(frame.length - 13));
  if (below(10) === 0) frame = Buffer.concat([frame, Buffer.alloc(below(1600), below(256))]);
  return frame;
}

const scenario = { vectors, truncations, fuzz }[process.argv[2] ?? ""];
assert.ok(scenario, "the first argument names a scenario");
scenario();
