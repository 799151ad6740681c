/** Delivers facts to the ingress: one deliverer a session, in order, until they are kept. */
import type { Logger } from './log.js';
import { problemOf } from './log.js';
import type { Metrics } from './metrics.js';
import { signedHeaders } from './signing.js';
import type { Outbox, PendingFact } from './store/outbox.js';

const PATH = '/internal/whatsapp/facts';
const POST_TIMEOUT_MS = 5_000;
/** Longer than a try, so that two processes never try the same fact; a dead one's fact waits as long. */
const CLAIM_MS = 8_000;
/** Facts that another process left behind are found at this pace; our own wake us at once. */
const LOOK_MS = 5_000;
const MIN_DELAY_MS = 200;
const MAX_DELAY_MS = 5_000;
/** Answers that may change by themselves: the secret is being rotated, the clock set, the load high. */
const TRANSIENT_4XX = new Set([401, 408, 425, 429]);

type Outcome = { readonly kind: 'kept' } | { readonly kind: 'refused' | 'failed'; readonly problem: string };

export class Delivery {
  readonly #active = new Map<string, Promise<void>>();
  /** Sessions that got a fact while their deliverer was about to finish. */
  readonly #again = new Set<string>();
  readonly #abort = new AbortController();
  #timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly outbox: Outbox,
    private readonly ingress: URL,
    private readonly secret: string,
    private readonly logger: Logger,
    private readonly metrics: Metrics,
  ) {}

  start(): void {
    void this.#look();
    this.#timer = setInterval(() => void this.#look(), LOOK_MS);
  }

  /** A session has a new fact. */
  wake(session: string): void {
    if (this.#abort.signal.aborted) return;
    if (this.#active.has(session)) {
      this.#again.add(session);
      return;
    }
    const done = this.#deliver(session)
      .catch((error: unknown) =>
        this.logger.warn({ session, problem: problemOf(error) }, 'delivery stopped; it goes on later'),
      )
      .then(() => {
        this.#active.delete(session);
        if (this.#again.delete(session)) this.wake(session);
      });
    this.#active.set(session, done);
  }

  /** Gives the facts of the last moments `graceMs` to leave; what stays is delivered by the next start. */
  async stop(graceMs: number): Promise<void> {
    clearInterval(this.#timer);
    const late = new Promise((resolve) => setTimeout(resolve, graceMs).unref());
    await Promise.race([Promise.all(this.#active.values()), late]);
    this.#abort.abort();
    await Promise.all(this.#active.values());
  }

  async #look(): Promise<void> {
    try {
      for (const session of await this.outbox.waitingSessions())
        if (!this.#active.has(session)) this.wake(session);
    } catch (error) {
      this.logger.warn({ problem: problemOf(error) }, 'the outbox cannot be read');
    }
  }

  async #deliver(session: string): Promise<void> {
    let delay = MIN_DELAY_MS;
    while (!this.#abort.signal.aborted) {
      const fact = await this.outbox.claimFirst(session, CLAIM_MS);
      if (!fact) return;
      const outcome = await this.#post(fact);
      if (outcome.kind === 'failed') {
        this.metrics.count('facts_retried');
        if (fact.attempts % 20 === 1)
          this.#log(fact, outcome.problem, 'the ingress did not take a fact; it is tried again');
        await this.outbox.failed(fact.sequence, outcome.problem);
        await this.#sleep(delay * (0.75 + Math.random() / 2));
        delay = Math.min(MAX_DELAY_MS, delay * 2);
        continue;
      }
      delay = MIN_DELAY_MS;
      await this.#settle(fact, outcome);
    }
  }

  async #settle(fact: PendingFact, outcome: Exclude<Outcome, { kind: 'failed' }>): Promise<void> {
    if (outcome.kind === 'kept') {
      await this.outbox.delivered(fact.sequence);
      this.metrics.count('facts_delivered');
      return;
    }
    await this.outbox.rejected(fact.sequence, outcome.problem);
    this.metrics.count('facts_rejected');
    this.#log(fact, outcome.problem, 'the ingress refused a fact for good');
  }

  async #post(fact: PendingFact): Promise<Outcome> {
    const url = new URL(PATH, this.ingress);
    const body = Buffer.from(fact.body);
    const signed = signedHeaders(this.secret, {
      method: 'POST',
      pathAndQuery: url.pathname + url.search,
      body,
    });
    try {
      const response = await fetch(url, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...signed },
        body,
        redirect: 'error',
        signal: AbortSignal.any([this.#abort.signal, AbortSignal.timeout(POST_TIMEOUT_MS)]),
      });
      await response.arrayBuffer();
      if (response.status === 204) return { kind: 'kept' };
      const problem = `the ingress answered ${response.status}`;
      const final = response.status >= 400 && response.status < 500 && !TRANSIENT_4XX.has(response.status);
      return { kind: final ? 'refused' : 'failed', problem };
    } catch (error) {
      const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
      return { kind: 'failed', problem: problemOf(cause) };
    }
  }

  #log(fact: PendingFact, problem: string, message: string): void {
    this.logger.warn({ session: fact.session, fact: fact.id, problem, attempt: fact.attempts }, message);
  }

  async #sleep(ms: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(finish, ms);
      const { signal } = this.#abort;
      function finish() {
        clearTimeout(timer);
        signal.removeEventListener('abort', finish);
        resolve();
      }
      signal.addEventListener('abort', finish);
    });
  }
}
