/**
 * What a conversation asks of the engine under it. Implemented by each engine; called by `Conversation` only.
 *
 * The engine in turn tells the conversation: `arrived` with bytes, `delayed` when a reader has not taken all it was sent,
 * `writable` when it has, `secured` after a TLS handshake, `ended` when the connection is gone. It may do so from within
 * a call: after each call that sends, the conversation looks at the connection's state.
 */
import type { Connection } from "./hot/connection.ts";

export interface Transport<Held extends Connection> {
  /** Where in the reply memory the next answers are to be written; may send others' first, to make room. */
  nextReplyStart(): number;
  /** Takes reply[start, end), to be sent no later than with the next `flush`. */
  send(connection: Held, start: number, end: number): void;
  /** Takes reply[start, end) and sends it at once: the last answers of a connection. */
  sendLast(connection: Held, start: number, end: number): void;
  /** Sends all that `send` has taken. */
  flush(): void;
  /** Stops reading; told when the reader can be sent more. */
  pauseReading(connection: Held): void;
  resumeReading(connection: Held): void;
  /** Closes the sending side behind what was sent. False where that is not possible. */
  halfClose(connection: Held): boolean;
  /** Closes behind what was sent. */
  close(connection: Held): void;
  /** Closes at once, whatever waits to be sent. */
  abort(connection: Held): void;
  /** Begins a TLS handshake, of which bytes[start, end) have arrived with the PROXY header. */
  shakeHands(connection: Held, bytes: Uint8Array, start: number, end: number): void;
  /** Gives the connection to a WebSocket session; `bytes` begin with the upgrade request and are its own. */
  handOn(connection: Held, bytes: Uint8Array): void;
}
