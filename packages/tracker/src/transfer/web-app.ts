/**
 * What a page does with a library that meets over a WebTorrent tracker, as a script for Chromium, and how a part of it is run in a
 * tab. Called by web-apps.ts and film-apps.ts, which have the scripts.
 */
import type { Page } from "./chromium.ts";

/** A thing that pages do; the promise is what came of it. */
export interface App {
  readonly library: string;
  readonly what: string;
  /** Two tabs of one site; the name is new in each run, so that nobody else is there. */
  run(tabs: readonly [Page, Page], tracker: string, name: string): Promise<unknown>;
  /** What comes of it. */
  readonly expected: unknown;
  /** With bittorrent-tracker the same script does not get there, or only now and then, so that is not run. */
  readonly failsWithControl?: true;
}

const WAIT = `const within = (seconds, start) => new Promise((resolve, reject) => {
  setTimeout(() => resolve("never"), seconds * 1000);
  Promise.resolve(start(resolve)).catch(reject);
});`;

/** Runs statements in a tab, with the tracker and the name at hand, and returns what they return. */
export const inTab = (
  page: Page,
  tracker: string,
  name: string,
  statements: string,
): Promise<unknown> =>
  page.evaluate(`(async () => {
  const tracker = ${JSON.stringify(tracker)}, name = ${JSON.stringify(name)};
  ${WAIT}
  ${statements}
})()`);
