/**
 * Reads what aquatic_udp_load_test prints while it runs: a block of lines every five seconds, and a closing report.
 * The benchmark samples the server's CPU time the moment a block begins, so that both cover the same stretch.
 */

/** The averages of one block, per second. */
export interface LoadInterval {
  requests: number;
  responses: number;
  connects: number;
  announces: number;
  scrapes: number;
  errors: number;
  /** Average number of peers in an announce reply; NaN while there was none. */
  peersPerAnnounce: number;
}

const KEYS: readonly (readonly [RegExp, keyof LoadInterval])[] = [
  [/^Responses in: ([\d.]+)\/second$/, "responses"],
  [/^ {2}- Connect responses: +([\d.]+)$/, "connects"],
  [/^ {2}- Announce responses: +([\d.]+)$/, "announces"],
  [/^ {2}- Scrape responses: +([\d.]+)$/, "scrapes"],
  [/^ {2}- Error responses: +([\d.]+)$/, "errors"],
  [/^Peers per announce response: ([\d.]+|NaN)$/, "peersPerAnnounce"],
];

/** Give it each line in turn; `onInterval` hears of a block at its first line, the block fills as lines follow. */
export class LoadReportReader {
  readonly intervals: LoadInterval[] = [];
  /** What the tester itself complained of: invalid responses, errors of its sockets. */
  readonly complaints: string[] = [];
  readonly #onInterval: () => void;
  #ended = false;

  constructor(onInterval: () => void) {
    this.#onInterval = onInterval;
  }

  line(line: string): void {
    // The closing report repeats the same keys as averages over the whole run.
    if (line.startsWith("# aquatic load test report")) this.#ended = true;
    if (/error:|invalid response/i.test(line)) this.complaints.push(line);
    if (this.#ended) return;
    const requests = /^Requests out: ([\d.]+)\/second$/.exec(line);
    if (requests) {
      this.intervals.push({
        requests: Number(requests[1]),
        responses: 0,
        connects: 0,
        announces: 0,
        scrapes: 0,
        errors: 0,
        peersPerAnnounce: Number.NaN,
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
