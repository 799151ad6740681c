/** The state machine of one session. Pure: no clock, no random source, no input or output. */
import { CONNECT, type Change, type To, type Why, end, iso, told } from './change.js';
import {
  type Closing,
  FREE_RESTARTS,
  LEASE_RETRY_MS,
  LEASE_TRIES,
  SLOW_RETRY_MS,
  STABLE_MS,
  UNANSWERED,
  UNLINKED_TRIES,
  backoffMs,
  explain,
  verdict,
} from './policy.js';
import { NO_REASON, because } from './reasons.js';
import {
  FRESH,
  type Effect,
  type SessionEvent,
  type SessionState,
  type Surroundings,
  type Transition,
  isIdle,
} from './state.js';
import { beginUnlinking, unlinked, unlinking } from './unlinking.js';

export function transition(state: SessionState, event: SessionEvent, around: Surroundings): Transition {
  const { now } = around;
  const to = (change: Change, ...effects: Effect[]): Transition => ({
    state: {
      ...state,
      ...change,
      since: change.phase !== undefined && change.phase !== state.phase ? now : state.since,
    },
    effects,
  });
  if (state.phase === 'unlinking') return unlinking(state, event, around, to);
  switch (event.type) {
    case 'start':
      return start(state, now, to);
    case 'resume':
      return to({ ...FRESH, phase: 'reconnecting' }, ...CONNECT);
    case 'retry_due':
      if (isIdle(state.phase)) return to({});
      // Its code went with the lease; a QR in its place would say that all is well.
      if (state.byCode && !state.linked) return end(to, 'interrupted', null, because('pairing_withdrawn'));
      return to({ nextRetryAt: null }, ...CONNECT);
    case 'qr':
      return qr(state, event, to);
    case 'code_requested':
      return to(
        { phase: 'code_ready', byCode: true, qrExpiresAt: event.expiresAt },
        { type: 'disarm_watchdog' },
        { type: 'fact', kind: 'pairing', data: { method: 'code', expires_at: iso(event.expiresAt) } },
      );
    case 'paired':
      return to(
        { phase: 'pairing', linked: true, qrExpiresAt: null, attempt: 0, ...NO_REASON, lastCode: null },
        { type: 'save_credentials' },
        { type: 'fact', kind: 'paired', data: { phone: event.phone } },
      );
    case 'opened':
      return opened(event, now, to);
    case 'passkey':
      // Who scans again meets the same gate.
      return state.linked || isIdle(state.phase)
        ? to({})
        : end(to, 'stopped', null, because('passkey_required'));
    case 'closed':
      return isIdle(state.phase) ? to({}) : closed(state, event, around, to);
    case 'watchdog': {
      const next = closed(state, UNANSWERED, around, to);
      return { state: next.state, effects: [{ type: 'close_socket' }, ...next.effects] };
    }
    case 'lease_refused':
      return leaseRefused(state, around, to);
    case 'lease_lost':
      return leaseLost(state, around, to);
    case 'unreadable':
      return isIdle(state.phase) ? to({}) : unreadable(event, to);
    // Only of a session that is being unlinked.
    case 'not_removed':
      return to({});
    case 'unlink':
      return beginUnlinking(state, around, to);
    case 'logout':
      return unlinked(event, to);
    case 'shutdown':
      return shutdown(state, to);
  }
}

function start(state: SessionState, now: number, to: To): Transition {
  // Each try before its end lengthens a ban.
  if (state.phase === 'stopped' && state.until !== null && state.until > now) return to({});
  if (state.linked) {
    if (isIdle(state.phase)) return to({ ...FRESH, phase: 'reconnecting' }, { type: 'unhalt' }, ...CONNECT);
    // Waiting for its next try: somebody looks at it, so try now.
    return state.nextRetryAt === null ? to({}) : to({ nextRetryAt: null }, ...CONNECT);
  }
  if (!isIdle(state.phase) && !state.byCode) return to({});
  return to(
    { ...FRESH, phase: 'requesting' },
    { type: 'close_socket' },
    { type: 'fact', kind: 'requesting', data: {} },
    ...CONNECT,
  );
}

function qr(state: SessionState, event: Extract<SessionEvent, { type: 'qr' }>, to: To): Transition {
  if (state.linked || state.byCode) return to({}, { type: 'disarm_watchdog' });
  return to(
    { phase: 'qr_ready', qrExpiresAt: event.expiresAt, versionRefreshed: false, leaseTries: 0, ...NO_REASON },
    { type: 'disarm_watchdog' },
    { type: 'fact', kind: 'qr_issued', data: { expires_at: iso(event.expiresAt), index: event.index } },
  );
}

function opened(event: Extract<SessionEvent, { type: 'opened' }>, now: number, to: To): Transition {
  const data = { phone: event.phone, push_name: event.pushName };
  return to(
    {
      phase: 'connected',
      linked: true,
      openedAt: now,
      restarts: 0,
      leaseTries: 0,
      lastCode: null,
      ...NO_REASON,
      qrExpiresAt: null,
      nextRetryAt: null,
      versionRefreshed: false,
      byCode: false,
    },
    { type: 'disarm_watchdog' },
    { type: 'fact', kind: 'connected', data },
  );
}

