/**
 * Numbers of io_uring(7) that UringDatagrams works with: what stands in a submission, a completion and a filled buffer.
 * linux/io_uring.h.
 *
 * A submission is 64 bytes, by words: 0 operation, flags and (upper half) options, 1 descriptor, 4 → message header,
 * 6 length, 7 flags of the message, 8 user data, 10 group of buffers (lower half). A completion is 16: 0 user data, 2 result, 3
 * flags, with the buffer's number in the upper half. A filled buffer (struct io_uring_recvmsg_out):
 *
 * | byte | meaning                                       |
 * |------|-----------------------------------------------|
 * | 0    | bytes of the sender's address                 |
 * | 4    | bytes of packet info                          |
 * | 8    | bytes of the datagram, also of what was cut   |
 * | 12   | flags: MSG_TRUNC                              |
 * | 16   | sender, 28 bytes of room                      |
 * | 44   | packet info, 40 bytes of room                 |
 * | 84   | the datagram                                  |
 */
export const OP_SENDMSG = 9;
export const OP_RECVMSG = 10;
/** Of a submission: its descriptor is a registered one; a buffer is chosen; no completion when all went well. */
export const FIXED_FILE = 1;
export const BUFFER_SELECT = 1 << 5;
export const SKIP_SUCCESS = 1 << 6;
export const RECEIVE_MULTISHOT = 2;
/** Of a completion: more will come of this receive. */
export const MORE = 2;
export const ENTER_GETEVENTS = 1;
/** Waits, with a struct io_uring_getevents_arg that has the time. */
export const ENTER_SLEEPING = ENTER_GETEVENTS | 8;
export const EXT_ARG_BYTES = 24;
export const MSG_DONTWAIT = 0x40;
export const MSG_TRUNC = 0x20;

export const NAME_AT = 16;
export const NAME_BYTES = 28;
export const CONTROL_AT = NAME_AT + NAME_BYTES;
export const CONTROL_BYTES = 40;
export const PAYLOAD_AT = CONTROL_AT + CONTROL_BYTES;
/** Packet info of IPv4 (struct in_pktinfo) and IPv6, see packet-infos.ts: the word of the interface, from the block's start. */
export const IPV4_INTERFACE_WORD = 4;
export const IPV6_INTERFACE_WORD = 8;
export const IPV4_CONTROL_BYTES = 32;
export const IPV6_SENT_BYTES = 36;
/** User data of sends; a receive has the place of its descriptor. */
export const SEND_TAG = 1 << 16;

export const BUFFER_COUNT = 1024;

if (PAYLOAD_AT % 4 !== 0) throw new Error("a datagram begins on a word");
