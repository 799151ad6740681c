/**
 * Leases: which process may hold a session's socket. By the database's clock; each taking
 * gets a new generation, and each write of the session locks the row and compares both.
 */
import type { Pool, Queryable } from './database.js';

export interface Lease {
  readonly session: string;
  readonly business: string;
  readonly holder: string;
  readonly generation: bigint;
}

/** Another process has, or had, the session: nothing was written. */
export class LeaseLost extends Error {
  override name = 'LeaseLost';
  constructor() {
    super('the lease is held by another process');
  }
}

export class Leases {
  constructor(
    private readonly pool: Pool,
    /** This process, unique to its start. */
    readonly holder: string,
    readonly ttlMs: number,
  ) {}

  /** Takes the lease, or gives undefined while another process holds it. */
  async acquire(session: string, business: string): Promise<Lease | undefined> {
    const { rows } = await this.pool.query<{ generation: string }>(
      `INSERT INTO prosaas.whatsapp_leases AS l (session_id, business_id, holder, generation, expires_at)
       VALUES ($1, $2, $3, nextval('prosaas.whatsapp_lease_generation_seq'), clock_timestamp() + $4 * interval '1 millisecond')
       ON CONFLICT (session_id) DO UPDATE
         SET business_id = excluded.business_id, holder = excluded.holder,
             generation = excluded.generation, expires_at = excluded.expires_at
         WHERE l.holder IS NULL OR l.holder = excluded.holder OR l.expires_at < clock_timestamp()
       RETURNING generation`,
      [session, business, this.holder, this.ttlMs],
    );
    const [row] = rows;
    return row && { session, business, holder: this.holder, generation: BigInt(row.generation) };
  }

  /** Renews all at once; gives those that are still ours. An expired one that nobody took is. */
  async renew(leases: readonly Lease[]): Promise<Set<string>> {
    if (leases.length === 0) return new Set();
    const { rows } = await this.pool.query<{ session_id: string }>(
      `UPDATE prosaas.whatsapp_leases AS l
       SET expires_at = clock_timestamp() + $4 * interval '1 millisecond'
       FROM unnest($1::uuid[], $2::bigint[]) AS mine(session_id, generation)
       WHERE l.session_id = mine.session_id AND l.generation = mine.generation AND l.holder = $3
       RETURNING l.session_id`,
      [leases.map((l) => l.session), leases.map((l) => l.generation.toString()), this.holder, this.ttlMs],
    );
    return new Set(rows.map((row) => row.session_id));
  }

  /**
   * Ends what processes that were in this one's place hold: they are dead, and nobody need wait for their leases.
   * Those that were never to be resumed are told as abandoned.
   */
  async endPredecessors(place: string): Promise<number> {
    const { rowCount } = await this.pool.query(
      `UPDATE prosaas.whatsapp_leases SET expires_at = clock_timestamp() - interval '1 millisecond'
       WHERE split_part(holder, '/', 3) = $1 AND holder <> $2 AND expires_at >= clock_timestamp()`,
      [place, this.holder],
    );
    return rowCount ?? 0;
  }

  /** Gives it back, so that another process need not wait. The row keeps its generation. */
  async release(client: Queryable, lease: Lease): Promise<void> {
    await client.query(
      `UPDATE prosaas.whatsapp_leases SET holder = NULL, expires_at = clock_timestamp()
       WHERE session_id = $1 AND holder = $2 AND generation = $3`,
      [lease.session, lease.holder, lease.generation.toString()],
    );
  }

  /** Sessions that a process held when it died, before a phone had linked: nobody resumes them. */
  async abandoned(): Promise<{ session: string; business: string }[]> {
    const { rows } = await this.pool.query<{ session: string; business: string }>(
      `SELECT l.session_id AS session, l.business_id AS business
       FROM prosaas.whatsapp_leases AS l
       LEFT JOIN prosaas.whatsapp_credentials AS c USING (session_id)
       WHERE l.holder IS NOT NULL AND l.expires_at < clock_timestamp() AND c.session_id IS NULL
       LIMIT 500`,
    );
    return rows;
  }
}

/** Locks the lease's row until the transaction ends; throws when it is no longer ours. */
export async function fence(client: Queryable, lease: Lease): Promise<void> {
  const { rowCount } = await client.query(
    `SELECT 1 FROM prosaas.whatsapp_leases
     WHERE session_id = $1 AND holder = $2 AND generation = $3 FOR UPDATE`,
    [lease.session, lease.holder, lease.generation.toString()],
  );
  if (rowCount !== 1) throw new LeaseLost();
}
