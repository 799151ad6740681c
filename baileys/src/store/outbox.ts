/** The outbox: facts are written with what they report and delivered afterwards, in order. */
import type { FactData, FactKind } from '../session/state.js';
import type { Pool, Queryable } from './database.js';
import type { Lease } from './lease.js';

export interface NewFact {
  /** Made once, before the first try to write it: a commit whose answer was lost is not written twice. */
  readonly id: string;
  readonly kind: FactKind;
  readonly data: FactData;
  readonly occurredAt: Date;
}

export interface PendingFact {
  readonly sequence: string;
  readonly id: string;
  readonly session: string;
  readonly attempts: number;
  /** The body for the ingress. */
  readonly body: string;
}

export class Outbox {
  constructor(
    private readonly pool: Pool,
    private readonly holder: string,
  ) {}

  /** Within the transaction that fenced the lease, whose lock keeps a session's rows in order. */
  async add(client: Queryable, lease: Lease, fact: NewFact): Promise<void> {
    await client.query(
      `INSERT INTO prosaas.whatsapp_outbox (id, session_id, business_id, fact) VALUES ($1, $2, $3, $4)
       ON CONFLICT ON CONSTRAINT whatsapp_outbox_id_uq DO NOTHING`,
      [
        fact.id,
        lease.session,
        lease.business,
        {
          session_id: lease.session,
          business_id: lease.business,
          generation: Number(lease.generation),
          kind: fact.kind,
          occurred_at: fact.occurredAt.toISOString(),
          data: fact.data,
        },
      ],
    );
  }

  async waitingSessions(): Promise<string[]> {
    const { rows } = await this.pool.query<{ session_id: string }>(
      'SELECT DISTINCT session_id FROM prosaas.whatsapp_outbox WHERE rejected_at IS NULL',
    );
    return rows.map((row) => row.session_id);
  }

  /**
   * A session's first fact, kept from other processes for `claimMs`. Only the first one can be
   * claimed, so that order holds with any number of processes. Undefined: nothing, or claimed.
   */
  async claimFirst(session: string, claimMs: number): Promise<PendingFact | undefined> {
    const { rows } = await this.pool.query<{ sequence: string; id: string; attempts: number; fact: object }>(
      `UPDATE prosaas.whatsapp_outbox
       SET claimed_by = $2, claimed_until = clock_timestamp() + $3 * interval '1 millisecond', attempts = attempts + 1
       WHERE sequence = (SELECT min(sequence) FROM prosaas.whatsapp_outbox WHERE session_id = $1 AND rejected_at IS NULL)
         AND rejected_at IS NULL
         AND (claimed_by IS NULL OR claimed_by = $2 OR claimed_until < clock_timestamp())
       RETURNING sequence, id, attempts, fact`,
      [session, this.holder, claimMs],
    );
    const [row] = rows;
    if (!row) return undefined;
    const body = JSON.stringify({ id: row.id, ...row.fact, sequence: Number(row.sequence) });
    return { sequence: row.sequence, id: row.id, session, attempts: row.attempts, body };
  }

  async delivered(sequence: string): Promise<void> {
    await this.pool.query('DELETE FROM prosaas.whatsapp_outbox WHERE sequence = $1', [sequence]);
  }

  async rejected(sequence: string, problem: string): Promise<void> {
    await this.pool.query(
      'UPDATE prosaas.whatsapp_outbox SET rejected_at = now(), last_error = $2 WHERE sequence = $1',
      [sequence, problem],
    );
  }

  async failed(sequence: string, problem: string): Promise<void> {
    await this.pool.query('UPDATE prosaas.whatsapp_outbox SET last_error = $2 WHERE sequence = $1', [
      sequence,
      problem,
    ]);
  }

  /** How many facts wait, and for how many seconds the oldest has. */
  async depth(): Promise<{ waiting: number; oldestSeconds: number }> {
    const { rows } = await this.pool.query<{ waiting: string; oldest: string | null }>(
      `SELECT count(*) AS waiting, extract(epoch FROM clock_timestamp() - min(created_at)) AS oldest
       FROM prosaas.whatsapp_outbox WHERE rejected_at IS NULL`,
    );
    return { waiting: Number(rows[0]?.waiting ?? 0), oldestSeconds: Number(rows[0]?.oldest ?? 0) };
  }
}
