/**
 * Sealing at rest: AES-256-GCM. Layout: format (1 byte), key version (4, big endian),
 * nonce (12), tag (16), ciphertext. Format, key version, session, kind and id are
 * authenticated, so that a row copied to another place does not open.
 *
 * Credentials of format 1 say that the names of their session's keys are the library's own,
 * those of format 2 that they are hashes (names.ts). Older programs refuse format 2.
 */
import { createCipheriv, createDecipheriv, createHmac, randomBytes } from 'node:crypto';

const CLEAR_NAMES = 1;
const HASHED_NAMES = 2;
const NONCE_AT = 5;
const TAG_AT = 17;
const DATA_AT = 33;

/** A row that does not open: the wrong key, or not what was written. */
export class SealError extends Error {
  override name = 'SealError';
}

export class KeyMissing extends SealError {
  override name = 'KeyMissing';
  constructor(version: number, held: readonly number[]) {
    super(
      `sealed with key ${version}, which BAILEYS_ENCRYPTION_KEY does not hold (it has ${held.join(', ')})`,
    );
  }
}

export interface Place {
  readonly session: string;
  readonly kind: string;
  readonly id: string;
}

export class Sealer {
  readonly #keys = new Map<number, Buffer>();
  /** Fingerprint of the key that seals: 31 bits, so that it fits an `integer`. */
  readonly keyVersion: number;

  /** The first key seals; all of them open. */
  constructor(keys: readonly Buffer[]) {
    const [first] = keys;
    if (!first) throw new SealError('no encryption key');
    for (const key of keys) this.#keys.set(fingerprint(key), key);
    this.keyVersion = fingerprint(first);
  }

  /** Fingerprints of all keys, the sealing one first. */
  get versions(): number[] {
    return [...this.#keys.keys()];
  }

  seal(place: Place, plaintext: Uint8Array): Buffer {
    return this.#seal(place, plaintext, HASHED_NAMES);
  }

  /** The same value, in its format, under the key that seals. */
  reseal(place: Place, sealed: Buffer): Buffer {
    return this.#seal(place, this.open(place, sealed), sealed.readUInt8(0));
  }

  #seal(place: Place, plaintext: Uint8Array, format: number): Buffer {
    const header = Buffer.alloc(NONCE_AT);
    header.writeUInt8(format, 0);
    header.writeUInt32BE(this.keyVersion, 1);
    const nonce = randomBytes(TAG_AT - NONCE_AT);
    const cipher = createCipheriv('aes-256-gcm', this.#key(this.keyVersion), nonce);
    cipher.setAAD(additionalData(header, place));
    const data = Buffer.concat([cipher.update(plaintext), cipher.final()]);
    return Buffer.concat([header, nonce, cipher.getAuthTag(), data]);
  }

  open(place: Place, sealed: Buffer): Buffer {
    if (sealed.length < DATA_AT || ![CLEAR_NAMES, HASHED_NAMES].includes(sealed.readUInt8(0)))
      throw new SealError('not a sealed value');
    const decipher = createDecipheriv(
      'aes-256-gcm',
      this.#key(sealed.readUInt32BE(1)),
      sealed.subarray(NONCE_AT, TAG_AT),
    );
    decipher.setAAD(additionalData(sealed.subarray(0, NONCE_AT), place));
    decipher.setAuthTag(sealed.subarray(TAG_AT, DATA_AT));
    try {
      return Buffer.concat([decipher.update(sealed.subarray(DATA_AT)), decipher.final()]);
    } catch {
      throw new SealError('the stored value was changed or belongs elsewhere');
    }
  }

  #key(version: number): Buffer {
    const key = this.#keys.get(version);
    if (!key) throw new KeyMissing(version, this.versions);
    return key;
  }
}

/** Whether credentials were sealed before their session's keys got hashes for names. */
export function hasClearNames(sealed: Buffer): boolean {
  return sealed[0] === CLEAR_NAMES;
}

function fingerprint(key: Buffer): number {
  return createHmac('sha256', key).update('prosaas key version').digest().readUInt32BE(0) >>> 1;
}

/** Lengths in front, so that no two places give the same bytes. */
function additionalData(header: Buffer, place: Place): Buffer {
  const parts = [place.session, place.kind, place.id].flatMap((part) => {
    const bytes = Buffer.from(part);
    const length = Buffer.alloc(4);
    length.writeUInt32BE(bytes.length);
    return [length, bytes];
  });
  return Buffer.concat([header, ...parts]);
}
