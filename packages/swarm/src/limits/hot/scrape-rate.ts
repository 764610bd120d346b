/**
 * Scrapes of each address in the current second, counted by all workers of UDP and HTTP together: a table of fixed size in
 * shared memory. An IPv6 address counts as its /64.
 *
 * An address has two cells of one cache line, chosen by a keyed hash; the smaller is its count, and only a smaller one is
 * raised, so that two addresses disturb each other where they share both. Workers do not wait for each other: a count that
 * two of them raise at once may be one too low.
 *
 * | bits of a cell | meaning                                |
 * |----------------|----------------------------------------|
 * | 0..11          | scrapes                                |
 * | 12..31         | the second they came in, modulo 2^20   |
 *
 * Example: three scrapes in second 10 are 0x0000a003.
 */
import { mix } from "../../store/hot/keyed-hash.ts";
import type { AddressBlocks } from "./address-blocks.ts";

const COUNT_BITS = 12;
const COUNT_MASK = (1 << COUNT_BITS) - 1;
const LINE_CELLS = 16;
/** 256 KiB: at 65,536 scrapers a second one cell in 10^4 is shared by four of them. */
const LINES = 4096;

/** The length of the shared memory in words: the key, then the lines. */
export const SCRAPE_RATE_WORDS: number = LINE_CELLS + LINES * LINE_CELLS;
export const SCRAPE_RATE_KEY_WORDS = 2;
/** The greatest limit: a cell counts no further. */
export const SCRAPES_PER_ADDRESS_MAX = 4000;

export class ScrapeRate {
  private scrapesMax: number;
  private exempt: AddressBlocks;
  private readonly cells: Int32Array;
  private second = 0;

  /** `cells` is shared by all threads; its first words are the key. A limit of 0 allows any number. */
  constructor(scrapesMax: number, exempt: AddressBlocks, cells: Int32Array) {
    this.scrapesMax = scrapesMax;
    this.exempt = exempt;
    this.cells = cells;
  }

  /** Takes another limit into use, between two scrapes. */
  configure(scrapesMax: number, exempt: AddressBlocks): void {
    this.scrapesMax = scrapesMax;
    this.exempt = exempt;
  }

  /** Seconds since the tracker started. */
  setNow(seconds: number): void {
    this.second = seconds & (0xffffffff >>> COUNT_BITS);
  }

  /** Counts a scrape of the address at `at`; false where it is one too many, which is not counted. */
  allows(address: Int32Array, at: number, family: 4 | 6): boolean {
    if (this.scrapesMax === 0) return true;
    const cells = this.cells;
    let hash = mix(address[at] ^ cells[0]);
    if (family === 6) hash = mix(hash ^ address[at + 1] ^ cells[1]);
    const line = LINE_CELLS + (hash & (LINES - 1)) * LINE_CELLS;
    const one = line + (hash >>> 28);
    const other = line + (((hash >>> 28) + 1 + (((hash >>> 20) & 0xff) % (LINE_CELLS - 1))) & 15);
    const countOfOne = this.countOf(cells[one]);
    const countOfOther = this.countOf(cells[other]);
    const count = countOfOne < countOfOther ? countOfOne : countOfOther;
    if (count >= this.scrapesMax) return this.exempt.holds(address, at, family);
    const raised = (this.second << COUNT_BITS) | (count + 1);
    if (countOfOne === count) cells[one] = raised;
    if (countOfOther === count) cells[other] = raised;
    return true;
  }

  private countOf(cell: number): number {
    return cell >>> COUNT_BITS === this.second ? cell & COUNT_MASK : 0;
  }
}
