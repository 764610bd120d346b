/** Makes announces for tests and benches from small numbers, and reads replies back into numbers. */
import { Announce } from "../../announce/hot/announce.ts";

/** Five words that differ in every word. */
export function infoHashOf(torrent: number): Int32Array {
  const words = new Int32Array(5);
  for (let i = 0; i < 5; i++) words[i] = Math.imul(torrent + 1, 0x9e3779b1 + 2 * i) ^ (i << 24);
  return words;
}

/** The address words of a peer: 1 for IPv4, 4 for IPv6 (a common network, different interfaces). */
export function addressOf(peer: number, family: 4 | 6): Int32Array {
  return family === 4 ? Int32Array.of(peer) : Int32Array.of(0xb80d0120 | 0, 0, 0, peer);
}

export function portOf(peer: number): number {
  return (peer * 7 + 1) & 0xffff;
}

/** An announce of the peer to the torrent; what is not given is zero: a leecher that wants no peers. */
export function announceOf(
  torrent: number,
  peer: number,
  fields: Partial<Pick<Announce, "family" | "flags" | "peersWanted" | "reply" | "replyAt">> = {},
): Announce {
  const family = fields.family ?? 4;
  const address = addressOf(peer, family);
  const announce = new Announce(infoHashOf(torrent), address, NO_REPLY);
  announce.port = portOf(peer);
  return Object.assign(announce, fields);
}

const NO_REPLY = new Uint16Array(0);

/** The peer numbers in a reply of `count` peers. Throws when a port does not belong to its address. */
export function peersInReply(
  reply: Uint16Array,
  at: number,
  count: number,
  family: 4 | 6,
): number[] {
  const halfwords = family === 4 ? 3 : 9;
  return Array.from({ length: count }, (_, i) => {
    const base = at + i * halfwords + (family === 4 ? 0 : 6);
    const peer = ((reply[base] ?? 0) | ((reply[base + 1] ?? 0) << 16)) >>> 0;
    if (reply[base + 2] !== portOf(peer)) throw new Error(`peer ${peer} has a foreign port`);
    return peer;
  });
}
