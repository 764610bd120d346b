/**
 * Finds the lines on which the keys and tables of a TOML text stand; the parser keeps them only for syntax errors.
 * Called by the reader, once a file has a problem to report. It follows the statements of TOML 1.0
 * (https://toml.io/en/v1.0.0) and no more: values are skipped, so a key inside an inline table has the line of the
 * key that holds the table. On a text that is not TOML it stops where it loses the thread and never throws.
 */

/** A key or table header and its line, counted from 1. */
export interface Place {
  /** `["udp", "workers"]`. */
  readonly path: readonly string[];
  readonly line: number;
  readonly isHeader: boolean;
}

/** Every statement of a TOML text in the order of the file. */
export function locateStatements(text: string): Place[] {
  return new Locator(text).run();
}

/** The line of a key, or of the nearest statement that must hold it; undefined where the file has neither. */
export function lineOfKey(places: readonly Place[], path: readonly string[]): number | undefined {
  for (let length = path.length; length > 0; length--) {
    const found = places.find(
      (place) =>
        place.path.length === length && place.path.every((part, index) => part === path[index]),
    );
    if (found) return found.line;
  }
  return undefined;
}

/** The line of the first key that a message names as `section.key`; undefined where the file sets none that it names. */
export function lineOfNamedKey(text: string, message: string): number | undefined {
  const places = locateStatements(text);
  for (const [name] of message.matchAll(/\b[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*\b/g)) {
    const found = places.find(({ path, isHeader }) => !isHeader && path.join(".") === name);
    if (found !== undefined) return found.line;
  }
  return undefined;
}

class Locator {
  readonly #text: string;
  readonly #places: Place[] = [];
  #position = 0;
  #line = 1;

  constructor(text: string) {
    this.#text = text;
  }

  run(): Place[] {
    let table: string[] = [];
    for (;;) {
      this.#skipBlank();
      if (this.#position >= this.#text.length) return this.#places;
      const line = this.#line;
      const isHeader = this.#text[this.#position] === "[";
      const bracketCount = isHeader ? (this.#text[this.#position + 1] === "[" ? 2 : 1) : 0;
      this.#position += bracketCount;
      const path = this.#readPath();
      const closed = this.#text.startsWith(
        isHeader ? "]".repeat(bracketCount) : "=",
        this.#position,
      );
      if (path.length === 0 || !closed) return this.#places;
      if (isHeader) table = path;
      this.#places.push({ path: isHeader ? path : [...table, ...path], line, isHeader });
      this.#position += isHeader ? bracketCount : 1;
      this.#skipValue();
    }
  }

  /** Moves past blanks, line ends and comments. */
  #skipBlank(): void {
    for (; this.#position < this.#text.length; this.#position++) {
      const char = this.#text[this.#position];
      if (char === "\n") this.#line++;
      else if (char === "#") this.#skipComment();
      else if (char !== " " && char !== "\t" && char !== "\r") return;
    }
  }

  /** Stops one character before the end of the line, which the caller's loop then passes. */
  #skipComment(): void {
    const end = this.#text.indexOf("\n", this.#position);
    this.#position = (end < 0 ? this.#text.length : end) - 1;
  }

  /** Reads `a . "b" . 'c'`; empty where no key stands. */
  #readPath(): string[] {
    const path: string[] = [];
    for (;;) {
      this.#skipSpaces();
      const rest = /["']|[A-Za-z0-9_-]+/y;
      rest.lastIndex = this.#position;
      const found = rest.exec(this.#text)?.[0];
      if (found === undefined) return [];
      const start = this.#position;
      if (found === '"' || found === "'") {
        this.#skipString(found);
        path.push(unquote(this.#text.slice(start, this.#position)));
      } else {
        this.#position += found.length;
        path.push(found);
      }
      this.#skipSpaces();
      if (this.#text[this.#position] !== ".") return path;
      this.#position++;
    }
  }

  #skipSpaces(): void {
    while (this.#text[this.#position] === " " || this.#text[this.#position] === "\t")
      this.#position++;
  }

  /** Moves to the end of the line on which the value at hand ends. */
  #skipValue(): void {
    let depth = 0;
    for (; this.#position < this.#text.length; this.#position++) {
      const char = this.#text[this.#position];
      if (char === "\n") {
        if (depth <= 0) return;
        this.#line++;
      } else if (char === "[" || char === "{") depth++;
      else if (char === "]" || char === "}") depth--;
      else if (char === "#") this.#skipComment();
      else if (char === '"' || char === "'") {
        this.#skipString(char);
        this.#position--;
      }
    }
  }

  /** Moves past the string that opens here, of one line or (three quotes) of several. */
  #skipString(quote: string): void {
    const fence = this.#text.startsWith(quote.repeat(3), this.#position) ? quote.repeat(3) : quote;
    this.#position += fence.length;
    while (this.#position < this.#text.length) {
      const char = this.#text[this.#position];
      if (char === "\n") {
        if (fence.length === 1) return;
        this.#line++;
      } else if (char === "\\" && quote === '"' && this.#text[this.#position + 1] !== "\n") {
        this.#position++;
      } else if (this.#text.startsWith(fence, this.#position)) {
        this.#position += fence.length;
        return;
      }
      this.#position++;
    }
  }
}

function unquote(quoted: string): string {
  const inner = quoted.slice(1, -1);
  if (quoted.startsWith("'")) return inner;
  try {
    return String(JSON.parse(quoted));
  } catch {
    return inner;
  }
}
