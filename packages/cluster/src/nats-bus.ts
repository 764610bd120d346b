/**
 * The connection to a NATS server: kept up for as long as the node runs, with pauses that grow where it fails. What waits to be
 * sent is bounded; while there is no connection nothing waits at all. Cluster thread.
 *
 * The client's own reconnecting is switched off: it would keep old messages, forget servers and read no new credentials.
 */
import { checkServerIdentity, type PeerCertificate } from "node:tls";
import {
  type ConnectionOptions,
  connect,
  credsAuthenticator,
  type NatsConnection,
  nkeyAuthenticator,
} from "@nats-io/transport-node";
import { add, type CounterRow } from "@swarmtide/metrics";
import type { Logger } from "@swarmtide/runtime";
import { CONNECTED, CONNECTIONS } from "./counters.ts";
import type { Access } from "./credentials.ts";
import { failureOf, failureText, reasonOf } from "./failures.ts";
import { MESSAGE_BYTES_MAX } from "./messages/layout.ts";
import type { Subjects, Way } from "./subjects.ts";
import { type Bus, jittered } from "./surroundings.ts";

/** Of what the server has not confirmed; at 1 M announces a second that is half a second. */
const OUTBOUND_BYTES_MAX: number = 16 * 2 ** 20;
const CONNECT_MILLISECONDS_MAX = 5000;
const PAUSE_MILLISECONDS_MIN = 250;
const PAUSE_MILLISECONDS_MAX = 10_000;
/** A server that says nothing for so long, twice, is given up. */
const PING_MILLISECONDS = 5000;
/** The same failure is told again after so long. */
const TOLD_MILLISECONDS = 60_000;

export interface NatsBusOptions {
  readonly access: Access;
  /** As the server lists its clients. */
  readonly clientName: string;
  readonly subjects: Subjects;
  readonly log: Logger;
  readonly counters: CounterRow<"cluster">;
  readonly random: () => number;
  readonly onConnect: () => void;
  readonly onMessage: (way: Way, subject: string, bytes: Uint8Array) => void;
}

/** Of a server as configured: `[::1]` without its brackets. */
function hostOf(server: string): string {
  const [, address = "", name = ""] = /^[a-z]+:\/\/(?:\[(.*)\]|([^:]*))/.exec(server) ?? [];
  return address || name;
}

function tlsOptions({ servers, tlsCa, tlsCertificate, tlsPrivateKey }: Access) {
  return {
    // For an address the client would look for "localhost" in the certificate.
    checkServerIdentity: (_host: string, certificate: PeerCertificate) =>
      checkServerIdentity(hostOf(servers[0] ?? ""), certificate),
    ...(tlsCa === "" ? {} : { ca: tlsCa }),
    ...(tlsCertificate === "" ? {} : { cert: tlsCertificate, key: tlsPrivateKey }),
  };
}

