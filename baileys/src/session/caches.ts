/** Bounded caches for one socket: the library's defaults expire, but have no upper bound. */
import type { CacheStore, SocketConfig } from 'baileys';

const MAX_ENTRIES = 500;
const MINUTE_MS = 60_000;

/** A map with a bound and an age: the entry written longest ago goes first. */
export class BoundedCache implements CacheStore {
  readonly #entries = new Map<string, { value: unknown; until: number }>();

  constructor(
    private readonly ttlMs: number,
    private readonly max = MAX_ENTRIES,
    private readonly now: () => number = Date.now,
  ) {}

  // eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters -- the library's interface
  get<T>(key: string): T | undefined {
    const entry = this.#entries.get(key);
    if (!entry) return undefined;
    if (entry.until > this.now()) return entry.value as T;
    this.#entries.delete(key);
    return undefined;
  }

  set(key: string, value: unknown): void {
    this.#entries.delete(key);
    this.#entries.set(key, { value, until: this.now() + this.ttlMs });
    for (const oldest of this.#entries.keys()) {
      if (this.#entries.size <= this.max) break;
      this.#entries.delete(oldest);
    }
  }

  del(key: string): void {
    this.#entries.delete(key);
  }

  flushAll(): void {
    this.#entries.clear();
  }

  get size(): number {
    return this.#entries.size;
  }
}

/** With the library's own ages. */
export function socketCaches(): Partial<SocketConfig> {
  return {
    msgRetryCounterCache: new BoundedCache(60 * MINUTE_MS),
    userDevicesCache: new BoundedCache(5 * MINUTE_MS),
    callOfferCache: new BoundedCache(5 * MINUTE_MS),
    placeholderResendCache: new BoundedCache(60 * MINUTE_MS),
  };
}
