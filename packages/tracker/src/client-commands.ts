/**
 * The commands `swarmtide announce`, `scrape` and `check`: a tracker asked from the command line, ours or another.
 *
 * Loaded by main.ts where one of them is asked for. Exit codes: 0 when all is well, 1 when the tracker did not answer
 * or a check found an error, 2 for arguments that are not understood.
 */
import { announceEventName, hexDigitValue, INFO_HASH_BYTES } from "@swarmtide/bittorrent";
import {
  type AnnounceRequest,
  type AnnounceResult,
  announce,
  ClientError,
  checkTracker,
  type Finding,
  type RequestOptions,
  type RequestTimings,
  type ScrapeResult,
  scrape,
} from "@swarmtide/client";
import type { Command, GivenOptions } from "@swarmtide/runtime";
import { CHECK, SCRAPE } from "./client-command-line.ts";

const EVENTS = [1, 2, 3, 4] as const;

/** An argument that is not understood. */
export class ArgumentError extends Error {}

interface Io {
  readonly print: (text: string) => void;
  readonly complain: (text: string) => void;
}

/** Runs one of the commands; returns the exit code. Throws `ArgumentError`. */
export async function runClientCommand(
  command: Command,
  given: GivenOptions,
  io: Io,
): Promise<number> {
  const url = given.operands[0] ?? "";
  const infoHashes = given.operands.slice(1).map(readInfoHash);
  const options = readOptions(given);
  const isJson = given.values.has("json");
  try {
    if (command === CHECK) return await check(url, options, isJson, io);
    if (command === SCRAPE) {
      const result = await scrape(url, infoHashes, options);
      io.print(isJson ? toJson(result) : describeScrape(result));
      return 0;
    }
    for (const infoHash of infoHashes) {
      const result = await announce(url, readAnnounce(given, infoHash), options);
      io.print(isJson ? toJson(result) : describeAnnounce(result));
    }
    return 0;
  } catch (error) {
    if (!(error instanceof ClientError)) throw error;
    if (error.reason === "url") throw new ArgumentError(error.message);
    io.complain(`${error.message}\n`);
    return 1;
  }
}

const toJson = (value: unknown) => `${JSON.stringify(value)}\n`;

function readInfoHash(text: string): Uint8Array {
  const digits = [...text].map((digit) => hexDigitValue(digit.charCodeAt(0)));
  if (digits.length !== INFO_HASH_BYTES * 2 || digits.includes(-1))
    throw new ArgumentError(`"${text}" is not an info hash: expected 40 hexadecimal digits`);
  return Uint8Array.from(
    { length: INFO_HASH_BYTES },
    (_, index) => (digits[index * 2] ?? 0) * 16 + (digits[index * 2 + 1] ?? 0),
  );
}

function readNumber(given: GivenOptions, name: string, max: number): number | undefined {
  const text = given.values.get(name);
  if (text === undefined) return undefined;
  const value = Number(text);
  if (!/^\d+$/.test(text) || value > max)
    throw new ArgumentError(`--${name} is "${text}": expected a whole number up to ${max}`);
  return value;
}

function readOptions(given: GivenOptions): RequestOptions {
  const isIpv4 = given.values.has("ipv4");
  const isIpv6 = given.values.has("ipv6");
  if (isIpv4 && isIpv6) throw new ArgumentError("--ipv4 and --ipv6 exclude each other");
  const seconds = readNumber(given, "timeout", 3600);
  return {
    ...(isIpv4 ? { family: 4 } : {}),
    ...(isIpv6 ? { family: 6 } : {}),
    ...(seconds === undefined ? {} : { timeoutMilliseconds: seconds * 1000 }),
    isInsecure: given.values.has("insecure"),
  };
}

function readAnnounce(given: GivenOptions, infoHash: Uint8Array): AnnounceRequest {
  const left = readNumber(given, "left", Number.MAX_SAFE_INTEGER);
  const port = readNumber(given, "port", 65_535);
  const peersWanted = readNumber(given, "peers", 0x7fff_ffff);
  const name = given.values.get("event");
  const event = EVENTS.find((one) => announceEventName(one) === name);
  if (name !== undefined && event === undefined)
    throw new ArgumentError(`--event is "${name}": expected started, completed, stopped or paused`);
  return {
    infoHash,
    ...(left === undefined ? {} : { left }),
    ...(port === undefined ? {} : { port }),
    ...(peersWanted === undefined ? {} : { peersWanted }),
    ...(event === undefined ? {} : { event }),
  };
}

function describeTimings(timings: RequestTimings): string {
  const { resolveMilliseconds, connectMilliseconds, responseMilliseconds } = timings;
  const steps = [
    `name ${resolveMilliseconds.toFixed(1)}`,
    `connection ${connectMilliseconds.toFixed(1)}`,
    `answer ${responseMilliseconds.toFixed(1)}`,
  ];
  return `${steps.join(", ")} ms`;
}

function describeAnnounce(result: AnnounceResult): string {
  const { seeders, leechers, completed, intervalSeconds, minIntervalSeconds } = result;
  const counts = [
    `${seeders ?? "?"} seeders`,
    `${leechers ?? "?"} leechers`,
    ...(completed === undefined ? [] : [`${completed} completed`]),
  ];
  const least = minIntervalSeconds === undefined ? "" : `, at least ${minIntervalSeconds} s`;
  const lines = [
    `${result.responder} (${describeTimings(result.timings)})`,
    `  ${counts.join(", ")}; next announce in ${intervalSeconds} s${least}`,
    ...(result.warning === undefined ? [] : [`  warning: ${printable(result.warning)}`]),
    ...result.peers.map(({ address, port }) => `  peer ${formatPeer(printable(address), port)}`),
  ];
  return `${lines.join("\n")}\n`;
}

const formatPeer = (address: string, port: number) =>
  address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;

/** What a tracker sent, without anything that a terminal would obey. */
const printable = (text: string) => text.replace(/[^\x20-\x7e\u00a0-\uffff]/g, "?");

function describeScrape({ responder, timings, torrents }: ScrapeResult): string {
  const lines = torrents.map(
    ({ infoHash, seeders, leechers, completed }) =>
      `  ${infoHash}: ${seeders} seeders, ${leechers} leechers, ${completed} completed`,
  );
  const none = torrents.length === 0 ? ["  the tracker knows none of them"] : [];
  return `${[`${responder} (${describeTimings(timings)})`, ...lines, ...none].join("\n")}\n`;
}

async function check(
  url: string,
  options: RequestOptions,
  isJson: boolean,
  io: Io,
): Promise<number> {
  const onFinding = (finding: Finding) => io.print(describeFinding(finding));
  const findings = await checkTracker(url, { ...options, ...(isJson ? {} : { onFinding }) });
  if (isJson) io.print(toJson(findings));
  return findings.some(({ grade }) => grade === "error") ? 1 : 0;
}

function describeFinding({ family, check: what, grade, detail }: Finding): string {
  return `${grade.padEnd(7)} IPv${family} ${what.padEnd(11)} ${printable(detail)}\n`;
}
