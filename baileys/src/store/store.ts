/** One change of a session: fence, credentials, facts, all in one transaction. */
import { randomUUID } from 'node:crypto';
import type { AuthenticationCreds } from 'baileys';
import { storedReason } from '../session/reasons.js';
import type { DurableEffect } from '../session/state.js';
import { CredentialStore } from './credentials.js';
import type { Sealer } from './crypto.js';
import { type Pool, inTransaction } from './database.js';
import { type Lease, Leases, fence } from './lease.js';
import { Outbox } from './outbox.js';

/** What one event changes. Made once, however often it must be tried. */
export interface Change {
  readonly effects: readonly DurableEffect[];
  /** For each effect that is a fact, its id. */
  readonly ids: readonly string[];
  readonly credentials: AuthenticationCreds | undefined;
  readonly at: Date;
}

export function makeChange(
  effects: readonly DurableEffect[],
  credentials: AuthenticationCreds | undefined,
  at: Date,
): Change {
  return { effects, ids: effects.map(() => randomUUID()), credentials, at };
}

export class Store {
  readonly leases: Leases;
  readonly credentials: CredentialStore;
  readonly outbox: Outbox;

  constructor(
    private readonly pool: Pool,
    sealer: Sealer,
    holder: string,
    leaseMs: number,
    keptDays: number,
  ) {
    this.leases = new Leases(pool, holder, leaseMs);
    this.credentials = new CredentialStore(pool, sealer, keptDays);
    this.outbox = new Outbox(pool, holder);
  }

  /** Throws `LeaseLost`, with nothing written, when the lease is not ours any more. */
  async commit(lease: Lease, change: Change): Promise<void> {
    const { credentials } = change;
    if (change.effects.length === 0) return;
    await inTransaction(this.pool, async (client) => {
      await fence(client, lease);
      for (const [index, effect] of change.effects.entries()) {
        switch (effect.type) {
          case 'fact':
            await this.outbox.add(client, lease, {
              ...effect,
              id: change.ids[index] ?? '',
              occurredAt: change.at,
            });
            break;
          case 'save_credentials':
            if (credentials) await this.credentials.save(client, lease, credentials);
            break;
          case 'wipe_credentials':
            await this.credentials.wipe(client, lease.session);
            break;
          case 'halt':
            await this.credentials.halt(client, lease.session, {
              ...effect,
              reason: storedReason(effect.reason),
            });
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

  /** What people want of the session, as the worker keeps it; undefined where it has no such session (any more). */
  async wanted(session: string, business: string): Promise<string | undefined> {
    const { rows } = await this.pool.query<{ desired: string }>(
      `SELECT desired FROM prosaas.whatsapp_sessions
       WHERE id = $1 AND business_id = $2 AND deleted_at IS NULL`,
      [session, business],
    );
    return rows[0]?.desired;
  }

  /** Removes all of a session: credentials, keys and the lease itself. Facts still to deliver stay. */
  async remove(lease: Lease): Promise<void> {
    await inTransaction(this.pool, async (client) => {
      await fence(client, lease);
      await this.credentials.wipe(client, lease.session);
      await client.query('DELETE FROM prosaas.whatsapp_leases WHERE session_id = $1', [lease.session]);
    });
  }
}