function closed(state: SessionState, event: Closing, around: Surroundings, to: To): Transition {
  const { code } = event;
  const why = explain(event);
  const meaning = verdict(event);
  if (state.byCode && !state.linked) {
    // New keys come with each connection: what was shown is a code of none.
    if (['restart', 'retry', 'version_refused'].includes(meaning))
      return end(to, 'interrupted', code, because('pairing_withdrawn'));
    if (meaning === 'expired') return end(to, 'expired', code, because('pairing_expired'));
  }
  switch (meaning) {
    case 'restart':
      return restart(state, why, around, to);
    case 'logged_out':
      return end(to, 'logged_out', code, why, { type: 'wipe_credentials' });
    case 'refused':
    case 'mismatch':
      return end(to, 'stopped', code, why, { type: 'halt', phase: 'stopped', code, reason: why });
    case 'replaced':
      // Writing this checks the lease: when another process of ours took the session, the write
      // is refused and `lease_lost` follows instead.
      return end(to, 'replaced', code, why, { type: 'halt', phase: 'replaced', code, reason: why });
    case 'expired':
      return end(to, 'expired', code, why);
    case 'version_refused':
      return versionRefused(state, why, around, to);
    case 'retry':
      return retry(state, { code, why }, around, to);
  }
}

function unreadable(event: Extract<SessionEvent, { type: 'unreadable' }>, to: To): Transition {
  const why = because(event.reasonCode, { more: event.problem });
  // A process that has the key may go on. What no key opens would only connect and end again.
  const halt: Effect[] =
    event.reasonCode === 'key_missing' ? [] : [{ type: 'halt', phase: 'stopped', code: null, reason: why }];
  return end(to, 'stopped', null, why, ...halt);
}

/** 515 follows each pairing: at once and uncounted, unless it goes round in circles. */
function restart(state: SessionState, why: Why, around: Surroundings, to: To): Transition {
  if (state.restarts >= FREE_RESTARTS) return retry(state, { code: 515, why }, around, to);
  const change: Change = { restarts: state.restarts + 1, openedAt: null, qrExpiresAt: null };
  if (state.phase !== 'connected') return to(change, ...CONNECT);
  const data = { ...told(515, why), attempt: state.attempt, retry_at: iso(around.now) };
  return to(
    { ...change, phase: 'reconnecting', lastCode: 515, ...why },
    { type: 'fact', kind: 'dropped', data },
    ...CONNECT,
  );
}

function versionRefused(state: SessionState, why: Why, around: Surroundings, to: To): Transition {
  if (!state.versionRefreshed)
    return to(
      { versionRefreshed: true, openedAt: null, lastCode: 405, ...why },
      { type: 'connect', refreshVersion: true },
      { type: 'arm_watchdog' },
    );
  if (!state.linked) return end(to, 'stopped', 405, why);
  return retry(state, { code: 405, why }, around, to, Math.round(SLOW_RETRY_MS * (0.75 + around.random / 2)));
}

function retry(
  state: SessionState,
  cause: { readonly code: number | null; readonly why: Why },
  around: Surroundings,
  to: To,
  fixedDelayMs?: number,
): Transition {
  const stable = state.openedAt !== null && around.now - state.openedAt >= STABLE_MS;
  const attempt = (stable ? 0 : state.attempt) + 1;
  if (!state.linked && attempt >= UNLINKED_TRIES) return end(to, 'stopped', cause.code, cause.why);
  const delayMs = fixedDelayMs ?? backoffMs(attempt, around.random);
  const nextRetryAt = around.now + delayMs;
  const data = { ...told(cause.code, cause.why), attempt, retry_at: iso(nextRetryAt) };
  return to(
    {
      phase: state.linked ? 'reconnecting' : 'requesting',
      attempt,
      restarts: 0,
      openedAt: null,
      qrExpiresAt: null,
      byCode: false,
      lastCode: cause.code,
      ...cause.why,
      nextRetryAt,
    },
    { type: 'disarm_watchdog' },
    { type: 'fact', kind: 'dropped', data },
    { type: 'schedule', delayMs },
  );
}

/** Another process holds it, or one that died did: asked again until a dead one's lease is over. */
function leaseRefused(state: SessionState, around: Surroundings, to: To): Transition {
  const why = because('held_elsewhere');
  const leaseTries = state.leaseTries + 1;
  if (!state.linked && leaseTries > LEASE_TRIES) return end(to, 'stopped', null, why);
  const delayMs = Math.round(LEASE_RETRY_MS * (0.75 + around.random / 2));
  return to(
    {
      phase: state.linked ? 'reconnecting' : 'requesting',
      leaseTries,
      ...why,
      nextRetryAt: around.now + delayMs,
    },
    { type: 'disarm_watchdog' },
    { type: 'schedule', delayMs },
  );
}

/** Another process may own it now: no socket, no write, and later a polite question. */
function leaseLost(state: SessionState, around: Surroundings, to: To): Transition {
  if (isIdle(state.phase)) return to({}, { type: 'close_socket' });
  const next = leaseRefused({ ...state, leaseTries: 0 }, around, to);
  const lost = { openedAt: null, qrExpiresAt: null };
  return { state: { ...next.state, ...lost }, effects: [{ type: 'close_socket' }, ...next.effects] };
}

/** The process stops: a linked session comes back with the next one, a QR cannot. */
function shutdown(state: SessionState, to: To): Transition {
  const close: Effect[] = [{ type: 'disarm_watchdog' }, { type: 'close_socket' }];
  if (isIdle(state.phase)) return to({}, ...close, { type: 'release_lease' });
  const why = because('service_restarted');
  if (!state.linked) return end(to, 'interrupted', null, why);
  return to({ phase: 'reconnecting', nextRetryAt: null, openedAt: null, ...why }, ...close, {
    type: 'release_lease',
  });
}
