/**
 * WebTorrent clients that come, announce with offers, answer each other's and leave, politely or not; every reply's counts are
 * held against the model.
 */
import { WebSocket } from "ws";
import type { Findings } from "./findings.ts";
import { below, between, popular } from "./random.ts";
import { SwarmModel } from "./swarm-model.ts";

const CLIENTS = 80;
const TORRENTS = 30;
const OFFERS = 2;
const REANNOUNCE_SECONDS = 20;
const LIFE_SECONDS_MAX = 240;
const ANSWER_CHANCE = 0.7;
const COME_MILLISECONDS = 250;
/** After that long the tracker has heard of a connection's end, even where it was stopped for some seconds. */
const GONE_MILLISECONDS = 20_000;
/** Long beyond the length of a run: who is connected does not expire. */
const NEVER_SECONDS = 1e9;

interface Message {
  readonly action?: string;
  readonly info_hash?: string;
  readonly peer_id?: string;
  readonly offer?: unknown;
  readonly offer_id?: string;
  readonly answer?: unknown;
  readonly complete?: number;
  readonly incomplete?: number;
}

const SDP = "v=0\r\no=- 4611731400430051336 2 IN IP4 127.0.0.1\r\ns=-\r\n".padEnd(600, "a=x\r\n");

const idOf = (kind: string, number: number): string => `${kind}${String(number).padStart(19, "0")}`;

export class WsActor {
  offersReceived = 0;
  answersSent = 0;
  answersReceived = 0;
  readonly #urls: readonly string[];
  readonly #findings: Findings;
  readonly #model = new SwarmModel({
    ...{ peerAgeSeconds: NEVER_SECONDS, cleaningSeconds: 0, slackSeconds: 0, lateSeconds: 0 },
  });
  readonly #clients = new Set<WsClient>();
  readonly #timer: NodeJS.Timeout;
  #number = 0;

  constructor(urls: readonly string[], findings: Findings) {
    this.#urls = urls;
    this.#findings = findings;
    this.#timer = setInterval(() => this.#come(), COME_MILLISECONDS);
  }

  get clientCount(): number {
    return this.#clients.size;
  }

  stop(): void {
    clearInterval(this.#timer);
    for (const client of this.#clients) client.leave();
  }

  #come(): void {
    if (this.#clients.size >= CLIENTS) return;
    const url = this.#urls[below(this.#urls.length)] ?? "";
    const number = this.#number++;
    const client = new WsClient(url, number, idOf("t", popular(TORRENTS)), {
      actor: this,
      model: this.#model,
      findings: this.#findings,
    });
    this.#clients.add(client);
    client.socket.once("close", () => this.#clients.delete(client));
  }
}

const seconds = (): number => performance.now() / 1000;

interface WsWorld {
  readonly actor: WsActor;
  readonly model: SwarmModel;
  readonly findings: Findings;
}

class WsClient {
  readonly socket: WebSocket;
  readonly #number: number;
  readonly #torrent: string;
  readonly #isSeeder = Math.random() < 0.3;
  readonly #world: WsWorld;
  #hasPeer = false;
  /** The model's version after our announce began; undefined where others were under way. */
  #version: number | undefined;
  #isAsking = false;
  #sentSeconds = 0;
  #isLeaving = false;
  #offers = 0;

  constructor(url: string, number: number, torrent: string, world: WsWorld) {
    this.#number = number;
    this.#torrent = torrent;
    this.#world = world;
    this.socket = new WebSocket(url, { rejectUnauthorized: false });
    this.socket.on("error", () => {
      if (!this.#isLeaving) world.findings.count("ws", false);
    });
    this.socket.on("message", (data) => this.#take(JSON.parse(String(data))));
    this.socket.once("open", () => this.#live());
  }

  #live(): void {
    this.#announce();
    const timer = setInterval(() => this.#announce(), REANNOUNCE_SECONDS * between(900, 1100));
    const end = setTimeout(() => this.leave(), LIFE_SECONDS_MAX * 1000 * Math.random());
    this.socket.once("close", () => {
      clearInterval(timer);
      clearTimeout(end);
      this.#gone();
    });
  }

  #announce(): void {
    if (this.#isAsking || this.#isLeaving) return;
    const { model } = this.#world;
    const isAlone = model.versionOf(this.#torrent) !== undefined;
    model.begin(this.#torrent);
    this.#isAsking = true;
    this.#sentSeconds = seconds();
    this.#version = isAlone ? model.stateOf(this.#torrent) : undefined;
    this.#send({
      ...{ uploaded: 0, downloaded: 0, left: this.#isSeeder ? 0 : 1, numwant: OFFERS },
      offers: Array.from({ length: OFFERS }, () => ({
        offer_id: idOf("o", this.#number * 1000 + (this.#offers++ % 1000)),
        offer: { type: "offer", sdp: SDP },
      })),
    });
  }

  #send(more: object): void {
    const peer_id = idOf("p", this.#number);
    this.socket.send(
      JSON.stringify({ action: "announce", info_hash: this.#torrent, peer_id, ...more }),
    );
  }

  #take(message: Message): void {
    const { actor } = this.#world;
    if (message.offer !== undefined) {
      actor.offersReceived++;
      if (Math.random() > ANSWER_CHANCE) return;
      actor.answersSent++;
      const { offer_id, peer_id } = message;
      this.#send({ offer_id, to_peer_id: peer_id, answer: { type: "answer", sdp: SDP } });
    } else if (message.answer !== undefined) actor.answersReceived++;
    else if (message.complete !== undefined && this.#isAsking) this.#takeReply(message);
  }

  #takeReply({ complete = -1, incomplete = -1 }: Message): void {
    const { model, findings } = this.#world;
    const isUnchanged =
      this.#version !== undefined && model.stateOf(this.#torrent) === this.#version;
    this.#isAsking = false;
    this.#hasPeer = true;
    const span = { sentSeconds: this.#sentSeconds, endedSeconds: seconds() };
    model.announced(this.#torrent, this.#number, this.#isSeeder, span, true);
    findings.count("ws", true);
    if (!isUnchanged) return;
    const counts = { seeders: complete, leechers: incomplete };
    findings.compare(
      `ws reply for torrent ${this.#torrent}`,
      model.contradiction(this.#torrent, counts, span),
    );
  }

  leave(): void {
    if (this.#isLeaving) return;
    this.#startLeaving();
    const isOpen = this.socket.readyState === WebSocket.OPEN;
    const chance = Math.random();
    if (isOpen && chance < 0.3)
      this.#send({ event: "stopped", left: 1, uploaded: 0, downloaded: 0 });
    if (isOpen && chance < 0.6) this.socket.close();
    else this.socket.terminate();
  }

  /** From now on the tracker may count this peer or not. */
  #startLeaving(): void {
    if (this.#isLeaving) return;
    this.#isLeaving = true;
    this.#world.model.begin(this.#torrent);
  }

  #gone(): void {
    const { model, findings } = this.#world;
    if (this.#isAsking) {
      // Who leaves before the answer has not lost it.
      if (!this.#isLeaving) findings.count("ws", false);
      const span = { sentSeconds: this.#sentSeconds, endedSeconds: seconds() };
      model.announced(this.#torrent, this.#number, this.#isSeeder, span, false);
    } else if (!this.#hasPeer && !this.#isLeaving) return;
    this.#startLeaving();
    setTimeout(() => model.stopped(this.#torrent, this.#number, true), GONE_MILLISECONDS);
  }
}
