/**
 * Which connections of this worker are in which torrents, whoever owns those: found by connection and info hash, and
 * numbered so that the owner can be told about one in a word.
 *
 * Owned by the worker of the connections.
 */
import { INFO_HASH_AT, PEER_ID_AT, type RequestRecord } from "@swarmtide/ws-protocol";
import { type Connection, Membership } from "./connection.ts";
import { HashIndex, mixWord } from "./hash-index.ts";
import { hashId, IdWords } from "./id-words.ts";

export class Memberships {
  private readonly secret: number;
  private readonly bySlot: (Membership | undefined)[] = [];
  private readonly free: number[] = [];
  private readonly index = new HashIndex();
  siblings = 0;
  silent: Membership | undefined = undefined;

  constructor(secret: number) {
    this.secret = secret;
  }

  /** Slots that memberships have or had; `inSlot` finds one there, or none. */
  get slots(): number {
    return this.bySlot.length;
  }

  inSlot(slot: number): Membership | undefined {
    return this.bySlot[slot];
  }

  /** How many there are. */
  get length(): number {
    return this.index.length;
  }

  /**
   * The connection's peer in the torrent of the request, under the peer id of the request, if there is one. Where there is
   * none, `siblings` says how many others the connection has in the torrent, and `silent` which of them has been silent
   * for longest.
   */
  find(connection: Connection, request: RequestRecord): Membership | undefined {
    const { index, bySlot } = this;
    this.siblings = 0;
    this.silent = undefined;
    const hash = this.hashOf(connection, request);
    for (let place = index.first(hash); place >= 0; place = index.next(hash, place)) {
      const membership = bySlot[index.numberAt(place)];
      if (
        membership !== undefined &&
        membership.connection === connection &&
        membership.infoHash.equals(request.ids, INFO_HASH_AT)
      ) {
        if (membership.peerId.equals(request.ids, PEER_ID_AT)) return membership;
        this.siblings++;
        if (this.silent === undefined || membership.announcedSecond < this.silent.announcedSecond)
          this.silent = membership;
      }
    }
    return undefined;
  }

  private hashOf(connection: Connection, request: RequestRecord): number {
    const salt = mixWord(this.secret, connection.connectionSerial);
    return hashId(salt, request.ids, INFO_HASH_AT);
  }

  /** Enters the connection into the torrent of the request, with the peer id of the request. */
  insert(connection: Connection, request: RequestRecord, owner: number): Membership {
    const slot = this.free.pop() ?? this.bySlot.length;
    const membership = new Membership(
      connection,
      slot,
      new IdWords(request.ids, INFO_HASH_AT),
      this.hashOf(connection, request),
      new IdWords(request.ids, PEER_ID_AT),
      owner,
    );
    membership.position = connection.memberships.length;
    // A list of one is as long as it has to be; most connections are in one torrent.
    if (membership.position === 0) connection.memberships = [membership];
    else connection.memberships.push(membership);
    this.bySlot[slot] = membership;
    this.index.insert(membership.hash, slot);
    return membership;
  }

  /** Takes a membership out of the table and out of its connection's list. */
  remove(membership: Membership): void {
    const list = membership.connection.memberships;
    if (membership.isReplyOwed) membership.connection.repliesOwed--;
    const last = list[list.length - 1];
    list[membership.position] = last;
    last.position = membership.position;
    list.pop();
    this.index.remove(membership.hash, membership.slot);
    this.bySlot[membership.slot] = undefined;
    this.free.push(membership.slot);
  }
}
