/** One socket of the library, from opening to its single end. Holds no policy. */
import { DEFAULT_CONNECTION_CONFIG, makeWASocket, proto } from 'baileys';
import type { AuthenticationCreds, SignalKeyStore, WASocket } from 'baileys';
import type { WebVersion } from '../config.js';
import type { Logger } from '../log.js';
import { libraryLogger } from '../log.js';
import { socketCaches } from './caches.js';
import { type RawSocket, gateSends, rawSocketOf } from './gate.js';
import { ignoreGroupLists, isIgnored } from './ignored.js';
import { askPairingCode } from './pairing.js';
import { CODE, type Closing, LOGIN_REFUSED } from './policy.js';
import { stayUnavailable } from './presence.js';

export interface ConnectionOptions {
  readonly session: string;
  readonly credentials: AuthenticationCreds;
  readonly keys: SignalKeyStore;
  readonly version: WebVersion;
  readonly logger: Logger;
  readonly timings?: Partial<ConnectionTimings>;
}

export interface ConnectionTimings {
  /** How often the library pings. */
  readonly keepAliveMs: number;
  /** How long a peer may be silent. The library alone needs 90 s to say so. */
  readonly silenceMs: number;
}

export interface PairingCode {
  readonly code: string;
  readonly expiresAt: number;
}

/** Nothing is called after `closed`, nor after `Connection.close`. */
export interface ConnectionHandlers {
  qr(text: string, index: number, expiresAt: number): void;
  /** The phone confirmed: `credentials` now hold the account. Settles when that is stored. */
  paired(phone: string): Promise<void>;
  /** Linked credentials changed. Settles when they are stored. */
  changed(): Promise<void>;
  opened(phone: string, pushName: string | null): void;
  /** WhatsApp wants a passkey before it lets the phone link. */
  passkey(): void;
  closed(closing: Closing): void;
}

const TIMINGS: ConnectionTimings = { keepAliveMs: 20_000, silenceMs: 30_000 };
const SILENCE_CHECK_MS = 2_500;
/** How long the first QR lives, and each next one (the server's rule). */
const FIRST_QR_MS = 60_000;
const NEXT_QR_MS = 20_000;
const QR_COUNT = 6;
const CLOSE_GRACE_MS = 1_000;
/** How long WhatsApp may take to remove the device. */
const UNLINK_WAIT_MS = 8_000;
/** The demand for a passkey, and what follows it: either one alone says that the link cannot go on. */
const PASSKEY_NOTIFICATIONS = ['passkey_prologue_request', 'crsc_continuation'];
/** What it says beyond this is no time. */
const LONGEST_BAN_S = 10 * 365 * 86_400;

export class Connection {
  readonly #sock: WASocket;
  readonly #raw: RawSocket | undefined;
  readonly #watch: NodeJS.Timeout;
  /** For what waits for an answer of this connection. */
  readonly #end = new AbortController();
  #ended = false;
  #heardAt = Date.now();
  #open = false;
  #linked: boolean;
  #qrCount = 0;
  /** Until when this connection gives QRs, and so until when a pairing code works; Unix ms. */
  #linkingEndsAt = 0;

