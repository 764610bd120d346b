import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { UdpClient, until } from "@swarmtide/test-kit";
import type { TrackerOptions } from "./config.ts";
import { startTracker } from "./start-tracker.ts";

const FILM = Buffer.alloc(20, 7);

function listFile(t: TestContext, text: string): string {
  const folder = mkdtempSync(join(tmpdir(), "swarmtide-addresses-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const path = join(folder, "addresses.txt");
  writeFileSync(path, text);
  return path;
}

const options = (path: string): TrackerOptions => ({
  logLevel: "off",
  udp: { addressIpv4: "127.0.0.1:0", useIpv6: false },
  http: { enabled: false },
  ws: { enabled: false },
  limits: { addressListMode: "deny", addressListPath: path },
  statistics: { pageAddress: undefined },
});

test("a list of addresses is obeyed from the start, read again on a reload, and stays where the new one is wrong", {
  timeout: 60_000,
}, async (t) => {
  const path = listFile(t, "10.0.0.0/8\n");
  const tracker = await startTracker(options(path));
  t.after(() => tracker.stop());
  const client = await UdpClient.open(tracker.protocols[0]?.addresses[0]?.address ?? "");
  t.after(() => client.close());
  assert.equal((await client.announce(FILM, 1, 1n)).leechers, 1);

  writeFileSync(path, "10.0.0.0/8\n127.0.0.0/8 # ourselves\n");
  await tracker.reload();
  await until("the worker has the new list", async () => {
    await assert.rejects(client.announce(FILM, 1, 1n), /not allowed on this tracker/);
    return true;
  });
  writeFileSync(path, "nonsense\n");
  await tracker.reload();
  await assert.rejects(client.announce(FILM, 1, 1n), /not allowed on this tracker/);

  writeFileSync(path, "# nobody\n");
  await tracker.reload();
  const reply = await until("the worker has the empty list", () => client.announce(FILM, 2, 1n));
  assert.equal(reply.leechers, 2);
});

test("a list that is missing or wrong is an error of the start, with file, line, value and remedy", async (t) => {
  const path = listFile(t, "10.0.0.0/8\n10.0.0.1/8\n");
  await assert.rejects(startTracker(options(path)), {
    code: "SWARMTIDE_ADDRESS_LIST_INVALID",
    message: `address list ${path}:2: "10.0.0.1/8" is not a range; expected an address, a network such as 10.0.0.0/8, or FIRST-LAST`,
  });
  await assert.rejects(startTracker(options(`${path}.missing`)), {
    code: "SWARMTIDE_ADDRESS_LIST_UNREADABLE",
    message:
      /\(limits\.addressListPath\): no such file; create it or set limits\.addressListMode = "off"/,
  });
});
