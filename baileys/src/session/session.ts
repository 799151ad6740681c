/** Drives one session: feeds events to the machine, one at a time, and carries out its effects. */
import { initAuthCreds } from 'baileys';
import type { AuthenticationCreds } from 'baileys';
import { type Fields, type Logger, problemOf } from '../log.js';
import { KeyMissing, SealError } from '../store/crypto.js';
import { type Lease, LeaseLost } from '../store/lease.js';
import { Alarm } from './alarm.js';
import type { Connection, ConnectionHandlers, PairingCode } from './connection.js';
import type { Qr, SessionDeps } from './deps.js';
import { Ledger } from './ledger.js';
import { transition } from './machine.js';
import { type Trouble, openConnection } from './opening.js';
import { CODE_WAIT_MS, CodeRefused, FIRST_QR_WAIT_MS } from './pairing.js';
import { WATCHDOG_MS } from './policy.js';
import { report } from './report.js';
import { type Effect, type SessionEvent, type SessionState, isDurable, isIdle, needLease } from './state.js';
import { agrees, storedState } from './stored.js';
import { until } from './until.js';

export class Session {
  #state: SessionState;
  #queue: Promise<unknown> = Promise.resolve();
  #connection: Connection | undefined;
  #credentials: AuthenticationCreds | undefined;
  #qr: Qr | undefined;
  #disposed = false;
  readonly #retry = this.#alarm('retry_due');
  readonly #watchdog = this.#alarm('watchdog');
  readonly #ledger: Ledger;
  readonly #watchers = new Set<() => void>();

  constructor(
    private readonly deps: SessionDeps,
    readonly id: string,
    readonly business: string,
    state: SessionState,
  ) {
    this.#state = state;
    const onLost = () => void this.dispatch({ type: 'lease_lost' });
    const onFacts = () => deps.onFacts(id);
    this.#ledger = new Ledger({ store: deps.store, logger: deps.logger, onLost, onFacts }, id, business);
  }

  get state(): SessionState {
    return this.#state;
  }

  get lease(): Lease | undefined {
    return this.#ledger.lease;
  }

  /** The QR to show, while it can be scanned. */
  get qr(): Qr | undefined {
    const shown = this.#state.phase === 'qr_ready' ? this.#qr : undefined;
    return shown && shown.expiresAt > Date.now() ? shown : undefined;
  }

  /** Settles when the event, and everything before it, has been carried out. */
  dispatch(event: SessionEvent): Promise<void> {
    return this.#enqueue(() => this.#apply(event));
  }

