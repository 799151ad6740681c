/** Drives one session: feeds events to the machine, one at a time, and carries out its effects. */
import { initAuthCreds } from 'baileys';
import type { AuthenticationCreds } from 'baileys';
import { type Fields, type Logger, problemOf } from '../log.js';
import type { Metrics } from '../metrics.js';
import { SealError } from '../store/crypto.js';
import { type Lease, LeaseLost } from '../store/lease.js';
import type { Store } from '../store/store.js';
import type { Version } from '../version.js';
import { Connection, type ConnectionHandlers, type ConnectionTimings } from './connection.js';
import { transition } from './machine.js';
import { WATCHDOG_MS } from './policy.js';
import { type DurableEffect, type Effect, type SessionEvent, type SessionState, isIdle } from './state.js';
import { until } from './until.js';

export interface SessionDeps {
  readonly store: Store;
  readonly version: Version;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly random: () => number;
  /** Called when facts were written. */
  readonly onFacts: (session: string) => void;
  readonly timings?: Partial<ConnectionTimings & { readonly watchdogMs: number }> | undefined;
}

export interface Qr {
  readonly text: string;
  readonly expiresAt: number;
}

const RETRY_WRITE_MS = [200, 500, 1_000, 2_000, 5_000];
const FIRST_QR_WAIT_MS = 15_000;
const UNLINK_WAIT_MS = 8_000;

export class Session {
  #state: SessionState;
  #queue: Promise<unknown> = Promise.resolve();
  #lease: Lease | undefined;
  #connection: Connection | undefined;
  #credentials: AuthenticationCreds | undefined;
  #qr: Qr | undefined;
  #retry: NodeJS.Timeout | undefined;
  #watchdog: NodeJS.Timeout | undefined;
  #saving: Promise<void> | undefined;
  #saveNext: Promise<void> | undefined;
  #disposed = false;
  readonly #watchers = new Set<() => void>();

  constructor(
    private readonly deps: SessionDeps,
    readonly id: string,
    readonly business: string,
    state: SessionState,
  ) {
    this.#state = state;
  }

  get state(): SessionState {
    return this.#state;
  }

  get lease(): Lease | undefined {
    return this.#lease;
  }

  /** The QR to show, while it can be scanned. */
  get qr(): Qr | undefined {
    return this.#state.phase === 'qr_ready' && this.#qr && this.#qr.expiresAt > Date.now() ? this.#qr : undefined;
  }

  /** Settles when the event, and everything before it, has been carried out. */
  dispatch(event: SessionEvent): Promise<void> {
    return this.#enqueue(() => this.#apply(event));
  }

