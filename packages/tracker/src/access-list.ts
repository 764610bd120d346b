/**
 * The access list in use, and the way to the next one. Main thread; the workers go on with the list they have until the new
 * one is posted to them.
 */
import { codeField, type ErrorCode, type Logger, OperatorError } from "@swarmtide/runtime";
import {
  AccessList,
  type AccessListConfig,
  type AccessListHandle,
  type LimitsConfig,
} from "@swarmtide/swarm";
import { ReloadableAddressList } from "./address-list.ts";
import { loadAccessList } from "./load-access-list.ts";
import type { ReloadOutcome } from "./services/service.ts";

/** Where a file is found now; undefined where a chroot hides it. */
type Locate = (path: string) => string | undefined;

/** The sections that name lists. */
interface ListConfigs {
  readonly accessList: AccessListConfig;
  readonly limits: LimitsConfig;
}

/** The lists of torrents and of addresses in use, and the way to the next ones. */
export class ReloadableAccessList {
  #torrents: AccessListHandle;
  readonly #addresses: ReloadableAddressList;
  readonly #locate: Locate;
  readonly #log: Logger;

  private constructor(
    torrents: AccessListHandle,
    addresses: ReloadableAddressList,
    locate: Locate,
    log: Logger,
  ) {
    this.#torrents = torrents;
    this.#addresses = addresses;
    this.#locate = locate;
    this.#log = log;
  }

  /** Both lists, for all threads. */
  get handle(): AccessListHandle {
    return { ...this.#torrents, addresses: this.#addresses.handle };
  }

  /** Reads the lists that a tracker starts with. Rejects with OperatorError, which names file and line. */
  static async open(
    { accessList: config, limits }: ListConfigs,
    locate: Locate,
    log: Logger,
  ): Promise<ReloadableAccessList> {
    const handle = await loadAccessList(config);
    if (handle.mode !== "off") {
      log.info("access list loaded", entriesOf(handle));
      if (locate(config.path) === undefined)
        log.warn(
          `access list ${config.path}: lies outside of privileges.chroot_path, so that it cannot be reloaded`,
        );
    }
    const addresses = await ReloadableAddressList.open(limits, locate, log);
    return new ReloadableAccessList(handle, addresses, locate, log);
  }

  /** Reads both lists again. */
  async reload({ accessList, limits }: ListConfigs): Promise<(ReloadOutcome | undefined)[]> {
    const addresses = await this.#addresses.reload(limits);
    return [await this.#reloadTorrents(accessList, addresses !== undefined), addresses];
  }

  /**
   * Reads the list again, also in another mode or from another path. Where that fails it is logged, and the old one stays.
   * Undefined where there is no list.
   */
  async #reloadTorrents(
    { mode, path }: AccessListConfig,
    hasOthers: boolean,
  ): Promise<ReloadOutcome | undefined> {
    const log = this.#log;
    if (mode === "off" && this.#torrents.mode === "off") {
      if (!hasOthers) log.info('nothing to reload for access_list.mode = "off"');
      return undefined;
    }
    if (mode === "off") {
      this.#torrents = await loadAccessList({ mode, path });
      log.info('the access list is off: access_list.mode = "off"');
      return { isSuccess: true, text: "access list" };
    }
    const found = this.#locate(path);
    if (found === undefined) {
      const text = `access list ${path}: not reloaded, it lies outside of privileges.chroot_path`;
      log.error(text, { code: "SWARMTIDE_OUTSIDE_CHROOT" satisfies ErrorCode });
      return { isSuccess: false, text };
    }
    try {
      this.#torrents = await loadAccessList({ mode, path: found });
      log.info("access list reloaded", entriesOf(this.#torrents));
      return { isSuccess: true, text: "access list" };
    } catch (error) {
      const reason = error instanceof OperatorError ? error.message : String(error);
      const text = `${reason}; the old list stays`;
      log.error(text, codeField(error));
      return { isSuccess: false, text };
    }
  }
}

const entriesOf = (handle: AccessListHandle) => ({
  mode: handle.mode,
  entries: AccessList.attach(handle).entryCount,
});
