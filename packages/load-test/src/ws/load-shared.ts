/** What the clients of a load share: their torrents, what they count into, and what they call when something happens. */
import type { Tally } from "../tally.ts";
import type { LoadCounts } from "./load-counts.ts";
import type { LoadOptions } from "./load-options.ts";
import type { AnnounceFrames } from "./request-frames.ts";

/** A client without a request. */
export interface IdleClient {
  /** Whether it can be asked to send one. */
  readonly isOpen: boolean;
  /** Sends the next request; its latency begins at `sinceMicros`. */
  request(sinceMicros: number): void;
}

/** A client that leaves, as whoever comes in its place has to know it. */
export interface LeavingClient {
  readonly number: number;
  readonly torrents: readonly LoadTorrent[];
  /** The latest TLS session that it can be resumed with. */
  readonly session: Buffer | undefined;
}

/** A torrent of the load. */
export interface LoadTorrent {
  readonly number: number;
  readonly infoHash: Uint8Array;
  /** As it stands in JSON. */
  readonly literal: Uint8Array;
}

/** What all clients of a load share. */
export interface LoadShared {
  readonly options: LoadOptions;
  readonly counts: LoadCounts;
  /** The same by request, with latencies and what was wrong, for the report of `load-test ws`. */
  readonly tally: Tally;
  readonly frames: AnnounceFrames;
  /** Called when a client has lost its connection. */
  readonly onLost: (reason: string) => void;
  /** Called when a client has had its requests and closed its connection: another comes in its place. */
  readonly onLeave: (client: LeavingClient) => void;
  /** Called when a client has no request; false where it shall send its next by itself. */
  readonly onIdle: (client: IdleClient) => boolean;
}
