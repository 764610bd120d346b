import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  boolean,
  choice,
  integer,
  list,
  optionalSocketAddress,
  path,
  socketAddress,
  text,
} from "./keys.ts";
import { camelCase } from "./layers.ts";
import { printConfigDocs, printDefaultConfig } from "./print.ts";
import { defaultConfig, readConfig } from "./read.ts";
import { type Entries, type KeySchema, section } from "./schema.ts";

const schema = section("A tracker.\n\nEvery key may be left out.", {
  log_level: choice({
    default: "info",
    choices: ["off", "info"],
    reload: true,
    doc: "How much is logged.",
  }),
  udp: section("The UDP tracker.", {
    workers: integer({
      default: 1,
      min: 0,
      max: 8,
      doc: "Threads that answer requests. More than one is worth it from about two hundred thousand requests a second on; 0 takes one for each core.",
    }),
    address: socketAddress({ default: { host: "::", port: 3000 }, family: 6, doc: "Where | to." }),
  }),
});

test("the default file is commented, wrapped and in the order of the schema", () => {
  assert.equal(
    printDefaultConfig(schema),
    `# A tracker.
#
# Every key may be left out.

# How much is logged.
# One of "off", "info".
log_level = "info"


# The UDP tracker.
[udp]

# Threads that answer requests. More than one is worth it from about two hundred thousand requests a
# second on; 0 takes one for each core.
# A whole number from 0 to 8.
workers = 1

# Where | to.
# An IPv6 address and port such as "[::]:3000".
address = "[::]:3000"
`,
  );
});

test("the docs page has a table for the head and for each section", () => {
  assert.equal(
    printConfigDocs(schema, "Configuration"),
    `# Configuration

A tracker.

Every key may be left out.

| key | default | allowed | reload | meaning |
|---|---|---|---|---|
| \`log_level\` | \`"info"\` | one of "off", "info" | yes | How much is logged. |

## [udp]

The UDP tracker.

| key | default | allowed | reload | meaning |
|---|---|---|---|---|
| \`workers\` | \`1\` | a whole number from 0 to 8 |  | Threads that answer requests. More than one is worth it from about two hundred thousand requests a second on; 0 takes one for each core. |
| \`address\` | \`"[::]:3000"\` | an IPv6 address and port such as "[::]:3000" |  | Where \\| to. |
`,
  );
});

const doc = fc.string({ unit: "grapheme", maxLength: 300 });
const anyText = fc.string({ unit: "binary", maxLength: 20 });
const port = fc.integer({ min: 0, max: 65535 });
const whole = fc.integer({ min: -1e9, max: 1e9 });

const anyKey: fc.Arbitrary<KeySchema<unknown>> = fc.oneof(
  fc.record({ default: fc.boolean(), doc }).map((options) => boolean(options)),
  fc.tuple(fc.tuple(whole, whole, whole), doc).map(([numbers, doc]) => {
    const [min, middle, max] = numbers.sort((left, right) => left - right);
    return integer({ default: middle, min, max, doc });
  }),
  fc.tuple(anyText, doc).map(([value, doc]) => text({ default: value, doc })),
  fc.tuple(anyText, doc).map(([value, doc]) => choice({ default: value, choices: [value], doc })),
  fc
    .tuple(anyText, doc)
    .map(([value, doc]) => path({ default: value.replaceAll("\0", ""), optional: true, doc })),
  fc
    .tuple(fc.ipV4(), port, doc)
    .map(([host, port, doc]) => socketAddress({ default: { host, port }, family: "any", doc })),
  fc
    .tuple(fc.option(fc.ipV6(), { nil: undefined }), port, doc)
    .map(([host, port, doc]) =>
      optionalSocketAddress({ default: host ? { host, port } : undefined, family: 6, doc }),
    ),
  fc
    .tuple(fc.array(anyText, { maxLength: 4 }), doc)
    .map(([values, doc]) => list({ default: values, of: text({ default: "", doc: "" }), doc })),
);

const name = fc.stringMatching(/^[a-z][a-z0-9]{0,4}(_[a-z0-9]{1,4}){0,2}$/);
/** Names whose camelCase twins differ, as a written schema would have them. */
const uniquely = <T>(value: fc.Arbitrary<T>) =>
  fc
    .uniqueArray(fc.tuple(name, value), { maxLength: 6, selector: ([key]) => camelCase(key) })
    .map((pairs) => Object.fromEntries(pairs));

const anySection = fc.tuple(doc, uniquely(anyKey)).map(([doc, keys]) => section(doc, keys));
const anySchema = fc
  .tuple(doc, uniquely<Entries[string]>(fc.oneof(anyKey, anySection)))
  .map(([doc, entries]) => section(doc, entries));

test("the printed default of any schema reads back as the defaults", () => {
  fc.assert(
    fc.property(anySchema, (schema) => {
      const printed = printDefaultConfig(schema);
      assert.deepEqual(readConfig(schema, printed, "p.toml"), defaultConfig(schema));
    }),
    { numRuns: 300 },
  );
});
