/**
 * The certificate and key of HTTPS: read and checked by the main thread, at the start and on reload, and handed to the
 * workers as text. What an operator can get wrong is told in words, with the key of the configuration to mend.
 */
import { createPrivateKey, X509Certificate } from "node:crypto";
import { createSecureContext, type SecureContext } from "node:tls";
import { OperatorError } from "@swarmtide/runtime";
import { FileReadError, readOperatorFile } from "@swarmtide/toml-config";

/** PEM texts that belong together. May be posted to a worker. */
export interface TlsFiles {
  readonly certificate: string;
  readonly privateKey: string;
}

/** What an operator can do about a file that cannot be read. */
const READ_REMEDIES: Readonly<Record<string, string>> = {
  ENOENT: "no such file; give the path of a file in PEM",
  EACCES: "permission denied; let the user that starts the tracker read it and enter its folders",
  EISDIR: "it is a folder; give the path of the file in it",
};

/** Reads the file at a path of this key; tests swap files in between. */
type ReadPem = (path: string, key: string) => string;

/** How often files are read that are being replaced, and the pause for whoever does it: 0.3 s where they never match. */
const PAIR_TRIES_MAX = 4;
const PAUSE_MILLISECONDS = 100;
const PAUSE = new Int32Array(new SharedArrayBuffer(4));

/** The longest certificate chain and key. */
const PEM_BYTES_MAX = 2 ** 20;
const MILLISECONDS_PER_DAY = 86_400_000;

/**
 * Reads both files and makes sure that they are what they should be and belong together. PKCS#8, PKCS#1 and EC keys
 * in PEM. Throws OperatorError.
 */
export function readTlsFiles(
  certificatePath: string,
  privateKeyPath: string,
  read: ReadPem = readPem,
): TlsFiles {
  let { certificate, privateKey } = readPair(certificatePath, privateKeyPath, read);
  const belongTogether = () =>
    parseCertificate(certificate, certificatePath).checkPrivateKey(
      parseKey(privateKey, privateKeyPath),
    );
  // A renewal replaces one file after the other: in between they do not belong together.
  for (let tries = 1; tries < PAIR_TRIES_MAX && !belongTogether(); tries++) {
    Atomics.wait(PAUSE, 0, 0, PAUSE_MILLISECONDS);
    ({ certificate, privateKey } = readPair(certificatePath, privateKeyPath, read));
  }
  if (!belongTogether())
    throw new OperatorError(
      `the key in ${privateKeyPath} (web.tls_private_key_path) does not belong to the certificate in ` +
        `${certificatePath} (web.tls_certificate_path): give the key it was issued for; the server's own certificate ` +
        "must stand first in its file",
      { code: "SWARMTIDE_TLS_KEY_MISMATCH" },
    );
  parseChain(certificate, certificatePath);
  const files = { certificate, privateKey };
  tryFiles(files, certificatePath, privateKeyPath);
  return files;
}

/** A TLS context of these files; `ticketKeys` (48 bytes) lets a session of one worker go on at another. */
export function makeSecureContext(files: TlsFiles, ticketKeys: Buffer | undefined): SecureContext {
  return createSecureContext({
    cert: files.certificate,
    key: files.privateKey,
    minVersion: "TLSv1.2",
    ...(ticketKeys === undefined ? {} : { ticketKeys }),
  });
}

