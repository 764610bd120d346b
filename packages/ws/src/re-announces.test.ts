/** Clients that come back far more often than they are asked to, as trystero's do every ten seconds. */
import assert from "node:assert/strict";
import { test } from "node:test";
import * as columns from "./counters.ts";
import { elementAt } from "./testing/element-at.ts";
import { TestTrackers } from "./testing/harness.ts";
import { offerOf } from "./testing/test-client.ts";

const OFFERS = 10;
const CLIENTS = 4;
const MAX_OFFER_AGE = 60;

test("a room whose clients announce ten offers every ten seconds grows by nothing but offers, and these expire", () => {
  const trackers = new TestTrackers(1, { maxOfferAge: MAX_OFFER_AGE, maxOffers: OFFERS });
  const clients = Array.from({ length: CLIENTS }, () => trackers.connect());
  const { swarms } = elementAt(trackers.trackers, 0);
  let offers = 0;
  let records = 0;
  for (let round = 0; round < 60; round++) {
    clients.forEach((client, index) => {
      const made = Array.from({ length: OFFERS }, () => offerOf(++offers));
      client.announce({ torrent: "room", peer: `p${index}`, left: 1, offers: made });
    });
    trackers.settle();
    for (const client of clients) {
      const heard = client.take();
      assert.equal(heard.filter(({ kind }) => kind === "announce").length, 1, "one reply each");
      // An announce offers to each other once, however many offers it has.
      const received = heard.filter(({ kind }) => kind === "offer").length;
      assert.equal(received, round === 0 ? received : CLIENTS - 1);
    }
    if (round === 0) records = swarms.entries;
    assert.equal(swarms.entries, records, "members, torrents and identities stay as they are");
    const most = (MAX_OFFER_AGE / 10 + 1) * CLIENTS * (CLIENTS - 1);
    assert.ok(swarms.offers.length <= most, `${swarms.offers.length} offers are remembered`);
    trackers.pass(10);
  }
  assert.equal(trackers.count(columns.LEECHERS), CLIENTS);
  assert.equal(trackers.count(columns.ENDED_RATE, columns.OFFERS_FORGOTTEN), 0);
  assert.equal(trackers.count(columns.OFFERS_OVER_SHARE), 0);
});
