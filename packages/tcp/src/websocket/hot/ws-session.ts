/**
 * One WebSocket connection between its socket and the WebTorrent tracker: bytes in, bytes out, the end. RFC 6455.
 *
 * Made by `WsEndpoint` after an upgrade request was read by one of the engines; owned by its thread. The tracker reads
 * frames and writes them; here is only what a socket of Node needs. Runs per read and per write; the three callbacks are made
 * once per connection.
 */
import type { Socket } from "node:net";
import type { HttpPeer } from "@swarmtide/http";
import type { ClientAddress, Connection, ConnectionSink, WebTorrentTracker } from "@swarmtide/ws";
import type { ReadMemory } from "../../engines/net/read-memory.ts";
import { readInto } from "../../engines/net/shared-reading.ts";
import { addressOf } from "../sockets.ts";
import type { WsRounds } from "./ws-rounds.ts";

/** How long a client may take to accept the last frames before its connection is dropped. */
const CLOSE_MILLISECONDS = 3000;

/** What a session needs of its endpoint. */
export interface SessionOwner {
  readonly tracker: WebTorrentTracker;
  /** What all sockets of the thread are read into. */
  readonly readMemory: ReadMemory;
  readonly rounds: WsRounds;
  /** Has the tracker flush soon; what began with `rounds.work` is done. */
  scheduleFlush(): void;
  /** The session's last frames are on their way; its deadline is to be watched. */
  closing(session: WsSession): void;
  /** The socket is gone. */
  ended(session: WsSession): void;
}

export class WsSession implements ConnectionSink {
  /** When the socket is dropped, on the clock of `performance.now()`. */
  closeDeadlineMilliseconds = Number.POSITIVE_INFINITY;
  private readonly socket: Socket;
  private readonly owner: SessionOwner;
  private readonly connection: Connection;

  /** The handshake is answered; `frames` are bytes that came with it, `client` who asks, where that is known. */
  constructor(
    socket: Socket,
    owner: SessionOwner,
    frames: Uint8Array,
    client: ClientAddress | undefined,
  ) {
    this.socket = socket;
    this.owner = owner;
    this.connection = owner.tracker.open(this, client);
    socket.on("close", this.onClose);
    for (let at = 0; at < frames.length; ) {
      const length = owner.readMemory.put(frames, at);
      at += length;
      this.take(length);
    }
    readInto(socket, owner.readMemory, this.take);
    socket.resume();
  }

  get address(): HttpPeer | undefined {
    return addressOf(this.socket);
  }

  write(bytes: Uint8Array): void {
    this.socket.write(bytes, this.onWritten);
  }

  close(isAborted: boolean): void {
    if (isAborted) {
      this.socket.destroy();
      return;
    }
    this.closeDeadlineMilliseconds = performance.now() + CLOSE_MILLISECONDS;
    this.owner.closing(this);
    this.socket.end();
  }

  /** Drops the socket, whatever waits to be sent. */
  destroy(): void {
    this.socket.destroy();
  }

  private readonly take = (length: number): void => {
    const owner = this.owner;
    const { bytes, start } = owner.readMemory;
    owner.rounds.work(performance.now());
    owner.tracker.receive(this.connection, bytes, start, length);
    owner.scheduleFlush();
  };

  /** Comes in the order of the writes, for each of them, also where the socket is gone. */
  private readonly onWritten = (): void => {
    this.owner.rounds.work(performance.now());
    this.owner.tracker.written(this.connection);
    // What was held back while the socket was behind.
    this.owner.scheduleFlush();
  };

  private readonly onClose = (): void => {
    this.owner.rounds.work(performance.now());
    this.owner.tracker.closed(this.connection);
    this.owner.scheduleFlush();
    this.owner.ended(this);
  };
}
