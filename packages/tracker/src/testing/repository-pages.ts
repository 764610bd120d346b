/**
 * The Markdown pages of the repository as the tests of `docs/` read them: lines, links, headings and code. It knows as much of
 * Markdown as the pages use: fenced blocks, inline code, links, pictures, `#` headings, and `<a>` and `<img>`.
 */
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** The root of the repository, without a slash at its end. */
export const REPOSITORY: string = fileURLToPath(new URL("../../../../", import.meta.url)).replace(
  /[/\\]$/,
  "",
);

/** A piece of a page and where it stands. */
export interface Piece {
  readonly page: string;
  /** Counted from 1. */
  readonly line: number;
  readonly text: string;
}

/** A fenced block: its language ("" without one) and its first line of code. */
export interface CodeBlock extends Piece {
  readonly language: string;
}

export interface InlineCode extends Piece {
  /** It begins a row of a table. */
  readonly isFirstCell: boolean;
}

export interface Page {
  /** Relative to the root. */
  readonly path: string;
  readonly blocks: readonly CodeBlock[];
  /** Without the backticks. */
  readonly inlineCode: readonly InlineCode[];
  /** Targets of links and sources of pictures. */
  readonly links: readonly Piece[];
  /** What `#…` may name. */
  readonly anchors: ReadonlySet<string>;
}

/** `docs/http.md:17`, for the list of what is wrong. */
export const placeOf = ({ page, line }: Piece): string => `${page}:${line}`;

/** What installs, builds and Git leave in the tree. */
const NOT_OURS: ReadonlySet<string> = new Set(["node_modules", "dist", ".git"]);

/** Every file of the repository, relative to its root. */
export const repositoryFiles = (folder = ""): string[] =>
  readdirSync(`${REPOSITORY}/${folder}`, { withFileTypes: true }).flatMap((entry) => {
    const path = `${folder}${entry.name}`;
    if (NOT_OURS.has(entry.name)) return [];
    return entry.isDirectory() ? repositoryFiles(`${path}/`) : [path];
  });

/** All pages, parsed. */
export const repositoryPages = (): Page[] =>
  repositoryFiles()
    .filter((path) => path.endsWith(".md"))
    .map((path) => parsePage(path, readFileSync(`${REPOSITORY}/${path}`, "utf8")));

/** What GitHub makes of a heading: lower case, no punctuation, spaces as dashes. */
const slug = (heading: string): string =>
  heading
    .replace(/\[([^\]]*)\]\([^)]*\)/g, "$1")
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, "")
    .trim()
    .replace(/\s/g, "-");

export function parsePage(path: string, text: string): Page {
  const blocks: CodeBlock[] = [];
  const inlineCode: InlineCode[] = [];
  const links: Piece[] = [];
  const anchors = new Set<string>();
  const addAnchor = (wanted: string) => {
    let anchor = wanted;
    for (let again = 1; anchors.has(anchor); again++) anchor = `${wanted}-${again}`;
    anchors.add(anchor);
  };
  let fence: { language: string; line: number; code: string[] } | undefined;
  for (const [index, row] of text.split("\n").entries()) {
    const line = index + 1;
    const [, opened] = /^\s*```(\S*)/.exec(row) ?? [];
    if (opened !== undefined && fence === undefined) {
      fence = { language: opened, line: line + 1, code: [] };
    } else if (opened !== undefined && fence !== undefined) {
      const { language, line, code } = fence;
      blocks.push({ page: path, line, text: code.join("\n"), language });
      fence = undefined;
    } else if (fence !== undefined) {
      fence.code.push(row);
    } else {
      const [, heading] = /^#{1,6} (.*)$/.exec(row) ?? [];
      if (heading !== undefined) addAnchor(slug(heading));
      for (const { 1: code = "", index: at } of row.matchAll(/`([^`]+)`/g))
        inlineCode.push({
          ...{ page: path, line, text: code },
          isFirstCell: row.slice(0, at) === "| ",
        });
      const prose = row.replace(/`[^`]*`/g, "");
      for (const [, target, source = ""] of prose.matchAll(
        /\]\(([^)\s]+)\)|\b(?:src|href)="([^"]+)"/g,
      ))
        links.push({ page: path, line, text: target ?? source });
    }
  }
  return { path, blocks, inlineCode, links, anchors };
}
