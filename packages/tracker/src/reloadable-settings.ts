/**
 * The configuration that a tracker runs under, and what a reload makes of another one: values of keys that can change while
 * it runs are taken, other keys are named for the operator. The new configuration is checked as a whole first; where it is
 * not in order nothing of it is taken. Main thread.
 */
import { codeField, type Logger, OperatorError } from "@swarmtide/runtime";
import { countsByAddress } from "@swarmtide/swarm";
import { ConfigError, changedKeys, takeReloadable } from "@swarmtide/toml-config";
import { type TrackerConfig, trackerSchema } from "./config.ts";
import type { ReloadOutcome } from "./services/service.ts";
import { factsOf } from "./services/services.ts";

export class ReloadableSettings {
  /** In use. */
  config: TrackerConfig;
  /** As the operator wrote it, but for keys that wait for a restart. */
  #wanted: TrackerConfig;
  readonly #log: Logger;
  /** Whether the store has counted peers by address from the start on. */
  readonly #countsByAddress: boolean;

  /** `config` is `wanted` as far as the system goes along. */
  constructor(wanted: TrackerConfig, config: TrackerConfig, log: Logger) {
    this.#wanted = wanted;
    this.config = config;
    this.#log = log;
    this.#countsByAddress = countsByAddress(config.limits);
  }

  /**
   * Takes what `read` returns. Where the file cannot be read the files that it names are reloaded all the same: undefined.
   * Where something in it is wrong the outcome is a failure, and the reload goes no further.
   */
  reload(read: () => TrackerConfig): ReloadOutcome | undefined {
    let news: TrackerConfig;
    try {
      news = read();
    } catch (error) {
      return this.#refuse(error);
    }
    const changed = changedKeys(trackerSchema, this.#wanted, news);
    const applied = changed.flatMap(({ name, reload }) => (reload ? [name] : [])).join(", ");
    const waiting = changed.flatMap(({ name, reload }) => (reload ? [] : [name]));
    this.#wanted = takeReloadable(trackerSchema, this.#wanted, news);
    this.config = takeReloadable(trackerSchema, this.config, news);
    this.#log.setLevel(news.logLevel);
    const text = applied === "" ? "configuration without changes" : `configuration (${applied})`;
    this.#log.info(`${text} reloaded`);
    for (const { name, reload, before, after } of changed)
      if (reload) this.#log.info(`${name} = ${after}`, { before });
    this.#tellWaiting(waiting, new Set(Object.keys(factsOf(news))));
    if (!this.#countsByAddress && countsByAddress(news.limits))
      this.#log.warn(
        "limits.max_peers_per_address and limits.max_torrents_per_address were both 0 at the start, so that UDP and HTTP have counted nothing; these limits need a restart",
      );
    return { isSuccess: true, text };
  }

  /** Keys that wait; `fixed` are those that a hand-over does not change either. */
  #tellWaiting(waiting: readonly string[], fixed: ReadonlySet<string>): void {
    const canHandOver = this.config.handover.controlSocket !== "";
    const byHandOver = waiting.filter((name) => canHandOver && !fixed.has(name));
    const byRestart = waiting.filter((name) => !byHandOver.includes(name));
    if (byHandOver.length > 0)
      this.#log.warn(`changed, but needs a restart or a hand-over: ${byHandOver.join(", ")}`);
    if (byRestart.length > 0)
      this.#log.warn(`changed, but needs a restart: ${byRestart.join(", ")}`);
  }

  #refuse(error: unknown): ReloadOutcome | undefined {
    if (!(error instanceof ConfigError) && !(error instanceof OperatorError)) throw error;
    const fields = codeField(error);
    if (UNREADABLE.has(error.code)) {
      this.#log.warn(`${error.message}; the old configuration remains in use`, fields);
      return undefined;
    }
    for (const problem of error.message.split("\n")) this.#log.error(problem, fields);
    this.#log.error(
      "not reloaded: the old configuration remains in use, and so do lists and certificates",
    );
    return { isSuccess: false, text: error.message };
  }
}

/** A file that root alone may read, or that a chroot hides, is not the operator's mistake. */
const UNREADABLE: ReadonlySet<string> = new Set([
  "SWARMTIDE_CONFIG_UNREADABLE",
  "SWARMTIDE_OUTSIDE_CHROOT",
]);
