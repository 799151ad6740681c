/**
 * What a session's keys are called in the database. The library's names hold telephone numbers of
 * whoever writes to the business. The secret of the hash comes from the link itself: it is the same
 * whatever key seals the rows, and is gone with the credentials.
 */
import { createHmac } from 'node:crypto';
import type { AuthenticationCreds } from 'baileys';

/** Types that describe contacts, who may never write again. The library learns all of it anew. */
export const OF_CONTACTS = [
  'device-list',
  'identity-key',
  'lid-mapping',
  'sender-key',
  'sender-key-memory',
  'session',
  'tctoken',
];

export class KeyNames {
  readonly #secret: Buffer;

  constructor(private readonly credentials: AuthenticationCreds) {
    this.#secret = hmac(credentials.signedIdentityKey.private, 'prosaas names of keys').digest();
  }

  of(kind: string, id: string): string {
    return hmac(this.#secret, `${kind}|${id}`).digest('hex');
  }

  /** Of `OF_CONTACTS`, those of the account's own phone, and the library's list of tokens. */
  own(): string[] {
    const [number, lid] = [this.credentials.me?.id, this.credentials.me?.lid].map(userOf);
    const ids = [
      '__index',
      ...(number ? [number, `${number}.0`, `${number}@s.whatsapp.net`] : []),
      ...(lid ? [lid, `${lid}_reverse`, `${lid}_1.0`, `${lid}@lid`] : []),
    ];
    return OF_CONTACTS.flatMap((kind) => ids.map((id) => this.of(kind, id)));
  }
}

function hmac(key: Uint8Array, text: string) {
  return createHmac('sha256', key).update(text);
}

/** The part of `<user>:<device>@<server>` that its devices share. */
function userOf(jid: string | undefined): string | undefined {
  return jid?.split(/[:@]/, 1)[0];
}
