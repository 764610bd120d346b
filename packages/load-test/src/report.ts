/** The report of a load test, as text and as JSON, and whether it passed. Pure functions. */
import type { Counts } from "./tally.ts";

export interface Report {
  readonly target: string;
  readonly seconds: number;
  readonly requestsPerSecond: number;
  readonly responsesPerSecond: number;
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
  rest: Omit<Report, "counts" | "seconds" | "requestsPerSecond" | "responsesPerSecond">,
): Report => ({
  ...rest,
  seconds,
  requestsPerSecond: perSecond(sum(counts.sent), seconds),
  responsesPerSecond: perSecond(responsesOf(counts), seconds),
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
  const kinds = Object.entries(counts.answered).map(
    ([kind, answered]) =>
      `  ${kind.padEnd(10)} ${whole(counts.sent[kind] ?? 0)} sent, ${whole(answered)} answered, ${whole(perSecond(answered, seconds))}/s`,
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
