/** Credentials and Signal keys in Postgres: sealed, fenced by the lease, one transaction a change. */
import { BufferJSON, proto } from 'baileys';
import type { AuthenticationCreds, SignalDataSet, SignalDataTypeMap, SignalKeyStore } from 'baileys';
import type { Sealer } from './crypto.js';
import { type Pool, type Queryable, inTransaction } from './database.js';
import { type Lease, LeaseLost } from './lease.js';

/** The place of a session's credentials beside its keys. */
const CREDENTIALS = { kind: 'credentials', id: '' } as const;

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
  ) {}

  /** Undefined when no phone has linked. Throws `SealError` with the wrong key. */
  async load(session: string): Promise<AuthenticationCreds | undefined> {
    const { rows } = await this.pool.query<{ ciphertext: Buffer }>(
      'SELECT ciphertext FROM prosaas.whatsapp_credentials WHERE session_id = $1 AND registered',
      [session],
    );
    const [row] = rows;
    if (!row) return undefined;
    return parse(this.sealer.open({ session, ...CREDENTIALS }, row.ciphertext)) as AuthenticationCreds;
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

  /** The library's key store. Each `set` is one statement: fenced, and all or nothing. */
  keys(lease: Lease, onLost: () => void): SignalKeyStore {
    return {
      get: async (type, ids) => this.#get(lease.session, type, ids),
      set: async (data) => {
        try {
          await this.#set(lease, data);
        } catch (error) {
          if (error instanceof LeaseLost) onLost();
          throw error;
        }
      },
      clear: async () => {
        await inTransaction(this.pool, (client) => this.wipe(client, lease.session));
      },
    };
  }

  async #get<T extends keyof SignalDataTypeMap>(
    session: string,
    type: T,
    ids: string[],
  ): Promise<Record<string, SignalDataTypeMap[T]>> {
    if (ids.length === 0) return {};
    const { rows } = await this.pool.query<{ key_id: string; ciphertext: Buffer }>(
      'SELECT key_id, ciphertext FROM prosaas.whatsapp_keys WHERE session_id = $1 AND kind = $2 AND key_id = ANY($3)',
      [session, type, ids],
    );
    const found: Record<string, SignalDataTypeMap[T]> = {};
    for (const row of rows) {
      const value = parse(this.sealer.open({ session, kind: type, id: row.key_id }, row.ciphertext));
      found[row.key_id] = revive(type, value) as SignalDataTypeMap[T];
    }
    return found;
  }

  async #set(lease: Lease, data: SignalDataSet): Promise<void> {
    const written = { kinds: [] as string[], ids: [] as string[], values: [] as Buffer[] };
    const removed = { kinds: [] as string[], ids: [] as string[] };
    for (const [kind, entries] of Object.entries(data)) {
      for (const [id, value] of Object.entries(entries)) {
        const target = value === null || value === undefined ? removed : written;
        target.kinds.push(kind);
        target.ids.push(id);
        if (target === written)
          written.values.push(this.sealer.seal({ session: lease.session, kind, id }, render(value)));
      }
    }
    if (written.ids.length + removed.ids.length === 0) return;
    const { rows } = await this.pool.query<{ fenced: string }>(SET_KEYS, [
      lease.session,
      lease.holder,
      lease.generation.toString(),
      written.kinds,
      written.ids,
      written.values,
      removed.kinds,
      removed.ids,
    ]);
    if (rows[0]?.fenced !== '1') throw new LeaseLost();
  }
}

const SELECT_LINKED = `SELECT c.session_id AS session, c.business_id AS business,
    c.halted_phase, c.halted_code, c.halted_reason, c.halted_at
  FROM prosaas.whatsapp_credentials AS c
  LEFT JOIN prosaas.whatsapp_leases AS l USING (session_id)
  WHERE c.registered`;

const SET_KEYS = `WITH fence AS MATERIALIZED (
    SELECT 1 FROM prosaas.whatsapp_leases
    WHERE session_id = $1 AND holder = $2 AND generation = $3 FOR UPDATE
  ), written AS (
    INSERT INTO prosaas.whatsapp_keys (session_id, kind, key_id, ciphertext)
    SELECT $1, new.kind, new.key_id, new.ciphertext
    FROM unnest($4::text[], $5::text[], $6::bytea[]) AS new(kind, key_id, ciphertext), fence
    ON CONFLICT (session_id, kind, key_id) DO UPDATE SET ciphertext = excluded.ciphertext
  ), removed AS (
    DELETE FROM prosaas.whatsapp_keys AS k
    USING unnest($7::text[], $8::text[]) AS old(kind, key_id), fence
    WHERE k.session_id = $1 AND k.kind = old.kind AND k.key_id = old.key_id
  )
  SELECT count(*) AS fenced FROM fence`;

function toLinked(row: LinkedRow): LinkedSession {
  const halted = row.halted_phase && {
    phase: row.halted_phase,
    code: row.halted_code,
    reason: row.halted_reason,
    since: row.halted_at?.getTime() ?? 0,
  };
  return { session: row.session, business: row.business, halted: halted ?? null };
}

function render(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value, BufferJSON.replacer));
}

function parse(bytes: Buffer): unknown {
  return JSON.parse(bytes.toString(), BufferJSON.reviver) as unknown;
}

/** This one type is a message class, which the library calls methods of. */
function revive(type: string, value: unknown): unknown {
  if (type !== 'app-state-sync-key') return value;
  return proto.Message.AppStateSyncKeyData.fromObject(value as Record<string, unknown>);
}
