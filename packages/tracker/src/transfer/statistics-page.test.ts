/**
 * The statistics page in a real Chromium, over the real program: it shows the numbers of a scripted load over all protocols, its
 * charts move, it survives a restart, it works with the keyboard, and axe-core finds nothing serious in either set of colours.
 * `SWARMTIDE_REQUIRE_CLIENTS=1` makes a missing client a failure instead of a skipped test; SWARMTIDE_SCREENSHOTS names a folder
 * for pictures of the page.
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, type TestContext, test } from "node:test";
import { announce, scrape } from "@swarmtide/client";
import type { ApiStats } from "@swarmtide/statistics";
import { LOOPBACK_CONFIG, startProgram, until, WebTorrentClient } from "@swarmtide/test-kit";
import { type Browser, launchLocalChromium, type Page } from "./chromium.ts";
import { chromiumProblem, webClientFile, webClientProblem } from "./web-clients.ts";

const problem = chromiumProblem() ?? webClientProblem("playwright-core", "axe-core");
const isRequired = process.env.SWARMTIDE_REQUIRE_CLIENTS === "1";
const skip = problem === undefined || isRequired ? false : problem;
const OPTIONS = { timeout: 180_000, skip };
const WAIT_MILLISECONDS = 60_000;

let browser: Browser;

before(async () => {
  if (!skip) browser = await launchLocalChromium();
});

after(async () => {
  await browser?.close();
});

const configWithPage = (address: string) =>
  LOOPBACK_CONFIG.replace('page_address = ""', `page_address = "${address}"`);

/** The program with a page, and where everything is. */
async function startWithPage(t: TestContext, address = "127.0.0.1:0") {
  const program = startProgram(t, configWithPage(address));
  const [, url = ""] = await program.output(/statistics on (http:\S+)/);
  const [udp4 = "", udp6 = ""] = await program.addresses();
  const [http4 = ""] = await program.httpUrls();
  return { program, url, udp4: `udp://${udp4}`, udp6: `udp://${udp6}`, http4: `${http4}/announce` };
}

interface OpenOptions {
  readonly colorScheme?: "light" | "dark";
  readonly viewport?: { width: number; height: number };
}

/** The page, once it shows numbers. Whatever it writes to the console is collected. */
async function openPage(t: TestContext, url: string, options: OpenOptions = {}) {
  // axe-core is brought in from outside, which the page's own policy would refuse.
  const context = await browser.newContext({ ...options, bypassCSP: true });
  t.after(() => context.close());
  context.setDefaultTimeout(WAIT_MILLISECONDS);
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) complaints.push(message.text());
  });
  page.on("pageerror", (error) => complaints.push(error.message));
  await page.goto(url);
  await page.locator("#main:not([hidden])").waitFor();
  return { page, complaints };
}

const textOf = async (page: Page, selector: string) =>
  (await page.locator(selector).textContent()) ?? "";

/** The cells of the row of a table whose first cell has this text; none where it has no such row. */
async function rowOf(page: Page, table: string, name: string): Promise<string[]> {
  const script = `[...document.querySelectorAll("#${table} tbody tr")].map((row) => [...row.cells].map((cell) => cell.textContent))`;
  const rows = (await page.evaluate(script)) as string[][];
  return rows.find(([first]) => first === name) ?? [];
}

async function waitFor(page: Page, what: string, holds: () => Promise<boolean>): Promise<void> {
  try {
    await until(what, holds, WAIT_MILLISECONDS);
  } catch (cause) {
    throw new Error(`${what}: the page shows\n${await textOf(page, "body")}`, { cause });
  }
}

const infoHash = (letter: string) => new Uint8Array(20).fill(letter.charCodeAt(0));

/** What the tables show after the load, by table, first cell of the row, column and value. */
const EXPECTED_CELLS: readonly (readonly [string, string, number, string])[] = [
  ["traffic", "UDP IPv4 announce", 3, "7"],
  ["traffic", "UDP IPv4 announce", 4, "7"],
  ["traffic", "UDP IPv4 connect", 3, "8"],
  ["traffic", "UDP IPv6 announce", 4, "4"],
  ["traffic", "UDP IPv4 scrape", 4, "1"],
  ["traffic", "HTTP IPv4 announce", 4, "3"],
  ["traffic", "HTTP IPv4 scrape", 4, "1"],
  ["traffic", "HTTP IPv4 error", 4, "1"],
  ["traffic", "WebTorrent IPv4 offer", 4, "1"],
  ["swarms", "UDP and HTTP IPv4", 2, "10"],
  ["swarms", "UDP and HTTP IPv4", 3, "6"],
  ["swarms", "UDP and HTTP IPv6", 2, "4"],
  ["swarms", "WebTorrent", 2, "2"],
];

