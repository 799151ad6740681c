/**
 * Brings every row under the key that seals, so that an older one can be taken away. Any number of
 * processes may do it at once, beside the sessions that write: a row that somebody has is passed by.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { type Logger, problemOf } from '../log.js';
import { CREDENTIALS } from './credentials.js';
import { SealError, type Sealer } from './crypto.js';
import { type Pool, type Queryable, inTransaction } from './database.js';

/** Small enough that a session which must write to one of them hardly waits. */
const BATCH = 200;
/** Leaves the processor and Postgres to the sessions. */
const BATCH_PAUSE_MS = 20;
const PASS_PAUSE_MS = 5_000;
/** Another process may still seal with the older key. */
const LOOK_AGAIN_MS = 3_600_000;
const PROGRESS_EVERY = 10_000;

interface Row {
  session_id: string;
  kind: string;
  key_id: string;
  ciphertext: Buffer;
}

export class Resealer {
  /** Rows under another key than the one that seals, at the last look. */
  left = NaN;

  constructor(
    private readonly pool: Pool,
    private readonly sealer: Sealer,
    private readonly logger: Logger,
  ) {}

  /** Until it is stopped: to the end, and then again when there is something to do. */
  async run(stopping: AbortSignal): Promise<void> {
    while (!stopping.aborted) {
      const wait = await this.#toTheEnd(stopping).catch((error: unknown) => {
        this.logger.warn({ problem: problemOf(error) }, 're-sealing is interrupted');
        return PASS_PAUSE_MS;
      });
      await pause(wait, undefined, { signal: stopping }).catch(() => undefined);
    }
  }

  /** How long until the next look. */
  async #toTheEnd(stopping: AbortSignal): Promise<number> {
    if ((await this.#count()).left === 0) return LOOK_AGAIN_MS;
    this.logger.info({ event: 'reseal.begun', count: this.left }, 'rows are sealed by an older key');
    const unopened = (await this.#credentials()) + (await this.#keys(stopping));
    const { left, older } = await this.#count();
    // Those that no key opens stay; any other was in somebody's hands.
    if (older > unopened) return PASS_PAUSE_MS;
    if (left === 0) this.logger.info({ event: 'reseal.ended' }, 'every row is sealed by the first key');
    else
      this.logger.warn(
        { event: 'reseal.ended', count: left },
        'rows are left that the keys of BAILEYS_ENCRYPTION_KEY do not open',
      );
    return LOOK_AGAIN_MS;
  }

  get #older(): number[] {
    return this.sealer.versions.filter((version) => version !== this.sealer.keyVersion);
  }

  /** Rows that the first key has not sealed, and those among them for which we hold the key. */
  async #count(): Promise<{ left: number; older: number }> {
    const { rows } = await this.pool.query<{ left: number; older: number }>(
      `SELECT count(*)::int AS left, count(*) FILTER (WHERE key_version = ANY($2))::int AS older
       FROM (
         SELECT key_version FROM prosaas.whatsapp_credentials
         UNION ALL SELECT key_version FROM prosaas.whatsapp_keys
       ) AS sealed WHERE key_version <> $1`,
      [this.sealer.keyVersion, this.#older],
    );
    const [counted = { left: 0, older: 0 }] = rows;
    this.left = counted.left;
    return counted;
  }

  /** One for each linked phone. Gives how many could not be opened. */
  async #credentials(): Promise<number> {
    return inTransaction(this.pool, async (client) => {
      const { rows } = await client.query<{ session_id: string; ciphertext: Buffer }>(
        `SELECT session_id, ciphertext FROM prosaas.whatsapp_credentials
         WHERE key_version = ANY($1) FOR UPDATE SKIP LOCKED`,
        [this.#older],
      );
      const resealed = this.#reseal(
        rows.map((row) => ({ ...row, kind: CREDENTIALS.kind, key_id: CREDENTIALS.id })),
      );
      await client.query(
        `UPDATE prosaas.whatsapp_credentials AS c SET ciphertext = new.ciphertext, key_version = $3
         FROM unnest($1::uuid[], $2::bytea[]) AS new(session_id, ciphertext)
         WHERE c.session_id = new.session_id`,
        [
          resealed.map((row) => row.session_id),
          resealed.map((row) => row.ciphertext),
          this.sealer.keyVersion,
        ],
      );
      return rows.length - resealed.length;
    });
  }

  /** Once through the table. Gives how many could not be opened. */
  async #keys(stopping: AbortSignal): Promise<number> {
    let [unopened, seen] = [0, 0];
    let last: Row | undefined;
    for (;;) {
      const { rows, resealed } = await inTransaction(this.pool, (client) => this.#batch(client, last));
      unopened += rows.length - resealed;
      this.left -= resealed;
      if (Math.floor((seen + rows.length) / PROGRESS_EVERY) > Math.floor(seen / PROGRESS_EVERY))
        this.logger.info({ event: 'reseal.progress', count: this.left }, 'rows are sealed by an older key');
      seen += rows.length;
      last = rows.at(-1);
      if (rows.length < BATCH || stopping.aborted) return unopened;
      await pause(BATCH_PAUSE_MS);
    }
  }

  async #batch(client: Queryable, last: Row | undefined): Promise<{ rows: Row[]; resealed: number }> {
    const { rows } = await client.query<Row>(
      `SELECT session_id, kind, key_id, ciphertext FROM prosaas.whatsapp_keys
       WHERE (session_id, kind, key_id) > ($1::uuid, $2, $3) AND key_version = ANY($4)
       ORDER BY session_id, kind, key_id LIMIT ${BATCH} FOR UPDATE SKIP LOCKED`,
      [
        last?.session_id ?? '00000000-0000-0000-0000-000000000000',
        last?.kind ?? '',
        last?.key_id ?? '',
        this.#older,
      ],
    );
    const resealed = this.#reseal(rows);
    await client.query(
      `UPDATE prosaas.whatsapp_keys AS k SET ciphertext = new.ciphertext
       FROM unnest($1::uuid[], $2::text[], $3::text[], $4::bytea[]) AS new(session_id, kind, key_id, ciphertext)
       WHERE k.session_id = new.session_id AND k.kind = new.kind AND k.key_id = new.key_id`,
      [
        resealed.map((row) => row.session_id),
        resealed.map((row) => row.kind),
        resealed.map((row) => row.key_id),
        resealed.map((row) => row.ciphertext),
      ],
    );
    return { rows, resealed: resealed.length };
  }

  /** Those that open, under the key that seals. */
  #reseal(rows: readonly Row[]): Row[] {
    return rows.flatMap((row) => {
      const place = { session: row.session_id, kind: row.kind, id: row.key_id };
      try {
        return [{ ...row, ciphertext: this.sealer.reseal(place, row.ciphertext) }];
      } catch (error) {
        if (error instanceof SealError) return [];
        throw error;
      }
    });
  }
}
