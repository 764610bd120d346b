/**
 * Writes values in place of the names of constants, in the text of one built module. Pure; called by fold-constants.ts.
 *
 * | before               | after                                   |
 * |----------------------|-----------------------------------------|
 * | `at + SLOT_WORDS`    | `at + 2 /* SLOT_WORDS *` + `/`          |
 * | `slot < REFUSAL_MIN` | `slot < (-2 /* REFUSAL_MIN *` + `/)`    |
 *
 * The name stays as a comment, so that folding again finds it, with another value if it has changed.
 */
const FOLDED = /\(-\d+ \/\* ([A-Za-z_$][\w$]*) \*\/\)|\d+ \/\* ([A-Za-z_$][\w$]*) \*\//g;

/** What is passed over: comments, strings, imports, exports, the name of a declaration; then names. */
const PART =
  /\/\*[\s\S]*?\*\/|\/\/[^\n]*|"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|`(?:[^`\\]|\\.)*`|^(?:import|export) \{[^}]*\}|^(?:export )?(?:const|let|function|class) [\w$]+|[\w$.]*[\w$]/gm;

/** The text with every constant's value, whatever values it was folded with before. */
export function foldConstants(text: string, values: ReadonlyMap<string, number>): string {
  const plain = text.replace(FOLDED, (_, negative, positive) => negative ?? positive);
  return plain.replace(PART, (part, at: number) => {
    const value = values.get(part);
    if (value === undefined || isKey(plain, at, at + part.length)) return part;
    return value < 0 ? `(${value} /* ${part} */)` : `${value} /* ${part} */`;
  });
}

/** Whether the name is a key, in an object or as a property. */
function isKey(text: string, start: number, end: number): boolean {
  if (text[end] === ":") return !text.slice(0, start).endsWith("case ");
  return text[start - 1] === "." || /^\s*\}/.test(text.slice(end, end + 80));
}
