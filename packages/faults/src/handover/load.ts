/**
 * Clients of all protocols that ask without pause while one process takes over from another, each request once: what is not
 * answered is told. They count what the tracker should hold as they are answered, so that its counts can be compared.
 */
import { randomBytes, randomInt } from "node:crypto";
import { HttpClient, httpGet, UdpClient, WebTorrentClient } from "@swarmtide/test-kit";

const TORRENTS = 24;
/** Of one client; each is a peer in any torrent. */
const PORTS = 40;
const FIRST_PORT = 10_000;
const ANSWER_MILLISECONDS_MAX = 20_000;
const PASSED_ON_MILLISECONDS = 100;
const WS_TORRENT = "pages";

export interface Counts {
  readonly seeders: number;
  readonly leechers: number;
  readonly completed: number;
}

/** What the tracker holds after the answers so far. A peer is one port; one client asks for each. */
class ExactModel {
  readonly #torrents = Array.from({ length: TORRENTS }, () => ({
    completed: 0,
    peers: new Map<number, { isSeeder: boolean; isCounted: boolean }>(),
  }));

  announced(torrent: number, port: number, event: string, isSeeder: boolean): void {
    const held = this.#torrents[torrent];
    if (held === undefined) return;
    const before = held.peers.get(port);
    if (event === "stopped") {
      held.peers.delete(port);
      return;
    }
    const completes =
      event === "completed" &&
      isSeeder &&
      before !== undefined &&
      !before.isSeeder &&
      !before.isCounted;
    if (completes) held.completed++;
    held.peers.set(port, { isSeeder, isCounted: completes || (before?.isCounted ?? false) });
  }

  counts(torrent: number): Counts {
    const { peers, completed } = this.#torrents[torrent] ?? { peers: new Map(), completed: 0 };
    const seeders = [...peers.values()].filter(({ isSeeder }) => isSeeder).length;
    return { seeders, leechers: peers.size - seeders, completed };
  }

  get torrents(): readonly number[] {
    return this.#torrents.map((_, torrent) => torrent);
  }
}

export const infoHashOf = (torrent: number): Buffer =>
  Buffer.alloc(20, String.fromCharCode("a".charCodeAt(0) + torrent));

const EVENTS = ["", "", "started", "completed", "stopped"] as const;
const EVENT_NUMBERS = { "": 0, completed: 1, started: 2, stopped: 3 } as const;

/** Something to announce, by a peer that this client alone speaks for. */
function draw(client: number) {
  const event = EVENTS[randomInt(EVENTS.length)] ?? "";
  return {
    torrent: randomInt(TORRENTS),
    port: FIRST_PORT + client * PORTS + randomInt(PORTS),
    event,
    isSeeder: event === "completed" || randomInt(3) === 0,
  };
}

/** All clients together. */
export class Load {
  readonly model = new ExactModel();
  readonly problems: string[] = [];
  readonly answered = { udp: 0, "http kept": 0, "http new": 0, ws: 0 };
  /** WebSockets that were closed with 1012 and came back. */
  cameBack = 0;
  /** The longest that a request over UDP or HTTP has waited for its answer. */
  longestMilliseconds = 0;
  readonly #running: Promise<void>[] = [];
  readonly #pages: Page[] = [];
  #isOver = false;

  constructor(udp: string, web: number, { clients = 6, pages = 8 } = {}) {
    let client = 0;
    for (let i = 0; i < clients; i++) {
      this.#run("udp", this.#askUdp(udp, client++));
      this.#run("http kept", this.#askKept(web, client++));
      this.#run("http new", this.#askNew(web, client++));
    }
    for (let i = 0; i < pages; i++) {
      const page = new Page(web, i, this);
      this.#pages.push(page);
      this.#run("ws", page.ask());
    }
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** Lets each request be answered and ends. */
  async stop(): Promise<void> {
    this.#isOver = true;
    await Promise.all(this.#running);
  }

  /** Peers that pages are, for the WebTorrent tracker's counts. */
  get pageCount(): number {
    return this.#pages.length;
  }

  closePages(): void {
    for (const page of this.#pages) page.close();
  }

  #run(name: keyof Load["answered"], clients: Promise<void>): void {
    this.#running.push(
      clients.catch((error: unknown) => {
        this.problems.push(`${name}: ${error instanceof Error ? error.message : error}`);
      }),
    );
  }

  /** One connection id for all of its life, and each datagram once: a reply that is missing stays missing. */
  async #askUdp(address: string, client: number): Promise<void> {
    const udp = await UdpClient.open(address);
    const connect = Buffer.concat([Buffer.from("000004172710198000000000", "hex"), randomBytes(4)]);
    const id = (await udp.ask(connect)).subarray(8, 16);
    while (!this.#isOver) {
      const { torrent, port, event, isSeeder } = draw(client);
      const request = Buffer.alloc(98);
      request.set(id, 0);
      request.writeUInt32BE(1, 8);
      randomBytes(4).copy(request, 12);
      infoHashOf(torrent).copy(request, 16);
      request.write("-ST0001-proof-client", 36, "latin1");
      request.writeBigUInt64BE(isSeeder ? 0n : 1n, 64);
      request.writeUInt32BE(EVENT_NUMBERS[event], 80);
      request.writeInt32BE(-1, 92);
      request.writeUInt16BE(port, 96);
      udp.send(request);
      const reply = await this.#answer(udp.next(), "a UDP announce");
      if (reply.readUInt32BE(0) !== 1) throw new Error(`refused: ${reply.toString("latin1", 8)}`);
      if (!reply.subarray(4, 8).equals(request.subarray(12, 16)))
        throw new Error("a reply to another request");
      this.#noteAnswer("udp", torrent, port, event, isSeeder);
    }
    udp.close();
  }

