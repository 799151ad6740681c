/** The simulated server's root key. Fixed, so that a preload knows it without asking. */
import { createHash, createPrivateKey, createPublicKey } from 'node:crypto';

export interface KeyPair {
  readonly private: Buffer;
  readonly public: Buffer;
}

const PKCS8_X25519 = Buffer.from('302e020100300506032b656e04220420', 'hex');

export function keyPairFrom(seed: string): KeyPair {
  const secret = createHash('sha256').update(seed).digest();
  // Clamped as X25519 wants it (RFC 7748, section 5).
  secret.writeUInt8(secret.readUInt8(0) & 248, 0);
  secret.writeUInt8((secret.readUInt8(31) & 127) | 64, 31);
  const key = createPrivateKey({ key: Buffer.concat([PKCS8_X25519, secret]), format: 'der', type: 'pkcs8' });
  const spki = createPublicKey(key).export({ format: 'der', type: 'spki' });
  return { private: secret, public: spki.subarray(-32) };
}

export const ROOT = keyPairFrom('a root that signs simulated WhatsApp servers only');
