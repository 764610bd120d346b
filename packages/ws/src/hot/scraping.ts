/**
 * Scrapes: counts of torrents owned here at once, of others when their owners have answered; to both may be added what
 * UDP and HTTP count.
 *
 * Called by the request handler for the own connections and by the tracker for batches of other workers.
 */
import * as protocol from "@swarmtide/ws-protocol";
import * as columns from "../counters.ts";
import type { Connection } from "./connection.ts";
import { FRAME_IS_REPLY } from "./frame-kinds.ts";
import { WaitingScrape, WaitingScrapes } from "./scrapes.ts";
import { COUNTS_ENTRY_WORDS, SCRAPE_ENTRY_WORDS } from "./worker-batch.ts";
import type { BatchReader } from "./worker-batch-reader.ts";
import type { WorkerState } from "./worker-state.ts";

/** Scrapes that may wait for other workers; they are objects, and few wait for longer than a round. */
const WAITING_MAX = 4096;

export class Scraping {
  private readonly state: WorkerState;
  private readonly waiting = new WaitingScrapes();
  private readonly scrapeCounts: Float64Array;
  private readonly scrapesOfWorker: Int32Array;
  private readonly scrapeOwners: Int32Array;

  constructor(state: WorkerState) {
    const { maxScrapeTorrents } = state.config;
    this.state = state;
    this.scrapeCounts = new Float64Array(maxScrapeTorrents * protocol.SCRAPE_COUNTS);
    this.scrapeOwners = new Int32Array(maxScrapeTorrents);
    this.scrapesOfWorker = new Int32Array(state.workers);
  }

  /** Scrapes that wait for other workers. */
  get length(): number {
    return this.waiting.length;
  }

  /** Answers a scrape of a connection, or asks those who can. */
  scrape(connection: Connection, request: protocol.TrackerRequest): void {
    const { scrapes, scrapeInfoHashes, scrapeWords } = request;
    const { scrapeOwners, scrapesOfWorker, state } = this;
    this.scrapeCounts.fill(0, 0, scrapes * protocol.SCRAPE_COUNTS);
    scrapesOfWorker.fill(0);
    let elsewhere = 0;
    for (let index = 0; index < scrapes; index++) {
      const at = index * protocol.ID_BYTES;
      scrapeOwners[index] = state.worker;
      if (!state.admission.admitsTorrent(scrapeWords, at / 4)) continue;
      const owner = state.ownerOf(scrapeInfoHashes, at);
      const to = index * protocol.SCRAPE_COUNTS;
      if (owner === state.worker) {
        state.swarms.scrape(scrapeInfoHashes, at, this.scrapeCounts, to);
      } else if (this.waiting.length >= WAITING_MAX) {
        state.counters[columns.SCRAPES_UNASKED]++;
      } else if (state.delivery.hasLinkRoom(owner)) {
        scrapeOwners[index] = owner;
        scrapesOfWorker[owner]++;
        elsewhere++;
      }
      if (state.storeCounts !== undefined)
        state.storeCounts.add(scrapeInfoHashes, at, this.scrapeCounts, to);
    }
    if (elsewhere === 0)
      this.replyToScrape(connection, scrapeInfoHashes, this.scrapeCounts, scrapes);
    else this.askForCounts(connection, request);
  }

  /** Asks each worker that owns some of the torrents for their counts. */
  private askForCounts(connection: Connection, request: protocol.TrackerRequest): void {
    // hot-allow: it waits for other workers, for a round at most
    const scrape = new WaitingScrape(connection, request.scrapeInfoHashes, request.scrapes);
    for (let index = 0; index < scrape.counts.length; index++)
      scrape.counts[index] = this.scrapeCounts[index];
    const id = this.waiting.insert(scrape);
    for (let worker = 0; worker < this.state.workers; worker++) {
      const count = this.scrapesOfWorker[worker];
      if (count === 0) continue;
      scrape.waiting++;
      const batch = this.state.delivery.batches[worker];
      let at = batch.beginScrape(id, count);
      for (let index = 0; index < request.scrapes; index++)
        if (this.scrapeOwners[index] === worker)
          at = batch.writeScrapeEntry(at, index, scrape.infoHashes);
    }
  }

  private replyToScrape(
    connection: Connection,
    infoHashes: Uint8Array,
    counts: Float64Array,
    length: number,
  ): void {
    const payload = protocol.scrapeReplyBytes(infoHashes, counts, length);
    const { delivery } = this.state;
    const bytes = protocol.frameHeaderBytes(payload) + payload;
    if (!delivery.reserveHere(connection, FRAME_IS_REPLY, bytes)) return;
    const { buffer, offset } = delivery;
    protocol.writeScrapeReply(buffer, offset, payload, infoHashes, counts, length);
  }

  /** Answers another worker's scrape of torrents owned here. */
  countFor(from: number, batch: BatchReader): void {
    const { words, at, entriesAt } = batch;
    const count = words[at + 1];
    const answer = this.state.delivery.batches[from];
    let out = answer.beginCounts(words[at], count);
    for (let entry = 0; entry < count; entry++) {
      const word = entriesAt + entry * SCRAPE_ENTRY_WORDS;
      this.state.swarms.scrape(batch.bytes, 4 * (word + 1), this.scrapeCounts, 0);
      out = answer.writeCountsEntry(out, words[word], this.scrapeCounts);
    }
  }

  /** Takes another worker's counts; the last ones complete the reply. */
  takeCounts(batch: BatchReader): void {
    const { words, at, entriesAt } = batch;
    const scrape = this.waiting.answered(words[at]);
    if (scrape === undefined) throw new Error("counts came for a scrape that nobody asked for"); // hot-allow: a bug of ours
    for (let entry = 0; entry < words[at + 1]; entry++) {
      const word = entriesAt + entry * COUNTS_ENTRY_WORDS;
      const to = words[word] * protocol.SCRAPE_COUNTS;
      scrape.counts[to] += words[word + 1];
      scrape.counts[to + 1] += words[word + 2];
      scrape.counts[to + 2] += words[word + 3];
    }
    if (scrape.waiting === 0)
      this.replyToScrape(scrape.connection, scrape.infoHashes, scrape.counts, scrape.length);
  }
}
