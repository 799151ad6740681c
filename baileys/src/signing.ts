/**
 * Signed requests, both ways: HMAC-SHA256 over time, nonce, method, path with query and the
 * body's hash. A request is valid for 60 s around the receiver's clock, and once.
 */
import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';

export const HEADERS = {
  timestamp: 'x-prosaas-timestamp',
  nonce: 'x-prosaas-nonce',
  signature: 'x-prosaas-signature',
} as const;

const WINDOW_S = 60;
const MAX_NONCES = 100_000;

export interface Request {
  readonly method: string;
  /** As on the request line. */
  readonly pathAndQuery: string;
  readonly body: Uint8Array;
}

export type Refusal = 'missing' | 'stale' | 'wrong' | 'replayed' | 'busy';

export function signatureOf(secret: string, timestamp: string, nonce: string, request: Request): string {
  const bodyHash = createHash('sha256').update(request.body).digest('hex');
  const canonical = `v1\n${timestamp}\n${nonce}\n${request.method}\n${request.pathAndQuery}\n${bodyHash}`;
  return createHmac('sha256', secret).update(canonical).digest('hex');
}

export function signedHeaders(
  secret: string,
  request: Request,
  now: number = Date.now(),
): Record<string, string> {
  const timestamp = String(Math.floor(now / 1000));
  const nonce = randomBytes(16).toString('hex');
  return {
    [HEADERS.timestamp]: timestamp,
    [HEADERS.nonce]: nonce,
    [HEADERS.signature]: signatureOf(secret, timestamp, nonce, request),
  };
}

export class Verifier {
  /** Nonces seen, with the second from which they may be forgotten; in order of arrival. */
  readonly #seen = new Map<string, number>();

  constructor(
    private readonly secret: string,
    private readonly now: () => number = Date.now,
    private readonly maxNonces = MAX_NONCES,
  ) {}

  /** Undefined: the request is genuine. */
  verify(
    headers: Readonly<Record<string, string | string[] | undefined>>,
    request: Request,
  ): Refusal | undefined {
    const [timestamp, nonce, signature] = [HEADERS.timestamp, HEADERS.nonce, HEADERS.signature].map(
      (name) => headers[name],
    );
    if (typeof timestamp !== 'string' || typeof nonce !== 'string' || typeof signature !== 'string')
      return 'missing';
    if (!/^\d{1,12}$/.test(timestamp) || !/^[0-9a-f]{32}$/.test(nonce) || !/^[0-9a-f]{64}$/.test(signature))
      return 'wrong';
    const second = Math.floor(this.now() / 1000);
    if (Math.abs(second - Number(timestamp)) > WINDOW_S) return 'stale';
    const expected = signatureOf(this.secret, timestamp, nonce, request);
    if (!timingSafeEqual(Buffer.from(expected), Buffer.from(signature))) return 'wrong';
    // Only genuine nonces are remembered, so that nobody else can fill the memory.
    this.#forget(second);
    const key = `${timestamp}:${nonce}`;
    if (this.#seen.has(key)) return 'replayed';
    if (this.#seen.size >= this.maxNonces) return 'busy';
    this.#seen.set(key, second + 2 * WINDOW_S + 1);
    return undefined;
  }

  #forget(second: number): void {
    for (const [key, until] of this.#seen) {
      if (until > second) return;
      this.#seen.delete(key);
    }
  }
}