  /** A connection until an answer says that it ends. */
  async #askKept(web: number, client: number): Promise<void> {
    while (!this.#isOver) {
      const http = await HttpClient.connect(web);
      for (let answers = 1; !this.#isOver && !http.isToldToClose; answers++)
        await this.#announceHttp(http, client, answers, "http kept");
      http.destroy();
      // What was announced on a connection of the old process reaches the new one within milliseconds.
      await new Promise((resolve) => setTimeout(resolve, PASSED_ON_MILLISECONDS));
    }
  }

  async #askNew(web: number, client: number): Promise<void> {
    while (!this.#isOver) {
      const http = await HttpClient.connect(web);
      await this.#announceHttp(http, client, 1, "http new", "Connection: close");
      http.destroy();
    }
  }

  async #announceHttp(
    http: HttpClient,
    client: number,
    answers: number,
    name: "http kept" | "http new",
    ...headers: string[]
  ): Promise<void> {
    const { torrent, port, event, isSeeder } = draw(client);
    const target = `/announce?info_hash=${infoHashOf(torrent)}&peer_id=-ST0001-proof-client&port=${port}&left=${isSeeder ? 0 : 1}${event && `&event=${event}`}&compact=1`;
    http.send(httpGet(target, ...headers));
    const answer = (await this.#answer(http.receive(answers), "an HTTP announce"))[answers - 1];
    if (answer?.status !== 200 || !answer.text.includes("8:interval"))
      throw new Error(`answered ${answer?.status} ${answer?.text}`);
    this.#noteAnswer(name, torrent, port, event, isSeeder);
  }

  async #answer<Value>(answer: Promise<Value>, what: string): Promise<Value> {
    const start = performance.now();
    const value = await answerWithin(answer, what);
    this.longestMilliseconds = Math.max(this.longestMilliseconds, performance.now() - start);
    return value;
  }

  #noteAnswer(
    name: keyof Load["answered"],
    torrent: number,
    port: number,
    event: string,
    isSeeder: boolean,
  ): void {
    this.answered[name]++;
    this.model.announced(torrent, port, event, isSeeder);
  }
}

/** A WebTorrent client that comes back whenever it is told to (1012), and nothing else. */
class Page {
  readonly #url: string;
  readonly #name: string;
  readonly #load: Load;
  #client: WebTorrentClient | undefined;

  constructor(web: number, index: number, load: Load) {
    this.#url = `ws://127.0.0.1:${web}`;
    this.#name = `page-${index}`;
    this.#load = load;
  }

  async ask(): Promise<void> {
    while (!this.#load.isOver) {
      const client = await WebTorrentClient.connect(this.#url, this.#name);
      this.#client = client;
      client.socket.setMaxListeners(0);
      let code = 0;
      client.socket.once("close", (closeCode) => {
        code = closeCode;
      });
      while (!this.#load.isOver && code === 0) {
        client.announce(WS_TORRENT, { event: "started" });
        try {
          await answerWithin(client.reply(), "a WebTorrent announce");
          this.#load.answered.ws++;
        } catch (error) {
          // What was on its way to a socket that is being closed is sent again on the next one.
          if (code === 0) throw error;
        }
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      if (code !== 0 && code !== 1012) throw new Error(`closed with ${code}`);
      if (code === 1012) this.#load.cameBack++;
    }
  }

  close(): void {
    this.#client?.socket.terminate();
  }
}

async function answerWithin<Value>(answer: Promise<Value>, what: string): Promise<Value> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new Error(`${what} without an answer`)),
      ANSWER_MILLISECONDS_MAX,
    );
  });
  try {
    return await Promise.race([answer, late]);
  } finally {
    clearTimeout(timer);
  }
}
