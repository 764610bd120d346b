/**
 * Who sent a datagram or opened a connection: reads the sockaddr that the kernel wrote, in words of 32 bits. Called by
 * DatagramBatch and AcceptBatch, which own the memory, for each datagram and connection. ip(7), ipv6(7).
 *
 * | word | sockaddr_in                    | sockaddr_in6                              |
 * |------|--------------------------------|-------------------------------------------|
 * | 0    | family 2, port in network order| family 10, port in network order          |
 * | 1    | address                        | flow information                          |
 * | 2–5  | zero                           | address                                   |
 * | 6    |                                | scope id                                  |
 *
 * Example, 127.0.0.1:3000 on a little-endian machine: words 0xB80B0002, 0x0100007F.
 *
 * An IPv4 client of an IPv6 socket has the address ::ffff:127.0.0.1; here it is the IPv4 client that it is.
 */
import { AF_INET } from "../socket-address.ts";

const IPV4_ADDRESS_WORD = 1;
const IPV6_ADDRESS_WORD = 2;
/** Third word of ::ffff:0:0/96: the bytes 00 00 ff ff, read by a little-endian machine. */
const MAPPED_WORD = 0xffff0000 | 0;

/** The word at which the address stands, of the sockaddr from word `source`: 1 word of IPv4 or 4 of IPv6. */
export function sourceAddressAt(words: Int32Array, source: number): number {
  if ((words[source] & 0xffff) === AF_INET) return source + IPV4_ADDRESS_WORD;
  const at = source + IPV6_ADDRESS_WORD;
  const isMapped = words[at + 2] === MAPPED_WORD && words[at + 1] === 0 && words[at] === 0;
  return isMapped ? at + 3 : at;
}

/** The family of that address. */
export function sourceFamily(words: Int32Array, source: number): 4 | 6 {
  return sourceAddressAt(words, source) === source + IPV6_ADDRESS_WORD ? 6 : 4;
}

/** Whether the port is not 0. */
export function sourceHasPort(words: Int32Array, source: number): boolean {
  return words[source] >>> 16 !== 0;
}
