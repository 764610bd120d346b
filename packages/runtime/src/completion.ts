/**
 * Shell completion of a command line, made from its description: commands, options, and what stands behind an option. Called
 * by a program's command `completion`; the text is for the shell to read.
 */
import { type Command, type CommandLine, type CommandOption, optionsOf } from "./command-line.ts";

export const SHELLS = ["bash", "zsh", "fish"] as const;
export type Shell = (typeof SHELLS)[number];

/** A point of the command line: the words typed so far, and what can follow them. */
interface Stage {
  readonly words: readonly string[];
  /** Words that can follow, with what they do. */
  readonly next: ReadonlyMap<string, string>;
  readonly options: readonly CommandOption[];
}

/** The script for a shell. */
export function formatCompletion(line: CommandLine, shell: Shell): string {
  const stages = stagesOf(line);
  if (shell === "bash") return bash(line.program, stages);
  return shell === "zsh" ? zsh(line.program, stages) : fish(line.program, stages);
}

/** Every command and every beginning of one, the longest first. */
function stagesOf(line: CommandLine): Stage[] {
  const beginnings = new Map<string, readonly string[]>([["", []]]);
  for (const { words } of line.commands)
    for (let length = 1; length <= words.length; length++)
      beginnings.set(words.slice(0, length).join(" "), words.slice(0, length));
  return [...beginnings.values()]
    .sort((left, right) => right.length - left.length)
    .map((words) => ({ words, next: nextWords(line, words), options: stageOptions(line, words) }));
}

function nextWords({ commands }: CommandLine, words: readonly string[]): Map<string, string> {
  const next = new Map<string, string>();
  for (const command of commands) {
    const word = command.words[words.length];
    if (word === undefined || !isBeginning(words, command)) continue;
    const isWhole = command.words.length === words.length + 1;
    if (isWhole || !next.has(word)) next.set(word, isWhole ? command.summary : "");
  }
  return next;
}

const isBeginning = (words: readonly string[], command: Command): boolean =>
  words.every((word, i) => word === command.words[i]);

function stageOptions(line: CommandLine, words: readonly string[]): readonly CommandOption[] {
  const command = line.commands.find(
    (one) => one.words.length === words.length && isBeginning(words, one),
  );
  return command === undefined ? [] : optionsOf(line, command);
}

const namesOf = ({ long, short }: CommandOption): string[] =>
  short === undefined ? [`--${long}`] : [`--${long}`, `-${short}`];

/** Options of all commands whose value is a file, and those with another value. */
function optionNames(stages: readonly Stage[], isFile: boolean): string {
  const options = stages.flatMap((stage) => stage.options);
  const names = options
    .filter(
      ({ value, candidates }) =>
        value !== undefined && candidates === undefined && (value === "FILE") === isFile,
    )
    .flatMap(namesOf);
  return [...new Set(names)].join("|") || "--";
}

/** Options with a list of values, once each. */
function listed(stages: readonly Stage[]): CommandOption[] {
  const found = new Map<string, CommandOption>();
  for (const option of stages.flatMap((stage) => stage.options))
    if (option.candidates !== undefined) found.set(option.long, option);
  return [...found.values()];
}

/** See the section "Programmable Completion" of bash(1). `--set key=` is one word to the program and two to bash. */
function bash(program: string, stages: readonly Stage[]): string {
  const cases = stages.map(
    ({ words, next, options }) =>
      `    "${[...words, ""].join(" ")}"*) words="${[...next.keys()].join(" ")}" options="${options.flatMap(namesOf).join(" ")}" ;;`,
  );
  const lists = listed(stages).map(
    ({ long, candidates = [] }) =>
      `    --${long}) compopt -o nospace; COMPREPLY=($(compgen -W "${candidates.join(" ")}" -- "$current")); return ;;`,
  );
  return `# bash completion of ${program}: source it, or install it as /usr/share/bash-completion/completions/${program}
_${program}() {
  local current="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD-1]}"
  local typed="\${COMP_WORDS[*]:1:COMP_CWORD-1}" words="" options=""
  case "\${typed:+$typed }" in
${cases.join("\n")}
  esac
  case "$previous" in
    ${optionNames(stages, true)}) COMPREPLY=($(compgen -f -- "$current")); return ;;
    ${optionNames(stages, false)}|=) COMPREPLY=(); return ;;
${lists.join("\n")}
  esac
  if [[ "$current" == -* ]]; then words="$options"; fi
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -o filenames -F _${program} ${program}
`;
}

