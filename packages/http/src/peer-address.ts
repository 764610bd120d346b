/**
 * The address of an HTTP peer as bytes in network order, 4 or 16 of them: how engines without sockaddr, PROXY headers and
 * log lines have it. Called at most once per connection.
 */
import { type Cidr, canonicalAddress, IPV4_BYTES, IPV6_BYTES } from "@swarmtide/bittorrent";
import { HttpPeer } from "./hot/http-peer.ts";

/** A peer at this address; an IPv4-mapped one is IPv4. */
export function peerAt(address: Uint8Array, trustedProxies: readonly Cidr[] = []): HttpPeer {
  const peer = new HttpPeer();
  setPeerAddress(peer, address, trustedProxies);
  return peer;
}

/** Begins a connection of the peer from this address. */
export function setPeerAddress(
  peer: HttpPeer,
  address: Uint8Array,
  trustedProxies: readonly Cidr[],
): void {
  const canonical = canonicalAddress(address);
  const words = new Int32Array(IPV6_BYTES / 4);
  new Uint8Array(words.buffer).set(canonical);
  peer.setAddress(words, 0, canonical.length === IPV4_BYTES ? 4 : 6, trustedProxies);
}

export function peerAddressBytes(peer: HttpPeer): Uint8Array {
  const words = Int32Array.of(peer.word0, peer.word1, peer.word2, peer.word3);
  return new Uint8Array(words.buffer).slice(0, peer.family === 4 ? IPV4_BYTES : IPV6_BYTES);
}
