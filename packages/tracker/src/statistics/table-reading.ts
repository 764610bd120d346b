/**
 * One counter table of one moment, read by role: which of its columns are requests, responses and bytes, and which are
 * ordinary events. What remains is a problem to show, so that a new counter is shown until somebody says that it is
 * ordinary. Main thread.
 */
import type { Column, CounterTable, Metric } from "@swarmtide/metrics";
import type { ProblemTotal, TrafficTotal } from "@swarmtide/statistics";

type Protocol = TrafficTotal["protocol"];
type Kind = TrafficTotal["kind"];

export const FAMILIES = [
  ["ipv4", 4],
  ["ipv6", 6],
] as const;

/** Columns whose sum counts one kind; those of `without` are taken from it. */
export interface TrafficRole<Table extends string> {
  readonly kind: Kind;
  readonly columns: readonly Column<Table>[];
  readonly without?: readonly Column<Table>[];
}

/** The rows of some roles, for each family of a table that keeps them apart. */
export function trafficOf<Table extends string>(
  table: CounterTable<Table>,
  protocol: Protocol,
  roles: readonly TrafficRole<Table>[],
): TrafficTotal[] {
  const families = table.definition.families ? FAMILIES : ([["all", undefined]] as const);
  return families.flatMap(([family, number]) =>
    roles.map(({ kind, columns, without = [] }) => {
      let total = 0;
      for (const column of columns) total += table.sum(column, number);
      for (const column of without) total -= table.sum(column, number);
      return { protocol, family, kind, total };
    }),
  );
}

/** The same of one worker, all kinds and both families together. */
export function trafficOfWorker<Table extends string>(
  table: CounterTable<Table>,
  worker: number,
  roles: readonly TrafficRole<Table>[],
): number {
  let total = 0;
  for (const { columns, without = [] } of roles) {
    for (const column of columns) total += table.sumOfWorker(column, worker);
    for (const column of without) total -= table.sumOfWorker(column, worker);
  }
  return total;
}

/** Every counter that is not ordinary. */
export function problemsOf<Table extends string>(
  table: CounterTable<Table>,
  protocol: ProblemTotal["protocol"],
  ordinary: readonly Column<Table>[],
): ProblemTotal[] {
  const isOrdinary = new Set<number>(ordinary);
  return table.definition.metrics.flatMap((metric, index): ProblemTotal[] => {
    if (metric.kind !== "counter" || isOrdinary.has(index)) return [];
    const { name, labels, help } = metric;
    const total = table.sum(index as Column<Table>);
    return [{ protocol, text: inWords(metric), help, metric: name, labels, total }];
  });
}

/** `Datagrams dropped without a reply: connection id`: the beginning of the help, and the values of the labels but family. */
export function inWords({ help, labels }: Pick<Metric, "help" | "labels">): string {
  const [what = help] = /^[^,;:.]+/.exec(help) ?? [];
  const { family: _, ...others } = labels;
  const values = Object.values(others).map((value) => value.replaceAll("_", " "));
  return values.length === 0 ? what : `${what}: ${values.join(", ")}`;
}
