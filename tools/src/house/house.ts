/**
 * The house as its rules see it: every source with its syntax tree, the layers, the manifests, and one type checker over
 * all of it. Opened once by `check-house.ts`, and by the rules' tests over a few files that exist only in memory.
 *
 * Trees and types come from the compiler itself through `typescript/unstable/sync`, a process that answers calls. It is
 * called unstable, so `package.json` pins the exact version and only this folder imports it. `tsconfig.house.json` makes
 * one program of all rooms, sources and tests, with `noUncheckedIndexedAccess`.
 */
import { type Node, type SourceFile, SyntaxKind } from "typescript/unstable/ast";
import type { FileSystem } from "typescript/unstable/fs";
import { API, type Checker, type Diagnostic } from "typescript/unstable/sync";

export interface Layers {
  /** Rooms from the lowest layer to the highest. */
  readonly layers: readonly (readonly string[])[];
  /** Rooms that import every other room and are imported by tests only. */
  readonly dev: readonly string[];
  /** Rooms without I/O: they import no `node:` module. */
  readonly pure: readonly string[];
}

export interface Manifest {
  readonly name: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
}

export interface Source {
  /** Relative to the root, with "/". */
  readonly path: string;
  /** Folder in `packages/`, or "tools". */
  readonly room: string;
  /** `*.test.ts`, or a file in `testing/`, `bench/` or `transfer/`. */
  readonly isTest: boolean;
  /** In a `hot/` folder and not a test. */
  readonly isHot: boolean;
  readonly file: SourceFile;
}

export interface House {
  readonly sources: readonly Source[];
  readonly layers: Layers;
  readonly manifests: ReadonlyMap<string, Manifest>;
  readonly checker: Checker;
  diagnosticsOf(source: Source): readonly Diagnostic[];
  close(): void;
}

export interface Problem {
  readonly path: string;
  readonly line: number;
  readonly text: string;
}

export type Rule = (house: House) => Problem[];

export interface HouseOptions {
  /** Absolute, without a slash at the end. */
  readonly root: string;
  /** Relative to the root. */
  readonly config: string;
  readonly layers: Layers;
  readonly manifests: ReadonlyMap<string, Manifest>;
  /** Files that exist only in memory, for tests. */
  readonly fs?: FileSystem;
}

export function openHouse(options: HouseOptions): House {
  const { root, fs } = options;
  const api = new API({ cwd: root, ...(fs === undefined ? {} : { fs }) });
  const config = `${root}/${options.config}`;
  const project = api.updateSnapshot({ openProjects: [config] }).getProject(config);
  if (project === undefined) throw new Error(`${config}: the compiler did not open it`);
  const { program, checker } = project;
  const sources = program.getSourceFileNames().flatMap((name) => {
    const path = name.startsWith(`${root}/`) ? name.slice(root.length + 1) : "";
    const room = /^(?:packages\/([^/]+)|(tools))\/src\//.exec(path);
    const file = room ? program.getSourceFile(name) : undefined;
    if (!room || !file) return [];
    const isTest = isTestPath(path);
    const isHot = !isTest && path.includes("/hot/");
    return [{ path, room: room[1] ?? room[2] ?? "", isTest, isHot, file }];
  });
  return {
    sources,
    layers: options.layers,
    manifests: options.manifests,
    checker,
    diagnosticsOf: (source) => program.getSemanticDiagnostics(source.file.fileName),
    close: () => api.close(),
  };
}

const isTestPath = (path: string): boolean => /\.test\.ts$|\/(testing|bench|transfer)\//.test(path);

/** Line of a position, counted from 1. */
export const lineAt = (file: SourceFile, position: number): number =>
  file.getLineAndCharacterOfPosition(position).line + 1;

export const problemAt = (source: Source, node: Node, text: string): Problem => ({
  path: source.path,
  line: lineAt(source.file, node.getStart(source.file)),
  text,
});

/** Calls `visit` with every node in order; does not enter the children of a node for which it returns false. */
export function walk(node: Node, visit: (node: Node) => boolean): void {
  if (!visit(node)) return;
  node.forEachChild((child) => walk(child, visit));
}

const FUNCTION_KINDS: ReadonlySet<SyntaxKind> = new Set([
  SyntaxKind.FunctionDeclaration,
  SyntaxKind.FunctionExpression,
  SyntaxKind.ArrowFunction,
  SyntaxKind.MethodDeclaration,
  SyntaxKind.Constructor,
  SyntaxKind.GetAccessor,
  SyntaxKind.SetAccessor,
]);

export const isFunctionNode = (node: Node): boolean => FUNCTION_KINDS.has(node.kind);
