/** A connection's address that is filled in anew again and again, so that nothing is made for each peer that is sent to. */
import type { ConnectionAddress } from "./delivery.ts";

export class MutableAddress implements ConnectionAddress {
  worker = 0;
  connectionSlot = 0;
  connectionSerial = 0;
}
