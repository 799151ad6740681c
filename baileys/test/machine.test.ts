import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { transition } from '../src/session/machine.js';
import {
  LEASE_TRIES,
  SLOW_RETRY_MS,
  STABLE_MS,
  UNLINKED_TRIES,
  UNLINK_MS,
  UNLINK_REFUSED_MS,
  backoffMs,
} from '../src/session/policy.js';
import { NO_REASON, because, readReason, storedReason } from '../src/session/reasons.js';
import {
  type Effect,
  type Phase,
  type SessionEvent,
  type SessionState,
  initialState,
} from '../src/session/state.js';

const NOW = 1_800_000_000_000;
const AROUND = { now: NOW, random: 0.5 };

function state(phase: Phase, linked: boolean, more: Partial<SessionState> = {}): SessionState {
  return { ...initialState(NOW - 60_000, linked), phase, ...more };
}

/** An effect in one word, with what matters of it. */
function short(effect: Effect): string {
  switch (effect.type) {
    case 'fact':
      return `fact:${effect.kind}`;
    case 'connect':
      return effect.refreshVersion ? 'connect:new-version' : 'connect';
    case 'schedule':
      return `schedule:${effect.delayMs}`;
    default:
      return effect.type;
  }
}

const closed = (code: number | null, message = ''): SessionEvent => ({ type: 'closed', code, message });
const CONNECTED = state('connected', true, { openedAt: NOW - 10_000 });
const WAITING = state('reconnecting', true, { attempt: 3, nextRetryAt: NOW + 8_000 });
const SCANNING = state('qr_ready', false, { qrExpiresAt: NOW + 20_000 });
const CODE_SHOWN = state('code_ready', false, { byCode: true, qrExpiresAt: NOW + 90_000 });
const UNLINKING = state('unlinking', true, because('unlink_asked'));
const ENDS = ['disarm_watchdog', 'close_socket'];

interface Row {
  readonly name: string;
  readonly from: SessionState;
  readonly event: SessionEvent;
  readonly to: Partial<SessionState>;
  readonly effects: readonly string[];
}

