/** The connection of one client of the load, plain or TLS, up to its upgrade. Called by LoadClient, once for each. */
import { randomBytes } from "node:crypto";
import { connect as connectPlain, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import {
  formatUpgradeRequest,
  parseUpgradeReply,
  UPGRADE_MORE,
  UPGRADE_OK,
} from "@swarmtide/ws-protocol";
import type { LoadShared } from "./load-shared.ts";

/** What a connection tells its client. */
export interface LoadConnectionEvents {
  /** It is a WebSocket now. */
  readonly onUpgraded: () => void;
  /** Frames have come, or parts of them; those after the upgrade's reply begin at `offset`. */
  readonly onData: (chunk: Buffer, offset: number) => void;
  /** The server offers a TLS session for later. */
  readonly onSession: (session: Buffer) => void;
}

/** Opens the connection of the client with this number; `session` is a TLS session to resume. Handshakes are counted by kind. */
export function openLoadConnection(
  shared: LoadShared,
  number: number,
  session: Buffer | undefined,
  events: LoadConnectionEvents,
): Socket {
  const { host, port, sourceAddresses } = shared.options;
  const hasSources = sourceAddresses > 0 && host.startsWith("127.");
  const localAddress = hasSources ? `127.0.0.${1 + (number % sourceAddresses)}` : undefined;
  const key = randomBytes(16).toString("base64");
  const socket = connect(shared, { host, port, localAddress }, session, events.onSession, () => {
    socket.write(formatUpgradeRequest({ host: `${host}:${port}`, target: "/", key }));
  });
  let head: Buffer | undefined = Buffer.alloc(0);
  socket.on("data", (chunk: Buffer) => {
    if (head === undefined) {
      events.onData(chunk, 0);
      return;
    }
    const read = Buffer.concat([head, chunk]);
    const reply = parseUpgradeReply(read, 0, read.length, key);
    head = reply.status === UPGRADE_MORE ? read : undefined;
    if (reply.status === UPGRADE_OK) {
      events.onUpgraded();
      events.onData(read, reply.headBytes);
    } else if (reply.status !== UPGRADE_MORE)
      socket.destroy(new Error(`refused with HTTP status ${reply.code}`));
  });
  return socket.setNoDelay(true);
}

interface Target {
  readonly host: string;
  readonly port: number;
  readonly localAddress: string | undefined;
}

function connect(
  { options, tally }: LoadShared,
  target: Target,
  session: Buffer | undefined,
  onSession: (session: Buffer) => void,
  onOpen: () => void,
): Socket {
  if (!options.tls) return connectPlain({ ...target }, onOpen);
  const secured = connectTls({ ...target, rejectUnauthorized: false, ...(session && { session }) });
  secured.once("secureConnect", () => {
    if (secured.isSessionReused()) tally.resumedHandshakes++;
    else tally.fullHandshakes++;
    onOpen();
  });
  secured.on("session", onSession);
  return secured;
}