  constructor(
    private readonly options: ConnectionOptions,
    private readonly handlers: ConnectionHandlers,
  ) {
    const timings = { ...TIMINGS, ...options.timings };
    this.#linked = isLinked(options.credentials);
    this.#sock = makeWASocket({
      auth: { creds: options.credentials, keys: options.keys },
      version: options.version,
      logger: libraryLogger(options.logger, options.session),
      keepAliveIntervalMs: timings.keepAliveMs,
      markOnlineOnConnect: false,
      syncFullHistory: false,
      // Only what teaches the library which LID belongs to which number; no messages.
      shouldSyncHistoryMessage: ({ syncType }) => syncType === proto.Message.HistorySyncType.PUSH_NAME,
      shouldIgnoreJid: isIgnored,
      enableRecentMessageCache: false,
      ...socketCaches(),
    });
    this.#raw = rawSocketOf(this.#sock);
    const written = gateSends(this.#raw);
    ignoreGroupLists(this.#sock);
    stayUnavailable(this.#sock, options.credentials, () => this.isOpen);
    this.#listen(written);
    this.#watch = setInterval(
      () => {
        if (this.#open && Date.now() - this.#heardAt > timings.silenceMs)
          this.#fail({ code: 408, message: 'Connection was lost' });
      },
      Math.min(SILENCE_CHECK_MS, timings.silenceMs / 2),
    );
    this.#watch.unref();
  }

  #listen(written: (pending: Promise<void>) => void): void {
    const { ev, ws } = this.#sock;
    ev.on('connection.update', (update) => {
      if (update.qr !== undefined) this.#qr(update.qr);
      if (update.connection === 'open') this.#opened();
      if (update.connection === 'close') {
        this.#fail(closingOf(update.lastDisconnect?.error));
      }
    });
    ev.on('creds.update', () => {
      if (this.#ended || !isLinked(this.options.credentials)) return;
      const first = !this.#linked;
      this.#linked = true;
      written(first ? this.handlers.paired(phoneOf(this.options.credentials)) : this.handlers.changed());
    });
    // The library acknowledges and forgets it: the QRs would go on for nothing.
    for (const type of PASSKEY_NOTIFICATIONS)
      ws.on(`CB:notification,type:${type}`, () => {
        if (!this.#ended && !this.#linked) this.handlers.passkey();
      });
    ws.on('frame', () => {
      this.#heardAt = Date.now();
    });
    // Without this the library never ends a socket whose upgrade was answered 429 or 503. An HTTP
    // status is not WhatsApp's code: a proxy's 401 must not unlink anybody.
    ws.on('unexpected-response', (_request: unknown, response: { statusCode?: number }) => {
      const status = response.statusCode ?? 0;
      const code = status === 429 || status >= 500 ? status : null;
      this.#fail({ code, message: `The upgrade was answered ${status}` });
    });
  }

  #qr(text: string): void {
    if (this.#ended) return;
    const timeout = DEFAULT_CONNECTION_CONFIG.qrTimeout;
    const index = this.#qrCount++;
    const now = Date.now();
    if (index === 0)
      this.#linkingEndsAt = now + (timeout ?? FIRST_QR_MS) + (QR_COUNT - 1) * (timeout ?? NEXT_QR_MS);
    this.handlers.qr(text, index, now + (timeout ?? (index === 0 ? FIRST_QR_MS : NEXT_QR_MS)));
  }

  #opened(): void {
    if (this.#ended) return;
    this.#open = true;
    this.#heardAt = Date.now();
    this.handlers.opened(phoneOf(this.options.credentials), this.options.credentials.me?.name ?? null);
  }

  /** The one end that is told. */
  #fail(closing: Closing): void {
    if (this.#ended) return;
    void this.close();
    this.handlers.closed(closing);
  }

  /** It has not ended. */
  get isAlive(): boolean {
    return !this.#ended;
  }

  get isOpen(): boolean {
    return this.#open && !this.#ended;
  }

  /** The code that a person types on the phone; `phone` has digits only. Throws `CodeRefused`. */
  async requestPairingCode(phone: string, timeoutMs: number): Promise<PairingCode> {
    const code = await askPairingCode(this.#sock, phone, timeoutMs, this.#end.signal);
    return { code, expiresAt: this.#linkingEndsAt };
  }

  /** Asks WhatsApp to remove this device; true when it answered in time. Then the connection ends. */
  async unlink(): Promise<boolean> {
    const jid = this.options.credentials.me?.id;
    if (!this.isOpen || !jid) return false;
    this.#ended = true;
    const content = [{ tag: 'remove-companion-device', attrs: { jid, reason: 'user_initiated' } }];
    const attrs = { to: 's.whatsapp.net', type: 'set', xmlns: 'md' };
    try {
      await Promise.race([
        this.#sock.query({ tag: 'iq', attrs, content }, UNLINK_WAIT_MS),
        this.#over(UNLINK_WAIT_MS),
      ]);
      return true;
    } catch (error) {
      // The server may answer by ending the stream. One that merely broke says nothing.
      return codeOf(error) === CODE.loggedOut;
    } finally {
      await this.#shut();
    }
  }

  /** Rejects when the time or this connection is over. */
  #over(timeoutMs: number): Promise<never> {
    return new Promise((_resolve, reject) => {
      setTimeout(reject, timeoutMs, new Error('not answered')).unref();
      this.#end.signal.addEventListener('abort', () => reject(new Error('closed')));
    });
  }

  /** Ends it without a word to the handlers. */
  async close(): Promise<void> {
    this.#ended = true;
    await this.#shut();
  }

  async #shut(): Promise<void> {
    this.#end.abort();
    clearInterval(this.#watch);
    const ended = this.#sock.end(undefined);
    // A frozen peer never answers the closing handshake.
    const force = setTimeout(() => this.#raw?.terminate(), CLOSE_GRACE_MS);
    await Promise.race([ended, new Promise((resolve) => setTimeout(resolve, 3 * CLOSE_GRACE_MS).unref())]);
    clearTimeout(force);
    this.#raw?.terminate();
  }
}

/** A phone confirmed this device. (`registered` is only ever set by pairing codes, and too early.) */
export function isLinked(credentials: AuthenticationCreds): boolean {
  return credentials.account !== undefined && credentials.me?.id !== undefined;
}

/** E.164, from the device's address `<digits>:<device>@s.whatsapp.net`. */
function phoneOf(credentials: AuthenticationCreds): string {
  return `+${/^\d+/.exec(credentials.me?.id ?? '')?.[0] ?? ''}`;
}

function closingOf(error: (Error & { readonly data?: unknown }) | undefined): Closing {
  const attrs = error?.data as { readonly reason?: unknown; readonly expire?: unknown } | null | undefined;
  // A temporary ban says how many seconds it still lasts.
  const seconds = Number(attrs?.expire ?? NaN);
  const until =
    Number.isFinite(seconds) && seconds > 0 ? Date.now() + Math.min(seconds, LONGEST_BAN_S) * 1_000 : null;
  const message = error?.message ?? '';
  // The library makes a refusal that names no reason a 500, which would be tried again for ever.
  const code = message === LOGIN_REFUSED && !attrs?.reason ? null : codeOf(error);
  return { code, message, until };
}

function codeOf(error: unknown): number | null {
  if (typeof error !== 'object' || error === null || !('output' in error)) return null;
  const { statusCode } = error.output as { statusCode?: unknown };
  return typeof statusCode === 'number' && Number.isFinite(statusCode) ? statusCode : null;
}