const TABLE: readonly Row[] = [
  // Asking for it.
  {
    name: 'start of a new one',
    from: state('not_linked', false),
    event: { type: 'start' },
    to: { phase: 'requesting' },
    effects: ['close_socket', 'fact:requesting', 'connect', 'arm_watchdog'],
  },
  {
    name: 'start twice',
    from: state('requesting', false),
    event: { type: 'start' },
    to: { phase: 'requesting' },
    effects: [],
  },
  {
    name: 'start while a QR shows',
    from: SCANNING,
    event: { type: 'start' },
    to: { phase: 'qr_ready' },
    effects: [],
  },
  {
    name: 'start when connected',
    from: CONNECTED,
    event: { type: 'start' },
    to: { phase: 'connected' },
    effects: [],
  },
  {
    name: 'start while a try waits',
    from: WAITING,
    event: { type: 'start' },
    to: { phase: 'reconnecting', nextRetryAt: null },
    effects: ['connect', 'arm_watchdog'],
  },
  {
    name: 'start after expiry',
    from: state('expired', false),
    event: { type: 'start' },
    to: { phase: 'requesting', reason: null },
    effects: ['close_socket', 'fact:requesting', 'connect', 'arm_watchdog'],
  },
  {
    name: 'start after 440',
    from: state('replaced', true, { lastCode: 440 }),
    event: { type: 'start' },
    to: { phase: 'reconnecting', lastCode: null },
    effects: ['unhalt', 'connect', 'arm_watchdog'],
  },
  {
    name: 'start leaves the pairing code for a QR',
    from: state('code_ready', false, { byCode: true }),
    event: { type: 'start' },
    to: { phase: 'requesting', byCode: false },
    effects: ['close_socket', 'fact:requesting', 'connect', 'arm_watchdog'],
  },
  {
    name: 'resume',
    from: state('not_linked', true),
    event: { type: 'resume' },
    to: { phase: 'reconnecting' },
    effects: ['connect', 'arm_watchdog'],
  },
  // Linking.
  {
    name: 'QR',
    from: state('requesting', false),
    event: { type: 'qr', index: 0, expiresAt: NOW + 60_000 },
    to: { phase: 'qr_ready', qrExpiresAt: NOW + 60_000 },
    effects: ['disarm_watchdog', 'fact:qr_issued'],
  },
  {
    name: 'QR while linking by code is not shown',
    from: state('code_ready', false, { byCode: true }),
    event: { type: 'qr', index: 1, expiresAt: NOW },
    to: { phase: 'code_ready' },
    effects: ['disarm_watchdog'],
  },
  {
    name: 'pairing code',
    from: SCANNING,
    event: { type: 'code_requested', expiresAt: NOW + 99 },
    to: { phase: 'code_ready', byCode: true, qrExpiresAt: NOW + 99 },
    effects: ['disarm_watchdog', 'fact:pairing'],
  },
  {
    name: 'paired: stored before anything else',
    from: SCANNING,
    event: { type: 'paired', phone: '+972501234567' },
    to: { phase: 'pairing', linked: true },
    effects: ['save_credentials', 'fact:paired'],
  },
  {
    name: '515 after pairing: at once, uncounted',
    from: state('pairing', true),
    event: closed(515),
    to: { phase: 'pairing', attempt: 0, restarts: 1 },
    effects: ['connect', 'arm_watchdog'],
  },
  {
    name: 'opened',
    from: state('pairing', true),
    event: { type: 'opened', phone: '+972501234567', pushName: null },
    to: { phase: 'connected', openedAt: NOW, reason: null },
    effects: ['disarm_watchdog', 'fact:connected'],
  },
  {
    name: 'QR refs ended',
    from: SCANNING,
    event: closed(408, 'QR refs attempts ended'),
    to: { phase: 'expired', lastCode: 408 },
    effects: [...ENDS, 'fact:expired', 'release_lease'],
  },
  {
    name: 'wrong scan: another try',
    from: SCANNING,
    event: closed(500, 'Invalid account signature'),
    to: { phase: 'requesting', attempt: 1 },
    effects: ['disarm_watchdog', 'fact:dropped', 'schedule:1000'],
  },
  // Drops of a linked session.
  ...[408, 428, 429, 500, 503, null].map((code) => ({
    name: `${code} when connected`,
    from: CONNECTED,
    event: closed(code, 'Connection was lost'),
    to: { phase: 'reconnecting', attempt: 1, lastCode: code, nextRetryAt: NOW + 1_000 } as const,
    effects: ['disarm_watchdog', 'fact:dropped', 'schedule:1000'],
  })),
  {
    name: '515 when connected',
    from: CONNECTED,
    event: closed(515),
    to: { phase: 'reconnecting', attempt: 0, restarts: 1 },
    effects: ['fact:dropped', 'connect', 'arm_watchdog'],
  },
  {
    name: '515 in circles is a failure',
    from: state('reconnecting', true, { restarts: 3 }),
    event: closed(515),
    to: { phase: 'reconnecting', attempt: 1, restarts: 0 },
    effects: ['disarm_watchdog', 'fact:dropped', 'schedule:1000'],
  },
  {
    name: 'the fourth failure',
    from: state('reconnecting', true, { attempt: 3 }),
    event: closed(428),
    to: { attempt: 4, nextRetryAt: NOW + 8_000 },
    effects: ['disarm_watchdog', 'fact:dropped', 'schedule:8000'],
  },
  {
    name: 'the hundredth failure of a linked session',
    from: state('reconnecting', true, { attempt: 99 }),
    event: closed(null),
    to: { phase: 'reconnecting', attempt: 100, nextRetryAt: NOW + 60_000 },
    effects: ['disarm_watchdog', 'fact:dropped', 'schedule:60000'],
  },
  {
    name: 'five stable minutes reset',
    from: state('connected', true, { attempt: 9, openedAt: NOW - STABLE_MS }),
    event: closed(428),
    to: { attempt: 1 },
    effects: ['disarm_watchdog', 'fact:dropped', 'schedule:1000'],
  },
  {
    name: 'less does not',
    from: state('connected', true, { attempt: 2, openedAt: NOW - STABLE_MS + 1 }),
    event: closed(428),
    to: { attempt: 3 },
    effects: ['disarm_watchdog', 'fact:dropped', 'schedule:4000'],
  },
  {
    name: 'a try is due',
    from: WAITING,
    event: { type: 'retry_due' },
    to: { nextRetryAt: null, attempt: 3 },
    effects: ['connect', 'arm_watchdog'],
  },
  {
    name: 'a try of what has ended',
    from: state('stopped', true),
    event: { type: 'retry_due' },
    to: { phase: 'stopped' },
    effects: [],
  },
  {
    name: 'watchdog',
    from: state('reconnecting', true),
    event: { type: 'watchdog' },
    to: { phase: 'reconnecting', attempt: 1, lastCode: 408 },
    effects: ['close_socket', 'disarm_watchdog', 'fact:dropped', 'schedule:1000'],
  },
  // Drops of a session that is not linked.
  {
    name: 'the third failure before a scan',
    from: state('requesting', false, { attempt: UNLINKED_TRIES - 1 }),
    event: closed(null),
    to: { phase: 'stopped', reason: 'WhatsApp cannot be reached' },
    effects: [...ENDS, 'fact:stopped', 'release_lease'],
  },
  {
    name: 'the second',
    from: state('requesting', false, { attempt: 1 }),
    event: closed(503),
    to: { phase: 'requesting', attempt: 2 },
    effects: ['disarm_watchdog', 'fact:dropped', 'schedule:2000'],
  },
  // Ends, by reason.
  {
    name: '401',
    from: CONNECTED,
    event: closed(401, 'Stream Errored (conflict)'),
    to: { phase: 'logged_out', linked: false, lastCode: 401 },
    effects: [...ENDS, 'wipe_credentials', 'fact:logged_out', 'release_lease'],
  },
  {
    name: '401 that WhatsApp did not say',
    from: CONNECTED,
    event: closed(401, 'Cannot proceed: socket is not authenticated yet'),
    to: { phase: 'reconnecting', linked: true },
    effects: ['disarm_watchdog', 'fact:dropped', 'schedule:1000'],
  },
  {
    name: '403',
    from: CONNECTED,
    event: closed(403),
    to: { phase: 'stopped', linked: true, lastCode: 403 },
    effects: [...ENDS, 'halt', 'fact:stopped', 'release_lease'],
  },
  ...[400, 402, 403, 406, 409, 413, 414, 415, 418, 429, 499, null].map((code) => ({
    name: `${code} at login`,
    from: state('reconnecting', true, { attempt: 2 }),
    event: closed(code, 'Connection Failure'),
    to: { phase: 'stopped', linked: true, lastCode: code } as const,
    effects: [...ENDS, 'halt', 'fact:stopped', 'release_lease'],
  })),
  ...[405, 408, 428, 500, 503, 515, null].map((code) => ({
    name: `${code} while a pairing code is shown`,
    from: CODE_SHOWN,
    event: closed(code),
    to: {
      phase: 'interrupted',
      lastCode: code,
      reasonCode: 'pairing_withdrawn',
      qrExpiresAt: null,
    } as const,
    effects: [...ENDS, 'fact:interrupted', 'release_lease'],
  })),
  {
    name: '515 after the code was typed',
    from: state('pairing', true, { byCode: true }),
    event: closed(515),
    to: { phase: 'pairing', linked: true, restarts: 1 },
    effects: ['connect', 'arm_watchdog'],
  },
  {
    name: 'the end of a pairing code that nobody typed',
    from: CODE_SHOWN,
    event: closed(408, 'QR refs attempts ended'),
    to: { phase: 'expired', reasonCode: 'pairing_expired' },
    effects: [...ENDS, 'fact:expired', 'release_lease'],
  },
  {
    name: 'a refused login while a pairing code is shown',
    from: CODE_SHOWN,
    event: closed(406, 'Connection Failure'),
    to: { phase: 'stopped', reasonCode: 'account_banned' },
    effects: [...ENDS, 'halt', 'fact:stopped', 'release_lease'],
  },
  {
    name: 'a passkey that is asked for',
    from: SCANNING,
    event: { type: 'passkey' },
    to: { phase: 'stopped', reasonCode: 'passkey_required' },
    effects: [...ENDS, 'fact:stopped', 'release_lease'],
  },
  {
    name: 'the 428 after it',
    from: state('stopped', false, { reasonCode: 'passkey_required' }),
    event: closed(428),
    to: { phase: 'stopped', reasonCode: 'passkey_required' },
    effects: [],
  },
  {
    name: 'start during a ban',
    from: state('stopped', true, { lastCode: 402, until: NOW + 1 }),
    event: { type: 'start' },
    to: { phase: 'stopped', lastCode: 402, until: NOW + 1 },
    effects: [],
  },
  {
    name: 'start after a ban',
    from: state('stopped', true, { lastCode: 402, until: NOW }),
    event: { type: 'start' },
    to: { phase: 'reconnecting', lastCode: null, until: null },
    effects: ['unhalt', 'connect', 'arm_watchdog'],
  },
  {
    name: '411',
    from: CONNECTED,
    event: closed(411),
    to: { phase: 'stopped', linked: true, lastCode: 411 },
    effects: [...ENDS, 'halt', 'fact:stopped', 'release_lease'],
  },
  {
    name: '440',
    from: CONNECTED,
    event: closed(440, 'Stream Errored (conflict)'),
    to: { phase: 'replaced', linked: true, lastCode: 440 },
    effects: [...ENDS, 'halt', 'fact:replaced', 'release_lease'],
  },
  {
    name: '405: a newer version at once',
    from: CONNECTED,
    event: closed(405),
    to: { versionRefreshed: true, attempt: 0 },
    effects: ['connect:new-version', 'arm_watchdog'],
  },
  {
    name: '405 again: slowly',
    from: state('reconnecting', true, { versionRefreshed: true }),
    event: closed(405),
    to: { phase: 'reconnecting', nextRetryAt: NOW + SLOW_RETRY_MS },
    effects: ['disarm_watchdog', 'fact:dropped', `schedule:${SLOW_RETRY_MS}`],
  },
  {
    name: '405 again before a scan',
    from: state('requesting', false, { versionRefreshed: true }),
    event: closed(405),
    to: { phase: 'stopped', lastCode: 405 },
    effects: [...ENDS, 'fact:stopped', 'release_lease'],
  },
  {
    name: 'the end of what has ended',
    from: state('expired', false),
    event: closed(428),
    to: { phase: 'expired' },
    effects: [],
  },
  // Unlinking.
  {
    name: 'unlink when connected',
    from: CONNECTED,
    event: { type: 'unlink' },
    to: { phase: 'unlinking', linked: true, reasonCode: 'unlink_asked' },
    effects: ['halt', 'fact:unlinking', 'unlink_device'],
  },
  {
    name: 'unlink while the line is down',
    from: state('reconnecting', true, { ...because('unreachable'), nextRetryAt: NOW + 8_000 }),
    event: { type: 'unlink' },
    to: { phase: 'unlinking', linked: true, reasonCode: 'unreachable', nextRetryAt: null },
    effects: ['halt', 'fact:unlinking', 'connect', 'arm_watchdog'],
  },
  {
    name: 'unlink what waits for somebody',
    from: state('replaced', true, because('replaced')),
    event: { type: 'unlink' },
    to: { phase: 'unlinking', linked: true },
    effects: ['halt', 'fact:unlinking', 'connect', 'arm_watchdog'],
  },
  {
    name: 'unlink during a ban: not before its end',
    from: state('stopped', true, because('temporarily_banned', { until: NOW + 7_000 })),
    event: { type: 'unlink' },
    to: { phase: 'unlinking', until: NOW + 7_000, nextRetryAt: NOW + 7_000 },
    effects: ['halt', 'fact:unlinking', 'schedule:7000'],
  },
  {
    name: 'unlink while a QR shows',
    from: SCANNING,
    event: { type: 'unlink' },
    to: { phase: 'unlinked', reasonCode: 'unlinked' },
    effects: [...ENDS, 'fact:unlinked', 'release_lease'],
  },
  {
    name: 'unlink what is not linked',
    from: state('expired', false),
    event: { type: 'unlink' },
    to: { phase: 'expired' },
    effects: [],
  },
  {
    name: 'unlink twice',
    from: UNLINKING,
    event: { type: 'unlink' },
    to: { phase: 'unlinking' },
    effects: [],
  },
  {
    name: 'unlink again while a try waits',
    from: state('unlinking', true, { nextRetryAt: NOW + 8_000 }),
    event: { type: 'unlink' },
    to: { phase: 'unlinking', nextRetryAt: null },
    effects: ['connect', 'arm_watchdog'],
  },
  {
    name: 'a connection that opens only to unlink',
    from: UNLINKING,
    event: { type: 'opened', phone: '+972501234567', pushName: null },
    to: { phase: 'unlinking', openedAt: NOW },
    effects: ['disarm_watchdog', 'unlink_device'],
  },
  {
    name: 'the end of unlinking',
    from: UNLINKING,
    event: { type: 'logout', told: true },
    to: { phase: 'unlinked', linked: false, reasonCode: 'unlinked' },
    effects: [...ENDS, 'wipe_credentials', 'fact:unlinked', 'release_lease'],
  },
  {
    name: '401 while unlinking: it is gone',
    from: UNLINKING,
    event: closed(401, 'Connection Failure'),
    to: { phase: 'unlinked', linked: false, reasonCode: 'unlinked' },
    effects: [...ENDS, 'wipe_credentials', 'fact:unlinked', 'release_lease'],
  },
  {
    name: 'another failure while unlinking is told',
    from: UNLINKING,
    event: closed(null),
    to: { phase: 'unlinking', attempt: 1, nextRetryAt: NOW + 1_000, reasonCode: 'unreachable' },
    effects: ['disarm_watchdog', 'halt', 'fact:unlinking', 'schedule:1000'],
  },
  {
    name: 'the same failure again is not',
    from: state('unlinking', true, { ...because('unreachable'), attempt: 99 }),
    event: closed(null),
    to: { phase: 'unlinking', attempt: 100, nextRetryAt: NOW + 60_000 },
    effects: ['disarm_watchdog', 'schedule:60000'],
  },
  {
    name: 'a silent line while unlinking',
    from: state('unlinking', true, because('unanswered')),
    event: { type: 'watchdog' },
    to: { phase: 'unlinking', attempt: 1 },
    effects: ['close_socket', 'disarm_watchdog', 'schedule:1000'],
  },
  {
    name: 'a removal that WhatsApp does not confirm',
    from: state('unlinking', true, because('unanswered')),
    event: { type: 'not_removed' },
    to: { phase: 'unlinking', attempt: 1, removals: 1, nextRetryAt: NOW + 1_000 },
    effects: ['disarm_watchdog', 'schedule:1000'],
  },
  {
    name: 'the fifth of them waits for minutes',
    from: state('unlinking', true, { ...because('unanswered'), removals: 4 }),
    event: { type: 'not_removed' },
    to: { phase: 'unlinking', removals: 5, nextRetryAt: NOW + 256_000 },
    effects: ['disarm_watchdog', 'schedule:256000'],
  },
  {
    name: 'the hundredth for hours',
    from: state('unlinking', true, { ...because('unanswered'), removals: 99 }),
    event: { type: 'not_removed' },
    to: { phase: 'unlinking', removals: 100, nextRetryAt: NOW + 6 * 3_600_000 },
    effects: ['disarm_watchdog', 'schedule:21600000'],
  },
  {
    name: '440 while unlinking: again later',
    from: state('unlinking', true, because('replaced')),
    event: closed(440, 'Stream Errored (conflict)'),
    to: { phase: 'unlinking', attempt: 1 },
    effects: ['disarm_watchdog', 'schedule:1000'],
  },
  {
    name: '515 while unlinking',
    from: UNLINKING,
    event: closed(515),
    to: { phase: 'unlinking', restarts: 1 },
    effects: ['connect', 'arm_watchdog'],
  },
  {
    name: '405 while unlinking',
    from: UNLINKING,
    event: closed(405),
    to: { phase: 'unlinking', versionRefreshed: true },
    effects: ['connect:new-version', 'arm_watchdog'],
  },
  {
    name: 'a refused login while unlinking: a day later',
    from: UNLINKING,
    event: closed(403, 'Connection Failure'),
    to: { phase: 'unlinking', reasonCode: 'account_refused', until: NOW + UNLINK_REFUSED_MS },
    effects: ['disarm_watchdog', 'halt', 'fact:unlinking', `schedule:${UNLINK_REFUSED_MS}`],
  },
  {
    name: 'a try to unlink before the end of a ban',
    from: state('unlinking', true, { until: NOW + 5_000 }),
    event: { type: 'retry_due' },
    to: { phase: 'unlinking', nextRetryAt: NOW + 5_000 },
    effects: ['schedule:5000'],
  },
  {
    name: 'a process that comes back unlinks',
    from: UNLINKING,
    event: { type: 'resume' },
    to: { phase: 'unlinking' },
    effects: ['connect', 'arm_watchdog'],
  },
  {
    name: 'unlinking that nobody heard for a week',
    from: state('unlinking', true, { since: NOW - UNLINK_MS }),
    event: closed(null),
    to: { phase: 'unlinked', linked: false, reasonCode: 'unlinked_here_only' },
    effects: [...ENDS, 'wipe_credentials', 'fact:unlinked', 'release_lease'],
  },
  {
    name: 'start while unlinking: linked after all',
    from: state('unlinking', true, { nextRetryAt: NOW + 8_000 }),
    event: { type: 'start' },
    to: { phase: 'reconnecting', linked: true, nextRetryAt: null },
    effects: ['unhalt', 'connect', 'arm_watchdog'],
  },
  {
    name: 'start while unlinking during a ban',
    from: state('unlinking', true, because('temporarily_banned', { until: NOW + 1 })),
    event: { type: 'start' },
    to: { phase: 'stopped', linked: true, until: NOW + 1 },
    effects: [...ENDS, 'halt', 'fact:stopped', 'release_lease'],
  },
  {
    name: 'start while unlinking after a refusal',
    from: state('unlinking', true, because('account_refused', { until: NOW + 1 })),
    event: { type: 'start' },
    to: { phase: 'reconnecting', until: null },
    effects: ['unhalt', 'connect', 'arm_watchdog'],
  },
  {
    name: 'wrong key while unlinking: waits for the right one',
    from: UNLINKING,
    event: { type: 'unreadable', reasonCode: 'credentials_unreadable', problem: 'no key' },
    to: { phase: 'unlinking', linked: true, reasonCode: 'credentials_unreadable' },
    effects: ['close_socket', 'disarm_watchdog', 'halt', 'fact:unlinking', `schedule:${SLOW_RETRY_MS}`],
  },
  {
    name: 'lease lost while unlinking',
    from: UNLINKING,
    event: { type: 'lease_lost' },
    to: { phase: 'unlinking' },
    effects: ['close_socket', 'disarm_watchdog', 'schedule:1500'],
  },
  {
    name: 'shutdown while unlinking',
    from: UNLINKING,
    event: { type: 'shutdown' },
    to: { phase: 'unlinking', linked: true },
    effects: [...ENDS, 'release_lease'],
  },
  // Leases and the process.
  {
    name: 'lease held elsewhere',
    from: state('reconnecting', true),
    event: { type: 'lease_refused' },
    to: { phase: 'reconnecting', attempt: 0, leaseTries: 1 },
    effects: ['disarm_watchdog', 'schedule:1500'],
  },
  {
    name: 'lease held elsewhere for longer than a dead process can',
    from: state('requesting', false, { leaseTries: LEASE_TRIES }),
    event: { type: 'lease_refused' },
    to: { phase: 'stopped' },
    effects: [...ENDS, 'fact:stopped', 'release_lease'],
  },
  {
    name: 'lease held elsewhere for long, linked',
    from: state('reconnecting', true, { leaseTries: 99 }),
    event: { type: 'lease_refused' },
    to: { phase: 'reconnecting', leaseTries: 100 },
    effects: ['disarm_watchdog', 'schedule:1500'],
  },
  {
    name: 'lease lost: no fact, another process tells',
    from: CONNECTED,
    event: { type: 'lease_lost' },
    to: { phase: 'reconnecting' },
    effects: ['close_socket', 'disarm_watchdog', 'schedule:1500'],
  },
  {
    name: 'lease lost while a pairing code is shown',
    from: CODE_SHOWN,
    event: { type: 'lease_lost' },
    to: { phase: 'requesting', byCode: true, qrExpiresAt: null },
    effects: ['close_socket', 'disarm_watchdog', 'schedule:1500'],
  },
  {
    name: 'its next try: the code is void',
    from: state('requesting', false, { byCode: true, nextRetryAt: NOW }),
    event: { type: 'retry_due' },
    to: { phase: 'interrupted', reasonCode: 'pairing_withdrawn' },
    effects: [...ENDS, 'fact:interrupted', 'release_lease'],
  },
  {
    name: 'wrong key: stop, keep',
    from: state('reconnecting', true),
    event: { type: 'unreadable', reasonCode: 'key_missing', problem: 'no key' },
    to: { phase: 'stopped', linked: true, reasonCode: 'key_missing' },
    effects: [...ENDS, 'fact:stopped', 'release_lease'],
  },
  {
    name: 'a changed row: stop, and wait for somebody',
    from: CONNECTED,
    event: { type: 'unreadable', reasonCode: 'credentials_unreadable', problem: 'changed' },
    to: { phase: 'stopped', linked: true, reasonCode: 'credentials_unreadable' },
    effects: [...ENDS, 'halt', 'fact:stopped', 'release_lease'],
  },
  {
    name: 'another changed row of one that has stopped',
    from: state('stopped', true),
    event: { type: 'unreadable', reasonCode: 'credentials_unreadable', problem: 'changed' },
    to: { phase: 'stopped' },
    effects: [],
  },
  {
    name: 'shutdown when connected',
    from: CONNECTED,
    event: { type: 'shutdown' },
    to: { phase: 'reconnecting', linked: true },
    effects: [...ENDS, 'release_lease'],
  },
  {
    name: 'shutdown while a QR shows',
    from: SCANNING,
    event: { type: 'shutdown' },
    to: { phase: 'interrupted', reasonCode: 'service_restarted' },
    effects: [...ENDS, 'fact:interrupted', 'release_lease'],
  },
  {
    name: 'shutdown of what has ended',
    from: state('replaced', true),
    event: { type: 'shutdown' },
    to: { phase: 'replaced' },
    effects: [...ENDS, 'release_lease'],
  },
];

