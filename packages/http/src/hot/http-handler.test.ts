import assert from "node:assert/strict";
import { test } from "node:test";
import { asciiBytes, latin1Text } from "@swarmtide/http-protocol";
import { announceTarget, httpGet } from "@swarmtide/test-kit";
import fc from "fast-check";
import { HEALTH_CHECKS, RESPONSES_BY_STATUS, UPGRADES } from "../counters.ts";
import { ask, type Fixture, makeFixture, peerAt, readAnswers } from "../testing/tracker-fixture.ts";
import { OUTCOME_CLOSES, OUTCOME_FULL, OUTCOME_UPGRADES, OUTCOME_WAITS } from "./http-handler.ts";

function responses(fixture: Fixture, status: number): number {
  const column = RESPONSES_BY_STATUS[status];
  return column === undefined
    ? assert.fail(`${status} is not counted`)
    : fixture.counters.sum(column);
}

test("a golden announce and its whole answer, byte by byte", () => {
  const fixture = makeFixture();
  ask(fixture, httpGet(announceTarget("a", 0x6162, "&left=0")), "65.66.67.68");
  const [answer] = ask(
    fixture,
    httpGet(announceTarget("a", 1, "&left=5&trackerid=x")),
    "192.0.2.1",
  );
  assert.equal(
    answer.head,
    "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length:     133\r\n\r\n",
  );
  assert.equal(
    answer.text,
    "d8:completei1e10:downloadedi0e11:external ip4:\xc0\x00\x02\x0110:incompletei1e8:intervali900e" +
      "12:min intervali300e5:peers6:ABCDab10:tracker id1:xe",
  );
  assert.equal(answer.body.length, 133);
});

test("/health answers 200, other paths 404, other methods 405 with Allow, and the connection goes on", () => {
  const fixture = makeFixture();
  const answers = ask(
    fixture,
    httpGet("/health") +
      httpGet("/stats") +
      "DELETE /announce HTTP/1.1\r\nHost: t\r\n\r\n" +
      "OPTIONS * HTTP/1.1\r\nHost: t\r\n\r\n" +
      httpGet("http://tracker.example/health?x"),
  );
  assert.deepEqual(
    answers.map(({ status }) => status),
    [200, 404, 405, 405, 200],
  );
  assert.ok(answers.every(({ keepAlive, head }) => keepAlive && !head.includes("Connection")));
  assert.ok(answers.every(({ text }) => /^[^\n]+\n$/.test(text)));
  assert.match(answers[2].head, /\r\nAllow: GET, HEAD\r\n/);
  assert.equal(fixture.handler.outcome, OUTCOME_WAITS);
  const { counters } = fixture;
  assert.equal(counters.sum(HEALTH_CHECKS), 2);
  assert.deepEqual([responses(fixture, 404), responses(fixture, 405)], [1, 2]);
});

test("a request with a body is refused and the connection closed, whatever its method", () => {
  for (const [method, status] of [
    ["GET", 413],
    ["HEAD", 413],
    ["POST", 405],
  ] as const)
    for (const length of ["Content-Length: 3", "Transfer-Encoding: chunked"]) {
      const fixture = makeFixture();
      const text = `${method} /announce HTTP/1.1\r\nHost: t\r\n${length}\r\n\r\nabc${httpGet("/health")}`;
      const answers = ask(fixture, text, "192.0.2.1", method === "HEAD");
      assert.deepEqual(
        answers.map((answer) => answer.status),
        [status],
      );
      assert.equal(answers[0].keepAlive, false);
      assert.equal(fixture.handler.outcome, OUTCOME_CLOSES);
      assert.equal(responses(fixture, status), 1);
    }
});

