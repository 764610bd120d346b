import assert from "node:assert/strict";
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import { OperatorError } from "@swarmtide/runtime";
import { describeCertificate, makeSecureContext, readTlsFiles } from "./tls-files.ts";

const file = (name: string) => fileURLToPath(new URL(`../testdata/${name}`, import.meta.url));
const read = (certificate: string, key: string) => readTlsFiles(file(certificate), file(key));

test("PKCS#8, PKCS#1 and EC keys are taken", () => {
  for (const [certificate, key] of [
    ["ec.crt", "ec-sec1.key"],
    ["ec.crt", "ec-pkcs8.key"],
    ["rsa.crt", "rsa-pkcs1.key"],
    ["rsa.crt", "rsa-pkcs8.key"],
  ] as const)
    assert.doesNotThrow(() => makeSecureContext(read(certificate, key), Buffer.alloc(48)), key);
});

test("what is wrong with a file is said with its path and what to do", () => {
  const cases: [certificate: string, key: string, message: RegExp][] = [
    [
      "missing.crt",
      "ec-pkcs8.key",
      /missing\.crt \(web\.tls_certificate_path\) .*ENOENT, no such file/,
    ],
    ["ec.crt", "missing.key", /missing\.key \(web\.tls_private_key_path\) .*ENOENT/],
    [".", "ec-pkcs8.key", /\(web\.tls_certificate_path\) .*EISDIR, it is a folder/],
    [
      "ec.crt",
      "rsa-pkcs8.key",
      /rsa-pkcs8\.key \(web\.tls_private_key_path\) does not belong to the certificate/,
    ],
    ["ec.crt", "rsa-encrypted.key", /is encrypted: take the passphrase off/],
    ["ec-pkcs8.key", "ec-pkcs8.key", /has no certificate in PEM/],
    ["ec.crt", "ec.crt", /has no private key in PEM/],
    ["ec.crt", "README.md", /is not PEM/],
  ];
  for (const [certificate, key, message] of cases)
    assert.throws(
      () => read(certificate, key),
      (error) => error instanceof OperatorError && message.test(error.message),
      `${certificate} ${key}`,
    );
});

test("the log line on a certificate says for which names and for how long", () => {
  const files = read("ec.crt", "ec-pkcs8.key");
  assert.match(
    describeCertificate(files, Date.UTC(2100, 0, 1)),
    /DNS:localhost.* is valid for \d+ days/,
  );
  assert.match(describeCertificate(files, Date.UTC(2300, 0, 1)), /has expired on/);
});

test("a renewal that TLS would refuse is refused: a cut chain, a second certificate that is garbage", (t) => {
  const folder = mkdtempSync(join(tmpdir(), "tls-files-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const chain = join(folder, "chain.crt");
  const leaf = readFileSync(file("ec.crt"), "utf8");
  const garbage = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
  for (const [text, message] of [
    [`${leaf}${leaf.slice(0, leaf.length / 2)}`, /2 blocks begin and 1 of them end; it is cut/],
    [`${leaf}${garbage}`, /certificate 2 of 2 cannot be parsed/],
  ] as const) {
    writeFileSync(chain, text);
    assert.throws(
      () => readTlsFiles(chain, file("ec-pkcs8.key")),
      (error) => error instanceof OperatorError && message.test(error.message),
    );
  }
  for (let cut = 0; cut < leaf.length - 1; cut += 7) {
    writeFileSync(chain, leaf.slice(0, cut));
    assert.throws(() => readTlsFiles(chain, file("ec-pkcs8.key")), OperatorError, String(cut));
  }
});

test("a key that is too small is refused, with what to issue instead", () => {
  assert.throws(() => read("rsa-512.crt", "rsa-512.key"), {
    name: "OperatorError",
    message:
      /^TLS refuses .*rsa-512\.crt .* with .*rsa-512\.key .*too small.*; issue a certificate with a key of at least 2048 bits/,
  });
});

/** Certificate and key in a folder of the test, which `renew` replaces; `reads` counts and may act before each read. */
function renewable(t: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), "tls-files-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const [certificate, key] = [join(folder, "chain.crt"), join(folder, "server.key")];
  copyFileSync(file("ec.crt"), certificate);
  copyFileSync(file("ec-pkcs8.key"), key);
  const renewCertificate = () => copyFileSync(file("rsa.crt"), certificate);
  const renewKey = () => copyFileSync(file("rsa-pkcs8.key"), key);
  const readWith = (before: (count: number) => void) => {
    let count = 0;
    return readTlsFiles(certificate, key, (path) => {
      before(count++);
      return readFileSync(path, "utf8");
    });
  };
  return { renewCertificate, renewKey, readWith };
}

test("a renewal between two reads is taken whole, whichever file is replaced first and between which reads", (t) => {
  const wanted = {
    certificate: readFileSync(file("rsa.crt"), "utf8"),
    privateKey: readFileSync(file("rsa-pkcs8.key"), "utf8"),
  };
  const old = readFileSync(file("ec.crt"), "utf8");
  for (let first = 0; first < 4; first++)
    for (let second = first; second < 6; second++)
      for (const isKeyFirst of [false, true]) {
        const { renewCertificate, renewKey, readWith } = renewable(t);
        const steps = isKeyFirst ? [renewKey, renewCertificate] : [renewCertificate, renewKey];
        const files = readWith((count) => {
          if (count === first) steps[0]?.();
          if (count === second) steps[1]?.();
        });
        // Where the second step has not come before the last read, the old pair was read whole.
        if (files.certificate === old) assert.ok(first >= 2);
        else assert.deepEqual(files, wanted, `${first} ${second} ${isKeyFirst}`);
      }
});

test("files that never belong together are refused after some reads", (t) => {
  const { renewKey, readWith } = renewable(t);
  let reads = 0;
  renewKey();
  assert.throws(
    () =>
      readWith((count) => {
        reads = count + 1;
      }),
    /does not belong to the certificate/,
  );
  assert.equal(reads, 12);
});
