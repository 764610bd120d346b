/** What a node has to do with its store: which announces it sends on, and what it does with those of others. */
import type { RecordsReader, RecordsWriter } from "./messages/records.ts";

/** The announces that the workers of this node have served. */
export interface AnnounceSource {
  /** Moves announces that wait, as long as the writer has room. True where more wait. */
  gather(writer: RecordsWriter): boolean;
  /** Announces that were dropped since the last call, because this was called too seldom. */
  takeDropped(): number;
}

/** Puts announces of other nodes into the store. */
export interface AnnounceSink {
  /** All records of the reader. Counts what it does not take. */
  apply(records: RecordsReader): void;
}
