/**
 * Reads what a WebTorrent load tester prints while it runs: the blocks of aquatic_ws_load_test 0.9.0, or the JSON lines of
 * our own. The benchmark samples the server's CPU time the moment a report begins, so that both cover the same stretch.
 */

/** Averages of one stretch of load, per second, as the clients saw them. */
export interface WsInterval {
  /** Messages that the clients sent. */
  sent: number;
  /** Messages that the clients read; what the tracker dropped, or what still waits in a queue, is not among them. */
  received: number;
  announces: number;
  offers: number;
  answers: number;
  scrapes: number;
  errors: number;
  /** Open connections at the end of the stretch. */
  connections: number;
  /** Connections that have ended so far though the clients did not close them; aquatic's tester does not tell. */
  lost: number;
}

const KEYS: readonly (readonly [RegExp, keyof WsInterval])[] = [
  [/^Responses in: ([\d.]+)\/second$/, "received"],
  [/^ {2}- Announce responses: +([\d.]+)$/, "announces"],
  [/^ {2}- Offer responses: +([\d.]+)$/, "offers"],
  [/^ {2}- Answer responses: +([\d.]+)$/, "answers"],
  [/^ {2}- Scrape responses: +([\d.]+)$/, "scrapes"],
  [/^ {2}- Error responses: +([\d.]+)$/, "errors"],
  [/^Active connections: (\d+)$/, "connections"],
];

/** Give it each line in turn; `onInterval` hears of a block at its first line, the block fills as lines follow. */
export class WsLoadReportReader {
  readonly intervals: WsInterval[] = [];
  readonly #onInterval: () => void;
  #ended = false;

  constructor(onInterval: () => void) {
    this.#onInterval = onInterval;
  }

  line(line: string): void {
    // The closing report repeats the responses as an average over the whole run.
    if (line.startsWith("# aquatic load test report")) this.#ended = true;
    if (this.#ended) return;
    if (line.startsWith("{")) {
      this.intervals.push(JSON.parse(line));
      this.#onInterval();
      return;
    }
    const sent = /^Requests out: ([\d.]+)\/second$/.exec(line);
    if (sent) {
      this.intervals.push({
        sent: Number(sent[1]),
        received: 0,
        announces: 0,
        offers: 0,
        answers: 0,
        scrapes: 0,
        errors: 0,
        connections: 0,
        lost: 0,
      });
      this.#onInterval();
      return;
    }
    const interval = this.intervals.at(-1);
    if (!interval) return;
    for (const [pattern, key] of KEYS) {
      const match = pattern.exec(line);
      if (match) interval[key] = Number(match[1]);
    }
  }
}
