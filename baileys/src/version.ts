/** The WhatsApp Web version that we claim. It goes stale, which WhatsApp answers with 405. */
import { DEFAULT_CONNECTION_CONFIG, fetchLatestWaWebVersion } from 'baileys';
import type { WebVersion } from './config.js';
import type { Logger } from './log.js';

const REFRESH_TIMEOUT_MS = 10_000;
/** Many sessions get 405 at the same time; they need one answer. */
const FRESH_MS = 5 * 60_000;

export type FetchVersion = () => Promise<WebVersion | undefined>;

export class Version {
  #current: WebVersion;
  #asked: Promise<void> | undefined;
  #askedAt = -Infinity;

  constructor(
    override: WebVersion | undefined,
    private readonly logger: Logger,
    private readonly fetchVersion: FetchVersion = fetchFromWhatsApp,
  ) {
    this.#current = override ?? DEFAULT_CONNECTION_CONFIG.version;
  }

  get current(): WebVersion {
    return this.#current;
  }

  /** Asks WhatsApp for the present version. The only request beside the socket, and only after a 405. */
  async refresh(now = Date.now()): Promise<void> {
    if (now - this.#askedAt > FRESH_MS) {
      this.#askedAt = now;
      this.#asked = this.#ask();
    }
    await this.#asked;
  }

  async #ask(): Promise<void> {
    const found = await this.fetchVersion().catch(() => undefined);
    if (found) this.#current = found;
    const reason = found ? found.join('.') : 'WhatsApp did not tell; the version stays';
    this.logger.warn({ event: 'version', reason }, 'WhatsApp refused the version; asked for the present one');
  }
}

async function fetchFromWhatsApp(): Promise<WebVersion | undefined> {
  const answer = await fetchLatestWaWebVersion({ signal: AbortSignal.timeout(REFRESH_TIMEOUT_MS) });
  return answer.isLatest ? answer.version : undefined;
}
