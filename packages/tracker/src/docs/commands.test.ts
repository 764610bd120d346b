/** Every command that the pages name exists: npm scripts, compiled modules, files of the repository, and `swarmtide …`. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { parseCommandLine } from "@swarmtide/runtime";
import { commandLine } from "../command-line.ts";
import { ConfigSource } from "../config-source.ts";
import {
  type Piece,
  placeOf,
  REPOSITORY,
  repositoryFiles,
  repositoryPages,
} from "../testing/repository-pages.ts";

const pages = repositoryPages();
const files = new Set(repositoryFiles());

/** Commands in blocks, a line each without its prompt, and inline. */
function commandsOfPages(): (Piece & { readonly isInline: boolean })[] {
  return pages.flatMap(({ blocks, inlineCode }) => [
    ...inlineCode.map((piece) => ({ ...piece, isInline: true })),
    ...blocks.flatMap(({ page, line, text }) =>
      text
        .replace(/\\\n */g, " ")
        .split("\n")
        .map((row, at) => ({
          ...{ page, line: line + at, isInline: false },
          text: row.replace(/^\$ /, ""),
        })),
    ),
  ]);
}

/** `npx swarmtide announce 'a b' # comment` → `announce`, `a b`; undefined for other commands. */
function wordsBehindSwarmtide(text: string): string[] | undefined {
  const [, rest] =
    /(?:^|&& |<\(|sudo |exec )(?:npx |node_modules\/\.bin\/|\/usr\/bin\/)?swarmtide(?= |$)(.*)$/.exec(
      text,
    ) ?? [];
  if (rest === undefined) return undefined;
  const [command = ""] = rest.split(/ #| [|>&]|\)$/);
  return [...command.matchAll(/'([^']*)'|"([^"]*)"|(\S+)/g)].map(
    ([, single, double, bare]) => single ?? double ?? bare ?? "",
  );
}

test("every `npm run` of the pages is a script of the package", () => {
  const scripts = (folder: string) =>
    Object.keys(
      JSON.parse(readFileSync(`${REPOSITORY}/${folder}package.json`, "utf8")).scripts ?? {},
    );
  const unknown: string[] = [];
  let count = 0;
  for (const command of commandsOfPages()) {
    for (const [, options = "", script = "", rest = ""] of command.text.matchAll(
      /\bnpm run ((?:--?\S+ )*)([\w:]+)(.*)/g,
    )) {
      count++;
      const [, room] = /-w (\S+)/.exec(options + rest) ?? [];
      if (!scripts(room === undefined ? "" : `${room}/`).includes(script))
        unknown.push(`${placeOf(command)}: npm run ${script}`);
    }
  }
  assert.deepEqual(unknown, []);
  assert.ok(count > 30, `only ${count} were found`);
});

test("every file of the repository that the pages name in code is there", () => {
  const missing: string[] = [];
  let count = 0;
  for (const command of commandsOfPages()) {
    for (const [path] of command.text.matchAll(
      /(?<![\w./-])(?:packages|tools|docs|examples|packaging|\.ci)\/[\w./-]+\w/g,
    )) {
      count++;
      const source = path.replace("/dist/", "/src/").replace(/(?<=\/src\/.*)\.js$/, ".ts");
      const isThere = [...files].some((file) => file === source || file.startsWith(`${source}/`));
      if (!isThere && !path.endsWith("/dist")) missing.push(`${placeOf(command)}: ${path}`);
    }
  }
  assert.deepEqual(missing, []);
  assert.ok(count > 50, `only ${count} were found`);
});

test("every command line of swarmtide in the pages is understood, and its settings are keys", () => {
  const mistaken: string[] = [];
  let count = 0;
  for (const command of commandsOfPages()) {
    const words = wordsBehindSwarmtide(command.text);
    if (words === undefined || words.some((word) => /^\[[A-Z]/.test(word))) continue;
    count++;
    const invocation = parseCommandLine(commandLine, words);
    // In a sentence a command is often named without its arguments.
    const isName = command.isInline && words.every((word) => /^[a-z-]+$/.test(word));
    if (invocation.kind === "mistake" && !(isName && / is missing/.test(invocation.message)))
      mistaken.push(`${placeOf(command)}: ${command.text}: ${invocation.message}`);
    if (invocation.kind === "run" && invocation.command.takesConfig !== false) {
      try {
        // The file is the operator's.
        const values = new Map(invocation.given.values);
        values.delete("config");
        new ConfigSource(invocation.command, { ...invocation.given, values }, {}).read();
      } catch (error) {
        mistaken.push(`${placeOf(command)}: ${command.text}: ${error}`);
      }
    }
  }
  assert.deepEqual(mistaken, []);
  assert.ok(count > 30, `only ${count} were found`);
});
