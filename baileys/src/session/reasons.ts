/** Why a session stands as it does: a stable code, and the same as a sentence for people. */

/** Each code with its sentence; `code` and `until` are filled in by `because`. */
const SENTENCES = {
  connection_lost: 'The connection to WhatsApp broke',
  unreachable: 'WhatsApp cannot be reached',
  unanswered: 'WhatsApp did not answer in time',
  connection_closed: 'WhatsApp closed the connection',
  too_many_connections: 'WhatsApp asks for fewer connections',
  server_error: 'WhatsApp reported an error',
  server_unavailable: 'WhatsApp is unavailable',
  restart_asked: 'WhatsApp asked for a new connection',
  version_refused: 'WhatsApp refuses this version of the client',
  device_removed: 'The device was removed on the phone',
  unlink_asked: 'WhatsApp is asked to remove this device',
  unlinked: 'Unlinked on request',
  unlinked_here_only: 'Unlinked here only: remove the device on the phone, too',
  temporarily_banned: 'WhatsApp has banned this account for a time',
  account_refused: 'WhatsApp refuses this account',
  account_banned: 'WhatsApp has banned this account',
  login_refused: 'WhatsApp refuses the login',
  phone_outdated: 'The phone must be updated before it can link devices',
  replaced: 'Another client uses this connection',
  qr_expired: 'The QR code was not scanned in time',
  pairing_phone_refused: 'WhatsApp does not give a pairing code for this number',
  pairing_too_often: 'WhatsApp gives no more pairing codes for now',
  pairing_refused: 'WhatsApp refuses to give a pairing code',
  pairing_unanswered: 'WhatsApp did not answer the request for a pairing code',
  pairing_withdrawn: 'The pairing code cannot be used any more: its connection ended',
  pairing_expired: 'The pairing code was not typed in time',
  passkey_required: 'WhatsApp wants this link confirmed with a passkey, which is not possible here',
  held_elsewhere: 'Another process holds this session',
  service_restarted: 'The WhatsApp service was restarted',
  waiting: 'Waiting for its turn',
  key_missing: 'A key that sealed the credentials is missing',
  credentials_unreadable: 'The stored credentials cannot be read',
} as const;

export type ReasonCode = keyof typeof SENTENCES;
/** Why stored rows cannot be opened. */
export type Unreadable = Extract<ReasonCode, 'key_missing' | 'credentials_unreadable'>;

export interface Reason {
  /** Null only for what an older release wrote as a sentence. */
  readonly reasonCode: ReasonCode | null;
  readonly reason: string | null;
  /** No try before this, Unix ms. */
  readonly until: number | null;
}

export const NO_REASON: Reason = { reasonCode: null, reason: null, until: null };

export interface Details {
  readonly until?: number | null | undefined;
  /** WhatsApp's code, where the sentence is the same for several. */
  readonly code?: number | null | undefined;
  readonly more?: string;
}

export function because(reasonCode: ReasonCode, details: Details = {}): Reason & { readonly reason: string } {
  const { until = null, code = null, more } = details;
  const time = until === null ? '' : `, until ${new Date(until).toISOString()}`;
  const number = code === null ? '' : ` (code ${code})`;
  const what = more === undefined ? '' : `: ${more}`;
  return { reasonCode, reason: `${SENTENCES[reasonCode]}${number}${time}${what}`, until };
}

/** One word, so that a later process knows the code and the time again, not a sentence alone. */
export function storedReason({ reasonCode, until }: Reason): string | null {
  if (reasonCode === null) return null;
  return until === null ? reasonCode : `${reasonCode} ${new Date(until).toISOString()}`;
}

/** Takes what older releases stored, too: a sentence. */
export function readReason(stored: string | null, code: number | null): Reason {
  const [word = '', time] = (stored ?? '').split(' ', 2);
  if (!isReasonCode(word)) return { ...NO_REASON, reason: stored };
  const until = Date.parse(time ?? '');
  return because(word, {
    until: Number.isNaN(until) ? null : until,
    code: word === 'login_refused' ? code : null,
  });
}

function isReasonCode(word: string): word is ReasonCode {
  return Object.hasOwn(SENTENCES, word);
}
