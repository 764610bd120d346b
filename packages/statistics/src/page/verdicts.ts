/// <reference lib="dom" />
/** The three questions of an operator and their answers. Called with every snapshot. */
import type { ApiStats, Verdict } from "../api-shape.ts";
import { byId, childrenOf, element, setText } from "./dom.ts";

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
    answers: { ok: "✓ Not soon", warning: "! Soon", critical: "✕ It is full" },
  },
];

function makeCard(): Element {
  const card = element("article", "verdict");
  card.append(element("h3"), element("p", "answer"), element("ul", "verdict-reasons"));
  return card;
}

/** Shows the verdicts. */
export function showVerdicts({ verdicts }: ApiStats): void {
  const cards = childrenOf(byId("verdicts"), QUESTIONS.length, makeCard);
  for (const [index, { key, question, answers }] of QUESTIONS.entries()) {
    const card = cards[index];
    const [title, answer, list] = card?.children ?? [];
    if (!(card instanceof HTMLElement) || !title || !answer || !list) continue;
    const { status, reasons } = verdicts[key];
    card.dataset.status = status;
    setText(title, question);
    setText(answer, answers[status]);
    const items = childrenOf(list, reasons.length, () => element("li"));
    for (const [at, item] of items.entries()) setText(item, reasons[at] ?? "");
  }
}