describe('the state machine', () => {
  for (const row of TABLE) {
    it(row.name, () => {
      const next = transition(row.from, row.event, AROUND);
      const changed = Object.fromEntries(
        Object.keys(row.to).map((key) => [key, next.state[key as keyof SessionState]]),
      );
      assert.deepEqual(changed, row.to);
      assert.deepEqual(next.effects.map(short), row.effects);
      assert.equal(next.state.since, next.state.phase === row.from.phase ? row.from.since : NOW);
    });
  }

  it('gives the same for the same, and changes nothing that it got', () => {
    const frozen = Object.freeze({ ...CONNECTED });
    assert.deepEqual(transition(frozen, closed(428), AROUND), transition(frozen, closed(428), AROUND));
  });

  it('puts no QR, code or credential into a fact', () => {
    const facts = TABLE.flatMap((row) => transition(row.from, row.event, AROUND).effects).filter(
      (effect) => effect.type === 'fact',
    );
    const known = new Set([
      'expires_at',
      'index',
      'method',
      'phone',
      'push_name',
      'code',
      'reason',
      'reason_code',
      'until',
      'attempt',
      'retry_at',
    ]);
    for (const fact of facts) for (const name of Object.keys(fact.data)) assert.ok(known.has(name), name);
  });

  it('waits between one second and one minute, spread', () => {
    for (let attempt = 1; attempt < 40; attempt++) {
      for (const random of [0, 0.25, 0.999]) {
        const delay = backoffMs(attempt, random);
        assert.ok(delay >= 1_000 && delay <= 60_000, `${attempt} ${random} ${delay}`);
      }
    }
    assert.notEqual(backoffMs(4, 0), backoffMs(4, 0.9));
  });
});

describe('a reason', () => {
  it('is stored as a code and a time, and read again', () => {
    for (const why of [because('account_banned'), because('temporarily_banned', { until: NOW })])
      assert.deepEqual(readReason(storedReason(why), 402), why);
    const refused = because('login_refused', { code: 413 });
    assert.deepEqual(readReason(storedReason(refused), 413), refused);
  });

  it('that an older release stored stays a sentence', () => {
    for (const sentence of ['WhatsApp refuses this account', 'replaced by nobody knows whom', null])
      assert.equal(readReason(sentence, 403).until, null);
    assert.deepEqual(readReason('WhatsApp refuses this account', 403), {
      ...NO_REASON,
      reason: 'WhatsApp refuses this account',
    });
  });
});
