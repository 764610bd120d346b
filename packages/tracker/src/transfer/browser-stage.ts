/**
 * Everything the browser tests need: two Chromium browsers on two hosts, each with the web site on its own host, and the
 * stage for the tracker. Starting browsers takes long, so the tests of a file share them.
 */
import type { TestContext } from "node:test";
import { type Browser, launchChromium } from "./chromium.ts";
import { Visitor } from "./visitor.ts";
import { webClientFile } from "./web-clients.ts";
import { type TrackerSettings, type WebProtocol, WebStage, WebTracker } from "./web-stage.ts";

/** Who a visitor is, which is also the name of its host. */
export type Role = "seeder" | "leecher";

type ByRole<T> = Readonly<Record<Role, T>>;

interface Ports {
  readonly http: number;
  readonly https: number;
}

export class BrowserStage {
  readonly stage: WebStage;
  readonly #browsers: ByRole<Browser>;
  readonly #ports: ByRole<Ports>;

  private constructor(stage: WebStage, browsers: ByRole<Browser>, ports: ByRole<Ports>) {
    this.stage = stage;
    this.#browsers = browsers;
    this.#ports = ports;
  }

  static async open(): Promise<BrowserStage> {
    const stage = new WebStage();
    const { certificate, privateKey } = stage.certificates;
    const script = webClientFile("webtorrent/dist/webtorrent.min.js");
    const site = (host: Role) =>
      stage
        .startNode(`site of ${host}`, host, "./page-process.js", script, certificate, privateKey)
        .message<Ports>();
    try {
      const launch = (host: Role) => launchChromium(stage.network, host, certificate);
      const [seeder, leecher] = await Promise.all([launch("seeder"), launch("leecher")]);
      const ports = { seeder: await site("seeder"), leecher: await site("leecher") };
      return new BrowserStage(stage, { seeder, leecher }, ports);
    } catch (error) {
      await stage.close();
      throw error;
    }
  }

  /** Where a visitor finds the page: over https for wss, as browsers demand, else at localhost. */
  site(role: Role, protocol: WebProtocol, host = "localhost"): string {
    const scheme = protocol === "wss" ? "https" : "http";
    return `${scheme}://${host}:${this.#ports[role][scheme]}`;
  }

  async arrive(
    t: TestContext,
    role: Role,
    site: string,
    tracker: string,
    before = "",
  ): Promise<Visitor> {
    const visitor = await Visitor.arrive(role, this.#browsers[role], site, tracker, before);
    this.stage.listenTo(visitor);
    t.after(() => visitor.leave());
    return visitor;
  }

  /** Starts a tracker for a test. */
  async tracker(t: TestContext, settings: TrackerSettings): Promise<WebTracker> {
    const tracker = await WebTracker.start(this.stage, settings);
    t.after(() => tracker.stop());
    return tracker;
  }

  async close(): Promise<void> {
    await Promise.all(Object.values(this.#browsers).map((browser) => browser.close()));
    await this.stage.close();
  }
}
