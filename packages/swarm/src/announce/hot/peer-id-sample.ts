/**
 * Keeps the peer id of one announce in so many, for whoever counts client software. One writer, the worker; one reader, the
 * main thread, which takes what is new once a second. No byte is kept of any peer.
 *
 * | int32 word   | meaning                                                                    |
 * |--------------|----------------------------------------------------------------------------|
 * | 0            | how many ids were written, modulo 2^32                                      |
 * | 1 + 5 i …    | the 20 bytes of id number n, where i = n modulo 64, as they lie in a packet  |
 *
 * Example: the 66th id (n = 65) lies in words 6 to 10. What is overwritten before it is read is lost, which makes the sample
 * smaller under load; a reader may see an id that is half of the next one, one in many thousands.
 */

/** One of so many announces is kept. */
export const PEER_ID_SAMPLE_ONE_IN = 64;
export const PEER_ID_SAMPLE_SLOTS = 64;
export const PEER_ID_SAMPLE_ID_WORDS = 5;
export const PEER_ID_SAMPLE_FIRST_WORD = 1;
export const PEER_ID_SAMPLE_BYTES =
  (PEER_ID_SAMPLE_FIRST_WORD + PEER_ID_SAMPLE_SLOTS * PEER_ID_SAMPLE_ID_WORDS) * 4;
/** Where nothing is kept, the countdown is begun again about once a day. */
const NEVER = 0x7fffffff;

export class PeerIdSample {
  private readonly words: Int32Array;
  private readonly oneIn: number;
  private wait: number;

  /** Without memory nothing is kept, at the same cost. */
  constructor(memory: SharedArrayBuffer | undefined) {
    this.words = new Int32Array(memory ?? new ArrayBuffer(PEER_ID_SAMPLE_BYTES));
    this.oneIn = memory === undefined ? NEVER : PEER_ID_SAMPLE_ONE_IN;
    this.wait = this.oneIn;
  }

  /** Called for every valid announce; the id is five words from `at`. */
  note(ids: Int32Array, at: number): void {
    if (--this.wait > 0) return;
    this.wait = this.oneIn;
    const words = this.words;
    const count = words[0];
    const slot =
      PEER_ID_SAMPLE_FIRST_WORD + (count & (PEER_ID_SAMPLE_SLOTS - 1)) * PEER_ID_SAMPLE_ID_WORDS;
    for (let i = 0; i < PEER_ID_SAMPLE_ID_WORDS; i++) words[slot + i] = ids[at + i];
    words[0] = (count + 1) | 0;
  }
}
