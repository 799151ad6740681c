/** What a closed socket means, and how long to wait. Table "What to do by reason" of ADR 0004. */
import { type Reason, type ReasonCode, because } from './reasons.js';

/** A socket's end, as the library tells it. 408 and 440 also depend on the message. */
export interface Closing {
  /** WhatsApp's, or the library's own. */
  readonly code: number | null;
  readonly message: string;
  /** When a refusal ends that is for a time, Unix ms. */
  readonly until?: number | null;
}

/** The end of a socket on which nothing was answered. */
export const UNANSWERED: Closing = { code: 408, message: 'WhatsApp never answered' };

/** WhatsApp's codes. */
export const CODE = {
  loggedOut: 401,
  temporarilyBanned: 402,
  forbidden: 403,
  versionRefused: 405,
  banned: 406,
  timedOut: 408,
  mismatch: 411,
  replaced: 440,
  restart: 515,
} as const;

export type Verdict =
  'restart' | 'logged_out' | 'refused' | 'version_refused' | 'expired' | 'mismatch' | 'replaced' | 'retry';

const SAID_BY_WHATSAPP = /^(Stream Errored|Connection Failure)/;
/** What the library calls WhatsApp's refusal of a login. */
export const LOGIN_REFUSED = 'Connection Failure';

/** The message alone is not enough: 401 and 440 share "Stream Errored (conflict)". */
export function verdict({ code, message }: Closing): Verdict {
  switch (code) {
    case CODE.restart:
      return 'restart';
    case CODE.loggedOut:
      // Only WhatsApp's own word wipes credentials, not a 401 that the library made up.
      return SAID_BY_WHATSAPP.test(message) ? 'logged_out' : 'retry';
    case CODE.forbidden:
      return 'refused';
    case CODE.versionRefused:
      return 'version_refused';
    case CODE.timedOut:
      if (message.startsWith('QR refs')) return 'expired';
      break;
    case CODE.mismatch:
      return 'mismatch';
    case CODE.replaced:
      return 'replaced';
  }
  // A login that is refused again and again lengthens a ban: only WhatsApp's own trouble passes.
  return message === LOGIN_REFUSED && !isTrouble(code) ? 'refused' : 'retry';
}

function isTrouble(code: number | null): boolean {
  return code !== null && code >= 500;
}

/** Tries of a session that is not linked: nobody waits longer for a QR. */
export const UNLINKED_TRIES = 3;
/** Restarts (515) in a row without opening that count as normal. */
export const FREE_RESTARTS = 3;
/** A dead process keeps its lease for 15 s (`BAILEYS_LEASE_SECONDS`): one that is asked for waits longer. */
export const LEASE_TRIES = 20;
export const LEASE_RETRY_MS = 1_500;
export const STABLE_MS = 5 * 60_000;
export const SLOW_RETRY_MS = 5 * 60_000;
/** How long a device is still to be removed from a phone that nobody reaches; then its credentials go. */
export const UNLINK_MS = 7 * 86_400_000;
/** Pause after WhatsApp refused a login that was to unlink: each try may lengthen a ban. */
export const UNLINK_REFUSED_MS = 86_400_000;
/** How long a socket may say nothing at all: an upgrade answered 429 or 503 raises no event. */
export const WATCHDOG_MS = 60_000;
const MAX_REMOVAL_DELAY_MS = 6 * 3_600_000;
const MIN_DELAY_MS = 1_000;
const MAX_DELAY_MS = 60_000;

/** 1 to 60 s, doubling with each failure, spread by a quarter each way. `random` is in [0, 1). */
export function backoffMs(attempt: number, random: number): number {
  const base = Math.min(MAX_DELAY_MS, MIN_DELAY_MS * 2 ** Math.min(attempt - 1, 10));
  return Math.round(Math.min(MAX_DELAY_MS, Math.max(MIN_DELAY_MS, base * (0.75 + random / 2))));
}

/** After a removal that was not confirmed: each try is a login, and what WhatsApp refuses it mostly refuses again. */
export function removalDelayMs(removals: number, random: number): number {
  const base = Math.min(MAX_REMOVAL_DELAY_MS, MIN_DELAY_MS * 4 ** Math.min(removals - 1, 10));
  return Math.round(base * (0.75 + random / 2));
}

export function explain(closing: Closing): Reason & { readonly reason: string } {
  const { code } = closing;
  switch (verdict(closing)) {
    case 'restart':
      return because('restart_asked');
    case 'logged_out':
      return because('device_removed');
    case 'refused':
      return refusal(closing);
    case 'version_refused':
      return because('version_refused');
    case 'expired':
      return because('qr_expired');
    case 'mismatch':
      return because('phone_outdated');
    case 'replaced':
      return because('replaced');
    case 'retry':
      return because(RETRY_REASONS[code ?? 0] ?? 'connection_lost');
  }
}

function refusal({ code, until }: Closing): Reason & { readonly reason: string } {
  switch (code) {
    case CODE.temporarilyBanned:
      return because('temporarily_banned', { until });
    case CODE.forbidden:
      return because('account_refused');
    case CODE.banned:
      return because('account_banned');
    default:
      return because('login_refused', { code });
  }
}

const RETRY_REASONS: Readonly<Record<number, ReasonCode>> = {
  0: 'unreachable',
  408: 'unanswered',
  428: 'connection_closed',
  429: 'too_many_connections',
  500: 'server_error',
  503: 'server_unavailable',
};
