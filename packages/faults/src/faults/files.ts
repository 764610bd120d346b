/** Files that are none, or wrong: every configured path at the start and at a reload, and certificates that are renewed badly. */

import { execFileSync } from "node:child_process";
import { X509Certificate } from "node:crypto";
import {
  copyFileSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { connect } from "node:tls";
import { type CertificateFiles, makeCertificate } from "@swarmtide/test-kit";
import type { Scope } from "../scope.ts";
import { TrackerProcess } from "../tracker-process.ts";
import { Bystander } from "./bystander.ts";
import { CONFIG, type Fault, type FaultContext, type Outcome, Watch } from "./fault.ts";

const REFUSED_MILLISECONDS_MAX = 2000;
const STARTED_MILLISECONDS_MAX = 8000;
const STOP_MILLISECONDS_MAX = 5000;
const GIB = 2 ** 30;

/** Things that stand where a file is expected, by name: each puts one at a path. */
const THINGS: Readonly<Record<string, (path: string) => void>> = {
  "a FIFO": (path) => execFileSync("mkfifo", [path]),
  "a device that never ends": (path) => symlinkSync("/dev/zero", path),
  "a folder": (path) => mkdirSync(path),
  "a file of 100 GiB": (path) => {
    writeFileSync(path, "");
    truncateSync(path, 100 * GIB);
  },
  "a link to itself": (path) => symlinkSync(path, path),
  nothing: () => {},
};

/** The files that are read. */
interface Paths {
  readonly list: string;
  readonly certificate: string;
  readonly privateKey: string;
  readonly pageCertificate: string;
  readonly pagePrivateKey: string;
}

const PATHS = ["list", "certificate", "privateKey", "pageCertificate", "pagePrivateKey"] as const;
const PATHS_SHORT = ["list", "privateKey"] as const;

const configWith = (paths: Paths): string => `${CONFIG.replace(
  "[udp]",
  `page_tls_certificate_path = "${paths.pageCertificate}"
page_tls_private_key_path = "${paths.pagePrivateKey}"
[udp]`,
)}
tls_address_ipv4 = "127.0.0.1:0"
tls_certificate_path = "${paths.certificate}"
tls_private_key_path = "${paths.privateKey}"
[access_list]
mode = "deny"
path = "${paths.list}"
`;

function goodPaths(folder: string): Paths {
  const { certificate, privateKey } = makeCertificate(folder, "good");
  const list = join(folder, "deny.txt");
  writeFileSync(list, "");
  const page = makeCertificate(folder, "page");
  const { certificate: pageCertificate, privateKey: pagePrivateKey } = page;
  return { list, certificate, privateKey, pageCertificate, pagePrivateKey };
}

/** What is wrong with one refusal at the start; undefined where it is as it should be. */
async function refusal(
  scope: Scope,
  paths: Paths,
  path: string,
  millisecondsMax: number,
): Promise<string | undefined> {
  const start = performance.now();
  const tracker = TrackerProcess.spawn(scope, { config: configWith(paths) });
  const code = await Promise.race([
    tracker.ended(),
    new Promise((resolve) => setTimeout(resolve, 3 * millisecondsMax, "still running")),
  ]);
  const took = performance.now() - start;
  const lines = tracker.output.trim().split("\n");
  if (code !== 1) return `code ${code}`;
  if (took > millisecondsMax) return `refused after ${Math.round(took)} ms`;
  if (!tracker.output.includes(path)) return `the path is not named: ${lines.at(-1)}`;
  return /^\s+at /m.test(tracker.output) ? "a stack trace" : undefined;
}

/** Two seconds, or twice as long as a good start takes on a machine that is this busy. */
async function refusedMilliseconds(scope: Scope, config: string): Promise<number> {
  const start = performance.now();
  const tracker = await TrackerProcess.start(scope, { config });
  const took = performance.now() - start;
  await tracker.stop();
  return Math.max(REFUSED_MILLISECONDS_MAX, 2 * took);
}

async function atStart({ scope, size }: FaultContext): Promise<Outcome> {
  const good = goodPaths(scope.folder());
  const millisecondsMax = await refusedMilliseconds(scope, configWith(good));
  const wrong: string[] = [];
  let tried = 0;
  const tryOne = async (name: string, put: (path: string) => void, key: keyof Paths) => {
    const path = join(scope.folder(), "thing");
    put(path);
    const problem = await refusal(scope, { ...good, [key]: path }, path, millisecondsMax);
    tried++;
    if (problem !== undefined) wrong.push(`${name} at ${key}: ${problem}`);
  };
  // One after the other: how long a refusal takes is a part of the question.
  for (const [name, put] of Object.entries(THINGS))
    for (const key of size === "full" ? PATHS : PATHS_SHORT) await tryOne(name, put, key);
  const seen = `${tried - wrong.length} of ${tried} refused with one line within ${Math.round(millisecondsMax / 100) / 10} s`;
  return { holds: wrong.length === 0, seen: [seen, ...wrong].join("; ") };
}

/** The fingerprint of the certificate that the tracker shows. */
async function shown(port: number): Promise<string> {
  const socket = connect({ host: "127.0.0.1", port, rejectUnauthorized: false });
  return await new Promise((resolve) => {
    socket.once("error", (error) => resolve(String(error)));
    socket.once("secureConnect", () => {
      resolve(socket.getPeerX509Certificate()?.fingerprint256 ?? "none");
      socket.destroy();
    });
  });
}

/** Does a reload with something wrong in place; what is wrong with what followed. */
async function badReload(
  tracker: TrackerProcess,
  fingerprint: string,
): Promise<string | undefined> {
  const start = tracker.output.length;
  tracker.signal("SIGHUP");
  try {
    await tracker.says(/ ERROR .*(stays|stay|remains)\b/, start, REFUSED_MILLISECONDS_MAX);
  } catch {
    return `no error line within 2 s: ${tracker.output.slice(start).trim()}`;
  }
  const now = await shown(tracker.ports().https);
  if (now !== fingerprint) return `another certificate is shown: ${now}`;
  const errors = tracker.output.slice(start).match(/ ERROR /g)?.length ?? 0;
  return errors === 1 ? undefined : `${errors} error lines`;
}

async function atReload({ scope }: FaultContext): Promise<Outcome> {
  const good = goodPaths(scope.folder());
  const tracker = await TrackerProcess.start(scope, { config: configWith(good) });
  const watch = new Watch(tracker);
  const bystander = await Bystander.start(tracker.ports());
  const fingerprint = await shown(tracker.ports().https);
  const wrong: string[] = [];
  let tried = 0;
  for (const [name, put] of Object.entries(THINGS))
    for (const path of Object.values(good)) {
      renameSync(path, `${path}.kept`);
      put(path);
      const problem = await badReload(tracker, fingerprint);
      rmSync(path, { recursive: true, force: true });
      renameSync(`${path}.kept`, path);
      tried++;
      if (problem !== undefined) wrong.push(`${name} at ${path.split("/").at(-1)}: ${problem}`);
    }
  const { lost, text } = bystander.stop();
  const { rssMib, descriptors } = watch.end();
  const { code } = await tracker.stop();
  const seen = `${tried - wrong.length} of ${tried} logged in one line, the old ones stayed`;
  return {
    holds: wrong.length === 0 && code === 0 && lost === 0,
    seen: [seen, ...wrong].join("; "),
    ...{ rssMib, descriptors, lost: text },
  };
}

/** Bad renewals, by name: each writes files in place of the good ones. */
function renewals(folder: string, { certificate, privateKey }: CertificateFiles) {
  const other = makeCertificate(folder, "other");
  const pem = readFileSync(certificate, "utf8");
  const der = new X509Certificate(pem).raw;
  const write = (path: string, text: string | Buffer) => writeFileSync(path, text);
  return {
    "a chain that is cut": () => write(certificate, pem.slice(0, pem.length / 2)),
    "a second certificate that is cut": () => write(certificate, pem + pem.slice(0, 300)),
    "a second certificate of garbage": () =>
      write(
        certificate,
        `${pem}-----BEGIN CERTIFICATE-----\nbm9uc2Vuc2U=\n-----END CERTIFICATE-----\n`,
      ),
    "an empty certificate": () => write(certificate, ""),
    "DER instead of PEM": () => write(certificate, der),
    "a key that does not match": () => copyFileSync(other.privateKey, privateKey),
    "a certificate that does not match": () => copyFileSync(other.certificate, certificate),
    "a key that is cut": () => write(privateKey, readFileSync(privateKey, "utf8").slice(0, 80)),
    "a key too small": () => {
      execFileSync(
        "openssl",
        [
          ...["req", "-x509", "-newkey", "rsa:512", "-nodes", "-days", "2", "-subj", "/CN=small"],
          ...["-keyout", privateKey, "-out", certificate],
        ],
        { stdio: "pipe" },
      );
    },
  };
}

async function badRenewals({ scope }: FaultContext): Promise<Outcome> {
  const folder = scope.folder();
  const good = goodPaths(folder);
  const kept = goodPaths(scope.folder());
  copyFileSync(good.certificate, kept.certificate);
  copyFileSync(good.privateKey, kept.privateKey);
  const tracker = await TrackerProcess.start(scope, { config: configWith(good) });
  const bystander = await Bystander.start(tracker.ports());
  const fingerprint = await shown(tracker.ports().https);
  const wrong: string[] = [];
  const all = Object.entries(renewals(folder, good));
  for (const [name, renew] of all) {
    renew();
    const problem = await badReload(tracker, fingerprint);
    copyFileSync(kept.certificate, good.certificate);
    copyFileSync(kept.privateKey, good.privateKey);
    if (problem !== undefined) wrong.push(`${name}: ${problem}`);
    if (tracker.hasEnded) break;
  }
  const { lost, text } = bystander.stop();
  const { code } = await tracker.stop();
  return {
    holds: wrong.length === 0 && code === 0 && lost === 0,
    seen: [`${all.length - wrong.length} of ${all.length} refused`, ...wrong].join("; "),
    lost: text,
  };
}

/** Where the tracker writes, or reads what it wrote: it may refuse to start, or goes on without; a signal ends it. */
const WRITTEN: Readonly<Record<string, (path: string) => string>> = {
  "snapshot.path": (path) => `[snapshot]\npath = "${path}"\n`,
  "statistics.html_path": (path) => `html_path = "${path}"\n`,
  "statistics.export_path": (path) => `export_path = "${path}"\n`,
};

async function whereItWrites({ scope }: FaultContext): Promise<Outcome> {
  const wrong: string[] = [];
  const millisecondsMax = await refusedMilliseconds(scope, CONFIG);
  let refused = 0;
  let served = 0;
  for (const [key, configure] of Object.entries(WRITTEN))
    for (const [name, put] of Object.entries(THINGS)) {
      const path = join(scope.folder(), "thing");
      put(path);
      const config = CONFIG.replace(/\[statistics\]\n/, (found) =>
        key.startsWith("statistics") ? found + configure(path) : configure(path) + found,
      );
      const tracker = TrackerProcess.spawn(scope, { config });
      const start = performance.now();
      await tracker.says(/^Point clients at /m, 0, STARTED_MILLISECONDS_MAX).catch(() => undefined);
      const took = Math.round(performance.now() - start);
      if (!tracker.hasEnded) {
        served++;
        const { code, milliseconds } = await tracker.stop();
        if (code !== 0 || milliseconds > STOP_MILLISECONDS_MAX)
          wrong.push(`${name} at ${key}: code ${code} ${milliseconds} ms after SIGTERM`);
      } else refused++;
      if (took > millisecondsMax) wrong.push(`${name} at ${key}: ${took} ms to start`);
      if (/^\s+at /m.test(tracker.output)) wrong.push(`${name} at ${key}: a stack trace`);
    }
  const seen = `${refused} refused, ${served} served and ended on SIGTERM`;
  return { holds: wrong.length === 0, seen: [seen, ...wrong].join("; ") };
}

export const fileFaults: readonly Fault[] = [
  {
    kind: "files",
    name: "FIFO, device, folder, huge file, link loop or nothing as each configured path, at the start",
    isShort: true,
    run: atStart,
  },
  { kind: "files", name: "the same at a reload", isShort: true, run: atReload },
  { kind: "files", name: "the same where the tracker writes", isShort: false, run: whereItWrites },
  { kind: "files", name: "certificates renewed badly", isShort: true, run: badRenewals },
];