test("what is not proper HTTP gets its status and one line, and the connection closes", () => {
  const cases: [text: string, status: number][] = [
    ["hello\r\n\r\n", 400],
    ["GET / HTTP/1.1\r\n\r\n", 400],
    [httpGet("/announce?a=%zz"), 400],
    [httpGet("/", "Content-Length: 1", "Content-Length: 1"), 400],
    [httpGet(`/${"a".repeat(9000)}`), 414],
    [httpGet("/", `A: ${"a".repeat(9000)}`), 431],
    [httpGet("/", ...Array(70).fill("A: b")), 431],
    ["PRI * HTTP/2.0\r\n\r\n", 505],
  ];
  for (const [text, status] of cases) {
    const fixture = makeFixture();
    const answers = ask(fixture, httpGet("/health") + text + httpGet("/health"));
    assert.deepEqual(
      answers.map((answer) => answer.status),
      [200, status],
    );
    assert.equal(answers[1].keepAlive, false);
    assert.match(answers[1].text, /^[^\n]+\n$/);
    assert.equal(fixture.handler.outcome, OUTCOME_CLOSES);
    assert.equal(responses(fixture, status), 1);
  }
});

test("HEAD gets the head of GET and no body", () => {
  const fixture = makeFixture();
  for (const target of ["/health", "/nothing", "/scrape", announceTarget("a", 1)]) {
    const [whole] = ask(fixture, httpGet(target));
    const [head] = ask(fixture, httpGet(target).replace("GET", "HEAD"), "192.0.2.1", true);
    assert.equal(head.head, whole.head, target);
    assert.equal(head.body.length, 0);
  }
});