/** Whom a certificate names, at most two names of it, and when it expires. */
export function certificateFacts({ certificate }: TlsFiles): {
  readonly subject: string;
  readonly expiresMilliseconds: number;
} {
  const leaf = new X509Certificate(certificate);
  const names = (leaf.subjectAltName ?? "").match(/(?<=DNS:|IP Address:)[^,"]+/g) ?? [];
  const [common = ""] = /(?<=CN=)[^\n]+/.exec(leaf.subject) ?? [];
  const subject = names.length === 0 ? common : names.slice(0, 2).join(", ");
  return { subject, expiresMilliseconds: Date.parse(leaf.validTo) };
}

/** One line on the certificate for the log: its subject and how long it stays valid. */
export function describeCertificate(files: TlsFiles, nowMilliseconds: number): string {
  const leaf = new X509Certificate(files.certificate);
  const days = Math.floor((Date.parse(leaf.validTo) - nowMilliseconds) / MILLISECONDS_PER_DAY);
  const subject = leaf.subjectAltName ?? leaf.subject.replaceAll("\n", ", ");
  if (days < 0) return `certificate for ${subject} has expired on ${leaf.validTo}`;
  return `certificate for ${subject} is valid for ${days} days`;
}

/** Both files as they stood at one time: the certificate is read once more behind the key, and must not have changed. */
function readPair(certificatePath: string, privateKeyPath: string, read: ReadPem): TlsFiles {
  let certificate = read(certificatePath, "web.tls_certificate_path");
  for (let tries = 1; ; tries++) {
    const privateKey = read(privateKeyPath, "web.tls_private_key_path");
    const again = read(certificatePath, "web.tls_certificate_path");
    if (again === certificate || tries === PAIR_TRIES_MAX)
      return { certificate: again, privateKey };
    certificate = again;
  }
}

function readPem(path: string, key: string): string {
  let text: string;
  try {
    text = readOperatorFile(path, PEM_BYTES_MAX).toString("utf8");
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : String(error);
    const remedy =
      READ_REMEDIES[code] ?? (error instanceof FileReadError ? `it ${error.message}` : undefined);
    throw new OperatorError(
      `${path} (${key}) cannot be read: ${code}${remedy === undefined ? "" : `, ${remedy}`}`,
      { code: "SWARMTIDE_TLS_FILE_UNREADABLE", cause: error },
    );
  }
  if (!text.includes("-----BEGIN "))
    throw new OperatorError(
      `${path} (${key}) is not PEM: convert it with "openssl x509 -inform der" or "openssl pkey -inform der"`,
      { code: "SWARMTIDE_TLS_NOT_PEM" },
    );
  return text;
}

function parseCertificate(text: string, path: string): X509Certificate {
  try {
    return new X509Certificate(text);
  } catch {
    throw new OperatorError(`${path} (web.tls_certificate_path) has no certificate in PEM`, {
      code: "SWARMTIDE_TLS_CERTIFICATE_INVALID",
    });
  }
}

/** Every certificate behind the first: TLS refuses a file of which one is damaged or cut. */
function parseChain(text: string, path: string): void {
  const begins = text.split("-----BEGIN ").length - 1;
  const blocks = text.match(/-----BEGIN ([A-Z0-9 ]+)-----[^-]*-----END \1-----/g) ?? [];
  if (blocks.length !== begins)
    throw new OperatorError(
      `${path} (web.tls_certificate_path): ${begins} blocks begin and ${blocks.length} of them end; it is cut or still being written`,
      { code: "SWARMTIDE_TLS_CERTIFICATE_INVALID" },
    );
  for (const [index, block] of blocks.entries()) {
    if (!/^-----BEGIN (X509 |TRUSTED )?CERTIFICATE-----/.test(block)) continue;
    try {
      new X509Certificate(block);
    } catch {
      throw new OperatorError(
        `${path} (web.tls_certificate_path): certificate ${index + 1} of ${blocks.length} cannot be parsed; give the chain as the authority issued it`,
        { code: "SWARMTIDE_TLS_CERTIFICATE_INVALID" },
      );
    }
  }
}

/** Whatever else TLS refuses, such as a key that is too small: found here and not by a worker. */
function tryFiles(files: TlsFiles, certificatePath: string, privateKeyPath: string): void {
  try {
    makeSecureContext(files, undefined);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new OperatorError(
      `TLS refuses ${certificatePath} (web.tls_certificate_path) with ${privateKeyPath} (web.tls_private_key_path): ` +
        `${reason}${/too small|too weak/.test(reason) ? "; issue a certificate with a key of at least 2048 bits (RSA) or 256 (EC)" : ""}`,
      { code: "SWARMTIDE_TLS_REFUSED", cause: error },
    );
  }
}

function parseKey(text: string, path: string) {
  try {
    return createPrivateKey(text);
  } catch {
    const remedy = /ENCRYPTED/.test(text)
      ? 'is encrypted: take the passphrase off with "openssl pkey"'
      : "has no private key in PEM (PKCS#8, PKCS#1 or EC)";
    throw new OperatorError(`${path} (web.tls_private_key_path) ${remedy}`, {
      code: "SWARMTIDE_TLS_KEY_INVALID",
    });
  }
}
