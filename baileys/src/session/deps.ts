/** What a session needs of its process, and what it shows. */
import type { Logger } from '../log.js';
import type { Metrics } from '../metrics.js';
import type { Store } from '../store/store.js';
import type { Version } from '../version.js';
import type { ConnectionTimings } from './connection.js';

export interface SessionDeps {
  readonly store: Store;
  readonly version: Version;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly random: () => number;
  /** Called when facts were written. */
  readonly onFacts: (session: string) => void;
  readonly timings?: Partial<ConnectionTimings & { readonly watchdogMs: number }> | undefined;
}

export interface Qr {
  readonly text: string;
  readonly expiresAt: number;
}
