/** Certificates for trackers and servers under test, made with the openssl program. */
import { execFileSync } from "node:child_process";
import { isIP } from "node:net";
import { join } from "node:path";

export interface CertificateFiles {
  readonly certificate: string;
  readonly privateKey: string;
}

/** Makes `NAME.crt` and `NAME.key` in a folder, self-signed or by an authority. Throws where openssl is missing. */
export function makeCertificate(
  folder: string,
  name: string,
  authority?: CertificateFiles,
): CertificateFiles {
  const certificate = join(folder, `${name}.crt`);
  const privateKey = join(folder, `${name}.key`);
  execFileSync(
    "openssl",
    [
      ...["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"],
      ...(authority === undefined
        ? []
        : ["-CA", authority.certificate, "-CAkey", authority.privateKey]),
      ...(isIP(name) === 0 ? [] : ["-addext", `subjectAltName=IP:${name}`]),
      ...["-days", "2", "-subj", `/CN=${name}`, "-keyout", privateKey, "-out", certificate],
    ],
    { stdio: "pipe" },
  );
  return { certificate, privateKey };
}
