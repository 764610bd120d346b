/**
 * The three questions of an operator, answered from the numbers of the moment: is the tracker healthy, is it being abused,
 * when will it be full. Called by the collector on the main thread.
 */
import type {
  ApiStats,
  Counted,
  LatencyRow,
  MemoryBudget,
  ProblemRow,
  Verdict,
  Verdicts,
} from "../api-shape.ts";

const STALL_SECONDS = 0.25;
/** In trouble, however few requests waited. */
const LONG_STALL_SECONDS = 1;
/** Fewer requests have no slowest hundredth: an idle tracker on a busy machine is not in trouble. */
const STALL_REQUESTS_MIN = 100;
const CERTIFICATE_WARNING_SECONDS = 14 * 86_400;
const CERTIFICATE_CRITICAL_SECONDS = 3 * 86_400;
const USED_WARNING_SHARE = 0.8;
const USED_CRITICAL_SHARE = 0.97;
const FULL_WARNING_SECONDS = 86_400;
const BUSY_WARNING_SHARE = 0.9;
/** Below this nobody is abused, however large its share. */
const ABUSE_PER_SECOND_MIN = 50;
const ABUSE_WARNING_SHARE = 0.1;
const ABUSE_CRITICAL_SHARE = 0.5;
const LOSS_WARNING_SHARE = 0.001;
const BUDGET_NAMES = { swarms: "UDP and HTTP", webtorrent: "WebTorrent" } as const;

/** Metrics, or parts of them, that grow when somebody attacks or a client is broken. */
const ABUSE = /dropped|refused|rate|over_|requests|protocol|timed_out|failures|errors/;
/** Those that say that the tracker itself loses what it should serve. */
const LOSS = /send_failures|receive_failures|accept_failures|not_stored|no_room|sends_dropped/;

type Facts = Pick<
  ApiStats,
  "requests" | "latency" | "problems" | "memory" | "workers" | "certificates" | "lastReload"
>;

export const judge = (facts: Facts): Verdicts => ({
  health: judgeHealth(facts),
  abuse: judgeAbuse(facts),
  capacity: judgeCapacity(facts.memory.budgets),
});

interface Finding {
  readonly status: "warning" | "critical";
  readonly reason: string;
}

function verdictOf(findings: readonly Finding[], otherwise: readonly string[] = []): Verdict {
  if (findings.length === 0) return { status: "ok", reasons: otherwise };
  const isCritical = findings.some(({ status }) => status === "critical");
  return {
    status: isCritical ? "critical" : "warning",
    reasons: findings.map(({ reason }) => reason),
  };
}

function judgeHealth(facts: Facts): Verdict {
  const findings: Finding[] = [];
  for (const row of facts.latency) if (row.worker !== null) findings.push(...stalled(row));
  for (const { name, busyShare } of facts.workers)
    if (busyShare !== null && busyShare >= BUSY_WARNING_SHARE)
      findings.push({
        status: "warning",
        reason: `${name} is busy ${percent(busyShare)} of its time`,
      });
  for (const { secondsToExpiry, subject } of facts.certificates) {
    if (secondsToExpiry >= CERTIFICATE_WARNING_SECONDS) continue;
    const status = secondsToExpiry < CERTIFICATE_CRITICAL_SECONDS ? "critical" : "warning";
    const when = secondsToExpiry <= 0 ? "has expired" : `expires in ${duration(secondsToExpiry)}`;
    findings.push({ status, reason: `the certificate of ${subject} ${when}` });
  }
  if (facts.lastReload?.isSuccess === false)
    findings.push({
      status: "warning",
      reason: `the last reload failed: ${facts.lastReload.text}`,
    });
  for (const problem of facts.problems)
    if (LOSS.test(problem.metric) && isShare(problem, facts.requests.all, LOSS_WARNING_SHARE))
      findings.push({ status: "warning", reason: `${problem.text}: ${rate(problem)}` });
  return verdictOf(findings, [...quickness(facts.latency), ...busiest(facts.workers)]);
}

/** How quick the slowest protocol is; nothing where nobody asked. */
function quickness(rows: Facts["latency"]): string[] {
  const asked = rows.filter(({ worker, tenSeconds }) => worker === null && tenSeconds.count > 0);
  if (asked.length === 0) return ["no request in the last ten seconds"];
  const slowest = Math.max(...asked.map(({ tenSeconds }) => tenSeconds.p99Seconds));
  return [`99 of 100 requests are answered within ${seconds(slowest)}`];
}