/** See zshcompsys(1): _arguments takes the options, _describe the words. */
function zsh(program: string, stages: readonly Stage[]): string {
  const cases = stages.map(({ words, next, options }) => {
    const described = [...next].map(([word, summary]) => zshQuote(`${word}:${summary}`));
    const specs = options.map(zshOption);
    return `    "${[...words, ""].join(" ")}"*) words_next=(${described.join(" ")}); specs=(${specs.join(" ")}) ;;`;
  });
  return `#compdef ${program}
# zsh completion of ${program}: install it as _${program} in a folder of $fpath
_${program}() {
  local typed="\${(j: :)words[2,CURRENT-1]}"
  local -a words_next specs
  case "\${typed:+$typed }" in
${cases.join("\n")}
  esac
  if [[ "$PREFIX" != -* ]] && (( \${#words_next} )) && [[ "\${words[CURRENT-1]}" != -* ]]; then
    _describe command words_next
  else
    _arguments -S $specs
  fi
}
if [[ "\${funcstack[1]}" == _${program} ]]; then _${program} "$@"; else compdef _${program} ${program}; fi
`;
}

function zshOption(option: CommandOption): string {
  const names = namesOf(option);
  const text = option.summary.replace(/[[\]:\\]/g, "\\$&");
  const value =
    option.value === undefined
      ? ""
      : `:${option.value.replaceAll(":", "\\:")}:${option.value === "FILE" ? "_files" : ""}`;
  const action =
    option.candidates === undefined ? value : `:${option.value}:(${option.candidates.join(" ")})`;
  const star = option.repeats ? "*" : "";
  return names.map((name) => zshQuote(`${star}${name}[${text}]${action}`)).join(" ");
}

const zshQuote = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

/** See complete(1) of fish. */
function fish(program: string, stages: readonly Stage[]): string {
  const lines = [
    `# fish completion of ${program}: install it as ~/.config/fish/completions/${program}.fish`,
  ];
  lines.push(
    `function __${program}_at`,
    "  set -l typed (commandline -opc)",
    "  set -e typed[1]",
    "  if test (count $argv) -eq 0",
    "    string match -qr '^(-|$)' -- \"$typed\"",
    "  else",
    '    string match -q -- "$argv *" "$typed "',
    "  end",
    "end",
    `complete -c ${program} -f`,
  );
  for (const { words, next, options } of stages) {
    const condition = `-n '__${program}_at ${words.join(" ")}'`;
    const exact = `-n 'test (count (commandline -opc)) -eq ${words.length + 1}; and __${program}_at ${words.join(" ")}'`;
    for (const [word, summary] of next)
      lines.push(`complete -c ${program} ${exact} -a ${word} -d ${fishQuote(summary)}`);
    if (words.length === 0 && options.length === 0) continue;
    for (const { long, short, value, candidates, summary } of options) {
      const names = `-l ${long}${short === undefined ? "" : ` -s ${short}`}`;
      const files = value === undefined ? "" : value === "FILE" ? " -r -F" : " -x";
      const list = candidates === undefined ? "" : ` -a ${fishQuote(candidates.join(" "))}`;
      lines.push(
        `complete -c ${program} ${condition} ${names}${files}${list} -d ${fishQuote(summary)}`,
      );
    }
  }
  return `${lines.join("\n")}\n`;
}

const fishQuote = (text: string): string =>
  `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
