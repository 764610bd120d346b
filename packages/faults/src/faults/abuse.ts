/** Floods: who asks as it should is answered all the while. */
import { setTimeout as wait } from "node:timers/promises";
import { attackMembers } from "../attack/attack-members.ts";
import { FULL_ATTACK } from "../attack/member-attack.ts";
import { floodGarbage, floodTorrents, vanishingUpgrades } from "../clients/storms.ts";
import { UdpPeers } from "../clients/udp-peers.ts";
import { TrackerProcess } from "../tracker-process.ts";
import { Bystander } from "./bystander.ts";
import { CONFIG, type Fault, type FaultContext, type Outcome, Watch } from "./fault.ts";

/** Each asks again, so that some are lost in a full socket buffer and none for good. */
const LOST_SHARE_MAX = 0.02;

async function floods({ scope, size }: FaultContext): Promise<Outcome> {
  const part = size === "full" ? 1 : 5;
  const tracker = await TrackerProcess.start(scope, { config: CONFIG });
  const { udp, http } = tracker.ports();
  const watch = new Watch(tracker);
  const bystander = await Bystander.start(tracker.ports());
  await Promise.all([
    floodTorrents(udp, 300_000 / part, 30_000),
    floodGarbage(udp, 150_000 / part, 15_000),
    vanishingUpgrades(http, 500 / part),
  ]);
  await wait(500);
  const { lost, sent, text, longest } = bystander.stop();
  const { rssMib, descriptors } = watch.end();
  const { code } = await tracker.stop();
  return {
    holds: code === 0 && sent > 0 && lost <= sent * LOST_SHARE_MAX,
    seen: `longest wait ${longest} ms`,
    ...{ rssMib, descriptors, lost: text },
  };
}

/** A peer that announces again and again within min_announce_interval, with limits for loopback too. */
async function repeats({ scope }: FaultContext): Promise<Outcome> {
  const config = `${CONFIG}[limits]\nexempt = []\n`;
  const tracker = await TrackerProcess.start(scope, { config });
  const peers = await UdpPeers.open(tracker.ports().udp);
  const infoHash = Buffer.alloc(20, 7);
  await peers.announceAll(infoHash, 3000, 10);
  const first = await peers.announcedPeers({ infoHash, port: 5000 });
  const second = await peers.announcedPeers({ infoHash, port: 5000 });
  peers.close();
  const { code } = await tracker.stop();
  return {
    holds: code === 0 && first === 10 && second === 0,
    seen: `${first} peers in the first reply, ${second} in the repeat`,
  };
}

/** One address beyond each limit by address, with limits for loopback too: what fits is served, the rest is refused. */
async function greedyAddress({ scope }: FaultContext): Promise<Outcome> {
  const config = `${CONFIG}[limits]
exempt = []
max_peers_per_address = 3
max_torrents_per_address = 10
max_scrapes_per_address = 5
`;
  const tracker = await TrackerProcess.start(scope, { config });
  const peers = await UdpPeers.open(tracker.ports().udp);
  const other = await UdpPeers.open(tracker.ports().udp, "127.0.3.1");
  const isServed = (reply: object | string | undefined) => typeof reply === "object";
  const one = Buffer.alloc(20, 1);
  const inOne = await countServed(10, async (at) =>
    isServed(await peers.announce({ infoHash: one, port: 2000 + at })),
  );
  const torrents = await countServed(20, async (at) =>
    isServed(await peers.announce({ infoHash: Buffer.alloc(20, 50 + at), port: 2000 })),
  );
  const scrapes = await countServed(40, async () => (await peers.scrape(one)) !== undefined);
  const neighbour = isServed(await other.announce({ infoHash: one, port: 3000 }));
  peers.close();
  other.close();
  const { code } = await tracker.stop();
  return {
    // Forty scrapes, one after the other, take less than four seconds of five each.
    holds: code === 0 && inOne === 3 && torrents <= 10 && scrapes <= 20 && neighbour,
    seen: `${inOne} of 10 peers in one torrent, ${torrents} of 20 further torrents, ${scrapes} of 40 scrapes, another address is ${neighbour ? "served" : "REFUSED"}`,
  };
}

async function countServed(count: number, ask: (at: number) => Promise<boolean>): Promise<number> {
  let served = 0;
  for (let at = 0; at < count; at++) if (await ask(at)) served++;
  return served;
}

/** Seven addresses that make memberships as fast as they can, against a budget that they fill. */
function membersAttack({ scope, size }: FaultContext): Promise<Outcome> {
  const isFull = size === "full";
  return attackMembers(scope, {
    size: isFull ? FULL_ATTACK : { ...FULL_ATTACK, connectionsEach: 20, perSecond: 20_000 },
    seconds: isFull ? 60 : 5,
    budgetMib: isFull ? 64 : 4,
  });
}

export const abuseFaults: readonly Fault[] = [
  {
    kind: "abuse",
    name: "floods of random torrents, of garbage, of upgrades that vanish",
    isShort: true,
    run: floods,
  },
  {
    kind: "abuse",
    name: "an address beyond each of its limits",
    isShort: true,
    run: greedyAddress,
  },
  {
    kind: "abuse",
    name: "WebTorrent members from seven addresses, each connection in 950 torrents, beyond the budget",
    isShort: true,
    run: membersAttack,
  },
  { kind: "abuse", name: "a peer that announces again at once", isShort: true, run: repeats },
];
