import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type CommandLine, formatHelp, formatUsage, parseCommandLine } from "./command-line.ts";

const line: CommandLine = {
  program: "swarmtide",
  title: "swarmtide: an open BitTorrent tracker",
  commands: [
    {
      words: [],
      summary: "run everything",
      options: [{ long: "port", value: "PORT", summary: "listen on PORT" }],
    },
    { words: ["udp"], summary: "run the UDP tracker" },
    { words: ["load-test", "udp"], summary: "put load on a UDP tracker" },
    {
      words: ["scrape"],
      summary: "ask a tracker for counts",
      operands: ["TRACKER_URL"],
      options: [{ long: "timeout", value: "SECONDS", summary: "how long to wait" }],
    },
  ],
  options: [
    { long: "config", short: "c", value: "FILE", summary: "read the configuration from FILE" },
    { long: "print-config", short: "p", summary: "print the default configuration" },
  ],
};

const parse = (...args: string[]) => parseCommandLine(line, args);

/** The words, options and operands of an invocation that runs. */
function running(...args: string[]) {
  const invocation = parse(...args);
  assert.equal(invocation.kind, "run", JSON.stringify(invocation));
  if (invocation.kind !== "run") return undefined;
  const { command, given } = invocation;
  return [command.words.join(" "), Object.fromEntries(given.values), given.operands];
}

const mistakeOf = (...args: string[]) => {
  const invocation = parse(...args);
  return invocation.kind === "mistake" ? invocation.message : invocation.kind;
};

test("without arguments the command without words runs", () => {
  assert.deepEqual(running(), ["", {}, []]);
});

test("the value of an option stands behind it or behind an equals sign", () => {
  assert.deepEqual(running("-c", "a.toml"), ["", { config: "a.toml" }, []]);
  assert.deepEqual(running("udp", "--config", "a=b"), ["udp", { config: "a=b" }, []]);
  assert.deepEqual(running("udp", "--config=a=b", "-p"), [
    "udp",
    { config: "a=b", "print-config": "" },
    [],
  ]);
});

test("commands may have several words, operands and options of their own", () => {
  assert.deepEqual(running("load-test", "udp"), ["load-test udp", {}, []]);
  assert.deepEqual(running("scrape", "--timeout", "3", "--", "-x"), [
    "scrape",
    { timeout: "3" },
    ["-x"],
  ]);
});

test("help wins over everything, version over what is left", () => {
  assert.deepEqual(parse("-h"), { kind: "help", command: undefined });
  assert.deepEqual(parse("udp", "--bogus", "-v", "--help"), {
    kind: "help",
    command: line.commands[1],
  });
  assert.deepEqual(parse("-v", "-p"), { kind: "version" });
  assert.deepEqual(parse("udp", "--version"), { kind: "version" });
});

test("what is not understood is a mistake with a suggestion", () => {
  assert.equal(mistakeOf("--confg", "x"), '"--confg" is not an option; did you mean --config?');
  assert.equal(mistakeOf("-x"), '"-x" is not an option');
  assert.equal(mistakeOf("upd"), '"upd" is not a command; did you mean "udp"?');
  assert.equal(mistakeOf("-c"), "-c needs a FILE");
  assert.equal(mistakeOf("--config="), "--config needs a FILE");
  assert.equal(mistakeOf("-c", "a", "-c", "b"), "--config is given twice");
  assert.equal(mistakeOf("-p=x"), '"-p=x" is not an option');
  assert.equal(mistakeOf("--print-config=x"), "--print-config takes no value");
  assert.equal(mistakeOf("udp", "extra"), '"extra" is not expected behind "udp"');
  assert.equal(mistakeOf("scrape"), "TRACKER_URL is missing");
  assert.equal(mistakeOf("scrape", "a", "b"), '"b" is not expected behind "scrape"');
  assert.equal(mistakeOf(""), '"" is not a command');
  assert.equal(
    mistakeOf("load-test"),
    '"load-test" is not a command; did you mean "load-test udp"?',
  );
});

test("a program without a wordless command asks for one", () => {
  const strict = { ...line, commands: line.commands.slice(1) };
  assert.deepEqual(parseCommandLine(strict, []), {
    kind: "mistake",
    message: "a command is missing",
  });
  assert.deepEqual(parseCommandLine(strict, ["-h"]), { kind: "help", command: undefined });
  assert.deepEqual(parseCommandLine(strict, ["-v"]), { kind: "version" });
  const mistake = parseCommandLine(strict, ["--bogus"]);
  assert.equal(mistake.kind, "mistake");
});

test("no arguments make the parser throw", () => {
  const words = ["", "-", "--", "-c", "-p", "-h", "--config", "--config=", "udp", "load-test", "x"];
  fc.assert(
    fc.property(fc.array(fc.oneof(fc.constantFrom(...words), fc.string())), (args) => {
      assert.match(parseCommandLine(line, args).kind, /^(help|version|run|mistake)$/);
    }),
    { numRuns: 2000 },
  );
});

test("the help names every command, and what may be given without one", () => {
  assert.equal(
    formatHelp(line),
    `swarmtide: an open BitTorrent tracker

Usage: swarmtide [COMMAND] [OPTIONS]

Commands:
  (none)         run everything
  udp            run the UDP tracker
  load-test udp  put load on a UDP tracker
  scrape         ask a tracker for counts

Options:
      --port PORT     listen on PORT
  -c, --config FILE   read the configuration from FILE
  -p, --print-config  print the default configuration
  -v, --version       print the version
  -h, --help          print this help
`,
  );
  assert.match(formatHelp(line, line.commands[3]), /^.*: ask a tracker for counts\n/);
  assert.equal(
    formatUsage(line, line.commands[3]),
    "Usage: swarmtide scrape [OPTIONS] TRACKER_URL",
  );
});
