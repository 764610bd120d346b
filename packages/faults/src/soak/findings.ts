/** What the actors of a soak count and complain of. */

const COMPLAINTS_KEPT = 20;

export class Findings {
  /** Requests that were answered, by protocol. */
  readonly answered = new Map<string, number>();
  readonly lost = new Map<string, number>();
  /** Counts that were compared with the model. */
  compared = 0;
  contradictions = 0;
  readonly complaints: string[] = [];
  reloads = 0;
  floods = 0;

  count(protocol: string, isAnswered: boolean): void {
    const counts = isAnswered ? this.answered : this.lost;
    counts.set(protocol, (counts.get(protocol) ?? 0) + 1);
  }

  compare(what: string, contradiction: string | undefined): void {
    this.compared++;
    if (contradiction === undefined) return;
    this.contradictions++;
    this.complain(`${what}: ${contradiction}`);
  }

  complain(complaint: string): void {
    if (this.complaints.length >= COMPLAINTS_KEPT) return;
    this.complaints.push(complaint);
    console.log(`${new Date().toISOString()} complaint: ${complaint}`);
  }

  summary(): string {
    const all = [...this.answered].map(
      ([protocol, count]) => `${protocol} ${count} (${this.lost.get(protocol) ?? 0} lost)`,
    );
    return `${all.join(", ")}; ${this.compared} counts compared, ${this.contradictions} contradictions; ${this.reloads} reloads, ${this.floods} floods`;
  }
}
