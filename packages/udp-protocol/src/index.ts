/**
 * The UDP tracker protocol (BEP 15, BEP 41, BEP 21's `paused`), both sides of the wire: what a tracker reads and writes
 * per datagram, and what a client does. docs/protocol/udp.md shows every message.
 *
 * Pure: no I/O, no clock, no `node:` module.
 */
export * from "./client-reply.ts";
export * from "./client-request.ts";
export * from "./error-messages.ts";
export * from "./hot/reply.ts";
export * from "./hot/request.ts";
export * from "./request-options.ts";
