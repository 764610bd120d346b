/** A well-behaved client that announces a torrent of its own over UDP and HTTP all the while, and counts what is lost. */
import { HttpPeers } from "../clients/http-peers.ts";
import { UdpPeers } from "../clients/udp-peers.ts";
import type { TrackerPorts } from "../tracker-process.ts";

const INTERVAL_MILLISECONDS = 100;
const INFO_HASH = Buffer.alloc(20, "bystander");
const PORT = 1024;

export class Bystander {
  readonly #udp: UdpPeers;
  readonly #http: HttpPeers;
  readonly #timer: NodeJS.Timeout;
  readonly #waits: number[] = [];

  private constructor(udp: UdpPeers, http: HttpPeers) {
    this.#udp = udp;
    this.#http = http;
    this.#timer = setInterval(() => {
      void this.#ask(this.#udp);
      void this.#ask(this.#http);
    }, INTERVAL_MILLISECONDS);
  }

  static async start({ udp, http }: TrackerPorts): Promise<Bystander> {
    return new Bystander(await UdpPeers.open(udp), new HttpPeers(http));
  }

  async #ask(peers: UdpPeers | HttpPeers): Promise<void> {
    const start = performance.now();
    await peers.announce({ infoHash: INFO_HASH, port: PORT });
    this.#waits.push(performance.now() - start);
  }

  /** Lost and sent requests, and the longest wait in milliseconds. */
  stop(): { lost: number; sent: number; longest: number; text: string } {
    clearInterval(this.#timer);
    const lost = this.#udp.lost + this.#http.lost;
    const sent = lost + this.#udp.answered + this.#http.answered;
    this.#udp.close();
    this.#http.close();
    const longest = Math.round(Math.max(0, ...this.#waits));
    return { lost, sent, longest, text: `${lost} of ${sent}` };
  }
}
