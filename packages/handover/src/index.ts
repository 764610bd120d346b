/** A running tracker handed to another process: swarms, sockets, keys and counters, over a control socket. */
export { type HandoverConfig, handoverSection } from "./config.ts";
export { ControlListener, connectControlSocket, openControlSocket } from "./control-socket.ts";
export type { FrameChannel } from "./frame-channel.ts";
export { ChannelFailure } from "./frames.ts";
export { type GivenService, giveTo } from "./giver.ts";
export type { Facts } from "./messages.ts";
export { Taker } from "./taker.ts";
