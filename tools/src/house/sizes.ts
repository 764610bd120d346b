/**
 * Sizes that keep a file one concept and a function one thought: 300 lines and 60. The function of a `describe` is not a
 * thought but a heading over tests, each of which is measured.
 */
import { isCallExpression, isIdentifier, type Node } from "typescript/unstable/ast";
import { type House, isFunctionNode, lineAt, type Problem, problemAt, walk } from "./house.ts";

const FILE_LINES_MAX = 300;
const FUNCTION_LINES_MAX = 60;

export function problemsOfSizes(house: House): Problem[] {
  const problems: Problem[] = [];
  for (const source of house.sources) {
    const { file } = source;
    const lines = file.text.trimEnd().split("\n").length;
    if (lines > FILE_LINES_MAX)
      problems.push({
        path: source.path,
        line: 1,
        text: `${lines} lines, at most ${FILE_LINES_MAX} are allowed`,
      });
    walk(file, (node) => {
      if (!isFunctionNode(node) || isHeading(node)) return true;
      const length = lineAt(file, node.getEnd()) - lineAt(file, node.getStart(file)) + 1;
      if (length > FUNCTION_LINES_MAX)
        problems.push(
          problemAt(
            source,
            node,
            `a function of ${length} lines, at most ${FUNCTION_LINES_MAX} are allowed`,
          ),
        );
      return true;
    });
  }
  return problems;
}

/** `describe("…", () => { … })` */
const isHeading = (node: Node): boolean =>
  isCallExpression(node.parent) &&
  isIdentifier(node.parent.expression) &&
  node.parent.expression.text === "describe";
