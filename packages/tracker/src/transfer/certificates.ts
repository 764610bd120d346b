/** A certificate authority of a test's own and a server certificate it signed, made with the openssl program. */
import { execFileSync, spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";

export interface TestCertificates {
  /** What clients are told to trust. */
  readonly authority: string;
  readonly certificate: string;
  readonly privateKey: string;
}

/** Why they cannot be made here, or undefined. */
export const certificateProblem = (): string | undefined =>
  spawnSync("openssl", ["version"]).status === 0
    ? undefined
    : "openssl is missing (Debian: apt-get install openssl)";

/** Makes both in a folder, for these host names, valid for a day. */
export function makeCertificates(folder: string, hostNames: readonly string[]): TestCertificates {
  const openssl = (...args: readonly string[]) =>
    execFileSync("openssl", args, { cwd: folder, stdio: "pipe" });
  const newKey = (name: string) =>
    openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", name);
  newKey("ca.key");
  openssl(
    ...["req", "-x509", "-new", "-key", "ca.key", "-days", "1", "-out", "ca.pem"],
    ...["-subj", "/CN=Test authority", "-addext", "keyUsage=critical,keyCertSign,cRLSign"],
  );
  newKey("server.key");
  const names = hostNames.map((name) => `DNS:${name}`).join(",");
  openssl("req", "-new", "-key", "server.key", "-subj", "/CN=tracker", "-out", "server.csr");
  writeFileSync(join(folder, "server.ext"), `subjectAltName=${names}\nbasicConstraints=CA:FALSE\n`);
  openssl(
    ...["x509", "-req", "-in", "server.csr", "-CA", "ca.pem", "-CAkey", "ca.key"],
    ...["-set_serial", "2", "-days", "1", "-extfile", "server.ext", "-out", "server.crt"],
  );
  return {
    authority: join(folder, "ca.pem"),
    certificate: join(folder, "server.crt"),
    privateKey: join(folder, "server.key"),
  };
}
