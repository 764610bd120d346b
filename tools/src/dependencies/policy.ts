/**
 * What a dependency may be: the rules of `tools/dependency-policy.json` over a list of packages. Called by
 * check-dependencies.ts. Whether a licence expression (SPDX) is satisfied by a list of licences, spdx-satisfies decides.
 */
import satisfies from "spdx-satisfies";

/** The file. Each name or number in the last four has its reason. */
export interface DependencyPolicy {
  /** Of what is installed with a package of ours. */
  readonly shippedLicences: readonly string[];
  /** Beside these, of what only builds and tests. */
  readonly developmentLicences: readonly string[];
  /** Of packages whose manifest does not say it in SPDX. */
  readonly licences: Readonly<Record<string, string>>;
  readonly installScripts: Readonly<Record<string, string>>;
  readonly deprecated: Readonly<Record<string, string>>;
  /** By the number of the advisory. */
  readonly advisories: Readonly<Record<string, string>>;
}

/** A package as a lockfile has it. */
export interface LockedPackage {
  readonly name: string;
  readonly version: string;
  /** SPDX; undefined where the package does not say. */
  readonly license: string | undefined;
  readonly isDevelopment: boolean;
  readonly hasInstallScript: boolean;
  readonly hasIntegrity: boolean;
  /** What its author says of it; undefined where it is not deprecated. */
  readonly deprecated: string | undefined;
}

/** An entry of `packages` in package-lock.json (docs.npmjs.com, package-lock-json). */
interface LockEntry {
  readonly version?: string;
  readonly license?: string;
  readonly dev?: boolean;
  readonly link?: boolean;
  readonly hasInstallScript?: boolean;
  readonly integrity?: string;
  readonly deprecated?: string;
}

export interface Lockfile {
  readonly packages: Readonly<Record<string, LockEntry>>;
}

const FOLDER = "node_modules/";

/** The foreign packages of a lockfile: those in node_modules, without the links to our own folders. */
export function lockedPackages({ packages }: Lockfile): LockedPackage[] {
  return Object.entries(packages).flatMap(([path, entry]) => {
    const at = path.lastIndexOf(FOLDER);
    if (at < 0 || entry.link === true) return [];
    return [
      {
        name: path.slice(at + FOLDER.length),
        version: entry.version ?? "",
        license: entry.license,
        isDevelopment: entry.dev === true,
        hasInstallScript: entry.hasInstallScript === true,
        hasIntegrity: entry.integrity !== undefined,
        deprecated: entry.deprecated,
      },
    ];
  });
}

/** What the policy objects to, one line each. */
export function objections(packages: readonly LockedPackage[], policy: DependencyPolicy): string[] {
  return packages.flatMap((one) => {
    const { name, version, license, isDevelopment } = one;
    const told = (text: string) => `${name}@${version}: ${text}`;
    const allowed = isDevelopment
      ? [...policy.shippedLicences, ...policy.developmentLicences]
      : policy.shippedLicences;
    const found: string[] = [];
    if (policy.licences[name] === undefined && !isLicensed(license, allowed))
      found.push(told(`licence ${license ?? "not named"}; expected one of ${allowed.join(", ")}`));
    if (one.hasInstallScript && policy.installScripts[name] === undefined)
      found.push(told("has an install script; packages must work without"));
    if (!one.hasIntegrity) found.push(told("has no integrity in the lockfile"));
    if (one.deprecated !== undefined && policy.deprecated[name] === undefined)
      found.push(told(`is deprecated: ${one.deprecated}`));
    return found;
  });
}

function isLicensed(license: string | undefined, allowed: readonly string[]): boolean {
  if (license === undefined) return false;
  try {
    return satisfies(license, allowed);
  } catch {
    return false; // "SEE LICENSE IN …" is not SPDX.
  }
}

/** What `npm audit --json` prints, as far as it is read here. */
export interface AuditReport {
  readonly vulnerabilities?: Readonly<
    Record<string, { readonly via: readonly (string | Advisory)[] }>
  >;
  /** The registry did not answer. */
  readonly message?: string;
}

interface Advisory {
  readonly source: number;
  readonly title: string;
  readonly severity: string;
  readonly url: string;
}

/** The advisories of a report that the policy does not let pass. */
export function openAdvisories(report: AuditReport, policy: DependencyPolicy): string[] {
  const found = new Set<string>();
  for (const [name, { via }] of Object.entries(report.vulnerabilities ?? {})) {
    for (const one of via) {
      // A text names another package of the report.
      if (typeof one === "string" || policy.advisories[String(one.source)] !== undefined) continue;
      found.add(`${name}: ${one.severity}: ${one.title} (${one.url}, ${one.source})`);
    }
  }
  return [...found];
}
