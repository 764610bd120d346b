import assert from "node:assert/strict";
import { openSync } from "node:fs";
import { test } from "node:test";
import { linuxSupported } from "@swarmtide/linux";
import { until } from "@swarmtide/test-kit";
import {
  makeWorkerPorts,
  receiveUpgrades,
  UPGRADES_WAITING_MAX,
  UpgradeSender,
} from "./worker-ports.ts";

const ADDRESS = new Uint8Array([127, 0, 0, 1]);
const BYTES = new Uint8Array(100);

test("upgrades that no web worker takes are bounded over all workers; what is taken makes room", {
  skip: linuxSupported() ? false : "descriptors are handed on where there are Linux calls",
}, async () => {
  const ports = makeWorkerPorts(2, 1);
  const senders = ports.epoll.map((own) => new UpgradeSender(own));
  const [one, other] = senders;
  const [web] = ports.web;
  assert.ok(one !== undefined && other !== undefined && web !== undefined);
  // Who is sent is not looked at before it is taken, so that one number stands for all.
  for (let sent = 0; sent < UPGRADES_WAITING_MAX; sent++)
    assert.equal((sent % 2 === 0 ? one : other).send(-1, ADDRESS, BYTES), true);
  assert.equal(one.send(openSync("/dev/null", "r"), ADDRESS, BYTES), false);
  assert.equal(other.send(openSync("/dev/null", "r"), ADDRESS, BYTES), false);
  let taken = 0;
  const stop = receiveUpgrades(web, () => {
    taken++;
  });
  await until("all upgrades are taken", () => taken === UPGRADES_WAITING_MAX);
  assert.equal(one.send(openSync("/dev/null", "r"), ADDRESS, BYTES), true);
  stop();
  assert.equal(web.upgradesWaiting[0], 0);
  for (const { upgrades } of ports.epoll) for (const port of upgrades) port.close();
});
