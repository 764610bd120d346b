/**
 * Prints a schema: as a commented TOML file (`--print-config`) and as the documentation page of the keys. Called by
 * the command line and by the script that writes `docs/`.
 */
import type { Entries, KeySchema, SectionSchema } from "./schema.ts";

const COMMENT_CHARS_MAX = 100;

/** The commented TOML file that holds every default. Reading it gives the defaults. */
export function printDefaultConfig(schema: SectionSchema<Entries>): string {
  const blocks = [comment(schema.doc), ...printKeys(schema)];
  for (const [name, entry] of Object.entries(schema.entries)) {
    if (entry.kind !== "section") continue;
    blocks.push(`\n${comment(entry.doc)}\n[${name}]`);
    blocks.push(...printKeys(entry));
  }
  return `${blocks.join("\n\n")}\n`;
}

function printKeys(schema: SectionSchema<Entries>): string[] {
  return Object.entries(schema.entries).flatMap(([name, entry]) => {
    if (entry.kind !== "key") return [];
    const lines = [comment(entry.doc), comment(`${capitalized(entry.expected)}.`)];
    return [`${lines.join("\n")}\n${name} = ${entry.print(entry.default)}`];
  });
}

/** The Markdown page of all keys, one heading and one table a section. `title` is its first heading. */
export function printConfigDocs(schema: SectionSchema<Entries>, title: string): string {
  const parts = [`# ${title}`, schema.doc.trim(), docsTable(schema)];
  for (const [name, entry] of Object.entries(schema.entries))
    if (entry.kind === "section") parts.push(`## [${name}]`, entry.doc.trim(), docsTable(entry));
  return `${parts.filter((part) => part !== "").join("\n\n")}\n`;
}

function docsTable(schema: SectionSchema<Entries>): string {
  const rows = Object.entries(schema.entries).flatMap(([name, entry]) =>
    entry.kind === "key" ? [docsRow(name, entry)] : [],
  );
  if (rows.length === 0) return "";
  return ["| key | default | allowed | reload | meaning |", "|---|---|---|---|---|", ...rows].join(
    "\n",
  );
}

function docsRow(name: string, entry: KeySchema<unknown>): string {
  const cells = [
    `\`${name}\``,
    `\`${entry.print(entry.default)}\``,
    entry.expected,
    entry.reload ? "yes" : "",
    entry.doc,
  ];
  return `| ${cells.map((cell) => cell.replaceAll("|", "\\|").replace(/\s+/g, " ")).join(" | ")} |`;
}

const capitalized = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

/** Wraps a text into `# ` lines; an empty line of the text separates paragraphs. */
function comment(text: string): string {
  const lines: string[] = [];
  for (const paragraph of text.trim().split("\n")) {
    let line = "#";
    for (const word of paragraph.split(/[\s\p{Cc}]+/u)) {
      if (word === "") continue;
      if (line.length + 1 + word.length > COMMENT_CHARS_MAX && line !== "#") {
        lines.push(line);
        line = "#";
      }
      line += ` ${word}`;
    }
    lines.push(line);
  }
  return lines.join("\n");
}
