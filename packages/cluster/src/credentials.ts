/**
 * The files by which a node shows who it is, and by which it knows its NATS server: read by the main thread, at the start and on a
 * reload, and posted to the cluster thread as text. What an operator can get wrong is told in words, with the key of the
 * configuration.
 */
import { createPrivateKey, X509Certificate } from "node:crypto";
import { OperatorError } from "@swarmtide/runtime";
import { readOperatorFile } from "@swarmtide/toml-config";
import { type ClusterConfig, nodeNameOf } from "./config.ts";

/** What a connection is made with. Plain data. */
export interface Access {
  readonly servers: readonly string[];
  /** Of the node. */
  readonly name: string;
  readonly user: string;
  readonly password: string;
  /** The contents of files; empty for none. */
  readonly credentials: string;
  readonly nkeySeed: string;
  readonly tlsCa: string;
  readonly tlsCertificate: string;
  readonly tlsPrivateKey: string;
  /** Where those files are, for messages; empty for none. */
  readonly paths: {
    readonly credentials: string;
    readonly nkeySeed: string;
    readonly tlsCa: string;
    readonly tlsCertificate: string;
  };
}

const FILE_BYTES_MAX = 2 ** 20;
const REMEDIES: Readonly<Record<string, string>> = {
  ENOENT: "no such file",
  EACCES: "permission denied; let the user that starts the tracker read it and enter its folders",
  EISDIR: "it is a folder; give the path of the file in it",
};

/** Where a file is found; undefined where a chroot hides it. */
export type Locate = (path: string) => string | undefined;

/** Reads and checks all files of the section. Throws OperatorError. */
export function readAccess(config: ClusterConfig, locate: Locate = (path) => path): Access {
  const read = (key: string, path: string) => (path === "" ? "" : readText(key, path, locate));
  const access: Access = {
    ...{ servers: config.servers, name: nodeNameOf(config) },
    ...{ user: config.user, password: config.password },
    credentials: read("credentials_path", config.credentialsPath),
    nkeySeed: read("nkey_seed_path", config.nkeySeedPath).trim(),
    tlsCa: read("tls_ca_path", config.tlsCaPath),
    tlsCertificate: read("tls_certificate_path", config.tlsCertificatePath),
    tlsPrivateKey: read("tls_private_key_path", config.tlsPrivateKeyPath),
    paths: {
      ...{ credentials: config.credentialsPath, nkeySeed: config.nkeySeedPath },
      ...{ tlsCa: config.tlsCaPath, tlsCertificate: config.tlsCertificatePath },
    },
  };
  if (access.credentials !== "" && !/BEGIN USER NKEY SEED/.test(access.credentials))
    throw wrongFile("credentials_path", config.credentialsPath, "a file that `nsc` makes (.creds)");
  if (access.nkeySeed !== "" && !/^SU[A-Z2-7]{56}$/.test(access.nkeySeed))
    throw wrongFile("nkey_seed_path", config.nkeySeedPath, "the seed of a user, 58 characters SU…");
  checkTls(config, access);
  return access;
}

function checkTls(config: ClusterConfig, access: Access): void {
  const certificateOf = (key: string, path: string, pem: string) => {
    try {
      return new X509Certificate(pem);
    } catch {
      throw wrongFile(key, path, "a certificate in PEM");
    }
  };
  if (access.tlsCa !== "") certificateOf("tls_ca_path", config.tlsCaPath, access.tlsCa);
  if (access.tlsCertificate === "") return;
  const { tlsCertificatePath, tlsPrivateKeyPath } = config;
  const own = certificateOf("tls_certificate_path", tlsCertificatePath, access.tlsCertificate);
  let isOwnKey: boolean;
  try {
    isOwnKey = own.checkPrivateKey(createPrivateKey(access.tlsPrivateKey));
  } catch {
    throw wrongFile(
      "tls_private_key_path",
      tlsPrivateKeyPath,
      "a private key in PEM, without a passphrase",
    );
  }
  if (!isOwnKey)
    throw wrongFile("tls_private_key_path", tlsPrivateKeyPath, `the key of ${tlsCertificatePath}`);
}

const wrongFile = (key: string, path: string, expected: string): OperatorError =>
  new OperatorError(`cluster.${key} = "${path}": expected ${expected}`, {
    code: "SWARMTIDE_CLUSTER_FILE",
  });

function readText(key: string, path: string, locate: Locate): string {
  const found = locate(path);
  if (found === undefined)
    throw new OperatorError(
      `cluster.${key} = "${path}": lies outside of privileges.chroot_path, so that it cannot be read again`,
      { code: "SWARMTIDE_OUTSIDE_CHROOT" },
    );
  try {
    return readOperatorFile(found, FILE_BYTES_MAX).toString("utf8");
  } catch (error) {
    if (!(error instanceof Error) || !("code" in error)) throw error;
    throw new OperatorError(
      `cluster.${key} = "${path}": ${REMEDIES[String(error.code)] ?? error.message}`,
      { code: "SWARMTIDE_CLUSTER_FILE", cause: error },
    );
  }
}
