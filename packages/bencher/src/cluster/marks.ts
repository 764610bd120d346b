/**
 * How soon a peer that announces at one node is in the answers of the others: every quarter of a second of the machine's clock one
 * node announces a peer of a torrent of that moment, and the others look for it. For the nodes of `npm run bench:cluster`, which
 * call `look` every few milliseconds from the thread that announces.
 */
import { Announce, type SwarmStore } from "@swarmtide/swarm";

const MARK_MILLISECONDS = 250;
/** A mark that has not come by then is given up. */
const WAIT_MILLISECONDS_MAX = 5000;
const MARK_WORD = 0x6b72616d;

export class Marks {
  /** From a mark's moment until it was found; what was given up counts as long as it was waited for. */
  readonly delays: number[] = [];
  readonly #store: SwarmStore;
  readonly #isSetting: boolean;
  readonly #words = new Int32Array(6);
  readonly #announce = new Announce(this.#words, this.#words, new Uint16Array(0));
  #next: number;

  constructor(store: SwarmStore, isSetting: boolean) {
    this.#store = store;
    this.#isSetting = isSetting;
    this.#next = Math.ceil(Date.now() / MARK_MILLISECONDS);
  }

  look(): void {
    const sinceMark = Date.now() - this.#next * MARK_MILLISECONDS;
    if (sinceMark < 0) return;
    this.#words.set([this.#next, MARK_WORD, 1, 2, 3, 1]);
    if (this.#isSetting) {
      this.#announce.addressAt = 5;
      this.#announce.port = 1;
      this.#store.announce(this.#announce);
    } else {
      this.#store.scrape(this.#words, 0, 4);
      if (this.#store.leechers === 0 && sinceMark < WAIT_MILLISECONDS_MAX) return;
      this.delays.push(sinceMark);
    }
    this.#next++;
  }
}
