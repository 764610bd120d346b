/**
 * What the tracker should count, as far as it can be known from outside: of each torrent the peers that must be there, and
 * those that may be. A peer may be there while its announce or its stop is under way, was lost, or while it expires.
 *
 * How long a request takes proves nothing: what it changes may happen at any time from when it was sent until its answer came,
 * and so may the counting of a scrape. Each side of a bound is held against the one that makes it true whenever that was.
 *
 * Worked example, `peerAgeSeconds` 90, `slackSeconds` 6, `cleaningSeconds` 10, `lateSeconds` 20: a peer whose announce was sent
 * at 100 and answered at 101 must be in a count that came by 184, and may be in one that was asked for until 227.
 */

export interface Counts {
  readonly seeders: number;
  readonly leechers: number;
}

export interface SwarmModelOptions {
  readonly peerAgeSeconds: number;
  readonly cleaningSeconds: number;
  /** For the tracker's ticks of 4 seconds. */
  readonly slackSeconds: number;
  /** How late a pass of cleaning may be on a busy machine; a peer that stays for longer was forgotten. */
  readonly lateSeconds: number;
  /** What the tracker has said to keep peers for on top, since it stood still. */
  readonly creditSeconds?: () => number;
}

interface ModelPeer {
  isSeeder: boolean;
  /** When its last announce was sent, of those that were answered. */
  atSeconds: number;
  /** When its last announce was answered, or given up. */
  latestSeconds: number;
  /** False after a request whose answer never came: it may have arrived or not. */
  isCertain: boolean;
}

/** From when a request was sent until its answer came or it was given up. */
export interface Span {
  readonly sentSeconds: number;
  readonly endedSeconds: number;
}

interface ModelTorrent {
  readonly peers: Map<number, ModelPeer>;
  /** Moves with every change: a count that was asked for before and came after one proves nothing. */
  version: number;
  underWay: number;
}

export class SwarmModel {
  readonly #options: SwarmModelOptions;
  readonly #torrents = new Map<string, ModelTorrent>();

  constructor(options: SwarmModelOptions) {
    this.#options = options;
  }

  get peerCount(): number {
    let count = 0;
    for (const { peers } of this.#torrents.values()) count += peers.size;
    return count;
  }

  /** Call it before a request that changes the torrent. */
  begin(torrent: string): void {
    const changed = this.#torrent(torrent);
    changed.version++;
    changed.underWay++;
  }

  /** The peer has announced; `isCertain` where the tracker has answered. */
  announced(
    torrent: string,
    key: number,
    isSeeder: boolean,
    { sentSeconds, endedSeconds }: Span,
    isCertain: boolean,
  ): void {
    const changed = this.#end(torrent);
    const before = changed.peers.get(key);
    if (!isCertain && before !== undefined) {
      before.isCertain = false;
      before.latestSeconds = endedSeconds;
      return;
    }
    const peer = { isSeeder, atSeconds: sentSeconds, latestSeconds: endedSeconds, isCertain };
    changed.peers.set(key, peer);
  }

  /** The peer has left. */
  stopped(torrent: string, key: number, isCertain: boolean): void {
    const changed = this.#end(torrent);
    const before = changed.peers.get(key);
    if (isCertain) changed.peers.delete(key);
    else if (before !== undefined) before.isCertain = false;
  }

  /** A sign of the torrent's state: undefined while something is under way. */
  versionOf(torrent: string): number | undefined {
    const { version, underWay } = this.#torrent(torrent);
    return underWay === 0 ? version : undefined;
  }

  /** The same while something is under way: for who began it alone. */
  stateOf(torrent: string): number {
    return this.#torrent(torrent).version;
  }

  /** What is wrong with a count; undefined where nothing is. */
  contradiction(torrent: string, counts: Counts, span: Span): string | undefined {
    const { least, most } = this.bounds(torrent, span);
    for (const kind of ["seeders", "leechers"] as const)
      if (counts[kind] < least[kind] || counts[kind] > most[kind])
        return `${counts[kind]} ${kind} counted, ${least[kind]} to ${most[kind]} expected`;
    return undefined;
  }

  bounds(torrent: string, { sentSeconds, endedSeconds }: Span): { least: Counts; most: Counts } {
    const { peerAgeSeconds, cleaningSeconds, slackSeconds, lateSeconds } = this.#options;
    const least = { seeders: 0, leechers: 0 };
    const most = { seeders: 0, leechers: 0 };
    const { peers } = this.#torrent(torrent);
    const credit = this.#options.creditSeconds?.() ?? 0;
    const goneSeconds = peerAgeSeconds + credit + cleaningSeconds + slackSeconds + lateSeconds;
    for (const [key, { isSeeder, atSeconds, latestSeconds, isCertain }] of peers) {
      const age = endedSeconds - atSeconds;
      if (sentSeconds - latestSeconds > goneSeconds) {
        peers.delete(key);
        continue;
      }
      if (isCertain && age < peerAgeSeconds - slackSeconds)
        least[isSeeder ? "seeders" : "leechers"]++;
      // Without an answer nobody knows which role it has.
      if (isSeeder || !isCertain) most.seeders++;
      if (!isSeeder || !isCertain) most.leechers++;
    }
    return { least, most };
  }

  #end(torrent: string): ModelTorrent {
    const changed = this.#torrent(torrent);
    changed.version++;
    changed.underWay--;
    return changed;
  }

  #torrent(name: string): ModelTorrent {
    let torrent = this.#torrents.get(name);
    if (torrent === undefined) {
      torrent = { peers: new Map(), version: 0, underWay: 0 };
      this.#torrents.set(name, torrent);
    }
    return torrent;
  }
}