/** What the client is given for a connection to the one server of `access`. */
export function connectionOptions(access: Access, clientName: string): ConnectionOptions {
  const { servers, user, password, credentials, nkeySeed, tlsCa, tlsCertificate } = access;
  const encoder = new TextEncoder();
  const asksForTls =
    tlsCa !== "" || tlsCertificate !== "" || servers.some((one) => one.startsWith("tls://"));
  return {
    servers: servers.map((server) => server.replace(/^[a-z]+:\/\//, "")),
    ...{ name: clientName, noEcho: true, reconnect: false, timeout: CONNECT_MILLISECONDS_MAX },
    ...{ pingInterval: PING_MILLISECONDS, maxPingOut: 2, ignoreClusterUpdates: true },
    ...(user === "" ? {} : { user, pass: password }),
    ...(credentials === ""
      ? {}
      : { authenticator: credsAuthenticator(encoder.encode(credentials)) }),
    ...(nkeySeed === "" ? {} : { authenticator: nkeyAuthenticator(encoder.encode(nkeySeed)) }),
    ...(asksForTls ? { tls: tlsOptions(access) } : {}),
  };
}

export class NatsBus implements Bus {
  readonly #options: NatsBusOptions;
  #access: Access;
  #connection: NatsConnection | undefined;
  #unconfirmedBytes = 0;
  #isConfirming = false;
  #isClosed = false;
  #wake: () => void = () => {};
  readonly #told = new Map<string, number>();

  constructor(options: NatsBusOptions) {
    this.#options = options;
    this.#access = options.access;
  }

  /** Connects, again and again, until `close`. */
  async run(): Promise<void> {
    let failures = 0;
    while (!this.#isClosed) {
      failures = (await this.#serveOnce()) ? 0 : failures + 1;
      if (this.#isClosed) return;
      const pause = Math.min(PAUSE_MILLISECONDS_MAX, PAUSE_MILLISECONDS_MIN * 2 ** failures);
      await this.#pause(jittered(pause, this.#options.random));
    }
  }

  /** Other credentials or servers, from the next connection on. */
  set access(access: Access) {
    const isOther = JSON.stringify(access) !== JSON.stringify(this.#access);
    this.#access = access;
    if (!isOther) return;
    void this.#connection?.close();
    this.#wake();
  }

  publish(subject: string, bytes: Uint8Array): boolean {
    const connection = this.#connection;
    if (connection === undefined || connection.isClosed()) return false;
    if (this.#unconfirmedBytes + bytes.length > OUTBOUND_BYTES_MAX) return false;
    connection.publish(subject, bytes);
    this.#unconfirmedBytes += bytes.length;
    if (!this.#isConfirming) void this.#confirm(connection);
    return true;
  }

  /** Sends what waits, for as long as this takes at most, and ends the connection. */
  async close(millisecondsMax: number): Promise<void> {
    this.#isClosed = true;
    this.#wake();
    const connection = this.#connection;
    if (connection === undefined) return;
    const late = new Promise<void>((resolve) => setTimeout(resolve, millisecondsMax).unref());
    await Promise.race([connection.flush().catch(() => {}), late]);
    await Promise.race([connection.close().catch(() => {}), late]);
  }

  /** One connection, to the first server that takes it, from one of chance on. False where none does. */
  async #serveOnce(): Promise<boolean> {
    const access = this.#access;
    const { servers } = access;
    const first = Math.floor(this.#options.random() * servers.length);
    for (const [index] of servers.entries()) {
      const server = servers[(first + index) % servers.length] ?? "";
      if (this.#isClosed) return true;
      try {
        await this.#serve(server, { ...access, servers: [server] });
        return true;
      } catch (error) {
        this.#tell(error, server);
      }
    }
    return false;
  }

  /** One connection, until it ends. */
  async #serve(server: string, access: Access): Promise<void> {
    const { clientName, subjects, counters, log, onConnect, onMessage } = this.#options;
    const connection = await connect(connectionOptions(access, clientName));
    if (this.#isClosed) return await connection.close();
    const { max_payload: payloadMax = 0 } = connection.info ?? {};
    if (payloadMax < MESSAGE_BYTES_MAX)
      log.error(
        `cluster.servers = ["${server}"]: NATS server ${server} takes messages of ${payloadMax} bytes at most; set its max_payload to ${MESSAGE_BYTES_MAX} or more`,
        { code: "SWARMTIDE_CLUSTER_CONNECTION" },
      );
    for (const { way, subject } of subjects.subscriptions)
      connection.subscribe(subject, {
        callback: (error, message) => {
          if (error === null) onMessage(way, message.subject, message.data);
          else this.#tell(error, server);
        },
      });
    // The server has taken the subscriptions before others are told of this node.
    await connection.flush();
    this.#connection = connection;
    this.#unconfirmedBytes = 0;
    this.#isConfirming = false;
    counters[CONNECTED] = 1;
    add(counters, CONNECTIONS);
    this.#told.clear();
    log.info(`connected to NATS server ${server}`);
    void this.#watch(connection, server);
    onConnect();
    const reason = await connection.closed();
    this.#connection = undefined;
    counters[CONNECTED] = 0;
    if (!this.#isClosed)
      log.warn(
        `lost the connection to NATS server ${server}${reason ? `: ${reasonOf(reason)}` : ""}; serving the local swarms and trying again`,
      );
  }

  /** Tells what the server refuses while the connection goes on. */
  async #watch(connection: NatsConnection, server: string): Promise<void> {
    for await (const status of connection.status())
      if (status.type === "error") this.#tell(status.error, server);
  }

  /** What was published up to now is confirmed when the server answers a ping that follows it. */
  async #confirm(connection: NatsConnection): Promise<void> {
    this.#isConfirming = true;
    const bytes = this.#unconfirmedBytes;
    try {
      await connection.flush();
    } catch {
      return; // The connection has ended; the next one begins anew.
    }
    if (connection !== this.#connection) return;
    this.#unconfirmedBytes -= bytes;
    this.#isConfirming = false;
    if (this.#unconfirmedBytes > 0) void this.#confirm(connection);
  }

  #tell(error: unknown, server: string): void {
    const failure = failureText(failureOf(error, this.#access, server), server);
    const now = performance.now();
    const told = this.#told.get(failure);
    if (told !== undefined && now < told + TOLD_MILLISECONDS) return;
    if (this.#told.size > 100) this.#told.clear();
    this.#told.set(failure, now);
    this.#options.log.error(`${failure}. This node serves its local swarms and tries again`, {
      code: "SWARMTIDE_CLUSTER_CONNECTION",
    });
  }

  #pause(milliseconds: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, milliseconds);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
