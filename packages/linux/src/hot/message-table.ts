/**
 * Message headers for recvmmsg(2) and sendmmsg(2), built once by DatagramBatch and ResendQueue, whose thread owns them.
 *
 * struct mmsghdr, 64 bytes on every 64-bit Linux, as 32-bit words:
 *
 * | word | name           | for a request                        | for a reply                              |
 * |------|----------------|--------------------------------------|------------------------------------------|
 * | 0    | msg_name       | → source slot                        | → the request's source slot              |
 * | 2    | msg_namelen    | 16 or 28                             | the same                                 |
 * | 4    | msg_iov        | → one iovec                          | → one iovec                              |
 * | 6    | msg_iovlen     | 1                                    | 1                                        |
 * | 8    | msg_control    | → packet info slot, 0 without        | → the request's packet info slot         |
 * | 10   | msg_controllen | size of the slot, then what came     | 28 to 40, or 0                           |
 * | 12   | msg_flags      | MSG_TRUNC for a truncated datagram   | 0                                        |
 * | 14   | msg_len        | bytes received                       | bytes sent                               |
 *
 * A received IPv4 datagram of 98 bytes without packet info, its source at 0x7f1000001000 and its iovec at 0x7f1000002000:
 *   00100000 107f0000 10000000 00000000 00200000 107f0000 01000000 00000000
 *   00000000 00000000 00000000 00000000 00000000 00000000 62000000 00000000 (bytes in memory order, by words)
 *
 * struct iovec, 16 bytes: word 0 → the slot's data, word 2 its length.
 */
import { NativeMemory, storeAddress } from "../native-memory.ts";
import { type IpFamily, socketAddressBytes } from "../socket-address.ts";

export const HEADER_WORDS = 16;
export const IOVEC_WORDS = 4;
/** Bytes from one sockaddr to the next: room for the longest, sockaddr_in6 with its 28. */
export const SOURCE_BYTES = 32;
export const PACKET_INFO_BYTES = 64;

const NAME_WORD = 0;
const NAME_LENGTH_WORD = 2;
const IOVEC_WORD = 4;
const IOVEC_COUNT_WORD = 6;
export const CONTROL_WORD = 8;
export const CONTROL_LENGTH_WORD = 10;
export const FLAGS_WORD = 12;
export const LENGTH_WORD = 14;

export const IOVEC_LENGTH_WORD = 2;

/** A table of message headers with one iovec each, all filled but for peer, control and length of the data. */
export class MessageTable {
  readonly headers: Int32Array;
  readonly vectors: Int32Array;
  readonly address: number;

  constructor(count: number, family: IpFamily, dataAddress: number, dataStride: number) {
    const headers = new NativeMemory(count * HEADER_WORDS * 4);
    const vectors = new NativeMemory(count * IOVEC_WORDS * 4);
    this.headers = headers.words;
    this.vectors = vectors.words;
    this.address = headers.address;
    for (let i = 0; i < count; i++) {
      const header = i * HEADER_WORDS;
      const vector = i * IOVEC_WORDS;
      this.headers[header + NAME_LENGTH_WORD] = socketAddressBytes(family);
      storeAddress(this.headers, header + IOVEC_WORD, vectors.address + vector * 4);
      this.headers[header + IOVEC_COUNT_WORD] = 1;
      storeAddress(this.vectors, vector, dataAddress + i * dataStride);
    }
  }

  /** Points message i at a sockaddr. */
  setPeer(i: number, address: number): void {
    storeAddress(this.headers, i * HEADER_WORDS + NAME_WORD, address);
  }

  /** Points message i at a control block. */
  setControl(i: number, address: number): void {
    storeAddress(this.headers, i * HEADER_WORDS + CONTROL_WORD, address);
  }
}
