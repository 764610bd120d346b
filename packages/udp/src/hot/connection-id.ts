/**
 * Connection ids of BEP 15: the proof that a request's source address is where its sender is. Made for a connect,
 * checked for every announce and scrape, by each UDP worker with the same key. Stateless: nothing is kept per client.
 *
 * | byte of the id | meaning                                                                                 |
 * |----------------|-----------------------------------------------------------------------------------------|
 * | 0..3           | first word of the tag                                                                   |
 * | 4, 5           | upper half of its second word                                                           |
 * | 6, 7           | seconds since the tracker started, lower 16 bits, big-endian                            |
 *
 * The tag is Chaskey-12 under a random 128-bit key over the address, the full number of seconds and the family. An id
 * issued in second 10 (0x000a) ends in `000a`; the other six bytes look random.
 *
 * What it withstands. Guessing: 48 bits of tag, so at 200,000 guesses a second one hits after some 22 years, once, for
 * one address and one second. Replay from another address: the address is under the tag. Replay later: the age is
 * checked, and the 16 bits wrap only after 18 hours, while the tag covers all 32 bits of the time, so an old id does not
 * come back to life. An id from the future is refused, except for the 60 s that threads' clocks may differ. The
 * comparison takes the same time wherever the tags differ. The port is not covered, since NATs change it.
 */
import { CHASKEY_ROUNDS, doubleKey, permute } from "./chaskey.ts";

export const CONNECTION_KEY_WORDS = 4;

/** How far ahead of this thread's clock an id may be. */
const FUTURE_SECONDS_MAX = 60;

export class ConnectionIds {
  /** The two halves of the id that `issue` made last, as big-endian numbers. */
  high = 0;
  low = 0;
  private nowSeconds = 0;
  ageSecondsMax: number;
  readonly key: Int32Array;
  private readonly subkey: Int32Array;
  private readonly state: Int32Array;

  constructor(key: Int32Array, ageSecondsMax: number) {
    this.key = key;
    this.ageSecondsMax = ageSecondsMax;
    this.subkey = new Int32Array(4);
    this.state = new Int32Array(4);
    doubleKey(key, this.subkey);
  }

  /** Seconds since the tracker started, the same origin in all threads. */
  setNow(seconds: number): void {
    this.nowSeconds = seconds | 0;
  }

  /** Makes an id for an address: 1 (IPv4) or 4 (IPv6) words as they lie in a packet. */
  issue(address: Int32Array, at: number, family: 4 | 6): void {
    this.tag(address, at, family, this.nowSeconds);
    this.high = this.state[0];
    this.low = (this.state[1] & 0xffff0000) | (this.nowSeconds & 0xffff);
  }

  /** Whether an id, given as its two big-endian halves, was issued to this address and is still good. */
  isValid(high: number, low: number, address: Int32Array, at: number, family: 4 | 6): boolean {
    let age = (this.nowSeconds - low) & 0xffff;
    if (age >= 0x10000 - FUTURE_SECONDS_MAX) age -= 0x10000;
    this.tag(address, at, family, this.nowSeconds - age);
    const difference = (high ^ this.state[0]) | ((low ^ this.state[1]) & 0xffff0000);
    return difference === 0 && age < this.ageSecondsMax;
  }

  private tag(address: Int32Array, at: number, family: 4 | 6, issuedSeconds: number): void {
    const state = this.state;
    const key = this.key;
    const subkey = this.subkey;
    if (family === 4) {
      state[0] = key[0] ^ subkey[0] ^ address[at];
      state[1] = key[1] ^ subkey[1] ^ issuedSeconds;
      state[2] = key[2] ^ subkey[2] ^ 4;
      state[3] = key[3] ^ subkey[3];
    } else {
      for (let i = 0; i < 4; i++) state[i] = key[i] ^ address[at + i];
      permute(state, CHASKEY_ROUNDS);
      for (let i = 0; i < 4; i++) state[i] ^= subkey[i];
      state[1] ^= issuedSeconds;
      state[2] ^= 6;
    }
    permute(state, CHASKEY_ROUNDS);
    state[0] ^= subkey[0];
    state[1] ^= subkey[1];
  }
}
