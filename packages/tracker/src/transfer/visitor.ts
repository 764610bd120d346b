/** Somebody who opens `examples/webtorrent-page.html` in Chromium and uses it: shares a file, fetches one, leaves. */
import { readFileSync } from "node:fs";
import type { Browser, BrowserContext, Page } from "./chromium.ts";
import { DEADLINE_SECONDS, type Speaker } from "./stage.ts";

export class Visitor implements Speaker {
  readonly name: string;
  readonly page: Page;
  output = "";
  isDone = false;
  readonly #context: BrowserContext;

  private constructor(name: string, context: BrowserContext, page: Page) {
    this.name = name;
    this.#context = context;
    this.page = page;
    page.on("console", (message) => {
      this.output += `${message.text()}\n`;
    });
  }

  /**
   * Opens the page of a site in a browser that remembers nothing, for use with this tracker. `before` is a script that runs in
   * front of the page's own.
   */
  static async arrive(name: string, browser: Browser, site: string, tracker: string, before = "") {
    const context = await browser.newContext();
    context.setDefaultTimeout(DEADLINE_SECONDS * 1000);
    const visitor = new Visitor(name, context, await context.newPage());
    if (before !== "") await visitor.page.addInitScript(before);
    await visitor.page.goto(`${site}/webtorrent-page.html?tracker=${encodeURIComponent(tracker)}`);
    return visitor;
  }

  async choose(content: Buffer): Promise<void> {
    const file = { name: "film.bin", mimeType: "application/octet-stream", buffer: content };
    await this.page.locator("#file").setInputFiles(file);
  }

  /** Shares a file: the link for others. */
  async share(content: Buffer): Promise<string> {
    await this.choose(content);
    return await this.#read(".link:not(:empty)");
  }

  async fetch(link: string): Promise<void> {
    await this.page.locator("#magnet").fill(link);
    await this.page.locator("#fetch button").click();
  }

  /** Waits until the file is there and saves it. */
  async save(): Promise<Buffer> {
    await this.#read(".link a");
    const link = this.page.locator(".link a");
    const [download] = await Promise.all([this.page.waitForEvent("download"), link.click()]);
    return readFileSync(await download.path());
  }

  /** What the page says went wrong; waits for it. */
  async trouble(): Promise<string> {
    return await this.#read("#trouble:not(:empty)");
  }

  /** Waits for an element and reads it; fails with what the page shows instead. */
  async #read(selector: string): Promise<string> {
    const element = this.page.locator(selector);
    try {
      await element.waitFor();
    } catch (cause) {
      const shown = await this.page.locator("main").textContent();
      const trouble = await this.page.locator("#trouble").textContent();
      const words = [`${this.name} waits for ${selector}`, shown, trouble, this.output];
      throw new Error(words.join("\n"), { cause });
    }
    return (await element.textContent()) ?? "";
  }

  /** Asks a tracker about a torrent from within the page, without WebTorrent. */
  async scrape(tracker: string, infoHashHex: string): Promise<Counts> {
    const infoHash = Buffer.from(infoHashHex, "hex").toString("latin1");
    const question = JSON.stringify({ action: "scrape", info_hash: infoHash });
    const files = await this.page.evaluate(`new Promise((resolve, reject) => {
      const socket = new WebSocket(${JSON.stringify(tracker)});
      socket.onopen = () => socket.send(${JSON.stringify(question)});
      socket.onerror = () => reject(new Error("no connection to the tracker"));
      socket.onmessage = ({ data }) => {
        socket.onclose = () => resolve(JSON.parse(data).files);
        socket.close();
      };
    })`);
    const counts = (files as Readonly<Record<string, Counts>>)[infoHash];
    if (counts === undefined) throw new Error(`a scrape without ${infoHashHex}`);
    return counts;
  }

  /** Closes the tabs and forgets what they stored. */
  async leave(): Promise<void> {
    this.isDone = true;
    await this.#context.close();
  }
}

export interface Counts {
  readonly complete: number;
  readonly incomplete: number;
  readonly downloaded: number;
}