  /** Waits for the first QR, then asks for a code. */
  async pairingCode(phone: string): Promise<{ code: string; expiresAt: number } | undefined> {
    if (this.#state.byCode) await this.dispatch({ type: 'start' });
    const ready = () => this.#state.phase === 'qr_ready' || isIdle(this.#state.phase);
    await until(this.#watchers, ready, FIRST_QR_WAIT_MS);
    const connection = this.#connection;
    if (this.#state.phase !== 'qr_ready' || !connection) return undefined;
    const code = await connection.requestPairingCode(phone.replace(/\D/g, ''));
    await this.dispatch({ type: 'code_requested', expiresAt: code.expiresAt });
    return code;
  }

  /** Unlinks at WhatsApp where that is possible, then forgets the credentials. Throws `LeaseLost`. */
  async logout(): Promise<void> {
    if (isIdle(this.#state.phase) && !this.#state.linked) return;
    if (!(await this.#enqueue(() => this.#ensureLease()))) throw new LeaseLost();
    const told = (await this.#connection?.unlink(UNLINK_WAIT_MS)) ?? false;
    if (!told) this.#log('warn', { event: 'logout' }, 'unlinked here only: WhatsApp was not reached');
    await this.dispatch({ type: 'logout' });
  }

  /** The lease ran out, or another process has it: the socket goes at once, whatever waits. */
  loseLease(): void {
    void this.#connection?.close();
    void this.dispatch({ type: 'lease_lost' });
  }

  /** Unlinks and removes every row. The object is of no use afterwards. Throws `LeaseLost`. */
  async remove(): Promise<void> {
    if (!(await this.#enqueue(() => this.#ensureLease()))) throw new LeaseLost();
    await this.#connection?.unlink(UNLINK_WAIT_MS);
    await this.#enqueue(async () => {
      this.#disposed = true;
      this.#clearTimers();
      await this.#connection?.close();
      const lease = this.#lease;
      if (lease) await this.#written(() => this.deps.store.remove(lease));
      this.#lease = undefined;
    });
  }

  async shutdown(): Promise<void> {
    await this.dispatch({ type: 'shutdown' });
    this.#disposed = true;
    this.#clearTimers();
  }

  #enqueue<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#queue.then(work);
    this.#queue = result.catch((error: unknown) => this.#log('error', { problem: problemOf(error) }, 'event failed'));
    return result;
  }

  async #apply(event: SessionEvent): Promise<void> {
    if (this.#disposed) return;
    if (event.type === 'lease_lost') this.#lease = undefined;
    const before = this.#state;
    const around = { now: Date.now(), random: this.deps.random() };
    const next = transition(before, event, around);
    this.#state = next.state;
    this.#report(before, event);
    const needsLease = next.effects.some((effect) => effect.type === 'connect' || isDurable(effect));
    if (needsLease && !(await this.#hasLease(event))) return;
    try {
      await this.#commit(next.effects.filter(isDurable), new Date(around.now));
    } catch (error) {
      if (!(error instanceof LeaseLost)) throw error;
      this.#state = before;
      return this.#apply({ type: 'lease_lost' });
    }
    for (const effect of next.effects) await this.#carryOut(effect);
    for (const watcher of this.#watchers) watcher();
  }

  /** Facts about not having the lease cannot be written: nobody but its holder may. */
  async #hasLease(event: SessionEvent): Promise<boolean> {
    if (event.type === 'lease_refused' || event.type === 'lease_lost') return true;
    if (await this.#written(() => this.#ensureLease())) return true;
    await this.#apply({ type: 'lease_refused' });
    return false;
  }

  async #ensureLease(): Promise<boolean> {
    this.#lease ??= await this.deps.store.leases.acquire(this.id, this.business);
    return this.#lease !== undefined;
  }

  async #commit(effects: readonly DurableEffect[], now: Date): Promise<void> {
    const lease = this.#lease;
    if (!lease || effects.length === 0) return;
    await this.#written(() => this.deps.store.commit(lease, effects, this.#credentials, now));
    if (effects.some((effect) => effect.type === 'fact')) this.deps.onFacts(this.id);
  }

  /** Tries a write until the database takes it, the lease is lost or the session is gone. */
  async #written<T>(write: () => Promise<T>): Promise<T> {
    for (let tries = 0; ; tries++) {
      try {
        return await write();
      } catch (error) {
        if (error instanceof LeaseLost || this.#disposed) throw error;
        this.#log('warn', { problem: problemOf(error), attempt: tries + 1 }, 'the database did not take a change');
        const delay = RETRY_WRITE_MS[Math.min(tries, RETRY_WRITE_MS.length - 1)];
        await new Promise((resolve) => setTimeout(resolve, delay));
      }
    }
  }

  async #carryOut(effect: Effect): Promise<void> {
    switch (effect.type) {
      case 'connect':
        return this.#connect(effect.refreshVersion);
      case 'close_socket': {
        const connection = this.#connection;
        this.#connection = undefined;
        this.#qr = undefined;
        await connection?.close();
        return this.#saving?.catch(() => undefined);
      }
      case 'schedule':
        this.#clearRetry();
        this.#retry = this.#after(effect.delayMs, 'retry_due', (timer) => timer === this.#retry);
        return;
      case 'arm_watchdog':
        this.#disarm();
        this.#watchdog = this.#after(
          this.deps.timings?.watchdogMs ?? WATCHDOG_MS,
          'watchdog',
          (timer) => timer === this.#watchdog,
        );
        return;
      case 'disarm_watchdog':
        return this.#disarm();
      case 'release_lease':
        return this.#release();
      default:
        return;
    }
  }

  async #connect(refreshVersion: boolean): Promise<void> {
    this.#clearRetry();
    await this.#connection?.close();
    await this.#saving?.catch(() => undefined);
    if (refreshVersion) await this.deps.version.refresh();
    const lease = this.#lease;
    if (!lease) return;
    const credentials = await this.#load();
    if (!credentials) return;
    this.#credentials = credentials;
    this.deps.metrics.count('connects');
    const connection: Connection = new Connection(
      {
        session: this.id,
        credentials,
        keys: this.deps.store.credentials.keys(lease, () => void this.dispatch({ type: 'lease_lost' })),
        version: this.deps.version.current,
        logger: this.deps.logger,
        ...(this.deps.timings ? { timings: this.deps.timings } : {}),
      },
      this.#handlers(() => this.#connection === connection),
    );
    this.#connection = connection;
  }

  /** Stored credentials of a linked session; new ones, kept in memory only, for any other. */
  async #load(): Promise<AuthenticationCreds | undefined> {
    if (!this.#state.linked) return initAuthCreds();
    try {
      const stored = await this.#written(() => this.#opened());
      if (stored instanceof SealError) {
        void this.dispatch({ type: 'unreadable', reason: `The stored credentials cannot be read: ${stored.message}` });
        return undefined;
      }
      if (stored) return stored;
    } catch (error) {
      this.#log('error', { problem: problemOf(error) }, 'credentials cannot be loaded');
    }
    void this.dispatch({ type: 'closed', code: 401, message: 'the credentials are gone' });
    return undefined;
  }

  async #opened(): Promise<AuthenticationCreds | SealError | undefined> {
    try {
      return await this.deps.store.credentials.load(this.id);
    } catch (error) {
      if (error instanceof SealError) return error;
      throw error;
    }
  }

  #handlers(isCurrent: () => boolean): ConnectionHandlers {
    const tell = (event: SessionEvent): Promise<void> => this.#enqueue(async () => (isCurrent() ? this.#apply(event) : undefined));
    return {
      qr: (text, index, expiresAt) => {
        if (isCurrent()) this.#qr = { text, expiresAt };
        void tell({ type: 'qr', index, expiresAt });
      },
      paired: (phone) => tell({ type: 'paired', phone }),
      changed: () => this.#save(),
      opened: (phone, pushName) => void tell({ type: 'opened', phone, pushName }),
      closed: (code, message) => void tell({ type: 'closed', code, message }),
    };
  }

  /** One write at a time, each with what is current when it starts. */
  #save(): Promise<void> {
    if (!this.#saving) {
      this.#saving = this.#saveNow().finally(() => (this.#saving = undefined));
      return this.#saving;
    }
    this.#saveNext ??= this.#saving
      .catch(() => undefined)
      .then(() => {
        this.#saveNext = undefined;
        return this.#save();
      });
    return this.#saveNext;
  }

  async #saveNow(): Promise<void> {
    try {
      await this.#commit([{ type: 'save_credentials' }], new Date());
    } catch (error) {
      if (error instanceof LeaseLost) void this.dispatch({ type: 'lease_lost' });
      throw error;
    }
  }

  async #release(): Promise<void> {
    const lease = this.#lease;
    this.#lease = undefined;
    if (!lease) return;
    await this.deps.store.leases.release(lease).catch((error: unknown) => {
      this.#log('warn', { problem: problemOf(error) }, 'the lease was not given back; it will expire');
    });
  }

