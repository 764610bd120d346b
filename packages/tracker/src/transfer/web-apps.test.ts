/**
 * Pages in a real Chromium meet through swarmtide with the libraries that sites use: webtorrent, trystero, hls.js with
 * p2p-media-loader, p2pt and bugout. Each script runs with bittorrent-tracker too: what a page cannot do there either is not swarmtide's fault.
 *
 * `SWARMTIDE_REQUIRE_CLIENTS=1` makes a missing client a failure instead of a skipped test.
 */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, type TestContext, test } from "node:test";
import { certificateProblem } from "./certificates.ts";
import { type Browser, launchChromium } from "./chromium.ts";
import { networkProblem, TRACKER_NAMES } from "./test-network.ts";
import { appTitleOf } from "./transfers.ts";
import type { App } from "./web-app.ts";
import { APPS, bundleApps, WEB_APP_PACKAGES } from "./web-apps.ts";
import { chromiumProblem, webClientFile, webClientProblem } from "./web-clients.ts";
import { WebStage, WebTracker } from "./web-stage.ts";

const problem =
  networkProblem() ??
  chromiumProblem() ??
  certificateProblem() ??
  webClientProblem(...WEB_APP_PACKAGES);
const required = process.env.SWARMTIDE_REQUIRE_CLIENTS === "1";
const options = { timeout: 200_000, skip: problem !== undefined && !required ? problem : false };

/** Of both trackers: clients that miss each other meet at their next announce, which these tests wait for. */
const INTERVAL_SECONDS = 10;

/** A site, a browser and both trackers, which the tests of the file share. */
class AppStage {
  readonly #stage: WebStage;
  readonly #browser: Browser;
  readonly #site: string;
  readonly #trackers: Readonly<Record<string, string>>;

  private constructor(
    stage: WebStage,
    browser: Browser,
    site: string,
    trackers: Readonly<Record<string, string>>,
  ) {
    this.#stage = stage;
    this.#browser = browser;
    this.#site = site;
    this.#trackers = trackers;
  }

  static async open(): Promise<AppStage> {
    const stage = new WebStage();
    try {
      const { certificate, privateKey } = stage.certificates;
      const folder = join(stage.network.folder, "site");
      mkdirSync(folder);
      bundleApps(folder);
      const script = webClientFile("webtorrent/dist/webtorrent.min.js");
      const { http } = await stage
        .startNode("site", "seeder", "./page-process.js", script, certificate, privateKey, folder)
        .message<{ http: number }>();
      const ws = `peer_announce_interval = ${INTERVAL_SECONDS}`;
      const own = await WebTracker.start(stage, { workers: 2, engine: "epoll", ws });
      const control = await stage
        .startNode(
          ...(["bittorrent-tracker", "tracker", "./npm-tracker-process.js"] as const),
          ...[webClientFile("bittorrent-tracker/index.js"), String(INTERVAL_SECONDS)],
        )
        .message<number>();
      const browser = await launchChromium(stage.network, "seeder", certificate);
      return new AppStage(stage, browser, `http://localhost:${http}`, {
        swarmtide: own.url("ws"),
        "bittorrent-tracker": `ws://${TRACKER_NAMES.ipv4}:${control}`,
      });
    } catch (error) {
      await stage.close();
      throw error;
    }
  }

  /** What comes of an app in two new tabs. */
  async outcome(t: TestContext, app: App, tracker: string): Promise<unknown> {
    const tab = async () => {
      const context = await this.#browser.newContext();
      t.after(() => context.close());
      const page = await context.newPage();
      await page.goto(`${this.#site}/webtorrent-page.html`);
      return page;
    };
    const tabs = [await tab(), await tab()] as const;
    return await app.run(tabs, this.#trackers[tracker] ?? "", randomBytes(10).toString("hex"));
  }

  async close(): Promise<void> {
    await this.#browser.close();
    await this.#stage.close();
  }
}

describe("pages of sites", { concurrency: 3 }, () => {
  let stage: AppStage;
  before(async () => {
    if (problem === undefined) stage = await AppStage.open();
  });
  after(() => stage?.close());

  for (const app of APPS) {
    const { library, what, expected, failsWithControl } = app;
    const trackers = failsWithControl ? ["swarmtide"] : ["swarmtide", "bittorrent-tracker"];
    for (const tracker of trackers)
      test(appTitleOf(library, what, tracker), options, async (t) => {
        assert.equal(problem, undefined);
        assert.deepEqual(await stage.outcome(t, app, tracker), expected);
      });
  }
});