  /** Waits for the first QR, then asks for a code. Throws `CodeRefused`. */
  async pairingCode(phone: string): Promise<PairingCode | undefined> {
    const ready = () => this.#state.phase === 'qr_ready' || isIdle(this.#state.phase);
    await until(this.#watchers, ready, FIRST_QR_WAIT_MS);
    const connection = this.#connection;
    if (this.#state.phase !== 'qr_ready' || !connection) return undefined;
    const code = await connection.requestPairingCode(phone.replace(/\D/g, ''), CODE_WAIT_MS);
    await this.#enqueue(async () => {
      // Only the connection that asked can honour it.
      if (this.#connection !== connection || this.#state.phase !== 'qr_ready' || !connection.isAlive) return;
      await this.#apply({ type: 'code_requested', expiresAt: code.expiresAt });
    });
    if (this.#connection !== connection || !this.#state.byCode) throw new CodeRefused('pairing_withdrawn');
    return code;
  }

  /** Settles when it is written down that the device is to go; WhatsApp may hear it later. Throws `LeaseLost`. */
  async logout(): Promise<void> {
    await this.readAgain();
    if (isIdle(this.#state.phase) && !this.#state.linked) return;
    if (!(await this.#enqueue(() => this.#ledger.ensureLease()))) throw new LeaseLost();
    await this.dispatch({ type: 'unlink' });
    if (this.#state.linked && this.#state.phase !== 'unlinking') throw new LeaseLost();
  }

  /** The lease ran out, or another process has it: the socket goes at once, whatever waits. */
  loseLease(): void {
    void this.#connection?.close();
    void this.dispatch({ type: 'lease_lost' });
  }

  /** Unlinks if WhatsApp hears it now, and removes every row. The object is of no use afterwards. Throws `LeaseLost`. */
  async remove(): Promise<void> {
    this.#askNoMore();
    if (!(await this.#enqueue(() => this.#ledger.ensureLease()))) throw new LeaseLost();
    await this.#connection?.unlink();
    await this.#enqueue(async () => {
      await this.#closeSocket();
      await this.#ledger.remove();
      this.#dispose();
    }).catch((error: unknown) => {
      if (error instanceof LeaseLost) void this.dispatch({ type: 'lease_lost' });
      throw error;
    });
  }

  /** Without the lease what we remember may be over: another process may have held the session since. */
  readAgain(): Promise<void> {
    return this.#enqueue(async () => {
      if (!this.#disposed && !this.#ledger.lease) await this.#adopt();
    });
  }

  async shutdown(): Promise<void> {
    this.#askNoMore();
    await this.dispatch({ type: 'shutdown' });
    this.#ledger.close();
    this.#dispose();
  }

  /** Ends a question to WhatsApp that holds the queue up. */
  #askNoMore(): void {
    if (this.#state.phase === 'unlinking') void this.#connection?.close();
  }

  #enqueue<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#queue.then(work);
    this.#queue = result.catch((error: unknown) =>
      this.#log('error', { problem: problemOf(error) }, 'event failed'),
    );
    return result;
  }

  async #apply(event: SessionEvent): Promise<void> {
    if (this.#disposed) return;
    if (event.type === 'lease_lost') this.#ledger.forgetLease();
    if ((event.type === 'resume' || event.type === 'retry_due') && (await this.#isKept()))
      return this.#apply({ type: 'start' });
    const before = this.#state;
    const around = { now: Date.now(), random: this.deps.random() };
    const next = transition(before, event, around);
    this.#state = next.state;
    const log = (fields: Fields) => this.#log('info', fields, 'session');
    report({ metrics: this.deps.metrics, log }, before, next.state, event);
    if (next.effects.some((effect) => effect.type === 'close_socket')) await this.#closeSocket();
    if (!(await this.#hasLease(event, next.effects, before))) return;
    try {
      await this.#ledger.commit(next.effects.filter(isDurable), this.#credentials, new Date(around.now));
    } catch (error) {
      if (!(error instanceof LeaseLost)) throw error;
      this.#state = before;
      return this.#apply({ type: 'lease_lost' });
    }
    for (const effect of next.effects) await this.#carryOut(effect);
    for (const watcher of this.#watchers) watcher();
  }

  /** That the lease is missing cannot be told: nobody but its holder writes facts. */
  async #hasLease(event: SessionEvent, effects: readonly Effect[], before: SessionState): Promise<boolean> {
    if (event.type === 'lease_refused' || event.type === 'lease_lost') return true;
    const after = this.#state;
    if (!needLease(effects) || this.#ledger.lease) return true;
    const isOurs = await this.#ledger.ensureLease();
    this.#state = before;
    if (!isOurs) {
      await this.#apply({ type: 'lease_refused' });
    } else if (await this.#adopt()) {
      // What it was to come back from is over, and so is what a timer was set for.
      await this.#apply(event.type === 'resume' ? { type: 'retry_due' } : event);
      if (isIdle(this.#state.phase)) await this.#ledger.release();
    } else {
      this.#state = after;
      return true;
    }
    return false;
  }

  /** Takes the database's word where it is another than ours. */
  async #adopt(): Promise<boolean> {
    const linked = await this.#ledger.persist(() => this.deps.store.credentials.find(this.id));
    if (agrees(this.#state, linked)) return false;
    this.#retry.clear();
    this.#watchdog.clear();
    this.#state = storedState(linked, Date.now());
    return true;
  }

  /** Whoever took the unlinking back while nobody could tell us wrote it down: the database decides. */
  async #isKept(): Promise<boolean> {
    if (this.#state.phase !== 'unlinking') return false;
    const { store } = this.deps;
    return (await this.#ledger.persist(() => store.wanted(this.id, this.business))) === 'linked';
  }

  async #carryOut(effect: Effect): Promise<void> {
    switch (effect.type) {
      case 'connect':
        return this.#connect(effect.refreshVersion);
      case 'unlink_device':
        void this.#enqueue(() => this.#unlinkDevice());
        return;
      case 'schedule':
        this.#retry.set(effect.delayMs);
        return;
      case 'arm_watchdog':
        this.#watchdog.set(this.deps.timings?.watchdogMs ?? WATCHDOG_MS);
        return;
      case 'disarm_watchdog':
        this.#watchdog.clear();
    }
  }

  async #unlinkDevice(): Promise<void> {
    const connection = this.#connection;
    if (this.#state.phase !== 'unlinking' || !connection?.isOpen) return;
    if (await this.#isKept()) return this.#apply({ type: 'start' });
    const told = await connection.unlink();
    await this.#apply(told ? { type: 'logout', told } : { type: 'not_removed' });
  }

  async #closeSocket(): Promise<void> {
    const connection = this.#connection;
    this.#connection = undefined;
    this.#qr = undefined;
    await connection?.close();
    await this.#ledger.saved();
  }

  async #connect(refreshVersion: boolean): Promise<void> {
    this.#retry.clear();
    await this.#closeSocket();
    if (refreshVersion) await this.deps.version.refresh();
    const lease = this.#ledger.lease;
    if (!lease) return;
    const credentials = await this.#load(lease);
    if (!credentials) return;
    this.#credentials = credentials;
    const trouble: Trouble = {
      lost: () => this.#ledger.lost(lease),
      unreadable: (connection, error) => {
        if (this.#connection === connection) this.#unreadable(error);
      },
    };
    this.#connection = openConnection(this.deps, lease, credentials, trouble, (connection) =>
      this.#handlers(() => this.#connection === connection()),
    );
  }

  /** Stored credentials of a linked session; new ones, kept in memory only, for any other. */
  async #load(lease: Lease): Promise<AuthenticationCreds | undefined> {
    if (!this.#state.linked) return initAuthCreds();
    const stored = await this.#ledger.persist(() => this.deps.store.credentials.tryOpen(lease));
    if (stored instanceof SealError) this.#unreadable(stored);
    else if (stored instanceof LeaseLost) this.#ledger.lost(lease);
    else if (stored) return stored;
    else void this.dispatch({ type: 'logout', told: false });
    return undefined;
  }

  #unreadable(error: SealError): void {
    const reasonCode = error instanceof KeyMissing ? 'key_missing' : 'credentials_unreadable';
    void this.dispatch({ type: 'unreadable', reasonCode, problem: error.message });
  }

  #handlers(isCurrent: () => boolean): ConnectionHandlers {
    const tell = (event: SessionEvent): Promise<void> =>
      this.#enqueue(async () => (isCurrent() ? this.#apply(event) : undefined));
    return {
      qr: (text, index, expiresAt) => {
        if (isCurrent()) this.#qr = { text, expiresAt };
        void tell({ type: 'qr', index, expiresAt });
      },
      paired: (phone) => tell({ type: 'paired', phone }),
      changed: () => this.#ledger.save(() => this.#credentials),
      opened: (phone, pushName) => void tell({ type: 'opened', phone, pushName }),
      passkey: () => void tell({ type: 'passkey' }),
      closed: (closing) => void tell({ type: 'closed', ...closing }),
    };
  }

  #alarm(type: 'retry_due' | 'watchdog'): Alarm {
    return new Alarm(
      (work) => this.#enqueue(work),
      () => this.#apply({ type }),
    );
  }

  #dispose(): void {
    this.#disposed = true;
    this.#retry.clear();
    this.#watchdog.clear();
  }

  #log(level: keyof Logger, fields: Fields, message: string): void {
    this.deps.logger[level]({ session: this.id, business: this.business, ...fields }, message);
  }
}
