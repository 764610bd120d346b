import assert from "node:assert/strict";
import { mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import {
  LOOPBACK_CONFIG,
  runToEnd,
  type ServingProgram,
  startProgram,
  temporaryFolder,
  UdpClient,
} from "@swarmtide/test-kit";

const TIMEOUT = { timeout: 120_000 };

const configOf = (path: string, more = "") => `log_level = "debug"
${LOOPBACK_CONFIG}
[swarm]
max_memory = 64
[snapshot]
path = "${path}"
${more}`;

function infoHashOf(torrent: number): Buffer {
  const infoHash = Buffer.alloc(20, "snapshot");
  infoHash.writeUInt32BE(torrent, 16);
  return infoHash;
}

async function clientsOf(t: TestContext, program: ServingProgram): Promise<UdpClient[]> {
  const clients = await Promise.all((await program.addresses()).map(UdpClient.open));
  t.after(() => {
    for (const client of clients) client.close();
  });
  return clients;
}

/** What an announce of one more leecher returns. */
async function countsOf(client: UdpClient | undefined, torrent: number) {
  const { seeders, leechers, peers } =
    (await client?.announce(infoHashOf(torrent), 60_000, 1n)) ?? assert.fail("no client");
  return { seeders, leechers, peers: [...peers].sort() };
}

test(
  "what was announced over IPv4 and IPv6 is there again after a stop and a start",
  TIMEOUT,
  async (t) => {
    const path = join(temporaryFolder(t), "swarms");
    const first = startProgram(t, configOf(path));
    const [ipv4, ipv6] = await clientsOf(t, first);
    for (let port = 1; port <= 70; port++)
      for (const client of [ipv4, ipv6])
        await client?.announce(infoHashOf(1), port, port % 2 === 0 ? 0n : 1n);
    assert.equal(await first.end("SIGTERM"), 0);
    assert.match(first.stderr, /snapshot .*swarms: written/);
    const second = startProgram(t, configOf(path));
    const [ipv4Again, ipv6Again] = await clientsOf(t, second);
    await second.output(/snapshot .*: restored/);
    for (const client of [ipv4Again, ipv6Again]) {
      const { seeders, leechers, peers } = await countsOf(client, 1);
      assert.deepEqual([seeders, leechers], [35, 36]);
      assert.equal(peers.length, 30);
    }
    assert.deepEqual(readdirSync(join(path, "..")), ["swarms"]);
  },
);

test(
  "after kill -9 under load everything is back that was announced before the last snapshot was begun",
  TIMEOUT,
  async (t) => {
    const path = join(temporaryFolder(t), "swarms");
    const interval = "interval = 1";
    const first = startProgram(t, configOf(path, interval));
    const [client] = await clientsOf(t, first);
    let announced = 0;
    const load = async (until: () => boolean) => {
      while (!until()) await client?.announce(infoHashOf(announced++), 1, 1n);
    };
    const written = () => first.stderr.match(/snapshot written/g)?.length ?? 0;
    await load(() => written() >= 1 && announced > 100);
    // In the second snapshot from here on, which is begun only now, is everything up to here.
    const certain = announced;
    const writtenThen = written();
    await load(() => written() >= writtenThen + 2);
    await first.end("SIGKILL");
    const second = startProgram(t, configOf(path, interval));
    const [clientAgain] = await clientsOf(t, second);
    await second.output(/snapshot .*: restored/);
    for (let torrent = 0; torrent < certain; torrent += 7)
      assert.equal((await countsOf(clientAgain, torrent)).leechers, 2);
  },
);

test(
  "a damaged snapshot is told with the byte, and everything else of it is restored",
  TIMEOUT,
  async (t) => {
    const path = join(temporaryFolder(t), "swarms");
    const first = startProgram(t, configOf(path));
    const [client] = await clientsOf(t, first);
    await client?.announce(infoHashOf(1), 1, 1n);
    await first.end("SIGTERM");
    const whole = readFileSync(path);
    assert.equal(runToEnd("snapshot", "verify", path).code, 0);
    const info = JSON.parse(runToEnd("snapshot", "info", "--json", path).stdout);
    assert.deepEqual([info.records, info.peersIpv4, info.isWhole], [1, 1, true]);
    const exported = `${infoHashOf(1).toString("hex")}:0:1:0\n`;
    assert.equal(runToEnd("snapshot", "export", path).stdout, exported);

    writeFileSync(path, whole.subarray(0, whole.length - 5));
    const cut = startProgram(t, configOf(path, "stop_timeout = 0"));
    await cut.output(/byte \d+: cut in the end, 5 bytes are missing.*SWARMTIDE_SNAPSHOT_DAMAGED/);
    const [clientOfCut] = await clientsOf(t, cut);
    assert.equal((await countsOf(clientOfCut, 1)).leechers, 2);
    assert.equal(await cut.end("SIGTERM"), 0);
    assert.equal(readFileSync(path).length, whole.length - 5);
    const verified = runToEnd("snapshot", "verify", path);
    assert.equal(verified.code, 1);
    assert.match(verified.stdout, /^damaged\n {2}byte \d+: cut/);
  },
);

test(
  "what is not a snapshot, or a newer one, is reported, and stays until a good one takes its place",
  TIMEOUT,
  async (t) => {
    const path = join(temporaryFolder(t), "swarms");
    for (const [bytes, reason] of [
      [Buffer.alloc(5000, "not a snapshot "), /not a snapshot of swarmtide/],
      [Buffer.from("895357524d0d0a1a0002".padEnd(100, "0"), "hex"), /by a newer swarmtide/],
    ] as const) {
      writeFileSync(path, bytes);
      const program = startProgram(t, configOf(path, "stop_timeout = 0"));
      await program.output(reason);
      await program.output(/SWARMTIDE_SNAPSHOT_UNREADABLE/);
      const [client] = await clientsOf(t, program);
      await client?.announce(infoHashOf(1), 1, 1n);
      assert.equal(await program.end("SIGTERM"), 0);
      assert.deepEqual(readFileSync(path), bytes);
      const inspected = runToEnd("snapshot", "info", path);
      assert.equal(inspected.code, 1);
      assert.match(inspected.stderr, /SWARMTIDE_SNAPSHOT_UNREADABLE/);
    }
    const program = startProgram(t, configOf(path));
    await program.addresses();
    assert.equal(await program.end("SIGTERM"), 0);
    assert.equal(runToEnd("snapshot", "verify", path).code, 0);
  },
);

test(
  "a folder that is missing, or a folder in place of the file, ends the start with the reason",
  TIMEOUT,
  async (t) => {
    const folder = temporaryFolder(t);
    for (const [path, reason] of [
      [join(folder, "missing", "swarms"), /is not a folder; create it/],
      [folder, /expected a file/],
    ] as const) {
      const program = startProgram(t, configOf(path));
      assert.equal(await program.ended(), 1);
      assert.match(program.stderr, reason);
      assert.match(program.stderr, /SWARMTIDE_SNAPSHOT_PATH/);
    }
  },
);

test(
  "a folder that is gone is told, the tracker goes on, and writes once it is back",
  TIMEOUT,
  async (t) => {
    const folder = join(temporaryFolder(t), "state");
    mkdirSync(folder);
    const program = startProgram(t, configOf(join(folder, "swarms"), "interval = 1"));
    await program.addresses();
    renameSync(folder, `${folder}-away`);
    await program.output(
      /not written: ENOENT.*Create the folder, or correct snapshot.path.*SWARMTIDE_SNAPSHOT_NOT_WRITTEN/,
    );
    const [client] = await clientsOf(t, program);
    await client?.announce(infoHashOf(1), 1, 1n);
    renameSync(`${folder}-away`, folder);
    await program.output(/snapshot written/);
  },
);
