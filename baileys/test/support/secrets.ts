/** Looks for key material where none may be: in logs and facts. */
import assert from 'node:assert/strict';
import type { AuthenticationCreds } from 'baileys';
import { Sealer } from '../../src/store/crypto.js';
import { CREDENTIALS } from '../../src/store/credentials.js';
import { parse } from '../../src/store/render.js';
import type { TestDatabase } from './database.js';
import { KEY, SECRET } from './process.js';

export async function credentialsOf(database: TestDatabase, session: string): Promise<AuthenticationCreds> {
  const [row] = await database.rows<{ ciphertext: Buffer }>(
    'SELECT ciphertext FROM prosaas.whatsapp_credentials WHERE session_id = $1',
    [session],
  );
  assert.ok(row);
  return parse(new Sealer([KEY]).open({ session, ...CREDENTIALS }, row.ciphertext)) as AuthenticationCreds;
}

/** Every private value of the credentials, as the many ways of printing it would show it. */
export function secretsOf(credentials: AuthenticationCreds): string[] {
  const keys = [
    credentials.noiseKey.private,
    credentials.signedIdentityKey.private,
    credentials.signedPreKey.keyPair.private,
    credentials.pairingEphemeralKeyPair.private,
    Buffer.from(credentials.advSecretKey, 'base64'),
  ];
  return keys.flatMap((key) => {
    const bytes = Buffer.from(key);
    return [
      bytes.toString('base64'),
      bytes.toString('base64url'),
      bytes.toString('hex'),
      bytes.subarray(0, 8).join(','),
      bytes.subarray(0, 8).join(', '),
    ];
  });
}

export function assertAbsent(texts: readonly string[], secrets: readonly string[]): void {
  for (const secret of [...secrets, SECRET, KEY.toString('base64'), KEY.toString('hex')]) {
    assert.ok(secret.length > 5);
    assert.ok(
      !texts.some((text) => text.includes(secret)),
      `a secret of ${secret.length} characters was printed`,
    );
  }
}
