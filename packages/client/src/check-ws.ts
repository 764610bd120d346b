/** Two WebTorrent peers that meet over a tracker: an offer there, its answer back. Called by `checkTracker`. */
import { randomBytes } from "node:crypto";
import { PEER_ID_BYTES } from "@swarmtide/bittorrent";
import type { TrackerMessage } from "@swarmtide/ws-protocol";
import { ClientError } from "./client-error.ts";
import { type Deadline, openDeadline } from "./deadline.ts";
import type { Findings } from "./findings.ts";
import { type RequestOptions, randomPeerId } from "./requests.ts";
import type { TrackerUrl } from "./tracker-url.ts";
import { isAnnounceReply, isScrapeReply, WsTracker } from "./ws-client.ts";

const OFFER = { type: "offer", sdp: "v=0 swarmtide check: offer" } as const;
const ANSWER = { type: "answer", sdp: "v=0 swarmtide check: answer" } as const;

type Signal = Extract<TrackerMessage, { kind: "offer" | "answer" }>;
const isOffer = (message: TrackerMessage): message is Signal => message.kind === "offer";
const isAnswer = (message: TrackerMessage): message is Signal => message.kind === "answer";

/** Adds whether the offer arrived, its answer came back, and the counts agree. */
export async function meetOverWs(
  url: TrackerUrl,
  infoHash: Uint8Array,
  options: RequestOptions,
  found: Findings,
): Promise<void> {
  const deadline = openDeadline(url, options);
  const open: WsTracker[] = [];
  const connect = async () => {
    const tracker = await WsTracker.open(url, options, deadline);
    open.push(tracker);
    return tracker;
  };
  try {
    const seeder = await connect();
    const leecher = await connect();
    await exchange(seeder, leecher, infoHash, deadline, found);
    leecher.scrape([infoHash]);
    const { files } = await leecher.receive(isScrapeReply, "a scrape reply", deadline);
    const file = files[0];
    const isCounted = file?.complete === 1 && file.incomplete === 1;
    const counts = `${file?.complete ?? "no"} seeders, ${file?.incomplete ?? "no"} leechers`;
    found.judge("scrape", isCounted, "warning", counts);
  } catch (error) {
    if (!(error instanceof ClientError)) throw error;
    found.add("peers meet", "error", error.message);
  } finally {
    for (const tracker of open) tracker.close();
  }
}

/** A seeder waits, a leecher offers, the seeder answers. */
async function exchange(
  seeder: WsTracker,
  leecher: WsTracker,
  infoHash: Uint8Array,
  deadline: Deadline,
  found: Findings,
): Promise<void> {
  const seederId = randomPeerId();
  seeder.announce({ infoHash, peerId: seederId, left: 0, event: "started", numwant: 0 });
  await seeder.receive(isAnnounceReply, "an announce reply", deadline);

  const offers = [{ offer: OFFER, offerId: new Uint8Array(randomBytes(PEER_ID_BYTES)) }];
  const joining = { infoHash, peerId: randomPeerId(), left: 1, event: "started" } as const;
  leecher.announce({ ...joining, numwant: 1, offers });
  const counts = await leecher.receive(isAnnounceReply, "an announce reply", deadline);
  const offer = await seeder.receive(isOffer, "the other peer's offer", deadline);
  const answer = { answer: ANSWER, toPeerId: offer.peerId, offerId: offer.offerId };
  seeder.announce({ infoHash, peerId: seederId, answer });
  const back = await leecher.receive(isAnswer, "the answer to the offer", deadline);

  const isWhole = offer.description.sdp === OFFER.sdp && back.description.sdp === ANSWER.sdp;
  const arrived = isWhole ? "arrived" : "arrived changed";
  found.judge("peers meet", isWhole, "error", `an offer and its answer ${arrived}`);
  const isCounted = counts.complete === 1 && counts.incomplete === 1;
  const { complete, incomplete } = counts;
  const detail = `${complete} seeders, ${incomplete} leechers; announced were one and one`;
  found.judge("counts", isCounted, "warning", detail);
}