  /** A timer whose event is dropped when it was cleared while the event waited in the queue. */
  #after(ms: number, type: 'retry_due' | 'watchdog', isCurrent: (timer: NodeJS.Timeout) => boolean): NodeJS.Timeout {
    const timer = setTimeout(() => {
      void this.#enqueue(async () => (isCurrent(timer) ? this.#apply({ type }) : undefined));
    }, ms);
    return timer;
  }

  #disarm(): void {
    clearTimeout(this.#watchdog);
    this.#watchdog = undefined;
  }

  #clearRetry(): void {
    clearTimeout(this.#retry);
    this.#retry = undefined;
  }

  #clearTimers(): void {
    this.#clearRetry();
    this.#disarm();
  }

  #report(before: SessionState, event: SessionEvent): void {
    const { phase, lastCode, reason, attempt } = this.#state;
    if (event.type === 'closed') this.deps.metrics.closed(event.code);
    if (before.phase === phase && before.attempt === attempt) return;
    this.#log('info', { event: event.type, phase, code: lastCode, reason, attempt }, 'session');
  }

  #log(level: keyof Logger, fields: Fields, message: string): void {
    this.deps.logger[level]({ session: this.id, business: this.business, ...fields }, message);
  }
}

function isDurable(effect: Effect): effect is DurableEffect {
  return ['fact', 'save_credentials', 'wipe_credentials', 'halt', 'unhalt'].includes(effect.type);
}
