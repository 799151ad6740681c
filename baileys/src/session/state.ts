/** The vocabulary of the state machine: states, events and effects, without behaviour. */
import type { Closing } from './policy.js';
import { NO_REASON, type Reason, type Unreadable } from './reasons.js';

/** As people see it. Names are part of the contract with the ingress and the workers. */
export type Phase =
  | 'not_linked'
  | 'requesting'
  | 'qr_ready'
  /** Nobody scanned or typed in time. */
  | 'expired'
  /** What was shown to scan or to type became void before its time. */
  | 'interrupted'
  /** A pairing code can be typed. */
  | 'code_ready'
  /** A phone confirmed. */
  | 'pairing'
  | 'connected'
  | 'reconnecting'
  | 'replaced'
  /** Somebody wants it unlinked, and WhatsApp has not heard it yet. */
  | 'unlinking'
  /** Unlinked from here. */
  | 'unlinked'
  /** Removed on the phone. */
  | 'logged_out'
  | 'stopped';

export interface SessionState extends Reason {
  readonly phase: Phase;
  /** When the phase began, Unix ms. */
  readonly since: number;
  /** Whether a phone has confirmed this device. */
  readonly linked: boolean;
  /** Failures in a row; five stable minutes reset it. */
  readonly attempt: number;
  /** Restarts (515) since the last open. */
  readonly restarts: number;
  /** Removals of the device that WhatsApp did not confirm. */
  readonly removals: number;
  /** How often the lease was refused in a row. */
  readonly leaseTries: number;
  /** When the present socket opened, Unix ms. */
  readonly openedAt: number | null;
  readonly lastCode: number | null;
  /** Until when the QR or the pairing code can be used, Unix ms. */
  readonly qrExpiresAt: number | null;
  readonly nextRetryAt: number | null;
  /** Whether 405 was already answered by asking for the present version. */
  readonly versionRefreshed: boolean;
  /** Whether the person links by a pairing code: QRs that still come are not shown. */
  readonly byCode: boolean;
}

export type SessionEvent =
  /** Somebody wants it linked or back. */
  | { readonly type: 'start' }
  /** The process started, or took a dead one's session. */
  | { readonly type: 'resume' }
  | { readonly type: 'retry_due' }
  | { readonly type: 'qr'; readonly index: number; readonly expiresAt: number }
  | { readonly type: 'code_requested'; readonly expiresAt: number }
  /** The phone confirmed the device; a restart (515) follows. */
  | { readonly type: 'paired'; readonly phone: string }
  | { readonly type: 'opened'; readonly phone: string; readonly pushName: string | null }
  /** WhatsApp wants a passkey before the phone may link. */
  | { readonly type: 'passkey' }
  | ({ readonly type: 'closed' } & Closing)
  /** Nothing was heard from a new socket for `WATCHDOG_MS`. */
  | { readonly type: 'watchdog' }
  /** Another process holds the lease. */
  | { readonly type: 'lease_refused' }
  | { readonly type: 'lease_lost' }
  /** The stored credentials, or a key of theirs, cannot be opened with the keys that we have. */
  | {
      readonly type: 'unreadable';
      readonly reasonCode: Unreadable;
      readonly problem: string;
    }
  /** Somebody wants it unlinked. */
  | { readonly type: 'unlink' }
  /** WhatsApp was asked to remove the device, and did not say that it has. */
  | { readonly type: 'not_removed' }
  /** The link is over; `told`: WhatsApp knows, so that the device is gone from the phone, too. */
  | { readonly type: 'logout'; readonly told: boolean }
  | { readonly type: 'shutdown' };

export type FactKind =
  | 'requesting'
  | 'qr_issued'
  | 'pairing'
  | 'paired'
  | 'connected'
  | 'dropped'
  | 'expired'
  | 'interrupted'
  | 'replaced'
  | 'unlinking'
  | 'unlinked'
  | 'logged_out'
  | 'stopped';

export type FactData = Readonly<Record<string, string | number | null>>;

/** Written in one transaction. */
export type DurableEffect =
  | { readonly type: 'fact'; readonly kind: FactKind; readonly data: FactData }
  | { readonly type: 'save_credentials' }
  | { readonly type: 'wipe_credentials' }
  /** The linked session is not resumed at start until somebody asks, or only to unlink it. */
  | {
      readonly type: 'halt';
      readonly phase: 'stopped' | 'replaced' | 'unlinking';
      readonly code: number | null;
      readonly reason: Reason;
    }
  | { readonly type: 'unhalt' }
  /** In the same transaction: what a dying socket still writes afterwards is refused. */
  | { readonly type: 'release_lease' };

export type Effect =
  | DurableEffect
  | { readonly type: 'connect'; readonly refreshVersion: boolean }
  /** WhatsApp is asked to remove the device; `logout` or `not_removed` follows. */
  | { readonly type: 'unlink_device' }
  /** Carried out in front of the durable ones: nobody may get the lease while it is open. */
  | { readonly type: 'close_socket' }
  | { readonly type: 'schedule'; readonly delayMs: number }
  | { readonly type: 'arm_watchdog' }
  | { readonly type: 'disarm_watchdog' };

export interface Transition {
  readonly state: SessionState;
  readonly effects: readonly Effect[];
}

/** Read from outside, so that the same event gives the same transition. */
export interface Surroundings {
  /** Unix ms. */
  readonly now: number;
  /** In [0, 1). */
  readonly random: number;
}

/** A session that nothing has happened to yet. */
export const FRESH = {
  attempt: 0,
  restarts: 0,
  removals: 0,
  leaseTries: 0,
  openedAt: null,
  lastCode: null,
  ...NO_REASON,
  qrExpiresAt: null,
  nextRetryAt: null,
  versionRefreshed: false,
  byCode: false,
};

export function initialState(now: number, linked: boolean): SessionState {
  return { phase: 'not_linked', since: now, linked, ...FRESH };
}

/** The phases in which no socket is open or wanted. */
export function isIdle(phase: Phase): boolean {
  return ['not_linked', 'expired', 'interrupted', 'replaced', 'unlinked', 'logged_out', 'stopped'].includes(
    phase,
  );
}

/** Nobody but its holder opens a connection or writes. */
export function needLease(effects: readonly Effect[]): boolean {
  return effects.some(
    (effect) => effect.type === 'connect' || (isDurable(effect) && effect.type !== 'release_lease'),
  );
}

export function isDurable(effect: Effect): effect is DurableEffect {
  return ['fact', 'save_credentials', 'wipe_credentials', 'halt', 'unhalt', 'release_lease'].includes(
    effect.type,
  );
}
