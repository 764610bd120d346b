/** What a rule lets pass for now, or for good with a reason: `tools/house-waivers.json`. */
import type { Problem } from "./house.ts";

/** Rule → a file, a folder that ends in "/", or `path#name` for one that the problem's text quotes → reason. */
export type WaiverFile = Readonly<Record<string, Readonly<Record<string, string>>>>;

export class Waivers {
  readonly #file: WaiverFile;
  readonly #used = new Set<string>();

  constructor(file: WaiverFile) {
    this.#file = file;
  }

  lets(rule: string, problem: Problem): boolean {
    for (const place of Object.keys(this.#file[rule] ?? {})) {
      const [path = "", name] = place.split("#");
      const isThere = path.endsWith("/") ? problem.path.startsWith(path) : problem.path === path;
      if (!isThere || (name !== undefined && !problem.text.includes(`"${name}"`))) continue;
      this.#used.add(`${rule} ${place}`);
      return true;
    }
    return false;
  }

  unused(): string[] {
    return Object.entries(this.#file)
      .flatMap(([rule, places]) => Object.keys(places).map((place) => `${rule} ${place}`))
      .filter((waiver) => !this.#used.has(waiver));
  }
}
