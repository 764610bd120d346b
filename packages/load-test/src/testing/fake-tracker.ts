/** A UDP tracker for tests that misbehaves as it is told, and counts what it did. */
import { createSocket, type RemoteInfo } from "node:dgram";
import { once } from "node:events";
import type { TestContext } from "node:test";
import {
  ACTION_ANNOUNCE,
  ACTION_CONNECT,
  ACTION_ERROR,
  ACTION_SCRAPE,
} from "@swarmtide/udp-protocol";

/** What to do with a request. */
export type Deed =
  | "answer"
  | "lose"
  | "cut"
  | "wrong id"
  | "twice"
  | "refuse"
  | "foreign peer"
  | "peer of another torrent"
  | "other kind";

/** Where an announce names its port. */
const PORT_OFFSET = 96;

/** The reply to a request as a well-behaved tracker would send it, with one peer of this address: one of its torrent. */
export function replyTo(request: Buffer, lastAddressByte = 1, portsBeside = 0): Buffer {
  const action = request.readInt32BE(8);
  const header = Buffer.alloc(8);
  header.writeInt32BE(action, 0);
  request.copy(header, 4, 12, 16);
  if (action === ACTION_CONNECT) return Buffer.concat([header, Buffer.from("an id of")]);
  if (action === ACTION_SCRAPE) {
    const torrents = (request.length - 16) / 20;
    return Buffer.concat([header, Buffer.alloc(12 * torrents)]);
  }
  const port = request.readUInt16BE(PORT_OFFSET) ^ portsBeside;
  const peer = Buffer.from([127, 0, 0, lastAddressByte, port >> 8, port & 0xff]);
  return Buffer.concat([header, Buffer.alloc(12), peer]);
}

/** The replies that a deed makes of a request. */
export function repliesOf(deed: Deed, request: Buffer): Buffer[] {
  const beside = deed === "peer of another torrent" ? 1 : 0;
  const reply = replyTo(request, deed === "foreign peer" ? 99 : 1, beside);
  if (deed === "lose") return [];
  if (deed === "twice") return [reply, reply];
  if (deed === "cut") return [reply.subarray(0, reply.length - 3)];
  if (deed === "wrong id") reply.writeUInt8(reply.readUInt8(4) ^ 0x40, 4);
  if (deed === "refuse") {
    reply.writeInt32BE(ACTION_ERROR, 0);
    return [Buffer.concat([reply.subarray(0, 8), Buffer.from("no")])];
  }
  // A whole connect reply, to something else.
  if (deed === "other kind") return [Buffer.concat([Buffer.alloc(4), reply.subarray(4, 16)])];
  return [reply];
}

export class FakeTracker {
  /** Requests by kind, and those but connects by deed. */
  readonly requests = { connect: 0, announce: 0, scrape: 0 };
  readonly deeds = new Map<Deed, number>();
  /** Announces that were answered with a wrong peer. */
  wrongPeers = 0;
  readonly #deedOf: (index: number) => Deed;
  #taken = 0;

  constructor(deedOf: (index: number) => Deed) {
    this.#deedOf = deedOf;
  }

  count(deed: Deed): number {
    return this.deeds.get(deed) ?? 0;
  }

  /** Takes a request; connects are always answered. */
  take(request: Buffer): Buffer[] {
    const action = request.readInt32BE(8);
    if (action === ACTION_CONNECT) {
      this.requests.connect++;
      return [replyTo(request)];
    }
    this.requests[action === ACTION_ANNOUNCE ? "announce" : "scrape"]++;
    const deed = this.#deedOf(this.#taken++);
    this.deeds.set(deed, this.count(deed) + 1);
    const isWrong = deed === "foreign peer" || deed === "peer of another torrent";
    if (action === ACTION_ANNOUNCE && isWrong) this.wrongPeers++;
    return repliesOf(deed, request);
  }

  /** Serves on a port of 127.0.0.1, which it returns. Each two requests are answered the second first. */
  async serve(context: TestContext): Promise<number> {
    const socket = createSocket("udp4");
    socket.bind(0, "127.0.0.1");
    await once(socket, "listening");
    context.after(() => socket.close());
    let held: (() => void) | undefined;
    socket.on("message", (request: Buffer, from: RemoteInfo) => {
      const send = (): void => {
        for (const reply of this.take(request)) socket.send(reply, from.port, from.address);
      };
      if (request.readInt32BE(8) === ACTION_CONNECT) send();
      else if (held === undefined) {
        held = send;
        // The last of an odd number has nobody to wait for.
        setImmediate(() => {
          held?.();
          held = undefined;
        });
      } else {
        send();
        held();
        held = undefined;
      }
    });
    return socket.address().port;
  }
}
