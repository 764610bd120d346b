/** Sockets of Node: made of a descriptor, and who is at the other end, for the log. A thread with an event loop; allocates. */
import { Socket } from "node:net";
import { parseIpAddress } from "@swarmtide/bittorrent";
import { type HttpPeer, peerAt } from "@swarmtide/http";
import type { RefusalWriter } from "@swarmtide/metrics";
import { type ClientAddress, wsColumns } from "@swarmtide/ws";

/** Undefined once the socket is closed. */
export function addressOf(socket: Socket): HttpPeer | undefined {
  // A link-local address carries its interface behind a percent sign.
  const address = parseIpAddress((socket.remoteAddress ?? "").replace(/%.*$/, ""));
  return address && peerAt(address);
}

/** For an upgrade that is refused: to the client or, where a proxy does not name it, to whoever is at the other end. */
export function noteRefusedUpgrade(
  refusals: RefusalWriter<"ws">,
  client: ClientAddress | undefined,
  socket: Socket,
): void {
  if (client !== undefined) {
    refusals.note(wsColumns.UPGRADES_REFUSED, 0, client.words, 0, client.family);
    return;
  }
  const address = refusals.isOn ? addressOf(socket) : undefined;
  if (address === undefined) refusals.noteUnknown(wsColumns.UPGRADES_REFUSED, 0);
  else refusals.notePeer(wsColumns.UPGRADES_REFUSED, 0, address);
}

/** A socket on a descriptor; undefined where Node cannot use it. */
export function socketOf(fd: number): Socket | undefined {
  try {
    return new Socket({ fd, readable: true, writable: true });
  } catch {
    return undefined;
  }
}
