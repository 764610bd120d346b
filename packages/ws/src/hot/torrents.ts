/** The torrents of a worker, found by info hash. Owned by the worker; a part of `Peers`. Layout: peer-layout.ts. */
import { hashId, hashIdWords, isId, putId } from "./id-words.ts";
import { LinearIndex } from "./linear-index.ts";
import { RECORDS_PER_2_BUCKETS, TORRENT_WORDS } from "./peer-layout.ts";
import { RecordTable } from "./record-table.ts";

export class Torrents extends LinearIndex {
  private readonly secret: number;

  constructor(secret: number, lengthMax: number) {
    super(new RecordTable(TORRENT_WORDS, lengthMax), RECORDS_PER_2_BUCKETS);
    this.secret = secret;
  }

  /** The torrent whose info hash stands at `at`, or 0. */
  find(infoHashes: Uint8Array, at: number): number {
    const { words } = this.table;
    let torrent = this.first(hashId(this.secret, infoHashes, at));
    while (torrent !== 0) {
      const word = torrent * TORRENT_WORDS;
      if (isId(words, word, infoHashes, at)) return torrent;
      torrent = words[word + TORRENT_WORDS - 1];
    }
    return 0;
  }

  /** A new torrent, without peers; there must be room for one. */
  insert(infoHashes: Uint8Array, at: number): number {
    const torrent = this.table.take();
    putId(this.table.words, torrent * TORRENT_WORDS, infoHashes, at);
    this.link(torrent, this.hashOf(torrent));
    return torrent;
  }

  remove(torrent: number): void {
    this.unlink(torrent, this.hashOf(torrent));
    this.table.give(torrent);
  }

  protected override hashOf(torrent: number): number {
    return hashIdWords(this.secret, this.table.words, torrent * TORRENT_WORDS);
  }
}
