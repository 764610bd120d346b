/// <reference lib="dom" />
/** The three questions of an operator and their answers. Called with every snapshot. */
import type { ApiStats, Verdict } from "../api-shape.ts";
import { byId, childrenOf, element, setText } from "./dom.ts";
import { formatDuration } from "./format.ts";

type Answers = Readonly<Record<Verdict["status"], string>>;

/** In words, since colours alone do not reach everybody. */
const QUESTIONS: readonly {
  readonly key: keyof ApiStats["verdicts"];
  readonly question: string;
  readonly answers: Answers;
}[] = [
  {
    key: "health",
    question: "Is it healthy?",
    answers: { ok: "✓ Healthy", warning: "! Needs a look", critical: "✕ In trouble" },
  },
  {
    key: "abuse",
    question: "Is it being abused?",
    answers: { ok: "✓ No sign of it", warning: "! Perhaps", critical: "✕ Yes" },
  },
  {
    key: "capacity",
    question: "When will it be full?",
    answers: { ok: "✓ Not soon: it does not grow", warning: "! Soon", critical: "✕ It is full" },
  },
];

function makeCard(): Element {
  const card = element("article", "verdict");
  card.append(element("h3"), element("p", "answer"), element("ul", "verdict-reasons"));
  return card;
}

/** To the question when: in so long, where memory grows and is not short yet. */
function answerOf(key: keyof ApiStats["verdicts"], answers: Answers, stats: ApiStats): string {
  const { status } = stats.verdicts[key];
  if (key !== "capacity" || status === "critical") return answers[status];
  const growing = stats.memory.budgets.flatMap(({ secondsUntilFull }) => secondsUntilFull ?? []);
  if (growing.length === 0) return answers[status];
  return `${status === "ok" ? "✓" : "!"} In ${formatDuration(Math.min(...growing))}`;
}

/** Shows the verdicts. */
export function showVerdicts(stats: ApiStats): void {
  const { verdicts } = stats;
  const cards = childrenOf(byId("verdicts"), QUESTIONS.length, makeCard);
  for (const [index, { key, question, answers }] of QUESTIONS.entries()) {
    const card = cards[index];
    const [title, answer, list] = card?.children ?? [];
    if (!(card instanceof HTMLElement) || !title || !answer || !list) continue;
    const { status, reasons } = verdicts[key];
    card.dataset.status = status;
    setText(title, question);
    setText(answer, answerOf(key, answers, stats));
    const items = childrenOf(list, reasons.length, () => element("li"));
    for (const [at, item] of items.entries()) setText(item, reasons[at] ?? "");
  }
}
