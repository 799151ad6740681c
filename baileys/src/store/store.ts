/** One change of a session: fence, credentials, facts, all in one transaction. */
import type { AuthenticationCreds } from 'baileys';
import type { DurableEffect } from '../session/state.js';
import { CredentialStore } from './credentials.js';
import type { Sealer } from './crypto.js';
import { type Pool, inTransaction } from './database.js';
import { type Lease, Leases, fence } from './lease.js';
import { Outbox } from './outbox.js';

export class Store {
  readonly leases: Leases;
  readonly credentials: CredentialStore;
  readonly outbox: Outbox;

  constructor(
    private readonly pool: Pool,
    sealer: Sealer,
    holder: string,
    leaseMs: number,
  ) {
    this.leases = new Leases(pool, holder, leaseMs);
    this.credentials = new CredentialStore(pool, sealer);
    this.outbox = new Outbox(pool, holder);
  }

  /** Throws `LeaseLost`, with nothing written, when the lease is not ours any more. */
  async commit(
    lease: Lease,
    effects: readonly DurableEffect[],
    credentials: AuthenticationCreds | undefined,
    now: Date,
  ): Promise<void> {
    if (effects.length === 0) return;
    await inTransaction(this.pool, async (client) => {
      await fence(client, lease);
      for (const effect of effects) {
        switch (effect.type) {
          case 'fact':
            await this.outbox.add(client, lease, { kind: effect.kind, data: effect.data, occurredAt: now });
            break;
          case 'save_credentials':
            if (credentials) await this.credentials.save(client, lease, credentials);
            break;
          case 'wipe_credentials':
            await this.credentials.wipe(client, lease.session);
            break;
          case 'halt':
            await this.credentials.halt(client, lease.session, effect);
            break;
          case 'unhalt':
            await this.credentials.halt(client, lease.session, null);
            break;
          case 'release_lease':
            await this.leases.release(client, lease);
            break;
        }
      }
    });
  }

  /** Removes all of a session: credentials, keys and the lease itself. Facts still to deliver stay. */
  async remove(lease: Lease): Promise<void> {
    await inTransaction(this.pool, async (client) => {
      await fence(client, lease);
      await this.credentials.wipe(client, lease.session);
      await client.query('DELETE FROM prosaas.whatsapp_leases WHERE session_id = $1', [lease.session]);
    });
  }

  /** Whether the database answers. */
  async ping(): Promise<void> {
    await this.pool.query('SELECT 1');
  }
}
