/** Reads the peer ids that workers keep a sample of (hot/peer-id-sample.ts). Main thread. */
import {
  PEER_ID_SAMPLE_BYTES,
  PEER_ID_SAMPLE_FIRST_WORD,
  PEER_ID_SAMPLE_ID_WORDS,
  PEER_ID_SAMPLE_SLOTS,
} from "./hot/peer-id-sample.ts";

/** Memory for one worker's sample; may be posted to it. */
export const makePeerIdSample = (): SharedArrayBuffer =>
  new SharedArrayBuffer(PEER_ID_SAMPLE_BYTES);

/** Takes from one worker's sample what is new. */
export class PeerIdSampleReader {
  readonly #words: Int32Array;
  readonly #bytes: Uint8Array;
  #taken = 0;

  constructor(memory: SharedArrayBuffer) {
    this.#words = new Int32Array(memory);
    this.#bytes = new Uint8Array(memory);
  }

  /** Calls `take` with each id that was written since the last call and is still there: 20 bytes from `at`. */
  read(take: (bytes: Uint8Array, at: number) => void): void {
    const count = Atomics.load(this.#words, 0);
    const fresh = Math.min(PEER_ID_SAMPLE_SLOTS, (count - this.#taken) >>> 0);
    for (let i = 0; i < fresh; i++) {
      const slot = (count - fresh + i) & (PEER_ID_SAMPLE_SLOTS - 1);
      take(this.#bytes, (PEER_ID_SAMPLE_FIRST_WORD + slot * PEER_ID_SAMPLE_ID_WORDS) * 4);
    }
    this.#taken = count;
  }
}
