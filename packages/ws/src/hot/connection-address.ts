/** A connection's address that is filled in anew again and again, so that nothing is made for each peer that is sent to. */
import type { AnnouncingConnection } from "./delivery.ts";

export class MutableAddress implements AnnouncingConnection {
  worker = 0;
  connectionSlot = 0;
  connectionSerial = 0;
  /** Of one that announces. */
  addressHash = 0;
}
