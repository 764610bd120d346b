/**
 * What one key above the sections says in a configuration that cannot be read as a whole, so that a program can write the
 * error as its log would be written. Called on the main thread once reading has failed; throws nothing.
 */
import type { Setting } from "./layers.ts";
import { readOperatorFile } from "./operator-file.ts";
import { parseTomlValue } from "./parse-toml.ts";
import { FILE_BYTES_MAX } from "./read-file.ts";
import type { KeySchema } from "./schema.ts";

/** Settings count before the file, as they do where everything can be read; where neither has a proper value, the default. */
export function salvageKey<T>(
  key: KeySchema<T>,
  name: string,
  filePath: string | undefined,
  settings: readonly Setting[],
): T {
  const texts = settings.flatMap(({ path, text }) =>
    path.length === 1 && path[0] === name ? [text] : [],
  );
  if (filePath !== undefined) texts.unshift(...textsInFile(filePath, name));
  for (const text of texts.reverse()) {
    const accepted = key.accept(parseTomlValue(text)) ?? key.accept(text);
    if (accepted !== undefined) return accepted.value;
  }
  return key.default;
}

/** What stands behind `name =` above the first section, line by line, whatever else is wrong with the file. */
function textsInFile(filePath: string, name: string): string[] {
  let text: string;
  try {
    text = readOperatorFile(filePath, FILE_BYTES_MAX).toString();
  } catch {
    return [];
  }
  const [head = ""] = text.replace(/^\uFEFF/, "").split(/^[ \t]*\[/m, 1);
  return head.split(/\r?\n/).flatMap((line) => {
    const equals = line.indexOf("=");
    const isNamed =
      equals > 0 &&
      line
        .slice(0, equals)
        .trim()
        .replace(/^"(.*)"$/, "$1") === name;
    return isNamed ? [line.slice(equals + 1)] : [];
  });
}
