/** What the clients of a load count, and how a report shows it. Written by the clients, read once per interval. */

/** All but `connections` only ever go up. */
export interface LoadCounts {
  /** Messages sent, scrapes and answers included. */
  sent: number;
  /** Messages read, whatever they were. */
  received: number;
  /** Replies to announces. */
  announces: number;
  offers: number;
  answers: number;
  scrapes: number;
  /** Replies with a failure reason, and messages that were none. */
  errors: number;
  /** Announces and scrapes that got no reply in time and were followed by another. */
  unanswered: number;
  /** Connections that ended though nobody here closed them, and attempts that failed. */
  lost: number;
  /** Connections whose handshakes are done and that are open now. */
  connections: number;
}

export const noCounts = (): LoadCounts => ({
  sent: 0,
  received: 0,
  announces: 0,
  offers: 0,
  answers: 0,
  scrapes: 0,
  errors: 0,
  unanswered: 0,
  lost: 0,
  connections: 0,
});

const RATES = [
  "sent",
  "received",
  "announces",
  "offers",
  "answers",
  "scrapes",
  "errors",
  "unanswered",
] as const;

/** The change from `before` to `now` as rates per second; `lost` and `connections` stay numbers of connections. */
export function ratesBetween(before: LoadCounts, now: LoadCounts, seconds: number): LoadCounts {
  const rates = { ...now };
  for (const key of RATES) rates[key] = (now[key] - before[key]) / seconds;
  return rates;
}

/** One line for people. */
export function describeRates(rates: LoadCounts): string {
  const per = (name: string, value: number): string => `${Math.round(value)} ${name}/s`;
  return [
    `${rates.connections} connections`,
    per("sent", rates.sent),
    `${per("received", rates.received)} (${per("announce replies", rates.announces)}`,
    per("offers", rates.offers),
    per("answers", rates.answers),
    `${per("scrapes", rates.scrapes)})`,
    per("errors", rates.errors),
    per("unanswered", rates.unanswered),
    `${rates.lost} lost`,
  ].join(", ");
}
