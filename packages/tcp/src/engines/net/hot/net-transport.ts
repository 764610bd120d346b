/**
 * What conversations ask of the net engine: sending, pausing, closing, handshakes, handing on. Owned by its `NetServer`.
 *
 * Every answer is copied and written at once, since the reply memory is needed again before the socket has let go of it.
 * A socket that holds more than its high-water mark is a slow reader; Node tells by its event `drain` when it has sent all.
 */
import { peerAddressBytes } from "@swarmtide/http";
import type { CounterRow } from "@swarmtide/metrics";
import type { Conversation } from "../../../conversation/hot/conversation.ts";
import type { Transport } from "../../../conversation/transport.ts";
import { SENT_BYTES_IPV4, SENT_BYTES_IPV6 } from "../../../counters.ts";
import type { HandshakeStarter, SocketUpgrade } from "../net-options.ts";
import type { NetConnection } from "./net-connection.ts";

export class NetTransport implements Transport<NetConnection> {
  /** Set once, before the first connection: each of the two tells the other. */
  conversation: Conversation<NetConnection> | undefined = undefined;

  private readonly reply: Uint8Array;
  private readonly counters: CounterRow<"tcp">;
  private readonly startHandshake: HandshakeStarter;
  private readonly onUpgrade: SocketUpgrade | undefined;

  constructor(
    reply: Uint8Array,
    counters: CounterRow<"tcp">,
    startHandshake: HandshakeStarter,
    onUpgrade: SocketUpgrade | undefined,
  ) {
    this.reply = reply;
    this.counters = counters;
    this.startHandshake = startHandshake;
    this.onUpgrade = onUpgrade;
  }

  nextReplyStart(): number {
    return 0;
  }

  send(connection: NetConnection, start: number, end: number): void {
    const isIpv6 = connection.peer.family === 6;
    this.counters[isIpv6 ? SENT_BYTES_IPV6 : SENT_BYTES_IPV4] += end - start;
    const bytes = Buffer.from(this.reply.subarray(start, end)); // hot-allow: the socket keeps it until it is sent
    if (!connection.socket.write(bytes)) this.conversation?.delayed(connection);
  }

  sendLast(connection: NetConnection, start: number, end: number): void {
    this.send(connection, start, end);
  }

  flush(): void {
    // `send` has written everything.
  }

  pauseReading(connection: NetConnection): void {
    connection.socket.pause();
  }

  resumeReading(connection: NetConnection): void {
    connection.socket.resume();
  }

  halfClose(connection: NetConnection): boolean {
    connection.socket.end();
    return true;
  }

  close(connection: NetConnection): void {
    connection.socket.destroySoon();
  }

  abort(connection: NetConnection): void {
    connection.socket.destroy();
  }

  shakeHands(connection: NetConnection, bytes: Uint8Array, start: number, end: number): void {
    this.startHandshake(connection, bytes.slice(start, end)); // hot-allow: once in the life of a TLS connection
  }

  /** The connection stays with its server, which counts it, until its socket is closed. */
  handOn(connection: NetConnection, bytes: Uint8Array): void {
    const { socket, peer } = connection;
    socket.pause();
    socket.removeAllListeners("drain");
    this.onUpgrade?.(socket, peerAddressBytes(peer), bytes);
  }
}
