/** The report of a load test, as text and as JSON, and whether it passed. Pure functions. */
import type { Counts } from "./tally.ts";

/** What became of one kind of request. */
export interface KindReport {
  readonly sent: number;
  readonly answered: number;
  readonly responsesPerSecond: number;
}

export interface Report {
  readonly target: string;
  readonly seconds: number;
  readonly requestsPerSecond: number;
  readonly responsesPerSecond: number;
  /** By kind of request, such as "announce". */
  readonly perType: Readonly<Record<string, KindReport>>;
  /** Answers that refuse a request. */
  readonly errors: number;
  /** Requests without an answer in time. */
  readonly lost: number;
  readonly counts: Counts;
  readonly latencyMicroseconds: Readonly<Record<string, number>>;
  /** From when a latency counts: a target rate's from the moment the request was due. */
  readonly latencyFrom: "due" | "sent";
  readonly configuration: unknown;
}

const sum = (values: Readonly<Record<string, number>>): number =>
  Object.values(values).reduce((total, value) => total + value, 0);

/** Answers of the expected kind. */
const responsesOf = (counts: Counts): number => sum(counts.answered);

/** 0 for a load that was stopped before it began. */
const perSecond = (count: number, seconds: number): number => (seconds > 0 ? count / seconds : 0);

export const makeReport = (
  counts: Counts,
  seconds: number,
  rest: Pick<Report, "target" | "latencyMicroseconds" | "latencyFrom" | "configuration">,
): Report => ({
  ...rest,
  seconds,
  requestsPerSecond: perSecond(sum(counts.sent), seconds),
  responsesPerSecond: perSecond(responsesOf(counts), seconds),
  perType: Object.fromEntries(
    Object.entries(counts.sent).map(([kind, sent]) => {
      const answered = counts.answered[kind] ?? 0;
      return [kind, { sent, answered, responsesPerSecond: perSecond(answered, seconds) }];
    }),
  ),
  errors: counts.errors,
  lost: counts.lost,
  counts,
});

const whole = (value: number): string => Math.round(value).toLocaleString("en");

/** One line between two moments of a load. */
export function progressLine(before: Counts, now: Counts, seconds: number): string {
  const rate = (count: (counts: Counts) => number): string =>
    whole((count(now) - count(before)) / seconds);
  return `${rate(({ sent }) => sum(sent))} requests/s, ${rate(responsesOf)} responses/s, ${rate(({ errors }) => errors)} errors/s, ${rate(({ lost }) => lost)} lost/s`;
}

const WRONG = ["unknown", "malformed", "wrongPeers", "duplicates", "late", "unsent"] as const;

export function reportText(report: Report): string {
  const { counts, latencyMicroseconds, seconds } = report;
  const kinds = Object.entries(report.perType).map(
    ([kind, { sent, answered, responsesPerSecond }]) =>
      `  ${kind.padEnd(10)} ${whole(sent)} sent, ${whole(answered)} answered, ${whole(responsesPerSecond)}/s`,
  );
  const announces = counts.answered.announce ?? 0;
  return [
    `Load on ${report.target} for ${seconds.toFixed(1)} s`,
    `Requests:  ${whole(report.requestsPerSecond)}/s`,
    `Responses: ${whole(report.responsesPerSecond)}/s`,
    ...kinds,
    `Errors: ${whole(counts.errors)}, lost: ${whole(counts.lost)}`,
    `${WRONG.map((name) => `${name}: ${whole(counts[name])}`).join(", ")}`,
    ...(announces > 0
      ? [`Peers per announce reply: ${(counts.peers / announces).toFixed(1)}`]
      : []),
    ...(counts.offers + counts.answers > 0
      ? [
          `Delivered: ${whole(counts.offers)} offers, ${whole(counts.answers)} answers, ${whole(perSecond(counts.offers + counts.answers, seconds))}/s`,
        ]
      : []),
    ...(counts.fullHandshakes + counts.resumedHandshakes > 0
      ? [
          `TLS handshakes: ${whole(counts.fullHandshakes)} in full, ${whole(counts.resumedHandshakes)} resumed`,
        ]
      : []),
    `Latency in µs, from when a request was ${report.latencyFrom}: ${Object.entries(
      latencyMicroseconds,
    )
      .map(([name, micros]) => `${name} ${whole(micros)}`)
      .join(", ")}`,
    "",
  ].join("\n");
}

export interface Limits {
  readonly maxErrorPercent: number;
  readonly maxLostPercent: number;
}

/** What went beyond a limit, one line each; empty where the test passed. Wrong answers count as errors. */
export function failuresOf({ counts }: Report, limits: Limits): string[] {
  const sent = Math.max(1, sum(counts.sent));
  const { errors, malformed, unknown, wrongPeers, lost } = counts;
  const share = (name: string, count: number, max: number): string[] => {
    const percent = (count * 100) / sent;
    return percent > max ? [`${percent.toFixed(2)} % ${name}, at most ${max} % are allowed`] : [];
  };
  const nothing = sum(counts.answered) === 0 ? ["The tracker answered nothing"] : [];
  return [
    ...nothing,
    ...share(
      "errors and wrong answers",
      errors + malformed + unknown + wrongPeers,
      limits.maxErrorPercent,
    ),
    ...share("requests lost", lost, limits.maxLostPercent),
  ];
}
