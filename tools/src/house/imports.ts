/** What a source imports and exports, read from its syntax tree. */

import { posix } from "node:path";
import {
  isExportDeclaration,
  isIdentifier,
  isImportDeclaration,
  isNamedExports,
  isNamedImports,
  isNamespaceExport,
  isStringLiteral,
  type Node,
  SyntaxKind,
} from "typescript/unstable/ast";
import { type Source, walk } from "./house.ts";

export interface Import {
  readonly specifier: string;
  /** Names as the other side exports them; empty for `import "x"`; "*" for everything. */
  readonly names: readonly string[];
  /** Written `export … from`: passes the names on. */
  readonly isReExport: boolean;
  /** The name that `export * as name` gives to everything. */
  readonly namespace?: string;
  readonly node: Node;
}

export function importsOf(source: Source): Import[] {
  const imports: Import[] = [];
  walk(source.file, (node) => {
    if (isImportDeclaration(node) && isStringLiteral(node.moduleSpecifier)) {
      const bindings = node.importClause?.namedBindings;
      const names =
        bindings === undefined
          ? []
          : isNamedImports(bindings)
            ? bindings.elements.map((element) => (element.propertyName ?? element.name).text)
            : ["*"];
      imports.push({ specifier: node.moduleSpecifier.text, names, isReExport: false, node });
    } else if (isExportDeclaration(node) && node.moduleSpecifier) {
      const clause = node.exportClause;
      const names =
        clause && isNamedExports(clause)
          ? clause.elements.map((element) => (element.propertyName ?? element.name).text)
          : ["*"];
      const namespace = clause && isNamespaceExport(clause) ? { namespace: clause.name.text } : {};
      const specifier = isStringLiteral(node.moduleSpecifier) ? node.moduleSpecifier.text : "";
      imports.push({ specifier, names, isReExport: true, ...namespace, node });
    } else if (node.kind === SyntaxKind.CallExpression) {
      const specifier = dynamicSpecifier(node);
      if (specifier !== undefined)
        imports.push({ specifier, names: ["*"], isReExport: false, node });
    }
    return true;
  });
  return imports;
}

/** `import("x")` and `typeof import("x")` name a module too. */
function dynamicSpecifier(call: Node): string | undefined {
  let isImport = false;
  let specifier: string | undefined;
  call.forEachChild((child) => {
    if (child.kind === SyntaxKind.ImportKeyword) isImport = true;
    else if (isStringLiteral(child)) specifier ??= child.text;
  });
  return isImport ? specifier : undefined;
}

/** The path that a relative specifier means, or undefined for a package. */
export const relativeTarget = (source: Source, specifier: string): string | undefined =>
  /^\.\.?\//.test(specifier) ? posix.join(posix.dirname(source.path), specifier) : undefined;

/** The room that a specifier of a package means: "@swarmtide/udp" is udp, "swarmtide" the tracker. */
export function roomOfSpecifier(specifier: string): { room: string; isDeep: boolean } | undefined {
  const match = /^(?:@swarmtide\/([^/]+)|swarmtide)(\/.*)?$/.exec(specifier);
  return match ? { room: match[1] ?? "tracker", isDeep: match[2] !== undefined } : undefined;
}

export interface Export {
  readonly name: string;
  readonly isType: boolean;
  readonly node: Node;
}

/** What a source declares and exports itself; `export … from` is an import. */
export function exportsOf(source: Source): Export[] {
  const found: Export[] = [];
  source.file.forEachChild((statement) => {
    let isExported = false;
    statement.forEachChild((child) => {
      if (child.kind === SyntaxKind.ExportKeyword) isExported = true;
    });
    if (!isExported) return;
    const isType =
      statement.kind === SyntaxKind.InterfaceDeclaration ||
      statement.kind === SyntaxKind.TypeAliasDeclaration;
    for (const node of declaredNames(statement)) found.push({ name: node.text, isType, node });
  });
  return found;
}

function declaredNames(statement: Node): (Node & { text: string })[] {
  if (statement.kind !== SyntaxKind.VariableStatement) {
    let name: (Node & { text: string }) | undefined;
    statement.forEachChild((child) => {
      if (isIdentifier(child)) name ??= child;
    });
    return name === undefined ? [] : [name];
  }
  const names: (Node & { text: string })[] = [];
  walk(statement, (node) => {
    if (node.kind === SyntaxKind.VariableDeclaration) {
      node.forEachChild((child) => {
        if (isIdentifier(child) && names.at(-1)?.parent !== node) names.push(child);
      });
      return false;
    }
    return true;
  });
  return names;
}
