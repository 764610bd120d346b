/** A handler on a small store of its own, and a client that reads its answers. For tests only. */
import { type Cidr, parseCidr, parseIpAddress } from "@swarmtide/bittorrent";
import {
  asciiBytes,
  HttpResponse,
  latin1Text,
  parseHttpResponse,
  RESPONSE_OK,
} from "@swarmtide/http-protocol";
import { CounterTable } from "@swarmtide/metrics";
import {
  AccessList,
  Admission,
  createSwarmStore,
  type LimitsConfig,
  limitsSection,
  type SwarmStore,
} from "@swarmtide/swarm";
import { defaultConfig } from "@swarmtide/toml-config";
import { httpCounters } from "../counters.ts";
import { HttpHandler } from "../hot/http-handler.ts";
import type { HttpPeer } from "../hot/http-peer.ts";
import { peerAt as peerAtBytes } from "../peer-address.ts";
import { type TestHandlerOptions, testHandlerOptions } from "./handler-options.ts";

export interface Fixture {
  readonly handler: HttpHandler;
  readonly store: SwarmStore;
  readonly admission: Admission;
  readonly counters: CounterTable<"http">;
  readonly trustedProxies: readonly Cidr[];
}

export interface Answer {
  readonly status: number;
  readonly head: string;
  readonly body: Uint8Array;
  readonly text: string;
  readonly keepAlive: boolean;
}

export function makeFixture(
  options: Partial<TestHandlerOptions> & {
    trusted?: readonly string[];
    limits?: Partial<LimitsConfig>;
  } = {},
): Fixture {
  const store = createSwarmStore({
    memoryBytesMax: 16 << 20,
    limits: options.limits && { ...defaultConfig(limitsSection), ...options.limits },
  });
  const counters = CounterTable.create(httpCounters, 1);
  const trustedProxies = (options.trusted ?? []).map((text) => {
    const cidr = parseCidr(text);
    if (cidr === undefined) throw new TypeError(`${text} is not a CIDR block`);
    return cidr;
  });
  const admission = new Admission(AccessList.attach(AccessList.build({ mode: "off" })));
  const shared = { store, admission, counters: counters.familyRows(0), trustedProxies };
  const handler = new HttpHandler(testHandlerOptions({ ...shared, ...options }));
  return { handler, store, admission, counters, trustedProxies };
}

/** The other end of a connection from this address. */
export function peerAt(address: string, trustedProxies: readonly Cidr[] = []): HttpPeer {
  return peerAtBytes(parseIpAddress(address) ?? new Uint8Array(4), trustedProxies);
}

/** Gives the handler bytes as text and cuts its reply into answers; those to HEAD have no body. */
export function ask(
  fixture: Fixture,
  requests: string,
  from: HttpPeer | string = "192.0.2.1",
  heads = false,
): Answer[] {
  const peer = typeof from === "string" ? peerAt(from, fixture.trustedProxies) : from;
  const bytes = asciiBytes(requests);
  fixture.handler.answer(peer, bytes, 0, bytes.length);
  return readAnswers(fixture.handler.reply.slice(0, fixture.handler.replyLength), heads);
}

export function readAnswers(reply: Uint8Array, heads = false): Answer[] {
  const answers: Answer[] = [];
  const response = new HttpResponse();
  for (let at = 0; at < reply.length; ) {
    if (parseHttpResponse(response, reply, at, reply.length) !== RESPONSE_OK)
      throw new Error(`no answer at ${at} of ${latin1Text(reply)}`);
    const end = response.bodyStart + (heads ? 0 : response.contentLength);
    if (response.contentLength < 0 || end > reply.length) throw new Error("the body is cut off");
    const body = reply.slice(response.bodyStart, end);
    answers.push({
      status: response.status,
      head: latin1Text(reply.subarray(at, response.bodyStart)),
      body,
      text: latin1Text(body),
      keepAlive: response.keepAlive,
    });
    at = end;
  }
  return answers;
}

/** An info hash of one letter, twenty times. */
export const hashOf = (letter: string) => asciiBytes(letter.repeat(20));
