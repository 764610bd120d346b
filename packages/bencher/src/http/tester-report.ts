/**
 * Reads what the HTTP load testers print. The benchmark samples the server's CPU time the moment a line asks for it, so
 * that counts and CPU time cover the same stretch.
 */

/** Answers and failures of one stretch of load. */
export interface HttpInterval {
  /** Answers with status 200, or of any kind where the tester does not tell. */
  readonly responses: number;
  /** Refusals in an answer, and connections that failed. */
  readonly errors: number;
  /** Connections that the server closed after an answer without saying so; the tester notices at its next request. */
  readonly unannounced: number;
}

/** aquatic_http_load_test 0.9.0: a block every five seconds, whose first line calls `onBlock`; rates per second. */
export class AquaticReportReader {
  readonly blocks: { responses: number; errors: number; unannounced: 0 }[] = [];
  readonly #onBlock: () => void;
  #ended = false;

  constructor(onBlock: () => void) {
    this.#onBlock = onBlock;
  }

  line(line: string): void {
    // The closing report repeats the responses as an average over the whole run.
    if (line.startsWith("# aquatic load test report")) this.#ended = true;
    if (this.#ended) return;
    if (line.startsWith("Requests out: ")) {
      this.blocks.push({ responses: 0, errors: 0, unannounced: 0 });
      this.#onBlock();
      return;
    }
    const block = this.blocks.at(-1);
    const responses = /^Responses in: ([\d.]+)\/second$/.exec(line);
    if (block && responses) block.responses = Number(responses[1]);
    const failures = /^ {2}- Failure responses: +([\d.]+)$/.exec(line);
    if (block && failures) block.errors = Number(failures[1]);
  }
}

/** wrk with announces.lua, and tls-clients.ts: `onMark` is called at the start and at the end; counts of the whole run. */
export class WrkReportReader {
  total: HttpInterval | undefined;
  readonly #onMark: () => void;

  constructor(onMark: () => void) {
    this.#onMark = onMark;
  }

  line(line: string): void {
    if (line === "start") this.#onMark();
    if (!line.startsWith("{")) return;
    this.#onMark();
    const report: { requests: number; errors: number; unannounced: number } = JSON.parse(line);
    const { requests: responses, errors, unannounced } = report;
    this.total = { responses, errors, unannounced };
  }
}
