/**
 * Unlinking, which only an open connection can do: until WhatsApp has heard it the credentials stay, and connections
 * are opened for nothing else. Pure, as machine.ts is.
 */
import { CONNECT, type To, type Why, end, told } from './change.js';
import {
  type Closing,
  FREE_RESTARTS,
  LEASE_RETRY_MS,
  SLOW_RETRY_MS,
  UNANSWERED,
  UNLINK_MS,
  UNLINK_REFUSED_MS,
  backoffMs,
  explain,
  removalDelayMs,
  verdict,
} from './policy.js';
import { because } from './reasons.js';
import {
  FRESH,
  type Effect,
  type SessionEvent,
  type SessionState,
  type Surroundings,
  type Transition,
  isIdle,
} from './state.js';

export function beginUnlinking(state: SessionState, { now }: Surroundings, to: To): Transition {
  if (!state.linked) return isIdle(state.phase) ? to({}) : end(to, 'unlinked', null, because('unlinked'));
  const why = reasonOf(state);
  const change = { ...FRESH, phase: 'unlinking', lastCode: state.lastCode, ...why } as const;
  const written = [remember(state.lastCode, why), tell(state.lastCode, why)];
  if (state.phase === 'connected') return to(change, ...written, { type: 'unlink_device' });
  const pause = pauseOf(state, now);
  if (pause > 0)
    return to({ ...change, nextRetryAt: now + pause }, ...written, { type: 'schedule', delayMs: pause });
  return to(change, ...written, ...CONNECT);
}

/** What happens to a session that is being unlinked. */
export function unlinking(
  state: SessionState,
  event: SessionEvent,
  around: Surroundings,
  to: To,
): Transition {
  switch (event.type) {
    case 'start':
      return keepLinked(state, around, to);
    case 'unlink':
      return state.nextRetryAt === null ? to({}) : connect(state, around, to);
    case 'resume':
    case 'retry_due':
      return connect(state, around, to);
    case 'opened':
      return to(
        { openedAt: around.now, restarts: 0, leaseTries: 0, versionRefreshed: false },
        { type: 'disarm_watchdog' },
        { type: 'unlink_device' },
      );
    case 'closed':
      return closed(state, event, around, to);
    case 'not_removed':
      return notRemoved(state, around, to);
    case 'watchdog':
      return closeFirst(closed(state, UNANSWERED, around, to));
    case 'lease_refused':
    case 'lease_lost': {
      const delayMs = Math.round(LEASE_RETRY_MS * (0.75 + around.random / 2));
      return to(
        { openedAt: null, nextRetryAt: around.now + delayMs },
        { type: 'close_socket' },
        { type: 'disarm_watchdog' },
        { type: 'schedule', delayMs },
      );
    }
    case 'unreadable': {
      const why = because(event.reasonCode, { more: event.problem });
      return closeFirst(wait(state, { code: null, why, delayMs: SLOW_RETRY_MS }, around, to));
    }
    case 'logout':
      return unlinked(event, to);
    case 'shutdown':
      return to(
        { nextRetryAt: around.now, openedAt: null },
        { type: 'disarm_watchdog' },
        { type: 'close_socket' },
        { type: 'release_lease' },
      );
    // What else WhatsApp says is about linking.
    default:
      return to({});
  }
}

/** The link is over, and its credentials go. */
export function unlinked({ told }: { readonly told: boolean }, to: To): Transition {
  const why = because(told ? 'unlinked' : 'unlinked_here_only');
  return end(to, 'unlinked', null, why, { type: 'wipe_credentials' });
}

/** Somebody wants the link after all; our own pause after a refusal binds nobody who asks. */
function keepLinked(state: SessionState, { now }: Surroundings, to: To): Transition {
  if (state.reasonCode === 'temporarily_banned' && pauseOf(state, now) > 0) {
    const why = reasonOf(state);
    const halt: Effect = { type: 'halt', phase: 'stopped', code: state.lastCode, reason: why };
    return end(to, 'stopped', state.lastCode, why, halt);
  }
  return to({ ...FRESH, phase: 'reconnecting' }, { type: 'unhalt' }, ...CONNECT);
}

