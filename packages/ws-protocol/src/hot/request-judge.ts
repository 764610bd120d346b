/**
 * Whether a message that is JSON and names an action is a request: what must be there is, what belongs together stands together.
 * The last step of `TrackerRequest.read`, in its thread.
 */
import { EVENT_NONE } from "@swarmtide/bittorrent";
import { ID_BYTES } from "./binary-string.ts";
import { MEMBER_ABSENT, MEMBER_BAD, MEMBER_GOOD } from "./object-walk.ts";
import {
  FIELD_ANSWER,
  FIELD_EVENT,
  FIELD_INFO_HASH,
  FIELD_LEFT,
  FIELD_NUMWANT,
  FIELD_OFFER_ID,
  FIELD_OFFERS,
  FIELD_PEER_ID,
  FIELD_TO_PEER_ID,
} from "./request-fields.ts";
import { INFO_HASH_AT, LEFT_UNKNOWN, type RequestRecord } from "./request-record.ts";
import * as status from "./request-status.ts";

/** REQUEST_ANNOUNCE, or what is wrong; `states` says of each field whether it was there and good (MEMBER_…). */
export function judgeAnnounce(request: RequestRecord, states: Uint8Array): number {
  if (!request.hasInfoHash) return status.REQUEST_BAD_INFO_HASH;
  if (states[FIELD_PEER_ID] !== MEMBER_GOOD) return status.REQUEST_BAD_PEER_ID;
  if (states[FIELD_OFFERS] === MEMBER_BAD) return status.REQUEST_BAD_OFFERS;
  if (states[FIELD_ANSWER] === MEMBER_BAD) return status.REQUEST_BAD_ANSWER;
  request.hasAnswer = states[FIELD_ANSWER] === MEMBER_GOOD;
  // Whom an answer is for and which offer it answers may be missing only where there is no answer.
  const allowed = request.hasAnswer ? MEMBER_GOOD : MEMBER_ABSENT;
  if (states[FIELD_TO_PEER_ID] !== MEMBER_GOOD && states[FIELD_TO_PEER_ID] !== allowed)
    return status.REQUEST_BAD_TO_PEER_ID;
  if (states[FIELD_OFFER_ID] !== MEMBER_GOOD && states[FIELD_OFFER_ID] !== allowed)
    return status.REQUEST_BAD_OFFER_ID;
  // A key that stood twice may have left the values of its first, overruled standing.
  if (states[FIELD_LEFT] === MEMBER_ABSENT) request.left = LEFT_UNKNOWN;
  if (states[FIELD_EVENT] === MEMBER_ABSENT) {
    request.event = EVENT_NONE;
    request.isEventUnknown = false;
  }
  if (states[FIELD_NUMWANT] === MEMBER_ABSENT) request.numwant = -1;
  if (states[FIELD_OFFERS] === MEMBER_ABSENT) request.offers = 0;
  return status.REQUEST_ANNOUNCE;
}

/** REQUEST_SCRAPE, or what is wrong; one info hash that is not in a list becomes the only one of the list. */
export function judgeScrape(
  request: RequestRecord,
  states: Uint8Array,
  isScrapeList: boolean,
): number {
  const state = states[FIELD_INFO_HASH];
  if (state === MEMBER_ABSENT) return status.REQUEST_BAD_SCRAPE_ALL;
  if (state === MEMBER_BAD) return status.REQUEST_BAD_INFO_HASH;
  if (!isScrapeList) {
    for (let index = 0; index < ID_BYTES; index++)
      request.scrapeInfoHashes[index] = request.ids[INFO_HASH_AT + index];
    request.scrapes = 1;
  }
  if (request.scrapes > request.scrapesMax) return status.REQUEST_BAD_SCRAPE_LENGTH;
  return status.REQUEST_SCRAPE;
}
