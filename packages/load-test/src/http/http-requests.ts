/** The requests of a load of HTTP clients, and what each answer has to be. Owned by one load. */
import { EVENT_COMPLETED, EVENT_STARTED, infoHashToHex } from "@swarmtide/bittorrent";
import {
  announceRequestBytes,
  BencodeError,
  type RequestFrame,
  readAnnounceReply,
  readScrapeReply,
  scrapeRequestBytes,
} from "@swarmtide/http-protocol";
import { drawPort, PORT_CLASSES, Population } from "../population.ts";
import { Random } from "../random.ts";
import type { Tally } from "../tally.ts";
import { CompactAnswer } from "./compact-answer.ts";
import type { HttpLoadConfig } from "./config.ts";

export const HTTP_KINDS: readonly string[] = ["announce", "scrape"];
const ANNOUNCE = 0;
const SCRAPE = 1;

const ID_BYTES = 20;
const SCRAPED_TORRENTS = 5;
/** What a leecher of aquatic's load tester has left. */
const LEECHER_LEFT_BYTES = 50;
const GAMMA_MAX = 101;
const STATUS_OK = 200;
const CARRIAGE_RETURN = 0x0d;
const LINE_FEED = 0x0a;

/** Requests are drawn once and then sent in turn; a peer id is another each time. */
const REQUESTS_DRAWN = 16_384;
/** What stands where a peer id is written anew: letters and digits, so that it is as long in a URL. */
const PEER_ID_START = "-ST0001-";
const PEER_ID_LETTERS = Buffer.from(
  "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-_",
);
const COMPACT_PEER_BYTES = 6;
const IPV4_LOOPBACK = 127;

/** A request that was sent. */
export interface HttpRequest {
  readonly kind: number;
  readonly bytes: Uint8Array;
  readonly infoHashes: readonly Uint8Array[];
  /** Which ports the peers of an announced torrent have. */
  readonly portClass: number;
  /** Where the part of the peer id stands that changes; -1 for none. */
  readonly peerIdAt: number;
}

export class HttpRequests {
  readonly #config: HttpLoadConfig["torrents"];
  readonly #frame: RequestFrame;
  readonly #tally: Tally;
  readonly #population: Population;
  readonly #random = new Random(1);
  /** Addresses that a peer can have; undefined where they are not known. */
  readonly #addresses: ReadonlySet<string> | undefined;
  readonly #drawn: HttpRequest[] = [];
  #next = 0;
  readonly #compact = new CompactAnswer();

