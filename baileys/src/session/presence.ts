/**
 * The device is never available: WhatsApp would stop to notify the owner's phone. The library says
 * a name without a type, which means available, at each change of the credentials whose update has
 * no `me`, and at each new name. `markOnlineOnConnect: false` covers only the first word of a
 * connection.
 */
import type { AuthenticationCreds, BaileysEventEmitter, WASocket } from 'baileys';

/** What this needs of the library's socket. */
export interface PresenceSocket {
  readonly ev: BaileysEventEmitter;
  readonly sendPresenceUpdate: WASocket['sendPresenceUpdate'];
}

/**
 * The library compares the name it has with the update's and tells a difference. Each update is
 * applied first and carries `me`, so that there is none; a new name is told by us, as unavailable.
 */
export function stayUnavailable(
  sock: PresenceSocket,
  credentials: AuthenticationCreds,
  isOpen: () => boolean,
): void {
  const { ev } = sock;
  const emit = ev.emit.bind(ev);
  ev.emit = (event, data) => {
    if (event !== 'creds.update') return emit(event, data);
    const update = data as Partial<AuthenticationCreds>;
    const before = credentials.me?.name;
    Object.assign(credentials, update);
    const emitted = emit('creds.update', credentials.me ? { ...update, me: credentials.me } : update);
    // Before it is open the library itself will say so, with this name.
    if (credentials.me?.name !== before && isOpen())
      sock.sendPresenceUpdate('unavailable').catch(() => undefined);
    return emitted;
  };
}
