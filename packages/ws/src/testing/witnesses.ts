/**
 * Clients that keep the rules amid a crowd that does not, for the fuzzer: they know what they ought to hear, and judge
 * every message that anybody receives. No offer of theirs reaches a connection outside of its torrent, none comes twice,
 * an answer comes once and from whoever the offer was made to, and no act of others takes their peers away.
 */
import assert from "node:assert/strict";
import type { TrackerMessage } from "@swarmtide/ws-protocol";
import type { RandomWords } from "../hot/random-words.ts";
import { elementAt } from "./element-at.ts";
import type { TestTrackers } from "./harness.ts";
import { FUZZ_TORRENTS, type HostileFrames, type SeenOffer } from "./hostile-frames.ts";
import { nameOf, offerOf, type TestClient } from "./test-client.ts";

const WITNESSES = 4;
const OFFER = "offer of a witness:";
const ANSWER = "answer of a witness:";

class Witness {
  readonly client: TestClient;
  readonly name: string;
  /** Its torrents, and whether it is a seeder there. */
  readonly torrents = new Map<string, boolean>();
  /** Replies that are due. */
  repliesDue = 0;
  scrapesDue = 0;
  /** Whether an answer under way may be refused: its offer's maker may have gone. */
  mayFail = false;

  constructor(client: TestClient, name: string) {
    this.client = client;
    this.name = name;
  }
}

interface MadeOffer {
  readonly torrent: string;
  readonly from: Witness;
  /** The connections that were in the torrent when it was made. */
  readonly insiders: ReadonlySet<TestClient>;
  readonly expiryMilliseconds: number;
  receiver: TestClient | undefined;
  /** Answered, or its maker has left. */
  isOver: boolean;
}

export class Witnesses {
  /** What has been judged. */
  offersJudged = 0;
  answersJudged = 0;
  countsJudged = 0;
  readonly #trackers: TestTrackers;
  readonly #random: RandomWords;
  /** Who is told of every offer that a hostile client has received. */
  readonly #frames: HostileFrames;
  readonly #witnesses: Witness[] = [];
  readonly #offers = new Map<string, MadeOffer>();
  readonly #answersHeard = new Set<string>();
  #made = 0;

  constructor(trackers: TestTrackers, random: RandomWords, frames: HostileFrames) {
    this.#trackers = trackers;
    this.#random = random;
    this.#frames = frames;
    for (let index = 0; index < WITNESSES; index++) {
      const client = trackers.connect(index % trackers.trackers.length);
      this.#witnesses.push(new Witness(client, `w${index}`));
    }
  }

  /** One of them does something; everybody is told, and `crowd` are the others that may. */
  act(crowd: readonly TestClient[]): void {
    this.hear(crowd);
    const witness = elementAt(this.#witnesses, this.#random.below(WITNESSES));
    const torrent = elementAt(FUZZ_TORRENTS, this.#random.below(FUZZ_TORRENTS.length));
    switch (this.#random.below(8)) {
      case 0:
        this.#stop(witness, torrent);
        break;
      case 1:
        witness.scrapesDue++;
        witness.client.scrape(torrent);
        break;
      default:
        this.#announce(witness, torrent, crowd);
    }
    this.hear(crowd);
  }

  /** All announce what they are in, before their peers expire. */
  renew(crowd: readonly TestClient[]): void {
    for (const witness of this.#witnesses) {
      // A connection without a torrent is closed after a while, as it should be.
      if (witness.torrents.size === 0) witness.torrents.set(elementAt(FUZZ_TORRENTS, 0), false);
      for (const torrent of witness.torrents.keys()) this.#announce(witness, torrent, crowd);
    }
    this.hear(crowd);
  }

  #isOver(offer: MadeOffer): boolean {
    return offer.isOver || this.#trackers.nowMilliseconds >= offer.expiryMilliseconds;
  }

  end(): TestClient[] {
    return this.#witnesses.map(({ client }) => client);
  }

  #clients(crowd: readonly TestClient[]): TestClient[] {
    return [...this.#witnesses.map(({ client }) => client), ...crowd];
  }

  #insiders(torrent: string, crowd: readonly TestClient[]): Set<TestClient> {
    return new Set(
      this.#clients(crowd).filter((client) => this.#trackers.peersIn(client, torrent) > 0),
    );
  }

