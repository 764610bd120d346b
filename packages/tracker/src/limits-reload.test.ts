import assert from "node:assert/strict";
import { test } from "node:test";
import { announceQueryString, readAnnounceReply } from "@swarmtide/http-protocol";
import { createLogger } from "@swarmtide/runtime";
import { UdpClient, until, WebTorrentClient } from "@swarmtide/test-kit";
import type { TrackerOptions } from "./config.ts";
import { startTracker } from "./start-tracker.ts";

const TIMEOUT = { timeout: 60_000 };
const FILM = Buffer.alloc(20, 7);
const TOO_MANY = "too many peers of your address are in this torrent";

const onLoopback = (limits: TrackerOptions["limits"]): TrackerOptions => ({
  logLevel: "info",
  udp: { addressIpv4: "127.0.0.1:0", useIpv6: false },
  web: { addressIpv4: "127.0.0.1:0", useIpv6: false },
  statistics: { pageAddress: undefined },
  ...(limits === undefined ? {} : { limits }),
});

async function failureOverHttp(address: string, port: number): Promise<string | undefined> {
  const query = announceQueryString({ infoHash: FILM, peerId: Buffer.alloc(20, 1), port, left: 1 });
  const response = await fetch(`http://${address}/announce?${query}`);
  return readAnnounceReply(Buffer.from(await response.arrayBuffer())).failureReason;
}

test(
  "a reload brings other limits to all protocols, also to connections that are open",
  TIMEOUT,
  async (t) => {
    const tracker = await startTracker(onLoopback({ exempt: [], maxPeersPerAddress: 1000 }));
    t.after(() => tracker.stop());
    const addressOf = (protocol: string) =>
      tracker.addresses.find((one) => one.protocol === protocol)?.address ?? "";
    const client = await UdpClient.open(addressOf("udp"));
    t.after(() => client.close());
    const url = `ws://${addressOf("ws")}`;
    const members = await Promise.all(
      [1, 2, 3].map((at) => WebTorrentClient.connect(url, `m${at}`)),
    );
    for (const { socket } of members) t.after(() => socket.close());
    const [one, two, three] = members;
    assert.ok(one && two && three);
    for (const port of [1, 2]) await client.announce(FILM, port, 1n);
    for (const member of [one, two]) {
      member.announce("song");
      await member.reply();
    }
    await tracker.reload(onLoopback({ exempt: [], maxPeersPerAddress: 2 }));
    // Until the worker has the new number each of these is one peer more.
    let port = 2;
    await until("a UDP worker refuses a further peer", () =>
      client.announce(FILM, ++port, 1n).then(
        () => false,
        (error: Error) => error.message.includes(TOO_MANY),
      ),
    );
    await until("an HTTP worker refuses one too", async () => {
      return (await failureOverHttp(addressOf("http"), ++port)) === TOO_MANY;
    });
    await until("a web worker refuses a third member", async () => {
      three.announce("song");
      const reply = await three.take(() => true);
      if (reply["failure reason"] === TOO_MANY) return true;
      three.announce("song", { event: "stopped" });
      await three.reply();
      return false;
    });
    await tracker.reload(onLoopback({ maxPeersPerAddress: 2 }));
    await until("loopback is exempt again", async () => {
      return (await failureOverHttp(addressOf("http"), ++port)) === undefined;
    });
  },
);

test(
  "limits by address that were both off at the start need a restart, and the log says so",
  TIMEOUT,
  async (t) => {
    const lines: string[] = [];
    const output = { write: (line: string) => void lines.push(line), now: () => new Date(0) };
    const log = createLogger({ logLevel: "info", logFormat: "text" }, "main", output);
    const off = { maxPeersPerAddress: 0, maxTorrentsPerAddress: 0 };
    const tracker = await startTracker(onLoopback(off), { log });
    t.after(() => tracker.stop());
    await tracker.reload(onLoopback({ ...off, maxScrapesPerAddress: 5 }));
    assert.doesNotMatch(lines.join(""), /need a restart/);
    await tracker.reload(onLoopback({ ...off, maxPeersPerAddress: 5 }));
    assert.match(lines.join(""), /WARN .*limits\.max_peers_per_address .* need a restart/);
  },
);

test(
  "an interval that is told lowers min_announce_interval, so that who keeps to it gets peers",
  TIMEOUT,
  async (t) => {
    const limits = { exempt: [], minAnnounceInterval: 300 };
    const tracker = await startTracker(onLoopback(limits));
    t.after(() => tracker.stop());
    const http = tracker.addresses.find(({ protocol }) => protocol === "http")?.address ?? "";
    const seen = async (port: number): Promise<number> => {
      const infoHash = Buffer.alloc(20, 9);
      const query = announceQueryString({ infoHash, peerId: Buffer.alloc(20, 1), port, left: 1 });
      const response = await fetch(`http://${http}/announce?${query}`);
      const reply = readAnnounceReply(Buffer.from(await response.arrayBuffer()));
      return "peers" in reply ? reply.peers.length : -1;
    };
    await seen(1);
    assert.deepEqual([await seen(2), await seen(2)], [1, 0], "the second announce is a repeat");
    await tracker.reload({ ...onLoopback(limits), http: { peerMinAnnounceInterval: 1 } });
    await until(
      "a peer that is told to wait a second is no repeat",
      async () => (await seen(2)) === 1,
    );
  },
);

test(
  "an interval that a site tells its pages lowers min_announce_interval, so that whoever keeps to it has its offers passed on",
  TIMEOUT,
  async (t) => {
    const limits = { exempt: [], minAnnounceInterval: 300 };
    const tracker = await startTracker(onLoopback(limits));
    t.after(() => tracker.stop());
    const ws = tracker.addresses.find(({ protocol }) => protocol === "ws")?.address ?? "";
    const [guest, host] = [
      await WebTorrentClient.connect(`ws://${ws}`, "guest"),
      await WebTorrentClient.connect(`ws://${ws}`, "host"),
    ];
    for (const client of [guest, host]) {
      t.after(() => client.socket.close());
      client.announce("room");
      await client.reply();
    }
    /** Whether the guest hears an offer of the host's next announce: offers go out before replies. */
    const hears = async (): Promise<boolean> => {
      host.announce("room", { offers: 1, event: "" });
      await host.reply();
      guest.announce("room", { event: "" });
      const message = await guest.take(({ offer, complete }) => (offer ?? complete) !== undefined);
      if (message.offer === undefined) return false;
      await guest.reply();
      return true;
    };
    assert.deepEqual([await hears(), await hears()], [false, false], "these are repeats");
    await tracker.reload({ ...onLoopback(limits), ws: { peerAnnounceInterval: 10 } });
    // A repeat does not put off the next announce: half of the ten seconds later it is none.
    await until("a peer that is told to wait ten seconds is no repeat", hears);
  },
);
