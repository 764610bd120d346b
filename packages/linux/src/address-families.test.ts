import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { missingFamily, missingOfInterfaces } from "./address-families.ts";
import { linuxSupported } from "./libc.ts";

test("off Linux a family is missing when no interface has an address of it and another family has one", () => {
  assert.equal(missingOfInterfaces(6, [[{ family: "IPv4" }, { family: "IPv6" }]]), undefined);
  assert.equal(
    missingOfInterfaces(6, [[{ family: "IPv4" }], undefined]),
    "no interface has an IPv6 address",
  );
  assert.equal(missingOfInterfaces(4, [[{ family: "IPv6" }]]), "no interface has an IPv4 address");
  assert.equal(missingOfInterfaces(6, []), undefined);
});

test("a kernel that offers IPv4 says so", { skip: !linuxSupported() && "asks Linux" }, () => {
  assert.equal(missingFamily(4), undefined);
});

const MODULE = new URL("./address-families.js", import.meta.url).href;

/** What `missingFamily(6)` says in a network of its own, after commands of a shell. */
function askInOwnNetwork(commands: string) {
  const script = `import { missingFamily } from ${JSON.stringify(MODULE)}; console.log(missingFamily(4), "|", missingFamily(6));`;
  const shell = `${commands} && exec "$0" --input-type=module -e '${script}'`;
  return spawnSync("unshare", ["-rn", "sh", "-c", shell, process.execPath], { encoding: "utf8" });
}

const SWITCH_OFF =
  "for f in /proc/sys/net/ipv6/conf/*/disable_ipv6; do echo 1 > $f || exit 9; done";

test("IPv6 that is switched off on every interface is missing, on some it is not", {
  skip: askInOwnNetwork(SWITCH_OFF).status !== 0 && "needs unshare -rn and IPv6 in the kernel",
}, () => {
  assert.match(
    askInOwnNetwork(SWITCH_OFF).stdout,
    /^undefined \| IPv6 is switched off on every interface/,
  );
  const someOn = `${SWITCH_OFF}; echo 0 > /proc/sys/net/ipv6/conf/lo/disable_ipv6`;
  assert.equal(askInOwnNetwork(someOn).stdout, "undefined | undefined\n");
});