  /** How many peers the connections have in a torrent. */
  #peersIn(torrent: string, crowd: readonly TestClient[]): number {
    return this.#clients(crowd).reduce(
      (sum, client) => sum + this.#trackers.peersIn(client, torrent),
      0,
    );
  }

  #announce(witness: Witness, torrent: string, crowd: readonly TestClient[]): void {
    // Until it has arrived that somebody has left, the worker that owns the torrent counts them.
    this.#trackers.settle();
    const isSeeder = this.#random.below(3) === 0;
    const insiders = this.#insiders(torrent, crowd);
    const peersBefore = this.#peersIn(torrent, crowd) + (insiders.has(witness.client) ? 0 : 1);
    const offers = Array.from({ length: this.#random.below(4) }, () => {
      const name = `witnessed-${++this.#made}`;
      this.#offers.set(name, {
        torrent,
        from: witness,
        insiders,
        expiryMilliseconds:
          this.#trackers.nowMilliseconds + 1000 * this.#trackers.config.maxOfferAge,
        receiver: undefined,
        isOver: false,
      });
      return offerOf(name, OFFER + name);
    });
    witness.torrents.set(torrent, isSeeder);
    witness.repliesDue++;
    witness.client.announce({ torrent, peer: witness.name, left: isSeeder ? 0 : 1, offers });
    this.#trackers.settle();
    const replies = witness.client.messages.filter(({ kind }) => kind === "announce");
    this.#judgeCounts(replies.at(-1), torrent, peersBefore, crowd);
  }

  /**
   * The counts are those of the peers that are in the torrent, and every witness is among them. Between the
   * reply and now connections may have been closed for being slow.
   */
  #judgeCounts(
    reply: TrackerMessage | undefined,
    torrent: string,
    peersBefore: number,
    crowd: readonly TestClient[],
  ): void {
    assert.ok(reply?.kind === "announce", "a witness got no reply");
    const roles = this.#witnesses.flatMap(({ torrents }) => torrents.get(torrent) ?? []);
    const seeders = roles.filter((isSeeder) => isSeeder).length;
    const { complete, incomplete } = reply;
    const peers = complete + incomplete;
    const peersAfter = this.#peersIn(torrent, crowd);
    assert.ok(peers >= peersAfter && peers <= peersBefore, "a peer too many or few");
    assert.ok(
      complete >= seeders && incomplete >= roles.length - seeders,
      "a witness has vanished",
    );
    this.countsJudged++;
  }

  #stop(witness: Witness, torrent: string): void {
    for (const offer of this.#offers.values())
      if (offer.from === witness && offer.torrent === torrent) offer.isOver = true;
    witness.torrents.delete(torrent);
    witness.repliesDue++;
    witness.client.announce({ torrent, peer: witness.name, event: "stopped" });
  }

  /** Lets all that is under way arrive, the witnesses' answers among it, and judges it; call it before time passes. */
  hear(crowd: readonly TestClient[]): void {
    const clients = this.#clients(crowd);
    do {
      this.#trackers.settle();
      for (const client of clients) this.judge(client);
      this.#trackers.settle();
    } while (clients.some(({ messages }) => messages.length > 0));
    for (const witness of this.#witnesses) {
      assert.equal(witness.client.socket, "open", "a witness was thrown out");
      assert.deepEqual([witness.repliesDue, witness.scrapesDue], [0, 0], "a reply is missing");
      witness.mayFail = false;
    }
  }

  /** Judges what a client has received. */
  judge(client: TestClient): void {
    const witness = this.#witnesses.find((one) => one.client === client);
    for (const message of client.take()) {
      if (message.kind === "offer") {
        this.#judgeOffer(client, witness, message);
        if (witness === undefined) this.#frames.remember(client.number, message);
      } else if (message.kind === "answer") this.#judgeAnswer(witness, message);
      else if (witness !== undefined) this.#judgeReply(witness, message);
    }
  }

  #judgeOffer(client: TestClient, witness: Witness | undefined, offer: SeenOffer): void {
    const name = nameOf(offer.offerId);
    const made = this.#offers.get(name);
    if (made !== undefined || offer.description.sdp.startsWith(OFFER)) {
      assert.ok(made !== undefined && offer.description.sdp === OFFER + name, "a changed offer");
      assert.equal(nameOf(offer.infoHash), made.torrent);
      assert.equal(nameOf(offer.peerId), made.from.name);
      assert.ok(made.from.client !== client, "an offer came back to its maker");
      assert.ok(made.insiders.has(client), "an offer reached a connection outside of its torrent");
      assert.equal(made.receiver, undefined, "an offer was passed on twice");
      made.receiver = client;
      this.offersJudged++;
    }
    if (witness === undefined) return;
    const torrent = nameOf(offer.infoHash);
    assert.ok(witness.torrents.has(torrent), "an offer for a torrent that the witness is not in");
    assert.notEqual(nameOf(offer.peerId), witness.name, "an offer of a peer with the same id");
    if (this.#random.below(2) === 0) return;
    witness.mayFail ||= made === undefined || this.#isOver(made);
    witness.client.announce({
      torrent,
      peer: witness.name,
      answer: {
        answer: { type: "answer", sdp: `${ANSWER}${witness.name}:${++this.#made}` },
        toPeerId: offer.peerId,
        offerId: offer.offerId,
      },
    });
  }

  #judgeAnswer(witness: Witness | undefined, answer: SeenOffer): void {
    const { sdp } = answer.description;
    if (sdp.startsWith(ANSWER)) {
      assert.ok(!this.#answersHeard.has(sdp), "an answer of a witness was passed on twice");
      this.#answersHeard.add(sdp);
    }
    if (witness === undefined) return;
    const made = this.#offers.get(nameOf(answer.offerId));
    assert.ok(made !== undefined && made.from === witness, "an answer to what was not offered");
    assert.equal(nameOf(answer.infoHash), made.torrent);
    assert.ok(!this.#isOver(made), "an answer that comes too late, or a second one");
    made.isOver = true;
    assert.ok(made.receiver !== undefined, "an answer by somebody who got no offer");
    const receiver = this.#witnesses.find(({ client }) => client === made.receiver);
    if (receiver !== undefined) {
      assert.ok(sdp.startsWith(`${ANSWER}${receiver.name}:`), "a stranger's answer");
      assert.equal(nameOf(answer.peerId), receiver.name);
    } else {
      assert.ok(!sdp.startsWith(ANSWER), "a witness answered for somebody else");
      const [, one, two] = /^by (\d+)\/(\d+)$/.exec(sdp) ?? [];
      if (one !== undefined && one === two)
        assert.equal(Number(one), made.receiver.number, "another client's answer");
    }
    this.answersJudged++;
  }

  #judgeReply(witness: Witness, message: TrackerMessage): void {
    if (message.kind === "announce") witness.repliesDue--;
    else if (message.kind === "scrape") witness.scrapesDue--;
    else
      assert.ok(
        message.kind === "failure" && witness.mayFail && /No such offer/.test(message.reason),
        `a witness was refused: ${JSON.stringify(message)}`,
      );
  }
}