function busiest(workers: Facts["workers"]): string[] {
  const measured = workers.filter(({ busyShare }) => busyShare !== null);
  const [first] = measured.sort((a, b) => (b.busyShare ?? 0) - (a.busyShare ?? 0));
  if (first === undefined) return [];
  return [`the busiest worker, ${first.name}, works ${percent(first.busyShare ?? 0)} of its time`];
}

function stalled({ worker, tenSeconds }: LatencyRow): Finding[] {
  const { count, p99Seconds } = tenSeconds;
  if (p99Seconds < (count < STALL_REQUESTS_MIN ? LONG_STALL_SECONDS : STALL_SECONDS)) return [];
  const reason = `${worker} stalled: 1 of 100 requests waited ${seconds(p99Seconds)} inside`;
  return [{ status: p99Seconds >= LONG_STALL_SECONDS ? "critical" : "warning", reason }];
}

function judgeAbuse({ problems, requests }: Facts): Verdict {
  const findings: Finding[] = [];
  for (const problem of problems) {
    if (!ABUSE.test(problem.metric) || LOSS.test(problem.metric)) continue;
    if (problem.perSecond.tenSeconds < ABUSE_PER_SECOND_MIN) continue;
    if (!isShare(problem, requests.all, ABUSE_WARNING_SHARE)) continue;
    const isCritical = isShare(problem, requests.all, ABUSE_CRITICAL_SHARE);
    findings.push({
      status: isCritical ? "critical" : "warning",
      reason: `${problem.text}: ${rate(problem)}`,
    });
  }
  let refused = 0;
  for (const { metric, perSecond } of problems)
    if (ABUSE.test(metric) && !LOSS.test(metric)) refused += perSecond.tenSeconds;
  const share = refused / Math.max(1, requests.all.perSecond.tenSeconds);
  const told = refused === 0 ? "nothing" : `${percent(Math.min(1, share))} of requests`;
  return verdictOf(findings, [`${told} refused or dropped in the last ten seconds`]);
}

function judgeCapacity(budgets: readonly MemoryBudget[]): Verdict {
  const findings: Finding[] = [];
  const notes: string[] = [];
  for (const { name, usedBytes, limitBytes, secondsUntilFull, refused } of budgets) {
    const share = limitBytes === 0 ? 0 : usedBytes / limitBytes;
    const full =
      secondsUntilFull === null
        ? ", not growing"
        : `, full in ${duration(secondsUntilFull)} at this rate`;
    const reason = `${BUDGET_NAMES[name]}: ${percent(share)} of ${mebibytes(limitBytes)} used${full}`;
    if (refused.perSecond.minute > 0)
      findings.push({
        status: "critical",
        reason: `${reason}; peers are refused for lack of room`,
      });
    else if (share >= USED_CRITICAL_SHARE) findings.push({ status: "critical", reason });
    else if (share >= USED_WARNING_SHARE || (secondsUntilFull ?? Infinity) < FULL_WARNING_SECONDS)
      findings.push({ status: "warning", reason });
    else notes.push(reason);
  }
  return verdictOf(findings, notes);
}

/** Whether it is at least this part of all requests of the last ten seconds. */
const isShare = (problem: ProblemRow, requests: Counted, share: number): boolean =>
  problem.perSecond.tenSeconds > 0 &&
  problem.perSecond.tenSeconds >= share * Math.max(1, requests.perSecond.tenSeconds);

const rate = ({ perSecond }: Counted): string =>
  `${Math.round(perSecond.tenSeconds * 10) / 10} a second`;

const percent = (share: number): string =>
  share > 0 && share < 0.005 ? "less than 1 %" : `${Math.round(share * 100)} %`;

function seconds(value: number): string {
  if (value < 0.001) return `${Math.round(value * 1e6)} µs`;
  return value < 1 ? `${Math.round(value * 1000)} ms` : `${value.toFixed(1)} s`;
}

const mebibytes = (bytes: number): string =>
  bytes < 2 ** 30 ? `${Math.round(bytes / 2 ** 20)} MiB` : `${(bytes / 2 ** 30).toFixed(1)} GiB`;

/** `9 days`, `5 hours`, `40 minutes`. */
function duration(seconds: number): string {
  for (const [unit, size] of [
    ["day", 86_400],
    ["hour", 3600],
    ["minute", 60],
  ] as const) {
    const count = Math.floor(seconds / size);
    if (count >= 1) return `${count} ${unit}${count === 1 ? "" : "s"}`;
  }
  return `${Math.max(0, Math.floor(seconds))} s`;
}
