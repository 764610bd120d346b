/**
 * The UDP clients of a load: writes requests into the batch of a socket and checks every reply. Knows no socket and no
 * clock, so that tests can be its network. Owned by one load.
 */
import {
  ANNOUNCE_REPLY_HEADER_BYTES,
  type AnnounceRequest,
  CONNECT_REPLY_BYTES,
  parseUdpReply,
  peerBytes,
  REPLY_ANNOUNCE,
  REPLY_CONNECT,
  REPLY_ERROR,
  readReplyConnectionIdHigh,
  readReplyConnectionIdLow,
  readReplyTransactionId,
  replyPeerCount,
  replyScrapeEntryCount,
  writeAnnounceRequest,
  writeConnectRequest,
  writeScrapeRequest,
} from "@swarmtide/udp-protocol";
import { PORT_CLASSES, type Population } from "../../population.ts";
import { Random } from "../../random.ts";
import type { Tally } from "../../tally.ts";
import type { UdpLoadConfig } from "../config.ts";
import { InFlight, NOT_AWAITED } from "./in-flight.ts";

/** Kinds of requests, in the order of UDP_KINDS and of REPLY_CONNECT, REPLY_ANNOUNCE, REPLY_SCRAPE. */
export const CONNECT = 0;
const ANNOUNCE = 1;
const SCRAPE = 2;
export const UDP_KINDS: readonly string[] = ["connect", "announce", "scrape"];

export const REQUEST_BYTES_MAX = 16 + 74 * 20;

const HASH_BYTES = 20;
const EVENT_COMPLETED = 1;
const EVENT_STARTED = 2;
/** What a leecher of aquatic's load tester has left. */
const LEECHER_LEFT_BYTES = 50;
const MICROS_PER_MILLISECOND = 1000;

type Writable<T> = { -readonly [K in keyof T]: T[K] };

/** Which peers a tracker can know: those of this load. */
export interface ClientAddresses {
  readonly family: 4 | 6;
  /** Clients come from 127.0.0.1 to 127.0.0.N, or from ::1 with N = 1; 0 where the addresses are not known. */
  readonly loopbackAddresses: number;
}

export class UdpClients {
  readonly inFlight: InFlight;
  /** The transaction id of the request that `write` wrote last. */
  sentId = 0;
  /** Whether each socket has a connection id. */
  readonly connected: Uint8Array;
  private readonly idsHigh: Int32Array;
  private readonly idsLow: Int32Array;
  private readonly tally: Tally;
  private readonly population: Population;
  private readonly addresses: ClientAddresses;
  private readonly requests: UdpLoadConfig["requests"];
  private readonly timeoutMicros: number;
  private readonly random = new Random(1);
  private readonly request: Writable<AnnounceRequest>;
  private readonly infoHash = new Uint8Array(HASH_BYTES);
  private readonly scrapeViews: readonly Uint8Array[];
  private nextPeer = 0;

  constructor(
    config: UdpLoadConfig,
    sockets: number,
    addresses: ClientAddresses,
    population: Population,
    tally: Tally,
  ) {
    this.requests = config.requests;
    this.timeoutMicros = config.network.timeout * MICROS_PER_MILLISECOND;
    this.addresses = addresses;
    this.population = population;
    this.tally = tally;
    this.inFlight = new InFlight(tally);
    this.connected = new Uint8Array(sockets);
    this.idsHigh = new Int32Array(sockets);
    this.idsLow = new Int32Array(sockets);
    this.request = {
      ...{ connectionIdHigh: 0, connectionIdLow: 0, transactionId: 0, infoHash: this.infoHash },
      ...{ peerId: new Uint8Array(HASH_BYTES), downloaded: 0, left: 0, uploaded: 0, event: 0 },
      ...{ address: 0, key: 0, peersWanted: config.requests.announcePeersWanted, port: 0 },
    };
    const hashes = new Uint8Array(config.requests.scrapeMaxTorrents * HASH_BYTES);
    this.scrapeViews = scrapeViewsOf(hashes);
  }

  /** A kind of request, drawn by the weights. */
  drawKind(): number {
    const { weightConnect, weightAnnounce, weightScrape } = this.requests;
    let draw = this.random.below(weightConnect + weightAnnounce + weightScrape);
    if (draw < weightConnect) return CONNECT;
    draw -= weightConnect;
    return draw < weightAnnounce ? ANNOUNCE : SCRAPE;
  }

  /**
   * Writes a request of this kind at `offset`; returns its length. A socket without connection id asks for one instead.
   * The latency begins at `sinceMicros`.
   */
  write(
    bytes: Uint8Array,
    offset: number,
    kind: number,
    socket: number,
    sinceMicros: number,
    nowMicros: number,
  ): number {
    const real = this.connected[socket] === 0 ? CONNECT : kind;
    const deadline = nowMicros + this.timeoutMicros;
    const scraped = real === SCRAPE ? 1 + this.random.below(this.requests.scrapeMaxTorrents) : 0;
    const wanted = real === ANNOUNCE ? this.requests.announcePeersWanted : scraped;
    const id = this.inFlight.open(real, socket, wanted, sinceMicros, deadline);
    this.sentId = id;
    this.tally.sent[real]++;
    if (real === CONNECT) return writeConnectRequest(bytes, offset, id);
    this.request.transactionId = id;
    this.request.connectionIdHigh = this.idsHigh[socket];
    this.request.connectionIdLow = this.idsLow[socket];
    return real === ANNOUNCE
      ? this.writeAnnounce(bytes, offset)
      : this.writeScrape(bytes, offset, scraped);
  }

