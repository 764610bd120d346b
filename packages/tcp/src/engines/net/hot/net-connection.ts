/**
 * One TCP connection of the net engine, plain or TLS. Made by `NetServer` for a socket it has accepted, owned by its
 * thread.
 */
import type { Socket } from "node:net";
import { Connection } from "../../../conversation/hot/connection.ts";

export class NetConnection extends Connection {
  /** The TLS socket, once a handshake has begun; until then, and for plain HTTP, the socket under it. */
  socket: Socket;

  constructor(socket: Socket, isTls: boolean) {
    super();
    this.socket = socket;
    this.isTls = isTls;
  }
}
