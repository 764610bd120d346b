/**
 * struct sockaddr_in and sockaddr_in6 (ip(7), ipv6(7)): written for bind, read from getsockname, accept and received
 * datagrams. Called at start-up; the batches in hot/ read the offsets themselves.
 *
 * | offset | bytes | sockaddr_in      | sockaddr_in6                          |
 * |--------|-------|------------------|---------------------------------------|
 * | 0      | 2     | family 2, native | family 10, native                     |
 * | 2      | 2     | port, network    | port, network                         |
 * | 4      | 4     | address          | flow information                      |
 * | 8      | 16    | 8 of zero        | address                               |
 * | 24     | 4     |                  | scope id, native (interface index)    |
 *
 * 127.0.0.1:3000 is `02 00 0b b8 7f 00 00 01` and eight zero bytes.
 */

const SOURCE_PORT_OFFSET = 2;
export const SOURCE_IPV4_ADDRESS_OFFSET = 4;
export const SOURCE_IPV6_ADDRESS_OFFSET = 8;

export const AF_INET = 2;
const AF_INET6 = 10;

/** Internet protocol versions as the rest of the program counts them. */
export type IpFamily = 4 | 6;

/** Bytes of the structure: 16 or 28. */
export function socketAddressBytes(family: IpFamily): number {
  return family === 4 ? 16 : 28;
}

/** Bytes of an address of this family: 4 or 16. */
function addressBytes(family: IpFamily): number {
  return family === 4 ? 4 : 16;
}

/** AF_INET or AF_INET6. */
export function addressFamily(family: IpFamily): number {
  return family === 4 ? AF_INET : AF_INET6;
}

/** The structure as bytes. Throws a RangeError when the address length does not fit the family or the port 16 bits. */
export function writeSocketAddress(
  family: IpFamily,
  address: Uint8Array,
  port: number,
): Uint8Array {
  if (address.length !== addressBytes(family))
    throw new RangeError(`An IPv${family} address of ${address.length} bytes`);
  if (!Number.isInteger(port) || port < 0 || port > 65_535)
    throw new RangeError(`Port ${port}, expected 0 to 65535`);
  const bytes = new Uint8Array(socketAddressBytes(family));
  bytes[0] = addressFamily(family);
  bytes[SOURCE_PORT_OFFSET] = port >> 8;
  bytes[SOURCE_PORT_OFFSET + 1] = port & 255;
  bytes.set(address, family === 4 ? SOURCE_IPV4_ADDRESS_OFFSET : SOURCE_IPV6_ADDRESS_OFFSET);
  return bytes;
}

/** Port of a structure, host order. */
export function readSocketPort(bytes: Uint8Array, offset = 0): number {
  return new DataView(bytes.buffer, bytes.byteOffset).getUint16(offset + SOURCE_PORT_OFFSET);
}

/** "0.0.0.0:3000" or "[::1]:3000", for messages. */
export function describeSocketAddress(address: Uint8Array, port: number): string {
  if (address.length === 4) return `${address.join(".")}:${port}`;
  const view = new DataView(address.buffer, address.byteOffset, 16);
  const groups = Array.from({ length: 8 }, (_, i) => view.getUint16(2 * i).toString(16));
  // The URL parser writes addresses in their canonical short form, in brackets.
  return `${new URL(`http://[${groups.join(":")}]`).hostname}:${port}`;
}
