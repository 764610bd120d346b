/** The options of a load and how they are read from a command line. */
import { parseArgs } from "node:util";

export interface LoadOptions {
  readonly host: string;
  readonly port: number;
  /** Over TLS, with any certificate taken. */
  readonly tls: boolean;
  readonly connections: number;
  /** Connection attempts a second at the start. */
  readonly connectsPerSecond: number;
  /** Local addresses 127.0.0.1, 127.0.0.2 … to connect from in turns; 0 leaves the choice to the system. */
  readonly sourceAddresses: number;
  /** Torrents of the whole load; the n-th is chosen with a weight of 1/n. */
  readonly torrents: number;
  readonly torrentsPerConnection: number;
  readonly offers: number;
  readonly sdpBytes: number;
  /** Replies after which a client leaves and another comes in its place; 0 keeps connections. */
  readonly requestsPerConnection: number;
  /** Share of those that come which resume the TLS session of the one that left. */
  readonly tlsResumeShare: number;
  /** Share of the offers read that are answered. */
  readonly answerShare: number;
  /** Share of scrapes among the requests. */
  readonly scrapeShare: number;
  /** Pause of a connection between a reply and its next request; 0 for none. */
  readonly pauseSeconds: number;
  /** Requests a second of all clients, sent when they are due; 0 sends as many as are answered. */
  readonly targetRate: number;
  /** After this an unanswered request is lost, and its client goes on: a tracker may drop a reply to a slow one. */
  readonly timeoutMilliseconds: number;
  readonly durationSeconds: number;
  readonly reportSeconds: number;
  readonly json: boolean;
}

export const DEFAULT_LOAD: LoadOptions = {
  host: "127.0.0.1",
  port: 3000,
  tls: true,
  connections: 100,
  connectsPerSecond: 500,
  sourceAddresses: 0,
  requestsPerConnection: 0,
  tlsResumeShare: 0,
  torrents: 1000,
  torrentsPerConnection: 5,
  offers: 10,
  sdpBytes: 1500,
  answerShare: 0.15,
  scrapeShare: 0.01,
  pauseSeconds: 0,
  targetRate: 0,
  timeoutMilliseconds: 5000,
  durationSeconds: 20,
  reportSeconds: 5,
  json: false,
};

export const LOAD_USAGE = `usage: node packages/load-test/dist/ws/bin.js --port N [options]

  --host ADDRESS               the tracker's address (${DEFAULT_LOAD.host})
  --port N                     the tracker's port (${DEFAULT_LOAD.port})
  --plain                      without TLS
  --connections N              (${DEFAULT_LOAD.connections})
  --connects-per-second N      connection attempts a second (${DEFAULT_LOAD.connectsPerSecond})
  --source-addresses N         connect from 127.0.0.1 to 127.0.0.N in turns (the system's choice)
  --requests-per-connection N  replies after which a client leaves and another comes; 0 keeps connections (0)
  --tls-resume-share S         share of those that come which resume the TLS session of who left (0)
  --torrents N                 torrents of the whole load, the n-th with a weight of 1/n (${DEFAULT_LOAD.torrents})
  --torrents-per-connection N  (${DEFAULT_LOAD.torrentsPerConnection})
  --offers N                   offers of an announce (${DEFAULT_LOAD.offers})
  --sdp-bytes N                length of each session description (${DEFAULT_LOAD.sdpBytes})
  --answer-share S             share of the offers that are answered (${DEFAULT_LOAD.answerShare})
  --scrape-share S             share of scrapes among the requests (${DEFAULT_LOAD.scrapeShare})
  --pause S                    seconds between a reply and the next request (${DEFAULT_LOAD.pauseSeconds})
  --target-rate N              requests a second, when they are due; 0 for as many as are answered (${DEFAULT_LOAD.targetRate})
  --timeout MS                 milliseconds until a request is lost (${DEFAULT_LOAD.timeoutMilliseconds})
  --duration S                 seconds of load (${DEFAULT_LOAD.durationSeconds})
  --report S                   seconds between two reports (${DEFAULT_LOAD.reportSeconds})
  --json                       reports as JSON, one object a line
  -h, --help                   this text
`;

/** A bad argument; the message says which and what was wanted. */
export class LoadOptionError extends Error {}

/** Reads a command line; undefined where help is asked for. */
export function readLoadOptions(args: readonly string[]): LoadOptions | undefined {
  const text = { type: "string" } as const;
  const flag = { type: "boolean", default: false } as const;
  let values: Record<string, string | boolean | undefined>;
  try {
    ({ values } = parseArgs({
      args: [...args],
      options: {
        ...{ host: text, port: text, plain: flag, connections: text },
        ...{ "connects-per-second": text, "source-addresses": text, torrents: text },
        ...{ "torrents-per-connection": text, offers: text, "sdp-bytes": text },
        ...{ "answer-share": text, "scrape-share": text, pause: text, duration: text },
        ...{ "target-rate": text, timeout: text },
        ...{ "requests-per-connection": text, "tls-resume-share": text },
        ...{ report: text, json: flag, help: { ...flag, short: "h" } },
      },
    }));
  } catch (error) {
    throw new LoadOptionError(error instanceof Error ? error.message : String(error));
  }
  if (values.help === true) return undefined;
  const number = (name: string, fallback: number, min: number, max: number): number => {
    const value = Number(values[name] ?? fallback);
    if (values[name] === "" || !(value >= min && value <= max))
      throw new LoadOptionError(
        `--${name} ${values[name]}: expected a number from ${min} to ${max}`,
      );
    return value;
  };
  const whole = (name: string, fallback: number, min: number, max: number): number => {
    const value = number(name, fallback, min, max);
    if (!Number.isInteger(value))
      throw new LoadOptionError(`--${name} ${value}: expected a whole number`);
    return value;
  };
  const base = DEFAULT_LOAD;
  return {
    host: typeof values.host === "string" ? values.host : base.host,
    port: whole("port", base.port, 1, 65_535),
    tls: values.plain !== true,
    connections: whole("connections", base.connections, 1, 1_000_000),
    connectsPerSecond: number("connects-per-second", base.connectsPerSecond, 1, 1e6),
    sourceAddresses: whole("source-addresses", base.sourceAddresses, 0, 254),
    requestsPerConnection: whole("requests-per-connection", base.requestsPerConnection, 0, 1e6),
    tlsResumeShare: number("tls-resume-share", base.tlsResumeShare, 0, 1),
    torrents: whole("torrents", base.torrents, 1, 10_000_000),
    torrentsPerConnection: whole("torrents-per-connection", base.torrentsPerConnection, 1, 1000),
    offers: whole("offers", base.offers, 0, 100),
    sdpBytes: whole("sdp-bytes", base.sdpBytes, 1, 1_000_000),
    answerShare: number("answer-share", base.answerShare, 0, 1),
    scrapeShare: number("scrape-share", base.scrapeShare, 0, 1),
    pauseSeconds: number("pause", base.pauseSeconds, 0, 86_400),
    targetRate: whole("target-rate", base.targetRate, 0, 1e6),
    timeoutMilliseconds: whole("timeout", base.timeoutMilliseconds, 10, 60_000),
    durationSeconds: number("duration", base.durationSeconds, 1, 1e6),
    reportSeconds: number("report", base.reportSeconds, 0.1, 3600),
    json: values.json === true,
  };
}
