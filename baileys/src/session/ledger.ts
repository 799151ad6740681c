/** What one session writes: under its lease, again and again until the database takes it. */
import type { AuthenticationCreds } from 'baileys';
import { type Logger, problemOf } from '../log.js';
import { type Lease, LeaseLost } from '../store/lease.js';
import { type Store, makeChange } from '../store/store.js';
import { isLinked } from './connection.js';
import type { DurableEffect } from './state.js';

const RETRY_MS = [200, 500, 1_000, 2_000, 5_000];

export interface LedgerDeps {
  readonly store: Store;
  readonly logger: Logger;
  /** A write was refused because another process has the lease. */
  readonly onLost: () => void;
  /** Facts were written. */
  readonly onFacts: () => void;
}

export class Ledger {
  #lease: Lease | undefined;
  #saving: Promise<void> | undefined;
  #saveNext: Promise<void> | undefined;
  #closed = false;

  constructor(
    private readonly deps: LedgerDeps,
    private readonly session: string,
    private readonly business: string,
  ) {}

  get lease(): Lease | undefined {
    return this.#lease;
  }

  forgetLease(): void {
    this.#lease = undefined;
  }

  /** No more tries after this. */
  close(): void {
    this.#closed = true;
  }

  /** False while another process has the lease. */
  async ensureLease(): Promise<boolean> {
    this.#lease ??= await this.persist(() => this.deps.store.leases.acquire(this.session, this.business));
    return this.#lease !== undefined;
  }

  /** Throws `LeaseLost`; without a lease it does nothing. */
  async commit(
    effects: readonly DurableEffect[],
    credentials: AuthenticationCreds | undefined,
    now: Date,
  ): Promise<void> {
    const lease = this.#lease;
    if (!lease || effects.length === 0) return;
    const change = makeChange(effects, credentials, now);
    await this.persist(() => this.deps.store.commit(lease, change));
    if (effects.some((effect) => effect.type === 'release_lease')) this.#lease = undefined;
    if (effects.some((effect) => effect.type === 'fact')) this.deps.onFacts();
  }

  /** Throws `LeaseLost`, also where the lease is gone already: then nothing was removed. */
  async remove(): Promise<void> {
    const lease = this.#lease;
    if (!lease) throw new LeaseLost();
    await this.persist(() => this.deps.store.remove(lease));
    this.#lease = undefined;
  }

  /** Gives back what was taken for nothing. */
  async release(): Promise<void> {
    await this.commit([{ type: 'release_lease' }], undefined, new Date());
  }

  /** One write at a time, each with what is current when it starts. */
  save(current: () => AuthenticationCreds | undefined): Promise<void> {
    if (!this.#saving) {
      this.#saving = this.#saveNow(current()).finally(() => (this.#saving = undefined));
      return this.#saving;
    }
    this.#saveNext ??= this.#saving
      .catch(() => undefined)
      .then(() => {
        this.#saveNext = undefined;
        return this.save(current);
      });
    return this.#saveNext;
  }

  async saved(): Promise<void> {
    while (this.#saving) await this.#saving.catch(() => undefined);
  }

  /** A write under this lease was refused; a session that has a newer one by now goes on. */
  lost(lease: Lease): void {
    if (this.#lease === lease) this.deps.onLost();
  }

  /** Tries until the database answers, the lease is lost or the session is closed. */
  async persist<T>(work: () => Promise<T>): Promise<T> {
    for (let tries = 0; ; tries++) {
      try {
        return await work();
      } catch (error) {
        if (error instanceof LeaseLost || this.#closed) throw error;
        const fields = { session: this.session, problem: problemOf(error), attempt: tries + 1 };
        this.deps.logger.warn(fields, 'the database did not answer; trying again');
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS[Math.min(tries, RETRY_MS.length - 1)]));
      }
    }
  }

  async #saveNow(credentials: AuthenticationCreds | undefined): Promise<void> {
    const lease = this.#lease;
    if (!lease || !credentials || !isLinked(credentials)) return;
    try {
      await this.commit([{ type: 'save_credentials' }], credentials, new Date());
    } catch (error) {
      if (error instanceof LeaseLost) this.lost(lease);
      throw error;
    }
  }
}
