/**
 * One tracker after another takes over while clients of all protocols ask without pause; then the counts of the last one are
 * held against a model. Called by the command (prove-handover.ts) and by a test.
 */
import { join } from "node:path";
import { HttpClient, httpGet, WebTorrentClient } from "@swarmtide/test-kit";
import type { Scope } from "../scope.ts";
import { TrackerProcess } from "../tracker-process.ts";
import { type Counts, infoHashOf, Load } from "./load.ts";

const DRAIN_SECONDS = 4;
/** Between two hand-overs, so that every client has asked the new process. */
const PAUSE_MILLISECONDS = 500;
/** So often pages are counted before those that are missing count as lost. */
const PAGES_TRIED = 40;

export interface ProofOptions {
  readonly times: number;
  /** Workers of UDP and HTTP of the processes, in turn. */
  readonly workers?: readonly number[];
  readonly tell?: (line: string) => void;
}

export interface ProofResult {
  /** What did not hold, one line each. */
  readonly problems: readonly string[];
  readonly answered: number;
  readonly cameBack: number;
}

/** What all processes have in common; ports are the first one's, which the others get as they are. */
export const configOf = (folder: string, workers = 1, more = ""): string => `
[udp]
address_ipv4 = "127.0.0.1:0"
use_ipv6 = false
workers = ${workers}
max_connection_age = 3600
[web]
address_ipv4 = "127.0.0.1:0"
use_ipv6 = false
[http]
workers = ${workers}
[ws]
max_connection_idle = 180
[swarm]
max_memory = 256
[statistics]
page_address = ""
[handover]
control_socket = "${join(folder, "control")}"
drain = ${DRAIN_SECONDS}
${more}`;

export async function proveHandover(
  scope: Scope,
  { times, workers = [1], tell = () => {} }: ProofOptions,
): Promise<ProofResult> {
  const folder = scope.folder();
  const start = (turn: number) =>
    TrackerProcess.start(scope, {
      config: configOf(folder, workers[turn % workers.length]),
      args: ["--take-over"],
    });
  let running = await start(0);
  const { udp, http } = running.ports();
  const load = new Load(`127.0.0.1:${udp}`, http);
  const problems: string[] = [];
  for (let turn = 1; turn <= times && load.problems.length === 0; turn++) {
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MILLISECONDS));
    const former = running;
    running = await start(turn);
    const [, stood] = await former.says(/requests waited for (\d+) ms/);
    const code = await former.ended();
    if (code !== 0) problems.push(`the process before hand-over ${turn} ended with ${code}`);
    tell(`hand-over ${turn}: ${describe(load)}, requests waited for ${stood} ms`);
  }
  await load.stop();
  problems.push(...load.problems, ...(await wrongCounts(load, http)));
  await wrongPages(load, http).then((lines) => problems.push(...lines));
  load.closePages();
  const { code } = await running.stop();
  if (code !== 0) problems.push(`the last process ended with ${code}`);
  const answered = Object.values(load.answered).reduce((sum, count) => sum + count, 0);
  return { problems, answered, cameBack: load.cameBack };
}

const describe = ({ answered, problems, cameBack }: Load): string =>
  `${Object.entries(answered)
    .map(([name, count]) => `${name} ${count}`)
    .join(", ")} answered, ${problems.length} not; ${cameBack} pages came back`;

/** Where the tracker counts other than the model. */
export async function wrongCounts({ model }: Load, web: number): Promise<string[]> {
  const lines: string[] = [];
  for (const torrent of model.torrents) {
    const counted = await scrape(web, infoHashOf(torrent));
    const expected = model.counts(torrent);
    if (JSON.stringify(counted) !== JSON.stringify(expected))
      lines.push(
        `torrent ${torrent}: ${JSON.stringify(counted)} counted, ${JSON.stringify(expected)} expected`,
      );
  }
  return lines;
}

async function scrape(web: number, infoHash: Buffer): Promise<Counts> {
  const http = await HttpClient.connect(web);
  http.send(httpGet(`/scrape?info_hash=${infoHash}`, "Connection: close"));
  const [answer] = await http.receive(1);
  http.destroy();
  const read = (key: string) => {
    const [, digits] = new RegExp(`${key.length}:${key}i(\\d+)e`).exec(answer?.text ?? "") ?? [];
    return Number(digits ?? 0);
  };
  return { seeders: read("complete"), leechers: read("incomplete"), completed: read("downloaded") };
}

/** Every page is there once, beside one that comes to look: at once, or when those that come back have announced. */
async function wrongPages(load: Load, web: number): Promise<string[]> {
  const client = await WebTorrentClient.connect(`ws://127.0.0.1:${web}`, "looker");
  let wrong: string[] = [];
  for (let tried = 0; tried < PAGES_TRIED; tried++) {
    client.announce("pages");
    const { incomplete } = await client.reply();
    if (incomplete === load.pageCount + 1) {
      wrong = [];
      break;
    }
    wrong = [`${incomplete} pages counted, ${load.pageCount + 1} expected`];
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MILLISECONDS));
  }
  client.socket.terminate();
  return wrong;
}
