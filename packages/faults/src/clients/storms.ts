/**
 * What comes in storms: datagrams for torrents that nobody knows, datagrams that mean nothing, connections that send slowly
 * or vanish, TLS handshakes that are begun and left. Each resolves when it is over.
 */
import { randomBytes } from "node:crypto";
import { connect, type Socket } from "node:net";
import { setTimeout as wait } from "node:timers/promises";
import { connect as connectTls } from "node:tls";
import { UdpPeers } from "./udp-peers.ts";

/** Datagrams that are sent before the event loop gets its turn. */
const BURST = 50;

/** Announces `count` unknown torrents with one peer each, at most `perSecond`. */
export async function floodTorrents(udpPort: number, count: number, perSecond = 20_000) {
  const peers = await UdpPeers.open(udpPort);
  await paced(count, perSecond, () => peers.flood(randomBytes(20 * BURST)));
  peers.close();
}

export async function floodGarbage(udpPort: number, count: number, perSecond = 20_000) {
  const peers = await UdpPeers.open(udpPort);
  await paced(count, perSecond, async () => {
    for (let i = 0; i < BURST; i++) peers.sendGarbage(Math.floor(Math.random() * 200));
  });
  peers.close();
}

async function paced(count: number, perSecond: number, burst: () => Promise<void>): Promise<void> {
  const start = performance.now();
  for (let sent = 0; sent < count; sent += BURST) {
    await burst();
    const ahead = (sent / perSecond) * 1000 - (performance.now() - start);
    if (ahead > 1) await wait(ahead);
    else await wait(0);
  }
}

/** So many connections that each send the beginning of a request, a byte at a time, and are dropped after `milliseconds`. */
export async function slowConnections(port: number, count: number, milliseconds: number) {
  const sockets: Socket[] = [];
  const request = "GET /announce?info_hash=aaaaaaaaaaaaaaaaaaaa HTTP/1.1\r\n";
  for (let i = 0; i < count; i++) {
    sockets.push(
      quietly(connect({ host: "127.0.0.1", port, localAddress: `127.0.1.${1 + (i % 200)}` })),
    );
    if (i % BURST === 0) await wait(1);
  }
  const end = performance.now() + milliseconds;
  for (let at = 0; performance.now() < end; at = (at + 1) % request.length) {
    for (const socket of sockets) if (socket.writable) socket.write(request[at] ?? "");
    await wait(Math.min(500, milliseconds / 4));
  }
  for (const socket of sockets) socket.resetAndDestroy();
  await wait(100);
}

/** Opens `count` TLS connections, at most `together` at a time; every second one is left in the middle of its handshake. */
export async function tlsStorm(port: number, count: number, together = 50): Promise<number> {
  let done = 0;
  let begun = 0;
  const one = async () => {
    while (begun < count) {
      const isLeft = begun++ % 2 === 0;
      const localAddress = `127.0.1.${1 + (begun % 200)}`;
      const raw = quietly(connect({ host: "127.0.0.1", port, localAddress }));
      if (isLeft) {
        raw.write(Buffer.from("16030100c8010000c40303", "hex"));
        await wait(20);
        raw.resetAndDestroy();
        continue;
      }
      const secure = connectTls({ socket: raw, rejectUnauthorized: false });
      await new Promise<void>((resolve) => {
        secure.once("error", () => resolve());
        secure.once("close", () => resolve());
        secure.once("secureConnect", () => {
          done++;
          secure.destroy();
          resolve();
        });
      });
      raw.destroy();
    }
  };
  await Promise.all(Array.from({ length: together }, one));
  return done;
}

/** Connections that ask for an upgrade to WebSocket and vanish. */
export async function vanishingUpgrades(port: number, count: number): Promise<void> {
  const upgrade =
    "GET / HTTP/1.1\r\nHost: t\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
  const sockets: Socket[] = [];
  for (let i = 0; i < count; i++) {
    const localAddress = `127.0.1.${1 + (i % 200)}`;
    const socket = quietly(connect({ host: "127.0.0.1", port, localAddress }));
    socket.once("connect", () => socket.write(upgrade));
    sockets.push(socket);
    if (i % BURST === 0) await wait(5);
  }
  await wait(1000);
  for (const socket of sockets) socket.resetAndDestroy();
}

function quietly(socket: Socket): Socket {
  socket.on("error", () => socket.destroy());
  socket.resume();
  return socket;
}
