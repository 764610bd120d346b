/**
 * Code in `hot/` runs per packet: no closure, `try`, `await`, template string, spread, `Map`, `Set`, `BigInt` or exception,
 * and none of the allocations that a reader of the syntax sees. Constructors, initial values of fields, static blocks and
 * the module's own level run once and are free; so are types.
 *
 * An exception is one line with a comment `hot-allow: reason`, at its end or alone above it. A comment that allows nothing
 * is a problem too: it would claim an allocation that is gone.
 */
import {
  isCallExpression,
  isIdentifier,
  isPropertyAccessExpression,
  type Node,
  SyntaxKind,
} from "typescript/unstable/ast";
import { type House, isFunctionNode, type Problem, problemAt, type Source } from "./house.ts";

const BANNED_KINDS: ReadonlyMap<SyntaxKind, string> = new Map([
  [SyntaxKind.ArrowFunction, "a closure"],
  [SyntaxKind.FunctionExpression, "a closure"],
  [SyntaxKind.TryStatement, "try"],
  [SyntaxKind.ThrowStatement, "an exception"],
  [SyntaxKind.AwaitExpression, "await"],
  [SyntaxKind.TemplateExpression, "a template string"],
  [SyntaxKind.NoSubstitutionTemplateLiteral, "a template string"],
  [SyntaxKind.SpreadElement, "spread"],
  [SyntaxKind.SpreadAssignment, "spread"],
  [SyntaxKind.BigIntLiteral, "BigInt"],
  [SyntaxKind.NewExpression, "an allocation (new)"],
  [SyntaxKind.ArrayLiteralExpression, "an allocation (an array)"],
  [SyntaxKind.ObjectLiteralExpression, "an allocation (an object)"],
  [SyntaxKind.RegularExpressionLiteral, "an allocation (a regular expression)"],
  [SyntaxKind.ClassExpression, "an allocation (a class)"],
  [SyntaxKind.YieldExpression, "a generator"],
]);

/** Banned wherever they stand outside a type. */
const BANNED_NAMES: ReadonlyMap<string, string> = new Map([
  ["Map", "Map or Set"],
  ["Set", "Map or Set"],
  ["WeakMap", "Map or Set"],
  ["WeakSet", "Map or Set"],
  ["BigInt", "BigInt"],
  ["BigInt64Array", "BigInt"],
  ["BigUint64Array", "BigInt"],
]);

/** Methods that return a new object, array, view or string. */
const ALLOCATING_METHODS: ReadonlySet<string> = new Set(
  `alloc allocUnsafe assign bind concat decode encode entries filter flat flatMap from fromEntries keys latin1Slice map match
  matchAll of padEnd padStart parse repeat replace replaceAll slice splice split stringify subarray substring
  toReversed toSorted toString utf8Slice values with`.split(/\s+/),
);

export function problemsOfHotCode(house: House): Problem[] {
  return house.sources.filter((source) => source.isHot).flatMap(problemsOfHotSource);
}

function problemsOfHotSource(source: Source): Problem[] {
  const problems: Problem[] = [];
  const allowed = allowedLines(source);
  const report = (node: Node, what: string): void => {
    const problem = problemAt(source, node, `${what} in hot/`);
    const comment = allowed.get(problem.line);
    if (comment === undefined) problems.push(problem);
    else comment.isUsed = true;
  };
  const visit = (node: Node, isPerPacket: boolean): void => {
    if (isTypeNode(node)) return;
    const what = isPerPacket ? bannedIn(node) : bannedAnywhere(node);
    if (what !== undefined) report(node, what);
    const runsOnce = RUN_ONCE.has(node.kind);
    const inside = runsOnce ? false : isPerPacket || isFunctionNode(node);
    node.forEachChild((child) => visit(child, inside));
  };
  visit(source.file, false);
  for (const comment of new Set(allowed.values())) {
    if (comment.isUsed) continue;
    problems.push({ path: source.path, line: comment.line, text: "hot-allow allows nothing" });
  }
  return problems;
}

const RUN_ONCE: ReadonlySet<SyntaxKind> = new Set([
  SyntaxKind.Constructor,
  SyntaxKind.PropertyDeclaration,
  SyntaxKind.ClassStaticBlockDeclaration,
]);

function bannedIn(node: Node): string | undefined {
  if (isCallExpression(node)) {
    const callee = node.expression;
    if (isPropertyAccessExpression(callee) && ALLOCATING_METHODS.has(callee.name.text))
      return `an allocation (.${callee.name.text})`;
  }
  if (isIdentifier(node) && !isMemberName(node)) return BANNED_NAMES.get(node.text);
  return isAssignmentPattern(node) ? undefined : BANNED_KINDS.get(node.kind);
}

/** What has no place in hot/ even where it runs once: a field that is a Map will be used per packet. */
function bannedAnywhere(node: Node): string | undefined {
  return isIdentifier(node) && !isMemberName(node) ? BANNED_NAMES.get(node.text) : undefined;
}

const isMemberName = (node: Node): boolean =>
  isPropertyAccessExpression(node.parent) && node.parent.name === node;

/** `[a, b] = …` allocates where it reads an iterator, which the right-hand side shows: an array or a call. */
const isAssignmentPattern = (node: Node): boolean =>
  node.kind === SyntaxKind.ArrayLiteralExpression &&
  node.parent.kind === SyntaxKind.BinaryExpression &&
  node.parent.getStart() === node.getStart();

const isTypeNode = (node: Node): boolean =>
  (node.kind >= SyntaxKind.FirstTypeNode && node.kind <= SyntaxKind.LastTypeNode) ||
  node.kind === SyntaxKind.InterfaceDeclaration ||
  node.kind === SyntaxKind.TypeAliasDeclaration ||
  node.kind === SyntaxKind.ImportDeclaration ||
  node.kind === SyntaxKind.ExportDeclaration;

interface AllowComment {
  readonly line: number;
  isUsed: boolean;
}

/** The comments `hot-allow: reason`, by the line they allow. */
function allowedLines(source: Source): Map<number, AllowComment> {
  const allowed = new Map<number, AllowComment>();
  source.file.text.split("\n").forEach((text, index) => {
    const match = /^(.*)\/\/ hot-allow: \S/.exec(text);
    if (!match) return;
    const isAlone = (match[1] ?? "").trim() === "";
    allowed.set(index + (isAlone ? 2 : 1), { line: index + 1, isUsed: false });
  });
  return allowed;
}

/** How many lines of hot code claim an exception. */
export const countHotAllowances = (house: House): number =>
  house.sources
    .filter((source) => source.isHot)
    .reduce((sum, source) => sum + allowedLines(source).size, 0);