test(
  "the page shows what a scripted load of all protocols did, as /api/stats has it",
  OPTIONS,
  async (t) => {
    const { url, udp4, udp6, http4 } = await startWithPage(t);
    const { page, complaints } = await openPage(t, url);
    for (let port = 1; port <= 7; port++)
      await announce(udp4, { infoHash: infoHash("a"), port, left: port % 2 });
    for (let port = 1; port <= 4; port++) await announce(udp6, { infoHash: infoHash("b"), port });
    for (let port = 11; port <= 13; port++)
      await announce(http4, { infoHash: infoHash("a"), port, left: 0 });
    await scrape(udp4, [infoHash("a")]);
    await scrape(http4, [infoHash("a")]);
    await assert.rejects(
      announce(http4.replace("/announce", "/nothing"), { infoHash: infoHash("a") }),
    );
    const clients = [];
    for (const name of ["first", "second"]) {
      const client = await WebTorrentClient.connect(http4.replace("http", "ws"), name);
      client.announce("torrent", { offers: 1 });
      await client.reply();
      clients.push(client);
    }

    await waitFor(
      page,
      "the announces are on the page",
      async () => (await rowOf(page, "traffic", "WebTorrent IPv4 announce"))[3] === "2",
    );
    for (const [table, row, column, value] of EXPECTED_CELLS)
      assert.equal(
        (await rowOf(page, table, row))[column],
        value,
        `${table}: ${row}, column ${column}`,
      );
    assert.match(await textOf(page, "#figure-list"), /Torrents3.*Peers16/);
    assert.equal(await textOf(page, "#connection"), "Live");

    const response = await fetch(`${url}api/stats?history=none`);
    const api = (await response.json()) as ApiStats;
    const shown = api.requests.rows.find(
      (row) => row.protocol === "udp" && row.family === "ipv4" && row.kind === "announce",
    );
    assert.equal(String(shown?.total), (await rowOf(page, "traffic", "UDP IPv4 announce"))[3]);
    assert.deepEqual(complaints, []);
    for (const client of clients) client.socket.close();
  },
);

test(
  "charts move, and tell their values to who cannot see them and to the keyboard",
  OPTIONS,
  async (t) => {
    const { url, udp4 } = await startWithPage(t);
    const { page, complaints } = await openPage(t, url);
    const label = async () =>
      String(await page.evaluate(`document.querySelector(".plot").getAttribute("aria-label")`));
    await waitFor(page, "a point is measured", async () => /UDP: now 0/.test(await label()));
    const pixels = `document.querySelector(".plot canvas").toDataURL()`;
    const before = await page.evaluate(pixels);
    for (let port = 1; port <= 50; port++) await announce(udp4, { infoHash: infoHash("a"), port });
    await waitFor(page, "the chart's description has the load", async () =>
      /UDP: now .*highest (?!0)/.test(await label()),
    );
    assert.notEqual(await page.evaluate(pixels), before);

    // The cursor moves from point to point: there have to be some.
    await waitFor(page, "the charts have some points", async () => {
      const stats = (await (await fetch(`${url}api/stats`)).json()) as ApiStats;
      return (stats.history?.seconds.timeSeconds.length ?? 0) > 6;
    });
    await page.evaluate(`document.querySelector(".plot").focus()`);
    const cursor = `document.querySelector(".u-cursor-x").style.transform`;
    await page.keyboard.press("ArrowLeft");
    const first = await page.evaluate(cursor);
    await page.keyboard.press("ArrowLeft");
    assert.notEqual(await page.evaluate(cursor), first);
    assert.deepEqual(complaints, []);
  },
);

test("every control is reached with the keyboard, in the order of the page", OPTIONS, async (t) => {
  const { url } = await startWithPage(t);
  const { page } = await openPage(t, url);
  const reached: unknown[] = [];
  for (let presses = 0; presses < 4; presses++) {
    await page.keyboard.press("Tab");
    reached.push(
      await page.evaluate(`document.activeElement.id || document.activeElement.className`),
    );
  }
  assert.deepEqual(reached, ["skip", "range", "theme", "plot"]);
});

test(
  "a tracker that goes away is told, and one that comes back is followed from its new start",
  OPTIONS,
  async (t) => {
    const first = await startWithPage(t);
    const { page } = await openPage(t, first.url);
    await announce(first.udp4, { infoHash: infoHash("a") });
    await waitFor(
      page,
      "the announce is on the page",
      async () => (await rowOf(page, "traffic", "UDP IPv4 announce"))[3] === "1",
    );
    assert.equal(await first.program.end("SIGTERM"), 0);
    await waitFor(page, "the loss is told", async () =>
      (await textOf(page, "#connection")).startsWith("No answer for"),
    );
    await startWithPage(t, new URL(first.url).host);
    await waitFor(
      page,
      "the return is told",
      async () => (await textOf(page, "#connection")) === "Live",
    );
    await waitFor(
      page,
      "the totals are new",
      async () => (await rowOf(page, "traffic", "UDP IPv4 announce")).length === 0,
    );
  },
);

test(
  "axe-core finds nothing serious, light and dark, and nothing is wider than a phone",
  OPTIONS,
  async (t) => {
    const { url, udp4, http4 } = await startWithPage(t);
    for (let port = 1; port <= 9; port++) {
      await announce(udp4, { infoHash: infoHash("a"), port, left: port % 3 });
      await announce(http4, { infoHash: infoHash("b"), port });
    }
    const folder = process.env.SWARMTIDE_SCREENSHOTS;
    for (const [name, options] of [
      ["light", { colorScheme: "light", viewport: { width: 1280, height: 900 } }],
      ["dark", { colorScheme: "dark", viewport: { width: 1280, height: 900 } }],
      ["phone", { colorScheme: "light", viewport: { width: 375, height: 800 } }],
    ] as const) {
      const { page } = await openPage(t, url, options);
      await waitFor(page, "points are drawn", async () =>
        /now \d/.test(
          String(await page.evaluate(`document.querySelector(".plot").getAttribute("aria-label")`)),
        ),
      );
      if (folder !== undefined)
        await page.screenshot({ path: join(folder, `statistics-${name}.png`), fullPage: true });
      assert.equal(
        await page.evaluate("document.documentElement.scrollWidth <= innerWidth"),
        true,
        name,
      );
      await page.evaluate(readFileSync(webClientFile("axe-core/axe.min.js"), "utf8"));
      const found = (await page.evaluate(
        `axe.run().then(({ violations }) => violations.filter(({ impact }) => ["serious", "critical"].includes(impact)).map(({ id, help, nodes }) => id + ": " + help + " " + nodes.map(({ html }) => html).join(" ")))`,
      )) as string[];
      assert.deepEqual(found, [], name);
    }
  },
);
