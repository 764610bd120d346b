/**
 * `npm run soak -- --minutes N`: the real program under all protocols for as long as wanted, with peers, torrents and
 * connections that come and go, reloads and floods; then a verdict on memory, descriptors, answers, and counts against a
 * model. Takes some 10 % of a core. Exit code 1 where something does not hold.
 */
import { copyFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { parseArgs } from "node:util";
import { makeCertificate } from "@swarmtide/test-kit";
import { descriptorsOf, moreDescriptors } from "../descriptors.ts";
import { Scope } from "../scope.ts";
import { TrackerProcess } from "../tracker-process.ts";
import type { Vitals } from "../vitals.ts";
import { Findings } from "./findings.ts";
import { FloodActor } from "./flood-actor.ts";
import { ReloadActor, type ReloadedFiles } from "./reload-actor.ts";
import { SaidStandstills } from "./standstills.ts";
import { SwarmActor } from "./swarm-actor.ts";
import { judge } from "./verdict.ts";
import { WsActor } from "./ws-actor.ts";

const SAMPLE_MILLISECONDS = 5000;
const REPORT_MILLISECONDS = 60_000;
/**
 * Time for memory to go back and for connections to end before the last sample. One whose client has vanished in silence
 * may stay for `web.max_connection_idle`, so descriptors are waited for longer.
 */
const QUIET_MILLISECONDS = 40_000;
const DESCRIPTORS_MILLISECONDS = 180_000;
const PEER_AGE_SECONDS = 90;
const CLEANING_SECONDS = 10;
/** A tick of the store, and the few seconds for which a stopped process does not yet count as standing still. */
const SLACK_SECONDS = 15;
const LATE_SECONDS = 60;

const sum = (counts: ReadonlyMap<string, number>): number =>
  [...counts.values()].reduce((total, count) => total + count, 0);

function filesIn(folder: string): ReloadedFiles {
  const certificates = [makeCertificate(folder, "first"), makeCertificate(folder, "second")];
  const tls = { certificate: join(folder, "tls.crt"), privateKey: join(folder, "tls.key") };
  copyFileSync(certificates[0]?.certificate ?? "", tls.certificate);
  copyFileSync(certificates[0]?.privateKey ?? "", tls.privateKey);
  const accessList = join(folder, "deny.txt");
  writeFileSync(accessList, "");
  return { accessList, tls, certificates };
}

const configOf = ({ accessList, tls }: ReloadedFiles): string => `
[udp]
address_ipv4 = "127.0.0.1:0"
use_ipv6 = false
peer_announce_interval = 60
[web]
address_ipv4 = "127.0.0.1:0"
tls_address_ipv4 = "127.0.0.1:0"
use_ipv6 = false
tls_certificate_path = "${tls.certificate}"
tls_private_key_path = "${tls.privateKey}"
[http]
peer_announce_interval = 60
peer_min_announce_interval = 30
[swarm]
max_memory = 64
max_peer_age = ${PEER_AGE_SECONDS}
torrent_cleaning_interval = ${CLEANING_SECONDS}
[access_list]
mode = "deny"
path = "${accessList}"
[statistics]
page_address = "127.0.0.1:0"
`;

async function soak(scope: Scope, minutes: number): Promise<boolean> {
  const files = filesIn(scope.folder());
  const tracker = await TrackerProcess.start(scope, { config: configOf(files) });
  await wait(3000);
  const idleBefore = tracker.vitals();
  const descriptorsBefore = descriptorsOf(tracker.pid);
  console.log(`soak of ${minutes} minutes: ${show(idleBefore)} before the first client`);
  const findings = new Findings();
  const standstills = new SaidStandstills(tracker, 2 * PEER_AGE_SECONDS);
  const { http, https } = tracker.ports();
  const swarms = await SwarmActor.start(
    tracker.ports(),
    {
      ...{ peerAgeSeconds: PEER_AGE_SECONDS, cleaningSeconds: CLEANING_SECONDS },
      ...{ slackSeconds: SLACK_SECONDS, lateSeconds: LATE_SECONDS },
      creditSeconds: () => standstills.creditSeconds(performance.now() / 1000),
    },
    findings,
  );
  const ws = new WsActor([`ws://127.0.0.1:${http}`, `wss://127.0.0.1:${https}`], findings);
  const floods = new FloodActor(tracker, findings);
  const reloads = new ReloadActor(tracker, files, findings);
  const samples: Vitals[] = [];
  const end = performance.now() + minutes * 60_000;
  let reportAt = 0;
  while (performance.now() < end && !tracker.hasEnded) {
    await wait(SAMPLE_MILLISECONDS);
    if (!tracker.hasEnded && !floods.isFlooding) samples.push(tracker.vitals());
    if (performance.now() < reportAt) continue;
    reportAt = performance.now() + REPORT_MILLISECONDS;
    const now = samples.at(-1) ?? idleBefore;
    console.log(
      `${new Date().toISOString()} ${show(now)}, ${swarms.peerCount} peers, ${ws.clientCount} WebTorrent clients; ${report(findings, swarms, ws)}`,
    );
  }
  for (const actor of [floods, reloads, swarms, ws]) await actor.stop();
  await wait(QUIET_MILLISECONDS);
  const left = await descriptorsLeft(tracker, descriptorsBefore, idleBefore.descriptors);
  const idleAfter = tracker.vitals();
  const { code, milliseconds } = await tracker.stop();
  const checks = judge({
    ...{ samples, idleBefore, idleAfter, exitCode: code, stopMilliseconds: milliseconds },
    ...{ contradictions: findings.contradictions, compared: findings.compared },
    ...{ answered: sum(findings.answered), lost: sum(findings.lost) },
    ...{ complaints: findings.complaints, descriptorsLeft: left },
  });
  console.log(`\n${report(findings, swarms, ws)}`);
  for (const { name, holds, seen } of checks)
    console.log(`${holds ? "holds" : "FAILS"}  ${name}: ${seen}`);
  return checks.every(({ holds }) => holds);
}

/** What the tracker holds on top of what it held before, once it is as many again or the time for it is over. */
async function descriptorsLeft(
  tracker: TrackerProcess,
  before: readonly string[],
  count: number,
): Promise<string[]> {
  const end = performance.now() + DESCRIPTORS_MILLISECONDS;
  while (tracker.vitals().descriptors > count && performance.now() < end) await wait(1000);
  return moreDescriptors(before, descriptorsOf(tracker.pid));
}

/** What has been seen so far, in a line. */
function report(findings: Findings, swarms: SwarmActor, ws: WsActor): string {
  return `${findings.summary()}; ${swarms.sentAgain} UDP requests sent again; answers ${ws.answersReceived} of ${ws.answersSent}`;
}

const show = ({ rssMib, descriptors, threads }: Vitals): string =>
  `${rssMib} MiB, ${descriptors} descriptors, ${threads} threads`;

const { values } = parseArgs({ options: { minutes: { type: "string", default: "10" } } });
Scope.endOnSignals();
const scope = new Scope();
try {
  process.exitCode = (await soak(scope, Number(values.minutes))) ? 0 : 1;
} finally {
  await scope.close();
}
