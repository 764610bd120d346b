/**
 * The JavaScript heaps of a process that was started with V8's `--trace-gc`, read from what it prints at each collection:
 *
 *     [4711:0x5f3a8c0]    12034 ms: Scavenge 24.5 (31.2) -> 22.1 (31.4) MB, …
 *
 * The number after the colon is the heap, one for each thread.
 */
const COLLECTION =
  /^\[\d+:(0x[0-9a-f]+)[^\]]*\] .*? ([\d.]+) \([\d.]+\) -> ([\d.]+) \([\d.]+\) MB/gm;

export interface HeapReport {
  readonly heaps: number;
  /** The largest that any heap was before a collection, and the largest that was left after its last one. */
  readonly mostMib: number;
  readonly leftMib: number;
}

export function heapsIn(output: string): HeapReport {
  const left = new Map<string, number>();
  let mostMib = 0;
  for (const [, heap = "", before, after] of output.matchAll(COLLECTION)) {
    mostMib = Math.max(mostMib, Number(before));
    left.set(heap, Number(after));
  }
  return { heaps: left.size, mostMib, leftMib: Math.max(0, ...left.values()) };
}
