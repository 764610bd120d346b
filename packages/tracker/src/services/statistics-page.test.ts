import assert from "node:assert/strict";
import { copyFileSync, readFileSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { announceTarget, LOOPBACK_CONFIG, temporaryFolder, until } from "@swarmtide/test-kit";
import { readConfig } from "@swarmtide/toml-config";
import { trackerSchema } from "../config.ts";
import { startConfigured } from "../start-configured.ts";
import { start } from "./testing/statistics-tracker.ts";

const TIMEOUT = { timeout: 60_000 };

test(
  "a configured page address that is taken is an error that names the key",
  TIMEOUT,
  async (t) => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
    t.after(() => other.close());
    const { port } = other.address() as AddressInfo;
    await assert.rejects(start(t, `page_address = "127.0.0.1:${port}"`), {
      code: "SWARMTIDE_PORT_IN_USE",
      message: new RegExp(`^statistics.page_address = "127.0.0.1:${port}": .*EADDRINUSE`),
    });
  },
);

test(
  "the default page address that is taken costs the page and a warning, and nothing else",
  TIMEOUT,
  async (t) => {
    const other = createServer();
    await new Promise<void>((resolve) => {
      // Where another tracker has the port already, that one is in the way.
      other.once("error", () => resolve());
      other.listen(9000, "127.0.0.1", resolve);
    });
    t.after(() => other.close());
    const { page, lines, tracker } = await start(t, "");
    assert.equal(page, "");
    assert.match(
      lines.join(""),
      /WARN {2}main: no statistics page: statistics.page_address = "127.0.0.1:9000" \(the default\): .*EADDRINUSE/,
    );
    assert.ok(tracker.statistics().all.process.isReady);
  },
);

test("a page that others can reach without a token is warned of", TIMEOUT, async (t) => {
  const open = await start(t, 'page_address = "0.0.0.0:0"');
  assert.match(
    open.lines.join(""),
    /WARN {2}main: statistics.page_address = "0.0.0.0:0": everybody who reaches it can read the page; set statistics.page_token/,
  );
  const closed = await start(t, 'page_address = "0.0.0.0:0"\npage_token = "s3cret"');
  assert.doesNotMatch(closed.lines.join(""), /page_token/);
  assert.equal((await fetch(`${closed.page}api/stats`)).status, 401);
  const headers = { authorization: "Bearer s3cret" };
  assert.equal((await fetch(`${closed.page}api/stats`, { headers })).status, 200);
});

test(
  "over TLS the page shows its certificate's expiry, and takes a new one on reload",
  TIMEOUT,
  async (t) => {
    const folder = temporaryFolder(t);
    const file = (name: string) => new URL(`../../../tcp/testdata/${name}`, import.meta.url);
    const [certificate, key] = [join(folder, "a.crt"), join(folder, "a.key")];
    copyFileSync(file("ec.crt"), certificate);
    copyFileSync(file("ec-pkcs8.key"), key);
    const { page, tracker } = await start(
      t,
      `page_address = "127.0.0.1:0"\npage_tls_certificate_path = "${certificate}"\npage_tls_private_key_path = "${key}"`,
    );
    assert.match(page, /^https:/);
    const shown = tracker.statistics().all.certificates;
    assert.equal(shown.length, 1);
    assert.equal(shown[0]?.section, "statistics");
    assert.equal(tracker.statistics().all.lastReload, null);
    await tracker.reload();
    assert.equal(tracker.statistics().all.lastReload?.isSuccess, true);
    writeFileSync(key, "");
    await tracker.reload();
    const { isSuccess, text } = tracker.statistics().all.lastReload ?? {};
    assert.equal(isSuccess, false);
    assert.match(
      text ?? "",
      /a\.key \(statistics\.page_tls_private_key_path\) is not PEM.*the old certificate remains in use/,
    );
  },
);

test(
  "after a cleaning torrents are counted by their peers and written to the export files",
  TIMEOUT,
  async (t) => {
    const folder = temporaryFolder(t);
    const [all, byFamily] = [join(folder, "all"), join(folder, "by-family")];
    const config = readConfig(
      trackerSchema,
      `${LOOPBACK_CONFIG.replace('page_address = ""', `page_address = ""\nexport_path = "${all}"\nexport_by_family_path = "${byFamily}"`)}[swarm]\ntorrent_cleaning_interval = 1\n`,
      "test",
    );
    const tracker = await startConfigured({ ...config, logLevel: "off" });
    t.after(() => tracker.stop());
    const http = tracker.addresses.filter(({ protocol }) => protocol === "http");
    for (const { address } of http)
      await fetch(`http://${address}${announceTarget("C", 7001, "&left=0")}`);
    await fetch(`http://${http[0]?.address}${announceTarget("C", 7002, "&left=5")}`);
    const hash = Buffer.from("C".repeat(20)).toString("hex");
    await until("both files", () => {
      assert.equal(readFileSync(all, "latin1"), `${hash}:2:1:0\n`);
      assert.equal(readFileSync(byFamily, "latin1"), `4 ${hash} 1 1\n6 ${hash} 1 0\n`);
      return true;
    });
    const peersPerTorrent = await until("a count", () => {
      const counted = tracker.statistics().all.peersPerTorrent;
      return counted?.torrents === 1 ? counted : null;
    });
    assert.equal(peersPerTorrent?.largestPeers, 3);
    assert.deepEqual(peersPerTorrent?.buckets.at(-1), { from: 3, to: 4, torrents: 1 });
  },
);

test(
  "client software is named from a sample of announces, and not where that is switched off",
  TIMEOUT,
  async (t) => {
    for (const clients of [true, false]) {
      const { tracker } = await start(t, `page_address = ""\nclients = ${clients}`);
      const { address = "" } = tracker.addresses.find(({ protocol }) => protocol === "http") ?? {};
      const target = announceTarget("D", 7001).replace("-ST0001-", "-TR4050-");
      for (let i = 0; i < 2 * 64; i++) await (await fetch(`http://${address}${target}`)).text();
      const told = tracker.statistics().all.clients;
      if (clients) {
        assert.equal(told?.sampledAnnounces, 2);
        assert.deepEqual(told?.clients[0]?.name, "Transmission");
        assert.deepEqual(told?.prefixes, [{ prefix: "-TR4050-", share: 1 }]);
      } else assert.equal(told, null);
    }
  },
);

test("the HTML file is written at the interval", TIMEOUT, async (t) => {
  const path = join(temporaryFolder(t), "index.html");
  await start(t, `page_address = ""\nhtml_path = "${path}"\ninterval = 1`);
  await until("the file", () => {
    assert.match(
      readFileSync(path, "utf8"),
      /^<!doctype html>[\s\S]*<caption>Requests<\/caption>[\s\S]*<\/html>\n$/,
    );
    return true;
  });
});

test("an HTML file that cannot be written is logged once", TIMEOUT, async (t) => {
  const path = join(temporaryFolder(t), "nowhere", "index.html");
  const { lines, tracker } = await start(
    t,
    `page_address = ""\nhtml_path = "${path}"\ninterval = 1`,
  );
  const failures = () =>
    lines.filter((line) => line.includes("statistics.html_path cannot be written"));
  await until("the error", () => failures().length > 0);
  const { uptimeSeconds } = tracker.statistics().all.process;
  await until(
    "two more intervals",
    () => tracker.statistics().all.process.uptimeSeconds >= uptimeSeconds + 2,
  );
  assert.equal(failures().length, 1);
});
