/** How much a worker takes at once, whatever engine moves its datagrams. */

/** Datagrams taken at once. Beyond 64 the kernel's share of a system call no longer falls (measured 16, 64, 256). */
export const BATCH_SIZE = 64;

/** Below this many requests reading ahead costs as much as it saves. */
export const PREFETCH_BATCH_MIN = 8;

/**
 * After so many full batches in a row a worker is behind: some 4,000 requests, 20 ms of them. A burst of what clients send
 * together is shorter; a load that the worker can carry leaves a batch unfilled now and then.
 */
export const BEHIND_BATCHES = 64;
