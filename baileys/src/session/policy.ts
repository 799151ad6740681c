/** What a closed socket means, and how long to wait. Table "What to do by reason" of ADR 0004. */

/** WhatsApp's codes, as the library gives them. 408 and 440 also depend on the message. */
export const CODE = {
  loggedOut: 401,
  forbidden: 403,
  versionRefused: 405,
  timedOut: 408,
  mismatch: 411,
  replaced: 440,
  restart: 515,
} as const;

export type Verdict =
  'restart' | 'logged_out' | 'forbidden' | 'version_refused' | 'expired' | 'mismatch' | 'replaced' | 'retry';

const SAID_BY_WHATSAPP = /^(Stream Errored|Connection Failure)/;

/** The message alone is not enough: 401 and 440 share "Stream Errored (conflict)". */
export function verdict(code: number | null, message: string): Verdict {
  switch (code) {
    case CODE.restart:
      return 'restart';
    case CODE.loggedOut:
      // Only WhatsApp's own word wipes credentials, not a 401 that the library made up.
      return SAID_BY_WHATSAPP.test(message) ? 'logged_out' : 'retry';
    case CODE.forbidden:
      return 'forbidden';
    case CODE.versionRefused:
      return 'version_refused';
    case CODE.timedOut:
      return message.startsWith('QR refs') ? 'expired' : 'retry';
    case CODE.mismatch:
      return 'mismatch';
    case CODE.replaced:
      return 'replaced';
    default:
      return 'retry';
  }
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
/** How long a socket may say nothing at all: an upgrade answered 429 or 503 raises no event. */
export const WATCHDOG_MS = 60_000;
const MIN_DELAY_MS = 1_000;
const MAX_DELAY_MS = 60_000;

/** 1 to 60 s, doubling with each failure, spread by a quarter each way. `random` is in [0, 1). */
export function backoffMs(attempt: number, random: number): number {
  const base = Math.min(MAX_DELAY_MS, MIN_DELAY_MS * 2 ** Math.min(attempt - 1, 10));
  return Math.round(Math.min(MAX_DELAY_MS, Math.max(MIN_DELAY_MS, base * (0.75 + random / 2))));
}

/** A sentence for people, by code. */
export function explain(code: number | null, message: string): string {
  switch (verdict(code, message)) {
    case 'restart':
      return 'WhatsApp asked for a new connection';
    case 'logged_out':
      return 'The device was removed on the phone';
    case 'forbidden':
      return 'WhatsApp refuses this account';
    case 'version_refused':
      return 'WhatsApp refuses this version of the client';
    case 'expired':
      return 'The QR code was not scanned in time';
    case 'mismatch':
      return 'The phone must be updated before it can link devices';
    case 'replaced':
      return 'Another client uses this connection';
    case 'retry':
      return RETRY_REASONS[code ?? 0] ?? 'The connection to WhatsApp broke';
  }
}

const RETRY_REASONS: Readonly<Record<number, string>> = {
  0: 'WhatsApp cannot be reached',
  408: 'WhatsApp did not answer in time',
  428: 'WhatsApp closed the connection',
  429: 'WhatsApp asks for fewer connections',
  500: 'WhatsApp reported an error',
  503: 'WhatsApp is unavailable',
};
