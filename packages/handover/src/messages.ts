/**
 * What the messages of a hand-over hold that are JSON; frames.ts lists all. Each reader checks all that its message is read for, so
 * that a process of another version is refused with a reason; further keys are passed over. Pure. Called on the main thread.
 */
import type { Sample } from "@swarmtide/metrics";
import type { HandedSocket } from "@swarmtide/runtime";
import type { StoreTotals } from "@swarmtide/swarm";
import { ChannelFailure } from "./frames.ts";

/** Counts up where a message or the order of messages changes; other versions are refused. */
export const HANDOVER_VERSION = 1;

/** No machine has more listeners than this many messages tell of. */
const SOCKET_FRAMES_MAX = 1024;
const SOCKET_KINDS: readonly unknown[] = ["udp", "tcp", "page", "control"];

/** What of a configuration cannot change in a hand-over: `udp.engine`, and what it is. */
export type Facts = Readonly<Record<string, string>>;

/** FRAME_HELLO of the process that takes over. */
export interface TakerHello {
  readonly handover: number;
  /** Of the program, for the log. */
  readonly version: string;
  readonly pid: number;
}

/** FRAME_HELLO of the process that runs. */
export interface GiverHello extends TakerHello {
  readonly facts: Facts;
  /** Zero of the clock of its store, and now, both on the monotonic clock. */
  readonly startedSeconds: number;
  readonly nowSeconds: number;
  /** Keys by name, in base64. */
  readonly secrets: Readonly<Record<string, string>>;
  /** How many FRAME_SOCKETS follow. */
  readonly socketFrames: number;
}

/** FRAME_SOCKETS. */
export type SocketsMessage = readonly Omit<HandedSocket, "fd">[];

/** FRAME_GO. */
export interface GoMessage {
  readonly counters: readonly Pick<Sample, "name" | "labels" | "value">[];
  readonly totals: StoreTotals;
}

/** The part of FRAME_HELLO that every version has. */
export const readHello = (payload: Uint8Array): TakerHello => helloOf(objectOf(parse(payload)));

function helloOf(hello: Fields): TakerHello {
  if (!isCount(hello.handover) || !isText(hello.version) || !isCount(hello.pid))
    throw malformed("a greeting");
  return { handover: hello.handover, version: hello.version, pid: hello.pid };
}

/** FRAME_HELLO of a running process of this version. */
export function readGiverHello(payload: Uint8Array): GiverHello {
  const fields = objectOf(parse(payload));
  const { facts, secrets, startedSeconds, nowSeconds, socketFrames } = fields;
  if (
    !isTexts(facts) ||
    !isTexts(secrets) ||
    !isNumber(startedSeconds) ||
    !isNumber(nowSeconds) ||
    !isCount(socketFrames) ||
    socketFrames > SOCKET_FRAMES_MAX
  )
    throw malformed("a greeting");
  return { ...helloOf(fields), facts, secrets, startedSeconds, nowSeconds, socketFrames };
}

export function readSockets(payload: Uint8Array): SocketsMessage {
  const places = parse(payload);
  if (!Array.isArray(places) || !places.every(isPlace)) throw malformed("its sockets");
  return places.map(({ kind, key, family, address, port, path }) => ({
    ...{ kind, key, family, address, port },
    ...(path === undefined ? {} : { path }),
  }));
}

export function readGo(payload: Uint8Array): GoMessage {
  const { counters, totals } = objectOf(parse(payload));
  if (!Array.isArray(counters) || !counters.every(isSample) || !isTotals(totals))
    throw malformed("its counters");
  const { completed, refused, gaveWay } = totals;
  return { counters, totals: { completed, refused, gaveWay } };
}

/** Of FRAME_REFUSED. */
export const readReason = (payload: Uint8Array): string =>
  String(objectOf(parse(payload)).reason ?? "the other process refused and gave no reason");

function parse(payload: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(payload).toString());
  } catch {
    throw new ChannelFailure("the other process sent a message that is not JSON");
  }
}

const malformed = (what: string) =>
  new ChannelFailure(`the other process sent ${what} in another form than expected`);

type Fields = Readonly<Record<string, unknown>>;

const isObject = (value: unknown): value is Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const objectOf = (value: unknown): Fields => {
  if (isObject(value)) return value;
  throw malformed("a message");
};

const isText = (value: unknown): value is string => typeof value === "string";
const isNumber = (value: unknown): value is number => Number.isFinite(value);
const isCount = (value: unknown): value is number =>
  isNumber(value) && Number.isSafeInteger(value) && value >= 0;

const isTexts = (value: unknown): value is Readonly<Record<string, string>> =>
  isObject(value) && Object.values(value).every(isText);

const isPlace = (value: unknown): value is SocketsMessage[number] =>
  isObject(value) &&
  SOCKET_KINDS.includes(value.kind) &&
  isText(value.key) &&
  (value.family === 4 || value.family === 6) &&
  isText(value.address) &&
  /^([0-9a-f]{2})*$/.test(value.address) &&
  isCount(value.port) &&
  value.port <= 0xffff &&
  (value.path === undefined || isText(value.path));

const isSample = (value: unknown): value is GoMessage["counters"][number] =>
  isObject(value) && isText(value.name) && isTexts(value.labels) && isNumber(value.value);

const isTotals = (value: unknown): value is StoreTotals =>
  isObject(value) && isCount(value.completed) && isCount(value.refused) && isCount(value.gaveWay);
