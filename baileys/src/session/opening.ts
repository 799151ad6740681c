/** A connection of a session, on the keys that are stored under its lease. */
import type { AuthenticationCreds } from 'baileys';
import type { SealError } from '../store/crypto.js';
import type { Lease } from '../store/lease.js';
import { Connection, type ConnectionHandlers } from './connection.js';
import type { SessionDeps } from './deps.js';

export interface Trouble {
  /** A write was refused: another process has the lease. */
  readonly lost: () => void;
  readonly unreadable: (connection: Connection, error: SealError) => void;
}

export function openConnection(
  deps: SessionDeps,
  lease: Lease,
  credentials: AuthenticationCreds,
  trouble: Trouble,
  handlers: (connection: () => Connection) => ConnectionHandlers,
): Connection {
  deps.metrics.count('connects');
  const connection: Connection = new Connection(
    {
      session: lease.session,
      credentials,
      keys: deps.store.credentials.keys(lease, credentials, {
        lost: trouble.lost,
        unreadable: (error) => trouble.unreadable(connection, error),
      }),
      version: deps.version.current,
      logger: deps.logger,
      ...(deps.timings ? { timings: deps.timings } : {}),
    },
    handlers(() => connection),
  );
  return connection;
}
