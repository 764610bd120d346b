import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { test } from "node:test";
import { LOOPBACK_CONFIG, PROGRAM_COMMAND, runToEnd } from "@swarmtide/test-kit";
import { readConfig } from "@swarmtide/toml-config";
import { trackerSchema } from "./config.ts";
import { startTracker } from "./start-tracker.ts";

const TIMEOUT = { timeout: 60_000 };
const HASH = "0123456789abcdef0123456789abcdef01234567";
const config = readConfig(
  trackerSchema,
  `log_level = "off"\n${LOOPBACK_CONFIG}[swarm]\nmax_memory = 64\n`,
  "test",
);

/** Runs the program to its end while this one goes on serving. */
function runWhile(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    const [file, ...first] = PROGRAM_COMMAND;
    execFile(file, [...first, ...args], (error, stdout, stderr) =>
      resolve({ code: error ? Number(error.code) : 0, stdout, stderr }),
    );
  });
}

/** URLs of a running tracker, of each protocol and family that needs no certificate. */
async function urlsOfTracker(t: { after: (end: () => Promise<void>) => void }) {
  const tracker = await startTracker(config);
  t.after(() => tracker.stop());
  const urls = tracker.addresses.map(({ protocol, address }) => `${protocol}://${address}`);
  assert.deepEqual([...new Set(urls.map((url) => url.slice(0, url.indexOf(":"))))].sort(), [
    "http",
    "udp",
    "ws",
  ]);
  return urls;
}

test(
  "announce, scrape and check are served by swarmtide over every protocol and family",
  TIMEOUT,
  async (t) => {
    for (const url of await urlsOfTracker(t)) {
      const checked = await runWhile("check", url, url.includes("[") ? "-6" : "-4");
      assert.equal(checked.code, 0, `${url}\n${checked.stdout}${checked.stderr}`);
      assert.match(checked.stdout, /^ok +IPv[46] peers meet +/m);
      assert.match(checked.stdout, /^ok +IPv[46] scrape +/m);
      assert.doesNotMatch(checked.stdout, /^(error|warning)/m);
    }
  },
);

test(
  "announce prints counts and peers, scrape the counts, and --json the same for programs",
  TIMEOUT,
  async (t) => {
    const urls = await urlsOfTracker(t);
    const url = urls.find((one) => one.startsWith("udp://127.0.0.1")) ?? "";
    const seeder = await runWhile(
      "announce",
      url,
      HASH,
      "--left",
      "0",
      "--port",
      "7001",
      "--event",
      "started",
    );
    assert.match(
      seeder.stdout,
      /^127\.0\.0\.1:\d+ \(name [\d.]+, connection [\d.]+, answer [\d.]+ ms\)\n {2}1 seeders, 0 leechers; next announce in \d+ s\n$/,
    );
    const leecher = await runWhile("announce", url, HASH);
    assert.match(leecher.stdout, /^ {2}peer 127\.0\.0\.1:7001$/m);
    const json = JSON.parse((await runWhile("announce", url, HASH, "--json")).stdout);
    assert.deepEqual(
      [json.seeders, json.leechers, json.peers],
      [1, 1, [{ address: "127.0.0.1", port: 7001 }]],
    );
    const scraped = await runWhile("scrape", url, HASH, "0".repeat(40));
    assert.match(
      scraped.stdout,
      new RegExp(`^ {2}${HASH}: 1 seeders, 1 leechers, 0 completed$`, "m"),
    );
    assert.match(scraped.stdout, /^ {2}0{40}: 0 seeders, 0 leechers, 0 completed$/m);
  },
);

test("a tracker that is not there is told in one line with exit code 1", TIMEOUT, () => {
  const { code, stdout, stderr } = runToEnd("announce", "http://127.0.0.1:9/announce", HASH);
  assert.deepEqual([code, stdout], [1, ""]);
  assert.match(stderr, /^127\.0\.0\.1:9: .*ECONNREFUSED.*\n$/);
});

test("arguments that are not understood are named with what was expected", TIMEOUT, () => {
  const mistakes: readonly (readonly [readonly string[], RegExp])[] = [
    [["announce"], /TRACKER_URL is missing/],
    [["announce", "udp://a:1"], /INFO_HASH… is missing/],
    [["announce", "udp://a:1", "xyz"], /"xyz" is not an info hash: expected 40 hexadecimal digits/],
    [["announce", "tracker", HASH], /"tracker" is not the URL of a tracker: expected udp:/],
    [
      ["announce", "udp://a:1", HASH, "--port", "70000"],
      /--port is "70000": expected a whole number up to 65535/,
    ],
    [["announce", "udp://a:1", HASH, "--event", "begun"], /--event is "begun": expected started/],
    [["scrape", "udp://a:1", HASH, "-4", "-6"], /--ipv4 and --ipv6 exclude each other/],
    [["scrape", "udp://a:1", HASH, "-c", "x"], /"-c" is not an option/],
    [["check", "udp://a:1", HASH], /is not expected behind "check"/],
  ];
  for (const [args, message] of mistakes) {
    const { code, stdout, stderr } = runToEnd(...args);
    assert.deepEqual([code, stdout], [2, ""], args.join(" "));
    assert.match(stderr, message);
  }
});