test("HTTP/1.0 closes unless it asks to stay, and is told so", () => {
  const fixture = makeFixture();
  const [closing] = ask(fixture, "GET /health HTTP/1.0\r\n\r\n");
  assert.equal(fixture.handler.outcome, OUTCOME_CLOSES);
  assert.match(closing.head, /Connection: close/);
  const [staying] = ask(fixture, "GET /health HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  assert.equal(fixture.handler.outcome, OUTCOME_WAITS);
  assert.match(staying.head, /Connection: keep-alive/);
});

test("Connection: close is obeyed and what follows is not answered", () => {
  const fixture = makeFixture();
  const answers = ask(fixture, httpGet("/health", "Connection: close") + httpGet("/health"));
  assert.equal(answers.length, 1);
  assert.equal(fixture.handler.outcome, OUTCOME_CLOSES);
});

test("a closing connection lingers where the other end may still be sending", () => {
  const lingers = (text: string) => {
    const fixture = makeFixture();
    ask(fixture, text);
    assert.equal(fixture.handler.outcome, OUTCOME_CLOSES);
    return fixture.handler.lingers;
  };
  assert.equal(lingers(httpGet("/health", "Connection: close")), false);
  assert.equal(lingers(httpGet("/health", "Connection: close") + httpGet("/health")), true);
  assert.equal(lingers("POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 9\r\n\r\n"), true);
  assert.equal(lingers("nonsense\r\n"), true);
  const fixture = makeFixture({ requestsPerConnectionMax: 1 });
  ask(fixture, httpGet("/health"));
  assert.equal(
    fixture.handler.lingers,
    true,
    "the limit ends it, of which the client knows nothing",
  );
  ask(fixture, httpGet("/health", "Connection: close"));
  assert.equal(fixture.handler.lingers, false);
});

test("a connection closes after its last allowed request, and every one when the program stops", () => {
  const fixture = makeFixture({ requestsPerConnectionMax: 3 });
  const answers = ask(fixture, httpGet("/health").repeat(5));
  assert.deepEqual(
    answers.map(({ keepAlive }) => keepAlive),
    [true, true, false],
  );
  fixture.handler.isStopping = true;
  const [last] = ask(fixture, httpGet("/health"));
  assert.equal(last.keepAlive, false);
});

test("pipelined requests are answered together, exactly as one by one", () => {
  const targets = [
    "/health",
    announceTarget("a", 1),
    "/scrape?info_hash=aaaaaaaaaaaaaaaaaaaa",
    "/x",
  ];
  const one = makeFixture();
  const all = makeFixture();
  const singly = targets.map((target) => ask(one, httpGet(target))[0].text);
  const together = ask(all, targets.map((target) => httpGet(target)).join("")).map(
    ({ text }) => text,
  );
  assert.deepEqual(together, singly);
});

test("when the reply buffer is full the rest is answered in the next call", () => {
  const fixture = makeFixture({ requestsPerConnectionMax: 10_000 });
  const count = 1500;
  const bytes = asciiBytes(httpGet("/health").repeat(count));
  const peer = peerAt("192.0.2.1");
  let answered = 0;
  let calls = 0;
  for (let at = 0; at < bytes.length; calls++) {
    at = fixture.handler.answer(peer, bytes, at, bytes.length);
    assert.equal(fixture.handler.outcome, at < bytes.length ? OUTCOME_FULL : OUTCOME_WAITS);
    answered += readAnswers(fixture.handler.reply.slice(0, fixture.handler.replyLength)).length;
  }
  assert.ok(calls > 1);
  assert.equal(answered, count);
});

test("a request gets the same answer at every split point, and the rest stays where it was", () => {
  const text = httpGet(announceTarget("a", 1), "User-Agent: x") + httpGet("/health");
  const bytes = asciiBytes(text);
  const whole = ask(makeFixture(), text).map((answer) => answer.text);
  const fixture = makeFixture();
  for (let split = 0; split <= bytes.length; split++) {
    const peer = peerAt("192.0.2.1");
    const texts: string[] = [];
    const take = (start: number, end: number) => {
      const at = fixture.handler.answer(peer, bytes, start, end);
      const reply = fixture.handler.reply.slice(0, fixture.handler.replyLength);
      texts.push(...readAnswers(reply).map((answer) => answer.text));
      return at;
    };
    const rest = take(0, split);
    assert.ok(rest <= split);
    assert.equal(take(rest, bytes.length), bytes.length);
    assert.deepEqual(texts, whole, `split at ${split}`);
  }
});

test("a WebSocket upgrade is handed on where it begins, after the answers before it", () => {
  const upgrade = httpGet("/", "Upgrade: websocket", "Connection: Upgrade");
  const text = httpGet("/health") + upgrade;
  const fixture = makeFixture({ upgradesWebSockets: true });
  const bytes = asciiBytes(text);
  const at = fixture.handler.answer(peerAt("192.0.2.1"), bytes, 0, bytes.length);
  assert.equal(text.slice(at), upgrade);
  assert.equal(fixture.handler.outcome, OUTCOME_UPGRADES);
  assert.equal(readAnswers(fixture.handler.reply.slice(0, fixture.handler.replyLength)).length, 1);
  assert.equal(fixture.counters.sum(UPGRADES), 1);
  const [plain] = ask(makeFixture(), upgrade);
  assert.equal(plain.status, 404);
});

test("mutated requests never throw, and each answer is whole", () => {
  const fixture = makeFixture({ trusted: ["192.0.2.0/24"], upgradesWebSockets: true });
  const seed = httpGet(
    announceTarget("a", 1, "&left=0&event=completed&compact=0"),
    "X-Forwarded-For: 2001:db8::1, ::1",
  );
  const scrape = httpGet("/scrape?info_hash=aaaaaaaaaaaaaaaaaaaa&info_hash=bbbbbbbbbbbbbbbbbbbb");
  const edit = fc.tuple(
    fc.nat(600),
    fc.oneof(fc.nat(255), fc.constantFrom(10, 13, 32, 37, 38, 61)),
  );
  fc.assert(
    fc.property(
      fc.constantFrom(seed, scrape, seed + scrape),
      fc.array(edit, { maxLength: 8 }),
      (text, edits) => {
        const bytes = asciiBytes(text);
        for (const [at, byte] of edits) bytes[at % bytes.length] = byte;
        assertWhole(fixture, bytes);
      },
    ),
    { numRuns: 3000 },
  );
});

function assertWhole(fixture: Fixture, bytes: Uint8Array): void {
  const { handler } = fixture;
  const peer = peerAt("192.0.2.1", fixture.trustedProxies);
  const at = handler.answer(peer, bytes, 0, bytes.length);
  assert.ok(at >= 0 && at <= bytes.length);
  const reply = handler.reply.slice(0, handler.replyLength);
  if (latin1Text(bytes).includes("HEAD")) return;
  for (const { status } of readAnswers(reply)) assert.ok(status >= 200 && status < 600);
}
