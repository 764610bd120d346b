/**
 * A promise that nobody awaits, returns or keeps fails unheard, or ends the process from nowhere. `void` says that this is
 * meant. Node's `test()` and its like return promises that its runner keeps.
 *
 * Biome has such a rule, but does not know what `node:` modules and other rooms return: of eleven planted promises it
 * found seven.
 */
import {
  type Expression,
  isCallExpression,
  isExpressionStatement,
  isIdentifier,
  isNewExpression,
  isPropertyAccessExpression,
} from "typescript/unstable/ast";
import { type House, type Problem, problemAt, type Source, walk } from "./house.ts";

const KEPT_BY_THE_RUNNER = new Set(["test", "describe", "it", "suite"]);

export function problemsOfFloatingPromises(house: House): Problem[] {
  return house.sources.flatMap((source) => {
    const dropped = droppedValues(source);
    const types = house.checker.getTypeAtLocation(dropped);
    return dropped.flatMap((expression, index) => {
      const type = types[index];
      const value = type && house.checker.getNonNullableType(type);
      if (value === undefined || !house.checker.getPropertyOfType(value, "then")) return [];
      return [problemAt(source, expression, "a promise that nobody awaits; if meant, write void")];
    });
  });
}

/** Calls that stand alone as a statement. */
function droppedValues(source: Source): Expression[] {
  const values: Expression[] = [];
  walk(source.file, (node) => {
    if (!isExpressionStatement(node)) return true;
    const { expression } = node;
    if (isCallExpression(expression) || isNewExpression(expression)) {
      const callee = expression.expression;
      const isRunner = source.isTest && isIdentifier(callee) && KEPT_BY_THE_RUNNER.has(callee.text);
      if (!isRunner && !isHandled(callee)) values.push(expression);
    }
    return true;
  });
  return values;
}

/** `promise.catch(…)` and `.then(…, …)` take care of the failure themselves. */
function isHandled(callee: Expression): boolean {
  return (
    isPropertyAccessExpression(callee) &&
    (callee.name.text === "catch" ||
      (callee.name.text === "then" &&
        isCallExpression(callee.parent) &&
        callee.parent.arguments.length === 2))
  );
}
