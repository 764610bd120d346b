/**
 * The serial of a peer, 32 bits in what four words of its record leave: 12 beside the second of its last announce, 6 beside
 * each reference to another peer, 8 beside its identity. Layout: peer-layout.ts.
 *
 * Called by `Peers`, on the worker that owns the torrents; keeps nothing.
 *
 * Example: serial 0x12345678 has 0x678 in the state, 0x05 beside the next peer, 0x0d beside the previous one and 0x12
 * beside the identity.
 */
import {
  IDENTITY_BITS,
  PEER_BITS,
  PEER_IDENTITY,
  PEER_NEXT,
  PEER_PREVIOUS,
  PEER_STATE,
  SECOND_BITS,
} from "./peer-layout.ts";

const STATE_PART_MASK = 0xfff;
const REFERENCE_PART_MASK = 0x3f;
/** Where in the serial begins what lies beside the next peer, the previous one and the identity. */
const NEXT_PART = 12;
const PREVIOUS_PART = 18;
const IDENTITY_PART = 24;

/** Gives the peer whose record begins at `word`, and has none yet, a serial; what else stands there stays. */
export function putSerial(words: Int32Array, word: number, serial: number): void {
  words[word + PEER_STATE] |= (serial & STATE_PART_MASK) << SECOND_BITS;
  words[word + PEER_NEXT] |= ((serial >>> NEXT_PART) & REFERENCE_PART_MASK) << PEER_BITS;
  words[word + PEER_PREVIOUS] |= ((serial >>> PREVIOUS_PART) & REFERENCE_PART_MASK) << PEER_BITS;
  words[word + PEER_IDENTITY] |= (serial >>> IDENTITY_PART) << IDENTITY_BITS;
}

/** The serial of the peer whose record begins at `word`. */
export function serialAt(words: Int32Array, word: number): number {
  return (
    ((words[word + PEER_STATE] >>> SECOND_BITS) & STATE_PART_MASK) |
    ((words[word + PEER_NEXT] >>> PEER_BITS) << NEXT_PART) |
    ((words[word + PEER_PREVIOUS] >>> PEER_BITS) << PREVIOUS_PART) |
    ((words[word + PEER_IDENTITY] >>> IDENTITY_BITS) << IDENTITY_PART)
  );
}