function connect(state: SessionState, { now }: Surroundings, to: To): Transition {
  const delayMs = pauseOf(state, now);
  if (delayMs === 0) return to({ nextRetryAt: null }, ...CONNECT);
  if (isTooLong(state, now)) return unlinked({ told: false }, to);
  return to({ nextRetryAt: now + delayMs }, { type: 'schedule', delayMs });
}

function closed(state: SessionState, event: Closing, around: Surroundings, to: To): Transition {
  const { code } = event;
  const why = explain(event);
  switch (verdict(event)) {
    case 'logged_out':
      return unlinked({ told: true }, to);
    case 'restart':
      if (state.restarts < FREE_RESTARTS) return to({ restarts: state.restarts + 1 }, ...CONNECT);
      break;
    case 'version_refused':
      if (state.versionRefreshed) return wait(state, { code, why, delayMs: SLOW_RETRY_MS }, around, to);
      return to(
        { versionRefreshed: true },
        { type: 'connect', refreshVersion: true },
        { type: 'arm_watchdog' },
      );
    case 'refused':
    case 'mismatch': {
      const until = why.until ?? around.now + UNLINK_REFUSED_MS;
      return wait(
        state,
        { code, why: { ...why, until }, delayMs: pauseOf({ until }, around.now) },
        around,
        to,
      );
    }
  }
  return wait(state, { code, why, delayMs: backoffMs(state.attempt + 1, around.random) }, around, to);
}

function notRemoved(state: SessionState, around: Surroundings, to: To): Transition {
  const removals = state.removals + 1;
  const delayMs = removalDelayMs(removals, around.random);
  const next = wait(state, { code: UNANSWERED.code, why: explain(UNANSWERED), delayMs }, around, to);
  // Where its time is over there is nothing left to count.
  return next.state.phase === 'unlinking' ? { ...next, state: { ...next.state, removals } } : next;
}

interface Pause {
  readonly code: number | null;
  readonly why: Why;
  readonly delayMs: number;
}

function wait(state: SessionState, { code, why, delayMs }: Pause, { now }: Surroundings, to: To): Transition {
  if (isTooLong(state, now)) return unlinked({ told: false }, to);
  const isNews = why.reasonCode !== state.reasonCode || why.until !== state.until;
  return to(
    {
      attempt: state.attempt + 1,
      restarts: 0,
      openedAt: null,
      lastCode: code,
      ...why,
      nextRetryAt: now + delayMs,
    },
    { type: 'disarm_watchdog' },
    // Tries go on for days: only what changes is told.
    ...(isNews ? [remember(code, why), tell(code, why)] : []),
    { type: 'schedule', delayMs },
  );
}

function closeFirst({ state, effects }: Transition): Transition {
  return { state, effects: [{ type: 'close_socket' }, ...effects] };
}

function isTooLong(state: SessionState, now: number): boolean {
  return now - state.since >= UNLINK_MS;
}

/** How long nothing may be tried yet; looked at again after a day, which any timer can wait. */
function pauseOf({ until }: Pick<SessionState, 'until'>, now: number): number {
  return until === null ? 0 : Math.min(Math.max(until - now, 0), UNLINK_REFUSED_MS);
}

function reasonOf({ reasonCode, reason, until }: SessionState): Why {
  return reason === null ? because('unlink_asked') : { reasonCode, reason, until };
}

function remember(code: number | null, why: Why): Effect {
  return { type: 'halt', phase: 'unlinking', code, reason: why };
}

function tell(code: number | null, why: Why): Effect {
  return { type: 'fact', kind: 'unlinking', data: told(code, why) };
}