  constructor(config: HttpLoadConfig, tally: Tally, addresses: ReadonlySet<string> | undefined) {
    this.#config = config.torrents;
    const { host, port } = config.serverAddress;
    this.#frame = {
      host: `${host.includes(":") ? `[${host}]` : host}:${port}`,
      pathPrefix: config.urlSuffix,
      headers: config.keepAlive ? [] : ["Connection: close"],
    };
    this.#tally = tally;
    this.#addresses = addresses;
    this.#population = new Population(config.torrents.numberOfTorrents, 1);
  }

  /** The next request; its bytes are written anew when it is drawn again. */
  next(): HttpRequest {
    const index = this.#next++ % REQUESTS_DRAWN;
    const known = this.#drawn[index];
    if (known === undefined) {
      const drawn = this.#draw();
      this.#drawn[index] = drawn;
      return drawn;
    }
    if (known.peerIdAt >= 0) this.#writePeerId(known.bytes, known.peerIdAt);
    return known;
  }

  /** A request drawn by the weights. */
  #draw(): HttpRequest {
    const { weightAnnounce, weightScrape } = this.#config;
    const isAnnounce = this.#random.below(weightAnnounce + weightScrape) < weightAnnounce;
    return isAnnounce ? this.#announce() : this.#scrape();
  }

  #writePeerId(bytes: Uint8Array, at: number): void {
    for (let index = 0; index < ID_BYTES - PEER_ID_START.length; index += 4) {
      let bits = this.#random.bits() >>> 0;
      for (let part = 0; part < 4; part++, bits >>>= 6)
        bytes[at + index + part] = PEER_ID_LETTERS[bits & 63] ?? 0;
    }
  }

  #announce(): HttpRequest {
    const torrent = this.#drawTorrent();
    const infoHash = this.#infoHashOf(torrent);
    const port = drawPort(torrent, this.#random);
    const isSeeder = this.#random.fraction() < this.#config.peerSeederProbability;
    const peersWanted = this.#config.announcePeersWanted;
    const parameters = {
      ...{ infoHash, peerId: this.#newPeerId(), port },
      ...{ uploaded: 0, downloaded: 0, left: isSeeder ? 0 : LEECHER_LEFT_BYTES, compact: true },
      event: isSeeder ? EVENT_COMPLETED : EVENT_STARTED,
      ...(peersWanted > 0 ? { peersWanted } : {}),
    } as const;
    const bytes = announceRequestBytes(parameters, this.#frame);
    const peerIdAt = Buffer.from(bytes).indexOf(PEER_ID_START) + PEER_ID_START.length;
    const portClass = port % PORT_CLASSES;
    return { kind: ANNOUNCE, bytes, infoHashes: [infoHash], portClass, peerIdAt };
  }

  #scrape(): HttpRequest {
    const infoHashes = Array.from({ length: SCRAPED_TORRENTS }, () =>
      this.#infoHashOf(this.#drawTorrent()),
    );
    const bytes = scrapeRequestBytes(infoHashes, this.#frame);
    return { kind: SCRAPE, bytes, infoHashes, portClass: 0, peerIdAt: -1 };
  }

  #drawTorrent(): number {
    const share = (Math.min(this.#gamma(), GAMMA_MAX) - 1) / (GAMMA_MAX - 1);
    return Math.floor(Math.max(0, share) * (this.#population.torrents - 1));
  }

  #infoHashOf(torrent: number): Uint8Array {
    return this.#population.infoHashes.subarray(torrent * ID_BYTES, (torrent + 1) * ID_BYTES);
  }

  #newPeerId(): Uint8Array {
    const id = Buffer.alloc(ID_BYTES, PEER_ID_START);
    this.#writePeerId(id, PEER_ID_START.length);
    return id;
  }

  /** Marsaglia and Tsang (2000), with their correction for a shape below 1. */
  #gamma(): number {
    const { torrentGammaShape: shape, torrentGammaScale: scale } = this.#config;
    const random = this.#random;
    const d = (shape < 1 ? shape + 1 : shape) - 1 / 3;
    const c = 1 / Math.sqrt(9 * d);
    for (;;) {
      const x =
        Math.sqrt(-2 * Math.log(1 - random.fraction())) * Math.cos(2 * Math.PI * random.fraction());
      const v = (1 + c * x) ** 3;
      if (v <= 0 || Math.log(1 - random.fraction()) >= 0.5 * x * x + d - d * v + d * Math.log(v))
        continue;
      return d * v * scale * (shape < 1 ? (1 - random.fraction()) ** (1 / shape) : 1);
    }
  }

  /** Checks an answer and counts it. A line end after the body is not an error: aquatic_http sends one, and clients accept it. */
  check({ kind, infoHashes, portClass }: HttpRequest, status: number, answer: Uint8Array): void {
    const tally = this.#tally;
    const body = endsLine(answer) ? answer.subarray(0, answer.length - 2) : answer;
    if (status !== STATUS_OK) {
      tally.errors++;
      return;
    }
    try {
      const isRefused =
        kind === ANNOUNCE
          ? this.#checkAnnounce(body, portClass)
          : this.#checkScrape(body, infoHashes);
      if (isRefused) tally.errors++;
      else tally.answered[kind] = (tally.answered[kind] ?? 0) + 1;
    } catch (error) {
      // Not bencoded, or of another shape.
      if (!(error instanceof BencodeError || error instanceof TypeError)) throw error;
      tally.malformed++;
    }
  }

  /** Whether it is a refusal. Throws for what is not an answer to an announce. */
  #checkAnnounce(body: Uint8Array, portClass: number): boolean {
    if (this.#compact.read(body)) {
      this.#checkCompactPeers(body, portClass);
      return false;
    }
    const reply = readAnnounceReply(body);
    if (reply.failureReason !== undefined) return true;
    const { announcePeersWanted: wanted } = this.#config;
    const { peers } = reply;
    this.#tally.peers += peers.length;
    const areOurs = peers.every(
      ({ address, port }) =>
        port !== 0 && port % PORT_CLASSES === portClass && (this.#addresses?.has(address) ?? true),
    );
    if (!areOurs || (wanted > 0 && peers.length > wanted)) this.#tally.wrongPeers++;
    return false;
  }

  /** The peers of the answer that was read last. */
  #checkCompactPeers(body: Uint8Array, portClass: number): void {
    const { peersStart, peersEnd } = this.#compact;
    const { announcePeersWanted: wanted } = this.#config;
    const count = (peersEnd - peersStart) / COMPACT_PEER_BYTES;
    let isRight = wanted === 0 || count <= wanted;
    for (let at = peersStart; at < peersEnd; at += COMPACT_PEER_BYTES)
      if (!this.#isOurs(body, at, portClass)) isRight = false;
    this.#tally.peers += count;
    if (!isRight) this.#tally.wrongPeers++;
  }

  #isOurs(body: Uint8Array, at: number, portClass: number): boolean {
    const portLow = body[at + 5] ?? 0;
    if (portLow % PORT_CLASSES !== portClass || (portLow === 0 && body[at + 4] === 0)) return false;
    if (this.#addresses === undefined) return true;
    const last = body[at + 3] ?? 0;
    const isLoopback = body[at] === IPV4_LOOPBACK && body[at + 1] === 0 && body[at + 2] === 0;
    return isLoopback && last >= 1 && last <= this.#addresses.size;
  }

  /** Whether it is a refusal. Throws for torrents that were not asked for, and for what is not an answer. */
  #checkScrape(body: Uint8Array, infoHashes: readonly Uint8Array[]): boolean {
    const reply = readScrapeReply(body);
    if (reply.failureReason !== undefined) return true;
    const asked = new Set(infoHashes.map((infoHash) => infoHashToHex(infoHash)));
    for (const infoHash of reply.files.keys())
      if (!asked.has(infoHash)) throw new TypeError(`${infoHash} was not asked for`);
    return false;
  }
}

const endsLine = (bytes: Uint8Array): boolean =>
  bytes[bytes.length - 2] === CARRIAGE_RETURN && bytes[bytes.length - 1] === LINE_FEED;
