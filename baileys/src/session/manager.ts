/** All sessions of this process: which exist, who may hold them, and their coming back. */
import { problemOf } from '../log.js';
import type { LinkedSession } from '../store/credentials.js';
import type { Store } from '../store/store.js';
import type { SessionDeps } from './deps.js';
import { Session } from './session.js';
import { type SessionState, initialState, isIdle } from './state.js';
import { agrees, storedState } from './stored.js';

/** Space between two sessions that come back, so that WhatsApp and Postgres see no wave. */
const STAGGER_MS = 40;
/** Longest that giving sessions back is spread over, for another process to take them one by one. */
const HAND_OVER_MS = 2_000;
/** A lease counts as lost this long before it runs out, so that the socket closes in time. */
const SAFETY = 0.75;
const RENEW = 0.25;
/** How soon a dead process's sessions are found once their leases are over. */
const SCAN_MS = 2_000;

export class Manager {
  readonly #sessions = new Map<string, Session>();
  #renewTimer: NodeJS.Timeout | undefined;
  #scanTimer: NodeJS.Timeout | undefined;
  #renewedAt = performance.now();
  #scanning = false;
  #stopping = false;

  constructor(
    private readonly store: Store,
    private readonly deps: SessionDeps,
  ) {}

  all(): Session[] {
    return [...this.#sessions.values()];
  }

  /** Listening at its address, where nobody else can live now. */
  start(place: string): void {
    const { ttlMs } = this.store.leases;
    this.#renewTimer = setInterval(() => void this.#renew(), ttlMs * RENEW);
    this.#scanTimer = setInterval(() => void this.#scan(), Math.min(SCAN_MS, ttlMs / 2));
    void this.#follow(place).then(() => this.#scan());
  }

  /** The session as this process knows it; of others, what the database says. */
  async status(id: string): Promise<SessionState> {
    const session = this.#sessions.get(id);
    if (session?.lease) return session.state;
    const linked = await this.store.credentials.find(id);
    // Without the lease memory is only a memory: another process may have held it since.
    if (session && (session.lease || agrees(session.state, linked))) return session.state;
    return storedState(linked, Date.now());
  }

  get(id: string): Session | undefined {
    return this.#sessions.get(id);
  }

  /** The session, made known to this process when it was not. */
  async open(id: string, business: string): Promise<Session> {
    const known = this.#sessions.get(id);
    if (known) return known;
    const linked = await this.store.credentials.find(id);
    return this.#sessions.get(id) ?? this.#add(id, linked?.business ?? business, linked);
  }

  /** Removes a session and all its rows; nothing happens when there is none. */
  async remove(id: string): Promise<void> {
    const session = await this.open(id, id);
    await session.remove();
    if (this.#sessions.get(id) === session) this.#sessions.delete(id);
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    clearInterval(this.#scanTimer);
    const sessions = this.all();
    const held = sessions.filter((session) => session.lease !== undefined).length;
    const pauseMs = Math.min(STAGGER_MS, HAND_OVER_MS / Math.max(held, 1));
    const ending: Promise<void>[] = [];
    for (const session of sessions) {
      const isHeld = session.lease !== undefined;
      // Not waited for: one whose write hangs keeps no other socket open.
      ending.push(session.shutdown());
      if (isHeld) await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
    await Promise.all(ending);
    clearInterval(this.#renewTimer);
  }

  phases(): Map<string, number> {
    const counts = new Map<string, number>();
    for (const { state } of this.#sessions.values())
      counts.set(state.phase, (counts.get(state.phase) ?? 0) + 1);
    return counts;
  }

  #add(id: string, business: string, linked: LinkedSession | undefined): Session {
    const session = new Session(this.deps, id, business, storedState(linked, Date.now()));
    this.#sessions.set(id, session);
    return session;
  }

  /** Failing costs time, nothing else: the leases run out by themselves. */
  async #follow(place: string): Promise<void> {
    try {
      const leases = await this.store.leases.endPredecessors(place);
      if (leases > 0)
        this.deps.logger.info({ event: 'leases.followed', count: leases }, 'taking over from the last');
    } catch (error) {
      this.deps.logger.warn({ problem: problemOf(error) }, 'leases of the last process must run out');
    }
  }

  async #scan(): Promise<void> {
    if (this.#scanning || this.#stopping) return;
    this.#scanning = true;
    try {
      await this.#resume();
      await this.#tellAbandoned();
    } catch (error) {
      this.deps.logger.warn({ problem: problemOf(error) }, 'sessions cannot be looked up');
    } finally {
      this.#scanning = false;
    }
  }

  async #resume(): Promise<void> {
    for (const linked of await this.store.credentials.resumable()) {
      if (this.#stopping) return;
      const known = this.#sessions.get(linked.session);
      if (known && !agrees(known.state, linked)) await known.readAgain();
      // One that waits for a lease which is free now need not wait for its next try.
      if (known && (isIdle(known.state.phase) || known.state.nextRetryAt === null)) continue;
      const session = known ?? this.#add(linked.session, linked.business, linked);
      void session.dispatch({ type: known ? 'retry_due' : 'resume' });
      await new Promise((resolve) => setTimeout(resolve, STAGGER_MS * (0.5 + this.deps.random())));
    }
  }

  /** A process died while these showed a QR: the people in front of it learn that it is void. */
  async #tellAbandoned(): Promise<void> {
    for (const { session: id, business } of await this.store.leases.abandoned()) {
      if (this.#stopping) return;
      // One that somebody asks for already waits for the lease itself.
      const known = this.#sessions.get(id);
      if (known && !isIdle(known.state.phase)) continue;
      const state: SessionState = { ...initialState(Date.now(), false), phase: 'requesting' };
      const session = new Session(this.deps, id, business, state);
      this.#sessions.set(id, session);
      await session.dispatch({ type: 'shutdown' });
    }
  }

  async #renew(): Promise<void> {
    const held = this.all().filter((session) => session.lease !== undefined);
    const leases = held.flatMap((session) => session.lease ?? []);
    const startedAt = performance.now();
    let lost: Session[] = [];
    try {
      const ours = await this.store.leases.renew(leases);
      this.#renewedAt = startedAt;
      // Only those that still have the lease asked about: others took a newer one meanwhile.
      lost = held.filter((session, index) => session.lease === leases[index] && !ours.has(session.id));
    } catch (error) {
      this.deps.logger.warn({ problem: problemOf(error) }, 'leases cannot be renewed');
      if (performance.now() - this.#renewedAt > this.store.leases.ttlMs * SAFETY) lost = held;
    }
    for (const session of lost) {
      this.deps.metrics.count('leases_lost');
      session.loseLease();
    }
  }
}
