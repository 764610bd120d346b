/**
 * Peers that come, announce again and leave over UDP, HTTP and HTTPS, all in the same swarms, and scrapes whose counts are
 * held against the model.
 */
import { createHash } from "node:crypto";
import { until } from "@swarmtide/test-kit";
import { HttpPeers } from "../clients/http-peers.ts";
import { UdpPeers } from "../clients/udp-peers.ts";
import type { TrackerPorts } from "../tracker-process.ts";
import type { Findings } from "./findings.ts";
import { below, oneOf, popular } from "./random.ts";
import { SwarmModel, type SwarmModelOptions } from "./swarm-model.ts";

const TORRENTS = 300;
/** Each announces every 67 seconds on average, so that a quarter of them expires in between. */
const PEERS_MAX = 8000;
const NEW_PEER_CHANCE = 0.35;
const STOP_CHANCE = 0.12;
const ANNOUNCES_A_SECOND = 120;
const SCRAPES_A_SECOND = 8;
const FIRST_PORT = 2000;
const PORT_COUNT = 60_000;
/**
 * Who waits for half a minute has lost an answer only where none was given: the soak itself stops the tracker for 5 s, and
 * the machine may be busy.
 */
const UDP_TRIES = 15;
const PATIENT = { deadlineMilliseconds: 30_000 };
const LAST_ANSWERS_MILLISECONDS = 35_000;

interface Peer {
  readonly torrent: number;
  readonly port: number;
  isSeeder: boolean;
}

/** How an announce or a scrape travels. */
interface Way {
  readonly name: string;
  readonly share: number;
  readonly peers: UdpPeers | HttpPeers;
}

export class SwarmActor {
  readonly #model: SwarmModel;
  readonly #findings: Findings;
  readonly #ways: readonly Way[];
  readonly #timers: NodeJS.Timeout[] = [];
  /** Peers with no request under way, to be chosen from. */
  readonly #idle: Peer[] = [];
  #port = 0;
  #underWay = 0;

  private constructor(ways: readonly Way[], model: SwarmModelOptions, findings: Findings) {
    this.#ways = ways;
    this.#model = new SwarmModel(model);
    this.#findings = findings;
  }

  static async start(ports: TrackerPorts, model: SwarmModelOptions, findings: Findings) {
    const ways: Way[] = [
      { name: "udp", share: 0.75, peers: await UdpPeers.open(ports.udp, "127.0.0.1", UDP_TRIES) },
      {
        name: "http kept",
        share: 0.15,
        peers: new HttpPeers(ports.http, { ...PATIENT, kept: 16 }),
      },
      { name: "http", share: 0.06, peers: new HttpPeers(ports.http, PATIENT) },
      {
        name: "https kept",
        share: 0.02,
        peers: new HttpPeers(ports.https, { ...PATIENT, isTls: true, kept: 8 }),
      },
      {
        name: "https",
        share: 0.02,
        peers: new HttpPeers(ports.https, { ...PATIENT, isTls: true }),
      },
    ];
    const actor = new SwarmActor(ways, model, findings);
    actor.#timers.push(
      setInterval(() => void actor.#announce(), 1000 / ANNOUNCES_A_SECOND),
      setInterval(() => void actor.#compare(), 1000 / SCRAPES_A_SECOND),
    );
    return actor;
  }

  get peerCount(): number {
    return this.#model.peerCount;
  }

  /** UDP requests that were sent again before they were answered. */
  get sentAgain(): number {
    return this.#ways.reduce(
      (sum, { peers }) => sum + (peers instanceof UdpPeers ? peers.sentAgain : 0),
      0,
    );
  }

  /** Asks for nothing more, and ends when what was asked for is answered. */
  async stop(): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer);
    const isAnswered = () => this.#underWay === 0;
    await until("what is under way is answered", isAnswered, LAST_ANSWERS_MILLISECONDS);
    for (const { peers } of this.#ways) peers.close();
  }

  async #announce(): Promise<void> {
    const peer = this.#takePeer();
    const name = String(peer.torrent);
    const isStopped = Math.random() < STOP_CHANCE;
    if (Math.random() < 0.05) peer.isSeeder = true;
    const way = this.#way();
    this.#model.begin(name);
    this.#underWay++;
    const sentSeconds = seconds();
    const reply = await way.peers.announce({
      ...{
        infoHash: hashOf(peer.torrent),
        port: peer.port,
        left: peer.isSeeder ? 0 : 1,
        isStopped,
      },
    });
    this.#underWay--;
    const span = { sentSeconds, endedSeconds: seconds() };
    if (typeof reply === "string") this.#findings.complain(`${way.name} announce: ${reply}`);
    const isAnswered = typeof reply === "object";
    this.#findings.count(way.name, isAnswered);
    if (isStopped) this.#model.stopped(name, peer.port, isAnswered);
    else this.#model.announced(name, peer.port, peer.isSeeder, span, isAnswered);
    // A request that was not answered may still arrive: its peer is left to expire.
    if (isAnswered && !isStopped) this.#idle.push(peer);
  }

  #takePeer(): Peer {
    const isFull = this.#idle.length >= PEERS_MAX;
    if (this.#idle.length === 0 || (!isFull && Math.random() < NEW_PEER_CHANCE)) {
      this.#port = (this.#port + 1) % PORT_COUNT;
      return {
        torrent: popular(TORRENTS),
        port: FIRST_PORT + this.#port,
        isSeeder: Math.random() < 0.3,
      };
    }
    const at = below(this.#idle.length);
    const [peer] = this.#idle.splice(at, 1);
    if (peer === undefined) throw new RangeError(`no idle peer ${at}`);
    return peer;
  }

  async #compare(): Promise<void> {
    const torrent = popular(TORRENTS);
    const name = String(torrent);
    const version = this.#model.versionOf(name);
    if (version === undefined) return;
    const way = oneOf(this.#ways);
    this.#underWay++;
    const sentSeconds = seconds();
    const counts = await way.peers.scrape(hashOf(torrent));
    const span = { sentSeconds, endedSeconds: seconds() };
    this.#underWay--;
    this.#findings.count(way.name, counts !== undefined);
    if (counts === undefined || this.#model.versionOf(name) !== version) return;
    const contradiction = this.#model.contradiction(name, counts, span);
    this.#findings.compare(`${way.name} scrape of torrent ${name}`, contradiction);
  }

  #way(): Way {
    let chance = Math.random();
    for (const way of this.#ways) {
      if (chance < way.share) return way;
      chance -= way.share;
    }
    return oneOf(this.#ways);
  }
}

const seconds = (): number => performance.now() / 1000;

const hashOf = (torrent: number): Uint8Array =>
  createHash("sha1").update(`soak ${torrent}`).digest();
