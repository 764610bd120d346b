import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { closeFd, linuxSupported, openTcpListener } from "@swarmtide/linux";
import { WorkerSockets } from "./worker-sockets.ts";

const skip = linuxSupported() ? false : "this machine is not a supported Linux";

interface Place {
  readonly key: string;
  port: number;
}

const placeAt = (port: number): Place => ({ key: "web.address_ipv4", port });

function makeSockets() {
  const calls: [port: number, reusePort: boolean][] = [];
  const sockets = new WorkerSockets((place: Place, reusePort: boolean) => {
    calls.push([place.port, reusePort]);
    const address = Uint8Array.of(127, 0, 0, 1);
    const opened = openTcpListener({ family: 4, address, port: place.port, backlog: 1, reusePort });
    place.port = opened.port;
    return opened;
  });
  return { calls, sockets };
}

describe("the sockets of workers", { skip }, () => {
  test("one worker has its socket alone", () => {
    const { calls, sockets } = makeSockets();
    assert.equal(sockets.openAll([placeAt(0)], 1).length, 1);
    assert.deepEqual(calls, [[0, false]]);
    sockets.close();
  });

  test("several share a port that was found free by a socket that shares nothing", () => {
    const { calls, sockets } = makeSockets();
    const places = [placeAt(0), placeAt(0)];
    const workers = sockets.openAll(places, 2);
    const [one, other] = places.map(({ port }) => port);
    assert.deepEqual(
      workers.map((own) => own.map(({ port }) => port)),
      [
        [one, other],
        [one, other],
      ],
    );
    assert.deepEqual(calls.slice(0, 2), [
      [0, false],
      [0, false],
    ]);
    assert.deepEqual(calls.slice(2), [
      [one, true],
      [other, true],
      [one, true],
      [other, true],
    ]);
    sockets.close();
  });

  test("a port that another socket of this user shares is in use all the same, and nothing stays open", () => {
    const taken = openTcpListener({
      family: 4,
      address: Uint8Array.of(127, 0, 0, 1),
      port: 0,
      backlog: 1,
      reusePort: true,
    });
    const { sockets } = makeSockets();
    const place = placeAt(0);
    sockets.openAll([place], 2);
    assert.throws(() => sockets.openAll([placeAt(taken.port)], 2), /EADDRINUSE|in use/);
    sockets.close();
    closeFd(taken.fd);
    for (const port of [place.port, taken.port]) {
      const again = makeSockets().sockets;
      again.openAll([placeAt(port)], 1);
      again.close();
    }
  });
});