  /** The request of this id could not be sent. */
  withdraw(id: number): void {
    this.tally.unsent++;
    this.tally.sent[this.inFlight.withdraw(id)]--;
  }

  private writeAnnounce(bytes: Uint8Array, offset: number): number {
    const { population, request } = this;
    const peer = this.nextPeer;
    this.nextPeer = peer + 1 === population.peers ? 0 : peer + 1;
    this.copyInfoHash(population.torrentOf[peer], this.infoHash, 0);
    request.port = population.portOf[peer];
    this.inFlight.expectPorts(request.transactionId, request.port % PORT_CLASSES);
    const isSeeder = this.random.fraction() < this.requests.peerSeederProbability;
    request.event = isSeeder ? EVENT_COMPLETED : EVENT_STARTED;
    request.left = isSeeder ? 0 : LEECHER_LEFT_BYTES;
    return writeAnnounceRequest(bytes, offset, request);
  }

  private writeScrape(bytes: Uint8Array, offset: number, torrents: number): number {
    const hashes = this.scrapeViews[torrents];
    for (let index = 0; index < torrents; index++)
      this.copyInfoHash(this.population.drawTorrent(this.random), hashes, index * HASH_BYTES);
    return writeScrapeRequest(bytes, offset, this.request, hashes);
  }

  private copyInfoHash(torrent: number, target: Uint8Array, at: number): void {
    const hashes = this.population.infoHashes;
    const from = torrent * HASH_BYTES;
    for (let index = 0; index < HASH_BYTES; index++) target[at + index] = hashes[from + index];
  }

  /** Checks and counts the `length` bytes at `offset` that came to a socket; -1 for more than fits a datagram. */
  read(bytes: Uint8Array, offset: number, length: number, socket: number, nowMicros: number): void {
    const { tally, inFlight } = this;
    const reply = parseUdpReply(bytes, offset, length, this.addresses.family);
    if (reply > REPLY_ERROR) {
      tally.malformed++;
      return;
    }
    const slot = inFlight.find(readReplyTransactionId(bytes, offset), socket);
    if (slot === NOT_AWAITED) return;
    const kind = inFlight.kinds[slot];
    if (reply === REPLY_ERROR) {
      tally.errors++;
      // A tracker that was restarted knows no connection id of before.
      if (kind !== CONNECT) this.connected[socket] = 0;
    } else if (reply !== kind || !this.isWhole(length, kind, slot)) {
      tally.malformed++;
      return;
    } else tally.answered[kind]++;
    inFlight.close(slot);
    tally.latencies.record(Math.max(0, Math.round(nowMicros - inFlight.sinceMicros[slot])));
    if (reply === REPLY_CONNECT) {
      this.idsHigh[socket] = readReplyConnectionIdHigh(bytes, offset);
      this.idsLow[socket] = readReplyConnectionIdLow(bytes, offset);
      this.connected[socket] = 1;
    } else if (reply === REPLY_ANNOUNCE) this.checkPeers(bytes, offset, length, slot);
  }

  /** A scrape reply describes as many torrents as were asked for; a connect reply ends with its id. */
  private isWhole(length: number, kind: number, slot: number): boolean {
    if (kind === CONNECT) return length === CONNECT_REPLY_BYTES;
    return kind !== SCRAPE || replyScrapeEntryCount(length) === this.inFlight.wanted[slot];
  }

  /** Counts a reply once whose peers are too many or cannot be. */
  private checkPeers(bytes: Uint8Array, offset: number, length: number, slot: number): void {
    const { family } = this.addresses;
    const peers = replyPeerCount(length, family);
    this.tally.peers += peers;
    let isRight = peers <= this.inFlight.wanted[slot];
    const stride = peerBytes(family);
    const portClass = this.inFlight.portClasses[slot];
    for (let index = 0, at = offset + ANNOUNCE_REPLY_HEADER_BYTES; index < peers; index++) {
      if (!this.isOurs(bytes, at, stride, portClass)) isRight = false;
      at += stride;
    }
    if (!isRight) this.tally.wrongPeers++;
  }

  private isOurs(bytes: Uint8Array, at: number, stride: number, portClass: number): boolean {
    const portLow = bytes[at + stride - 1];
    if (portLow % PORT_CLASSES !== portClass) return false;
    if (bytes[at + stride - 2] === 0 && portLow === 0) return false;
    const { loopbackAddresses, family } = this.addresses;
    if (loopbackAddresses === 0) return true;
    const last = bytes[at + stride - 3];
    if (last < 1 || last > loopbackAddresses) return false;
    if (family === 4) return bytes[at] === 127 && bytes[at + 1] === 0 && bytes[at + 2] === 0;
    for (let index = 0; index < stride - 3; index++) if (bytes[at + index] !== 0) return false;
    return true;
  }
}

/** One view for each number of torrents, so that a scrape makes none. */
function scrapeViewsOf(hashes: Uint8Array): readonly Uint8Array[] {
  const views: Uint8Array[] = []; // hot-allow: once
  for (let end = 0; end <= hashes.length; end += HASH_BYTES) views.push(hashes.subarray(0, end)); // hot-allow: once
  return views;
}
