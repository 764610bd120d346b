/**
 * Chromium on a host of the test network, driven by playwright-core: two of them are the browser tests' visitors.
 *
 * The hosts have no way out, whatever Chromium asks for. playwright-core is not installed in the workspace, so the little
 * that is used of it is declared here.
 */
import { createHash, X509Certificate } from "node:crypto";
import { chmodSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { environmentOn } from "./stage.ts";
import type { HostName, TestNetwork } from "./test-network.ts";
import { webClientFile } from "./web-clients.ts";

interface Locator {
  textContent(): Promise<string | null>;
  fill(text: string): Promise<void>;
  click(): Promise<void>;
  waitFor(): Promise<void>;
  setInputFiles(file: { name: string; mimeType: string; buffer: Buffer }): Promise<void>;
}

interface Download {
  path(): Promise<string>;
}

/** A tab. */
export interface Page {
  /** A script that runs in front of those of each page that is opened from now on. */
  addInitScript(script: string): Promise<void>;
  goto(url: string): Promise<unknown>;
  locator(selector: string): Locator;
  /** Runs a script, awaits its promise. */
  evaluate(script: string): Promise<unknown>;
  waitForEvent(event: "download"): Promise<Download>;
  on(event: "console", listener: (message: { text(): string; type(): string }) => void): void;
  on(event: "pageerror", listener: (error: Error) => void): void;
  screenshot(options: { path: string; fullPage: boolean }): Promise<unknown>;
  readonly keyboard: { press(key: string): Promise<void> };
  close(): Promise<void>;
}

/** Tabs that know nothing of others. */
export interface BrowserContext {
  newPage(): Promise<Page>;
  setDefaultTimeout(milliseconds: number): void;
  close(): Promise<void>;
}

export interface Browser {
  newContext(options?: {
    viewport?: { width: number; height: number };
    colorScheme?: "light" | "dark";
    bypassCSP?: boolean;
  }): Promise<BrowserContext>;
  close(): Promise<void>;
}

interface Playwright {
  readonly chromium: {
    launch(options: {
      executablePath: string;
      args: readonly string[];
      env: NodeJS.ProcessEnv;
    }): Promise<Browser>;
  };
}

const FLAGS = [
  "--no-sandbox", // root cannot have it
  "--no-first-run",
  "--disable-gpu",
  "--disable-quic",
  "--disable-sync",
  "--disable-background-networking",
  "--disable-component-update",
  // Else a page's own address is a random name that its peer has to find by multicast.
  "--disable-features=WebRtcHideLocalIpsWithMdns",
];

/** What Chromium calls a key it is to trust. */
function publicKeyHash(certificatePath: string): string {
  const { publicKey } = new X509Certificate(readFileSync(certificatePath));
  const key = publicKey.export({ type: "spki", format: "der" });
  return createHash("sha256").update(key).digest("base64");
}

async function playwright(): Promise<Playwright> {
  return await import(pathToFileURL(webClientFile("playwright-core/index.mjs")).href);
}

/** Starts one on this host, for pages of loopback addresses; the caller closes it. */
export async function launchLocalChromium(): Promise<Browser> {
  const { chromium } = await playwright();
  const executablePath = "/usr/bin/chromium";
  return await chromium.launch({ executablePath, args: FLAGS, env: process.env });
}

/** Starts one that trusts this certificate and no other; the caller closes it. */
export async function launchChromium(
  network: TestNetwork,
  host: HostName,
  certificatePath: string,
): Promise<Browser> {
  const { chromium } = await playwright();
  const quoted = network
    .commandOn(host, ["chromium"])
    .map((word) => `'${word.replaceAll("'", `'\\''`)}'`);
  const executablePath = join(network.folder, `chromium-${host}`);
  writeFileSync(executablePath, `#!/bin/sh\nexec ${quoted.join(" ")} "$@"\n`);
  chmodSync(executablePath, 0o755);
  const trust = `--ignore-certificate-errors-spki-list=${publicKeyHash(certificatePath)}`;
  return await chromium.launch({
    executablePath,
    args: [...FLAGS, trust],
    env: environmentOn(network),
  });
}
