/** A certificate for the servers of the benchmarks that speak TLS; every tester takes any. */
import { execFileSync } from "node:child_process";
import { join } from "node:path";

/** Makes a self-signed certificate with the openssl program. Throws where openssl is missing. */
export function makeCertificate(folder: string): { certificate: string; privateKey: string } {
  const certificate = join(folder, "certificate.pem");
  const privateKey = join(folder, "key.pem");
  execFileSync(
    "openssl",
    [
      ...["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"],
      ...["-days", "1", "-subj", "/CN=example.com", "-addext", "subjectAltName=DNS:example.com"],
      ...["-keyout", privateKey, "-out", certificate],
    ],
    { stdio: "pipe" },
  );
  return { certificate, privateKey };
}

/** Makes one, and names it with the keys that aquatic and swarmtide share. */
export function certificateKeys(folder: string): string {
  const { certificate, privateKey } = makeCertificate(folder);
  return `tls_certificate_path = "${certificate}"
tls_private_key_path = "${privateKey}"`;
}
