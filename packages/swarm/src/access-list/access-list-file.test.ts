import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { AccessListError, AccessListParser } from "./access-list-file.ts";

const A = "0123456789abcdef0123456789abcdef01234567";
const B = "FEDCBA9876543210fedcba9876543210FEDCBA98";

const parseAccessList = (file: Uint8Array): Uint8Array => {
  const parser = new AccessListParser(file.length);
  parser.add(file);
  return parser.finish();
};

const parsed = (text: string) =>
  Buffer.from(parseAccessList(Buffer.from(text)))
    .toString("hex")
    .match(/.{40}/g) ?? [];

const errorOf = (file: string | Uint8Array): AccessListError => {
  try {
    parseAccessList(typeof file === "string" ? Buffer.from(file) : file);
  } catch (error) {
    assert.ok(error instanceof AccessListError);
    return error;
  }
  assert.fail("no error");
};

test("one info hash a line, in either case, with or without a last line feed", () => {
  assert.deepEqual(parsed(`${A}\n${B}\n`), [A, B.toLowerCase()]);
  assert.deepEqual(parsed(`${A}\n${B}`), [A, B.toLowerCase()]);
  assert.deepEqual(parsed(`${A}\n${A}\n`), [A, A]);
});

test("blanks, blank lines, comments, CRLF and a byte order mark are not entries", () => {
  for (const empty of [
    "",
    "\n",
    "\r\n\r\n",
    "   ",
    "\t\n \n",
    "#",
    "# x\n",
    "#\n#",
    "  # x",
    "\ufeff",
  ])
    assert.deepEqual(parsed(empty), [], JSON.stringify(empty));
  assert.deepEqual(parsed(`\ufeff# mine\r\n\r\n \t${A} \t# first\r\n${B}#second\r\n# ${B}\r\n`), [
    A,
    B.toLowerCase(),
  ]);
});

test("a bad line fails the file, and the error tells line, content and what is wanted", () => {
  const error = errorOf(`# list\n\n${A}\n  zz  \n`);
  assert.equal(error.line, 4);
  assert.equal(error.value, "zz");
  assert.equal(error.message, 'line 4: "zz" is not an info hash; expected 40 hexadecimal digits');
  const bad = [
    ...[
      A.slice(1),
      `${A}0`,
      `${A}${B}`,
      `${A} ${B}`,
      `${A},`,
      `0x${A}`,
      `${A.slice(0, 39)}g`,
      `${A}x # y`,
    ],
    ...[
      `${A.slice(0, 20)} ${A.slice(20)}`,
      `"${A}"`,
      `\0${A}`,
      `${A}\0`,
      `-${A}`,
      `; ${A}`,
      `${A.slice(0, 39)}#`,
    ],
  ];
  for (const line of bad)
    for (const end of ["", "\n", "\r\n", `\n${B}\n`]) {
      assert.equal(errorOf(line + end).line, 1, line);
      assert.equal(errorOf(`${A}\n#\n${line}${end}`).line, 3, line);
    }
});

test("every truncation within the last line of a list is an error, none is taken for a shorter list", () => {
  const file = `${A}\n${B}\n`;
  for (let length = 42; length < 81; length++) assert.equal(errorOf(file.slice(0, length)).line, 2);
});

test("a version 2 info hash gets a hint", () => {
  assert.match(errorOf(A + A.slice(0, 24)).message, /version 2 info hash: keep the first 40/);
});

test("what an error shows of a line is short and cannot forge log lines", () => {
  const { value } = errorOf(`\u001b[31m"x\u0085${"y".repeat(100_000)}\nsecond`);
  assert.ok(value.length < 100);
  assert.match(value, /^\\u001b\[31m\\"x\?y+…$/);
  assert.equal(errorOf(Uint8Array.of(0xff, 0xfe, 0x0a)).value, "\ufffd\ufffd");
});

test("any mixture of good lines is read in order", () => {
  const blank = fc.constantFrom("", " ", "\t ", "  ");
  const hash = fc.uint8Array({ minLength: 20, maxLength: 20 });
  const entry = fc.record({
    hash,
    before: blank,
    after: blank,
    upper: fc.boolean(),
    comment: fc.boolean(),
  });
  const line = fc.oneof(entry, fc.constantFrom("", "# note", " \t"));
  fc.assert(
    fc.property(fc.array(line, { maxLength: 40 }), fc.constantFrom("\n", "\r\n"), (lines, end) => {
      const wanted: string[] = [];
      const texts = lines.map((one) => {
        if (typeof one === "string") return one;
        const hex = Buffer.from(one.hash).toString("hex");
        wanted.push(hex);
        const shown = one.upper ? hex.toUpperCase() : hex;
        return one.before + shown + one.after + (one.comment ? "# x" : "");
      });
      assert.deepEqual(parsed(texts.join(end)), wanted);
    }),
  );
});

test("random bytes are a list or an AccessListError, nothing else", () => {
  const piece = fc.constantFrom(A, B, A.slice(0, 20), "\n", "\r\n", "#", " ", "\0", "é", "0");
  const text = fc.array(piece, { maxLength: 12 }).map((pieces) => Buffer.from(pieces.join("")));
  fc.assert(
    fc.property(fc.oneof(text, fc.uint8Array({ maxLength: 100 })), (file) => {
      try {
        const hashes = parseAccessList(file);
        assert.equal(hashes.length % 20, 0);
        const pattern =
          /^\ufeff?(?:[ \t\r\v\f]*(?:[0-9a-fA-F]{40}[ \t\r\v\f]*)?(?:#[^\n]*)?(?:\n|$))*$/;
        assert.match(Buffer.from(file).toString(), pattern);
      } catch (error) {
        if (!(error instanceof AccessListError)) throw error;
        assert.ok(error.line >= 1);
      }
    }),
    { numRuns: 3000 },
  );
});

test("a list is read the same whole and in pieces, wherever they are cut", () => {
  const lines = fc.array(fc.constantFrom(A, B, "", "# note", ` ${A} # x`, "zz"), { maxLength: 8 });
  const outcome = (read: () => Uint8Array) => {
    try {
      return Buffer.from(read()).toString("hex");
    } catch (error) {
      assert.ok(error instanceof AccessListError);
      return error.message;
    }
  };
  fc.assert(
    fc.property(
      lines,
      fc.array(fc.integer({ min: 1, max: 60 })),
      fc.nat(400),
      (all, cuts, size) => {
        const file = Buffer.from(`\ufeff${all.join("\n")}`);
        const inPieces = outcome(() => {
          const parser = new AccessListParser(size);
          let at = 0;
          for (const length of cuts) {
            parser.add(file.subarray(at, at + length));
            at += length;
          }
          parser.add(file.subarray(at));
          return parser.finish();
        });
        assert.equal(
          inPieces,
          outcome(() => parseAccessList(file)),
        );
      },
    ),
  );
});
