/**
 * Nothing leaves the socket before the credentials that belong to it are stored. The library
 * announces a change and sends at once; a process killed in between would have told WhatsApp
 * of a device, or of pre-keys, that it does not know itself.
 */
import type { WASocket } from 'baileys';

type Done = (error?: Error) => void;

/** What we use of the `ws` package's socket. */
export interface RawSocket {
  send(data: Uint8Array | string, done?: Done): void;
  close(code?: number, reason?: string): void;
  terminate(): void;
}

/** The library's type keeps it protected; a release that renames it is caught by the tests. */
export function rawSocketOf(sock: WASocket): RawSocket | undefined {
  return (sock.ws as unknown as { socket?: RawSocket | null }).socket ?? undefined;
}

/**
 * Gives the function that names a write which later frames must wait for. What the library still answers once the
 * socket was closed from here goes nowhere: nobody waits for it, and its failure would be caught by nobody.
 */
export function gateSends(raw: RawSocket | undefined): (pending: Promise<void>) => void {
  let stored: Promise<unknown> = Promise.resolve();
  let sent: Promise<unknown> = Promise.resolve();
  if (raw) {
    const send = raw.send.bind(raw);
    const close = raw.close.bind(raw);
    let closed = false;
    raw.close = (code, reason) => {
      closed = true;
      close(code, reason);
    };
    raw.send = (data, done) => {
      const wait = stored;
      sent = Promise.all([sent, wait]).then(
        () => {
          if (closed) done?.();
          else send(data, done);
        },
        (error: unknown) => done?.(error instanceof Error ? error : new Error('not stored')),
      );
    };
  }
  return (pending) => {
    stored = Promise.all([stored, pending]);
    stored.catch(() => undefined);
  };
}
