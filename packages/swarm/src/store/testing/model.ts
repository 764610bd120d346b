/**
 * The swarm store as one would write it on a blackboard: Maps of Maps. Tests compare long random histories of the real
 * store with it.
 */

export interface ModelAnnounce {
  readonly torrent: number;
  readonly peer: number;
  readonly family: 4 | 6;
  readonly seeder: boolean;
  readonly stopped: boolean;
  readonly paused: boolean;
  readonly completed: boolean;
  readonly nowSeconds: number;
}

interface ModelPeer {
  seeder: boolean;
  paused: boolean;
  completedCounted: boolean;
  tick: number;
}

interface ModelTorrent {
  completed: number;
  readonly swarms: Record<4 | 6, Map<number, ModelPeer>>;
}

const SECONDS_PER_TICK = 4;

export class ModelStore {
  readonly torrents = new Map<number, ModelTorrent>();

  announce(a: ModelAnnounce): void {
    let torrent = this.torrents.get(a.torrent);
    if (a.stopped) {
      torrent?.swarms[a.family].delete(a.peer);
      return;
    }
    if (torrent === undefined) {
      torrent = { completed: 0, swarms: { 4: new Map(), 6: new Map() } };
      this.torrents.set(a.torrent, torrent);
    }
    const known = torrent.swarms[a.family].get(a.peer);
    const completes =
      known !== undefined && !known.seeder && !known.completedCounted && a.seeder && a.completed;
    if (completes) torrent.completed++;
    torrent.swarms[a.family].set(a.peer, {
      seeder: a.seeder,
      paused: a.paused,
      completedCounted: completes || (known?.completedCounted ?? false),
      tick: Math.trunc(a.nowSeconds / SECONDS_PER_TICK),
    });
  }

  clean(nowSeconds: number, peerAgeSecondsMax: number): void {
    const tick = Math.trunc(nowSeconds / SECONDS_PER_TICK);
    const ageMax = Math.trunc(peerAgeSecondsMax / SECONDS_PER_TICK);
    for (const [id, torrent] of this.torrents) {
      for (const swarm of [torrent.swarms[4], torrent.swarms[6]])
        for (const [key, peer] of swarm) if (tick - peer.tick > ageMax) swarm.delete(key);
      if (torrent.swarms[4].size + torrent.swarms[6].size === 0) this.torrents.delete(id);
    }
  }

  counts(torrentId: number, family: 4 | 6) {
    const torrent = this.torrents.get(torrentId);
    const peers = [...(torrent?.swarms[family].values() ?? [])];
    const leechers = peers.filter((peer) => !peer.seeder);
    return {
      seeders: peers.length - leechers.length,
      leechers: leechers.length,
      downloaders: leechers.filter((peer) => !peer.paused).length,
      completed: torrent?.completed ?? 0,
    };
  }
}
