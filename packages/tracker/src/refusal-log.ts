/**
 * The log's lines about refused requests and connections, at level debug: once a second what the workers have noted
 * (packages/metrics/src/refusals.ts), at most LINES_MAX lines, and how many more there were. Main thread.
 *
 *     DEBUG udp-1: refused: Datagrams dropped without a reply: connection id family=ipv4 address=192.0.2.1 counter=swarmtide_udp_datagrams_dropped_total
 *
 * Nothing in a line was sent by a client, but for the address it came from.
 */
import { formatIpAddress } from "@swarmtide/bittorrent";
import type { Refusal } from "@swarmtide/metrics";
import type { LogAddresses, LogFields, Logger, LogLevel } from "@swarmtide/runtime";
import type { RefusalSource } from "./services/service.ts";
import { inWords } from "./statistics/table-reading.ts";

const SECOND_MILLISECONDS = 1000;
/** Lines a second. Each worker keeps at most 8 of a reason. */
const LINES_MAX = 50;
const IPV4_BYTES = 4;
const PREFIX_BYTES = { ipv4: 3, ipv6: 6 } as const;

/** The keys of the configuration that matter here. */
export interface RefusalLogConfig {
  readonly logLevel: LogLevel;
  readonly logAddresses: LogAddresses;
}

export class RefusalLog {
  readonly #sources: readonly RefusalSource[];
  readonly #log: Logger;
  #addresses: LogAddresses = "none";
  #timer: NodeJS.Timeout | undefined;

  constructor(sources: readonly RefusalSource[], log: Logger) {
    this.#sources = sources;
    this.#log = log;
  }

  /** Takes the level and how addresses are written into use, at the start and on a reload. */
  configure({ logLevel, logAddresses }: RefusalLogConfig): void {
    this.#addresses = logAddresses;
    const isOn = logLevel === "debug";
    for (const { refusals } of this.#sources) refusals.setOn(isOn);
    if (isOn) {
      this.#timer ??= setInterval(() => this.write(), SECOND_MILLISECONDS);
    } else {
      clearInterval(this.#timer);
      this.#timer = undefined;
    }
  }

  /** Writes what is new. */
  write(): void {
    let lines = 0;
    let more = 0;
    for (const source of this.#sources)
      more += source.refusals.take((refusal) => {
        if (lines++ < LINES_MAX) this.#writeLine(source, refusal);
        else more++;
      });
    if (more > 0) this.#log.debug(`refused: ${more} more within this second are not shown`);
  }

  /** Writes the last ones; nobody refuses any more. */
  close(): void {
    if (this.#timer === undefined) return;
    clearInterval(this.#timer);
    this.write();
  }

  #writeLine(source: RefusalSource, { worker, table, metric, detail, address }: Refusal): void {
    const text = source.describe(table, detail);
    const reason = text === undefined ? inWords(metric) : `${inWords(metric)}: ${text}`;
    this.#log
      .for(source.workers[worker] ?? table)
      .debug(`refused: ${reason}`, { ...this.#addressOf(address), counter: metric.name });
  }

  #addressOf(address: Uint8Array): LogFields {
    if (address.length === 0) return {};
    const family = address.length === IPV4_BYTES ? "ipv4" : "ipv6";
    if (this.#addresses === "none") return { family };
    if (this.#addresses === "full") return { family, address: formatIpAddress(address) };
    const bytes = PREFIX_BYTES[family];
    const network = address.slice().fill(0, bytes);
    return { family, address: `${formatIpAddress(network)}/${8 * bytes}` };
  }
}
