/**
 * The list of addresses in use (`limits.address_list_path`), and the way to the next one. Main thread; it reaches the workers
 * as a part of the access list.
 */
import { setImmediate as turn } from "node:timers/promises";
import { codeField, type ErrorCode, type Logger, OperatorError } from "@swarmtide/runtime";
import {
  AddressListError,
  type AddressListHandle,
  buildAddressListInSlices,
  type LimitsConfig,
} from "@swarmtide/swarm";
import { FileReadError, readOperatorFile } from "@swarmtide/toml-config";
import type { ReloadOutcome } from "./services/service.ts";

/** A million ranges of IPv6 addresses, each with a comment. */
const FILE_BYTES_MAX = 2 ** 27;

/** Where a file is found now; undefined where a chroot hides it. */
type Locate = (path: string) => string | undefined;

export class ReloadableAddressList {
  /** For all threads; undefined where all addresses are served. */
  handle: AddressListHandle | undefined;
  readonly #locate: Locate;
  readonly #log: Logger;

  private constructor(handle: AddressListHandle | undefined, locate: Locate, log: Logger) {
    this.handle = handle;
    this.#locate = locate;
    this.#log = log;
  }

  /** Reads the list that a tracker starts with. Rejects with OperatorError, which names file and line. */
  static async open(
    config: LimitsConfig,
    locate: Locate,
    log: Logger,
  ): Promise<ReloadableAddressList> {
    const handle = await loadAddressList(config);
    if (handle !== undefined) {
      log.info("address list loaded", { mode: handle.mode, ranges: handle.ranges });
      if (locate(config.addressListPath) === undefined)
        log.warn(
          `address list ${config.addressListPath}: lies outside of privileges.chroot_path, so that it cannot be reloaded`,
        );
    }
    return new ReloadableAddressList(handle, locate, log);
  }

  /** Reads the list again. Where that fails it is logged, and the old one stays. Undefined where there is none. */
  async reload(config: LimitsConfig): Promise<ReloadOutcome | undefined> {
    const { addressListMode: mode, addressListPath: path } = config;
    if (mode === "off") {
      if (this.handle === undefined) return undefined;
      this.handle = undefined;
      this.#log.info('the address list is off: limits.address_list_mode = "off"');
      return { isSuccess: true, text: "address list" };
    }
    const found = this.#locate(path);
    if (found === undefined) {
      const text = `address list ${path}: not reloaded, it lies outside of privileges.chroot_path`;
      this.#log.error(text, { code: "SWARMTIDE_OUTSIDE_CHROOT" satisfies ErrorCode });
      return { isSuccess: false, text };
    }
    try {
      this.handle = await loadAddressList({ ...config, addressListPath: found });
      this.#log.info("address list reloaded", { mode, ranges: this.handle?.ranges ?? 0 });
      return { isSuccess: true, text: "address list" };
    } catch (error) {
      const reason = error instanceof OperatorError ? error.message : String(error);
      const text = `${reason}; the old list stays`;
      this.#log.error(text, codeField(error));
      return { isSuccess: false, text };
    }
  }
}

/** The list of the configuration, laid out for all threads. */
async function loadAddressList(config: LimitsConfig): Promise<AddressListHandle | undefined> {
  const { addressListMode: mode, addressListPath: path } = config;
  if (mode === "off") return undefined;
  try {
    const slices = buildAddressListInSlices(mode, readOperatorFile(path, FILE_BYTES_MAX));
    for (;;) {
      const slice = slices.next();
      if (slice.done === true) return slice.value;
      await turn();
    }
  } catch (error) {
    if (error instanceof AddressListError)
      throw new OperatorError(
        `address list ${path}:${error.line}: ${error.value} is not a range; expected an address, a network such as 10.0.0.0/8, or FIRST-LAST`,
        { code: "SWARMTIDE_ADDRESS_LIST_INVALID", cause: error },
      );
    if (!(error instanceof FileReadError) && !(error instanceof Error && "code" in error))
      throw error;
    const isMissing = "code" in error && error.code === "ENOENT";
    const reason = isMissing ? "no such file" : error.message;
    throw new OperatorError(
      `address list ${path} (limits.address_list_path): ${reason}; create it or set limits.address_list_mode = "off"`,
      { code: "SWARMTIDE_ADDRESS_LIST_UNREADABLE", cause: error },
    );
  }
}
