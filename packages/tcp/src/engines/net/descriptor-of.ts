/** The descriptor of a socket, which Node has but does not document. Used by the net engine and for WebSockets. */
import type { Socket } from "node:net";

/** Of a TLS socket, that of the connection under it; -1 where there is none. */
export function descriptorOf(socket: Socket): number {
  const { _handle: handle } = socket as { readonly _handle?: { readonly fd?: number } | null };
  return handle?.fd ?? -1;
}
