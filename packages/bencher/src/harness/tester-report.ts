/**
 * Reads what a load tester prints while it runs: the blocks of aquatic's testers 0.9.0 (every five seconds, and a closing
 * report), or one JSON object a line. The benchmark samples the server's CPU time the moment a block begins, so that both
 * cover the same stretch.
 */

/** What a block calls each figure; undefined for one that aquatic's testers do not tell. */
export type ReportLabels<Key extends string> = Readonly<Record<Key, string | undefined>>;

/** Give it each line in turn; `onInterval` is called at the first line of a block, which fills as lines follow. */
export class TesterReportReader<Key extends string> {
  /** Blocks of aquatic's and of our own testers hold rates per second, those of wrk and tls-clients.ts counts. */
  readonly intervals: Record<Key, number>[] = [];
  /** How often the tester itself complained: invalid responses, errors of its sockets. */
  complaints = 0;
  readonly #keys = new Map<string, Key>();
  readonly #labels: ReportLabels<Key>;
  readonly #onInterval: () => void;
  #ended = false;

  constructor(labels: ReportLabels<Key>, onInterval: () => void) {
    this.#labels = labels;
    this.#onInterval = onInterval;
    for (const key in labels) {
      const label = labels[key];
      if (label !== undefined) this.#keys.set(label, key);
    }
  }

  line(line: string): void {
    // The closing report repeats the same labels as averages over the whole run.
    if (line.startsWith("# aquatic load test report")) this.#ended = true;
    if (/error:|invalid response/i.test(line)) this.complaints++;
    if (this.#ended) return;
    if (line === "start") this.#open({});
    if (line.startsWith("{")) this.#open(JSON.parse(line));
    const [, label, figure] = /^(?: {2}- )?(.+): *([\d.]+|NaN)(?:\/second)?$/.exec(line) ?? [];
    if (label === undefined) return;
    if (label === "Requests out") this.#open({});
    const interval = this.intervals.at(-1);
    const key = this.#keys.get(label);
    if (interval && key) interval[key] = Number(figure);
  }

  #open(known: Partial<Record<Key, number>>): void {
    const interval: Record<string, number> = {};
    for (const key in this.#labels) interval[key] = known[key] ?? 0;
    this.intervals.push(interval);
    this.#onInterval();
  }
}
