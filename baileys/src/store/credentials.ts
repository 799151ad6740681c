/** Credentials in Postgres: sealed, fenced by the lease, one transaction a change. */
import type { AuthenticationCreds, SignalKeyStore } from 'baileys';
import { SealError, type Sealer, hasClearNames } from './crypto.js';
import { type Pool, type Queryable, inTransaction } from './database.js';
import { type KeyEvents, Keys } from './keys.js';
import { type Lease, LeaseLost, fence } from './lease.js';
import { KeyNames } from './names.js';
import { parse, render } from './render.js';

/** The place of a session's credentials beside its keys. */
export const CREDENTIALS = { kind: 'credentials', id: '' } as const;

export interface Halt {
  readonly phase: 'stopped' | 'replaced' | 'unlinking';
  readonly code: number | null;
  /** As `storedReason` writes it. */
  readonly reason: string | null;
  /** Unix ms. */
  readonly since: number;
}

export interface LinkedSession {
  readonly session: string;
  readonly business: string;
  readonly halted: Halt | null;
}

interface LinkedRow {
  session: string;
  business: string;
  halted_phase: Halt['phase'] | null;
  halted_code: number | null;
  halted_reason: string | null;
  halted_at: Date | null;
}

export class CredentialStore {
  constructor(
    private readonly pool: Pool,
    private readonly sealer: Sealer,
    /** How long a contact's keys are kept unused. */
    private readonly keptDays: number,
  ) {}

  /**
   * What a connection starts from, with its keys in order; undefined when no phone has linked.
   * Throws `KeyMissing` when any row is sealed by a key that we do not hold: without that row the
   * session would connect and read nothing. Throws `SealError` when the rest cannot be opened.
   */
  async open(lease: Lease): Promise<AuthenticationCreds | undefined> {
    return inTransaction(this.pool, async (client) => {
      await fence(client, lease);
      const { session } = lease;
      const { rows } = await client.query<{ ciphertext: Buffer }>(
        'SELECT ciphertext FROM prosaas.whatsapp_credentials WHERE session_id = $1 AND registered',
        [session],
      );
      const [row] = rows;
      if (!row) return undefined;
      const opened = this.sealer.open({ session, ...CREDENTIALS }, row.ciphertext);
      const credentials = parse(opened) as AuthenticationCreds;
      const keys = new Keys(this.pool, this.sealer, session, new KeyNames(credentials));
      await keys.refuseMissing(client);
      if (hasClearNames(row.ciphertext)) {
        await keys.rename(client);
        await this.save(client, lease, credentials);
      }
      await keys.prune(client, this.keptDays);
      return credentials;
    });
  }

  /** The same for whoever tries until Postgres answers: what another try would not change is no error. */
  async tryOpen(lease: Lease): Promise<AuthenticationCreds | SealError | LeaseLost | undefined> {
    try {
      return await this.open(lease);
    } catch (error) {
      if (error instanceof SealError || error instanceof LeaseLost) return error;
      throw error;
    }
  }

  /** Within the transaction that fenced the lease. */
  async save(client: Queryable, lease: Lease, credentials: AuthenticationCreds): Promise<void> {
    const sealed = this.sealer.seal({ session: lease.session, ...CREDENTIALS }, render(credentials));
    await client.query(
      `INSERT INTO prosaas.whatsapp_credentials (session_id, business_id, ciphertext, key_version, registered)
       VALUES ($1, $2, $3, $4, true)
       ON CONFLICT (session_id) DO UPDATE
         SET business_id = excluded.business_id, ciphertext = excluded.ciphertext,
             key_version = excluded.key_version, registered = true, updated_at = now()`,
      [lease.session, lease.business, sealed, this.sealer.keyVersion],
    );
  }

  async wipe(client: Queryable, session: string): Promise<void> {
    await client.query('DELETE FROM prosaas.whatsapp_keys WHERE session_id = $1', [session]);
    await client.query('DELETE FROM prosaas.whatsapp_credentials WHERE session_id = $1', [session]);
  }

  async halt(client: Queryable, session: string, halt: Omit<Halt, 'since'> | null): Promise<void> {
    await client.query(
      `UPDATE prosaas.whatsapp_credentials
       SET halted_phase = $2, halted_code = $3, halted_reason = $4, updated_at = now(),
           halted_at = CASE WHEN $2::text IS NULL THEN NULL WHEN halted_phase = $2 THEN halted_at ELSE now() END
       WHERE session_id = $1`,
      [session, halt?.phase ?? null, halt?.code ?? null, halt?.reason ?? null],
    );
  }

  /** The library's key store of a connection with these credentials. */
  keys(lease: Lease, credentials: AuthenticationCreds, events: KeyEvents): SignalKeyStore {
    const keys = new Keys(this.pool, this.sealer, lease.session, new KeyNames(credentials));
    return keys.store(lease, events);
  }

  /** One linked session, for a process that does not hold it. */
  async find(session: string): Promise<LinkedSession | undefined> {
    const { rows } = await this.pool.query<LinkedRow>(`${SELECT_LINKED} AND c.session_id = $1`, [session]);
    return rows.map(toLinked)[0];
  }

  /** Linked sessions that nobody holds and that are not halted, or that are to be unlinked. */
  async resumable(): Promise<LinkedSession[]> {
    const { rows } = await this.pool.query<LinkedRow>(
      `${SELECT_LINKED} AND (c.halted_phase IS NULL OR c.halted_phase = 'unlinking')
         AND (l.holder IS NULL OR l.expires_at < clock_timestamp())
       ORDER BY c.updated_at`,
    );
    return rows.map(toLinked);
  }
}

const SELECT_LINKED = `SELECT c.session_id AS session, c.business_id AS business,
    c.halted_phase, c.halted_code, c.halted_reason, c.halted_at
  FROM prosaas.whatsapp_credentials AS c
  LEFT JOIN prosaas.whatsapp_leases AS l USING (session_id)
  WHERE c.registered`;

function toLinked(row: LinkedRow): LinkedSession {
  const halted = row.halted_phase && {
    phase: row.halted_phase,
    code: row.halted_code,
    reason: row.halted_reason,
    since: row.halted_at?.getTime() ?? 0,
  };
  return { session: row.session, business: row.business, halted: halted ?? null };
}
