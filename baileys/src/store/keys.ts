/** A session's Signal keys in Postgres: sealed, under hashed names, fenced by the lease. */
import type { SignalDataSet, SignalDataTypeMap, SignalKeyStore } from 'baileys';
import { KeyMissing, SealError, type Sealer } from './crypto.js';
import type { Pool, Queryable } from './database.js';
import { type Lease, LeaseLost } from './lease.js';
import { type KeyNames, OF_CONTACTS } from './names.js';
import { parse, render, revive } from './render.js';

/** What the library is not told, or would not tell anybody. */
export interface KeyEvents {
  /** A write was refused: the lease is another's. */
  lost(): void;
  unreadable(error: SealError): void;
}

interface KeyRow {
  kind: string;
  key_id: string;
  ciphertext: Buffer;
}

export class Keys {
  constructor(
    private readonly pool: Pool,
    private readonly sealer: Sealer,
    private readonly session: string,
    private readonly names: KeyNames,
  ) {}

  /** As the library wants it. Each `set` is one statement: all or nothing. */
  store(lease: Lease, events: KeyEvents): SignalKeyStore {
    return {
      get: async (type, ids) => {
        try {
          return await this.#get(type, ids);
        } catch (error) {
          if (error instanceof SealError) events.unreadable(error);
          throw error;
        }
      },
      set: async (data) => {
        try {
          await this.#set(lease, data);
        } catch (error) {
          if (error instanceof LeaseLost) events.lost();
          throw error;
        }
      },
    };
  }

  async refuseMissing(client: Queryable): Promise<void> {
    const { rows } = await client.query<{ key_version: number }>(
      'SELECT key_version FROM prosaas.whatsapp_keys WHERE session_id = $1 AND key_version <> ALL($2) LIMIT 1',
      [this.session, this.sealer.versions],
    );
    const [row] = rows;
    if (row) throw new KeyMissing(row.key_version, this.sealer.versions);
  }

  /** Gives the rows of an older release, which have the library's own names, hashed ones. */
  async rename(client: Queryable): Promise<void> {
    const { rows } = await client.query<KeyRow>(
      'SELECT kind, key_id, ciphertext FROM prosaas.whatsapp_keys WHERE session_id = $1',
      [this.session],
    );
    const renamed = rows.map(({ kind, key_id: id, ciphertext }) => {
      const name = this.names.of(kind, id);
      return { name, ciphertext: this.#seal(kind, name, this.#open(kind, id, ciphertext)) };
    });
    await client.query(
      `UPDATE prosaas.whatsapp_keys AS k SET key_id = new.name, ciphertext = new.ciphertext
       FROM unnest($2::text[], $3::text[], $4::text[], $5::bytea[]) AS new(kind, key_id, name, ciphertext)
       WHERE k.session_id = $1 AND k.kind = new.kind AND k.key_id = new.key_id`,
      [
        this.session,
        rows.map((row) => row.kind),
        rows.map((row) => row.key_id),
        renamed.map((row) => row.name),
        renamed.map((row) => row.ciphertext),
      ],
    );
  }

  /** Forgets contacts that were not heard of for so long, but never the account's own phone. */
  async prune(client: Queryable, days: number): Promise<void> {
    await client.query(
      `DELETE FROM prosaas.whatsapp_keys
       WHERE session_id = $1 AND touched_on < CURRENT_DATE - $2::int AND kind = ANY($3) AND key_id <> ALL($4)`,
      [this.session, days, OF_CONTACTS, this.names.own()],
    );
  }

  async #get<T extends keyof SignalDataTypeMap>(
    type: T,
    ids: string[],
  ): Promise<Record<string, SignalDataTypeMap[T]>> {
    const idOf = new Map(ids.map((id) => [this.names.of(type, id), id]));
    if (idOf.size === 0) return {};
    const asked = [this.session, type, [...idOf.keys()]];
    const { rows } = await this.pool.query<KeyRow & { stale: boolean }>(
      `SELECT kind, key_id, ciphertext, touched_on < CURRENT_DATE AS stale FROM prosaas.whatsapp_keys
       WHERE session_id = $1 AND kind = $2 AND key_id = ANY($3)`,
      asked,
    );
    if (rows.some((row) => row.stale)) await this.pool.query(TOUCH, asked);
    const found: Record<string, SignalDataTypeMap[T]> = {};
    for (const { key_id: name, ciphertext } of rows) {
      const value = parse(this.#open(type, name, ciphertext));
      found[idOf.get(name) ?? name] = revive(type, value) as SignalDataTypeMap[T];
    }
    return found;
  }

  async #set(lease: Lease, data: SignalDataSet): Promise<void> {
    const written = { kinds: [] as string[], names: [] as string[], values: [] as Buffer[] };
    const removed = { kinds: [] as string[], names: [] as string[] };
    for (const [kind, entries] of Object.entries(data)) {
      for (const [id, value] of Object.entries(entries)) {
        const name = this.names.of(kind, id);
        const target = value === null || value === undefined ? removed : written;
        target.kinds.push(kind);
        target.names.push(name);
        if (target === written) written.values.push(this.#seal(kind, name, render(value)));
      }
    }
    if (written.names.length + removed.names.length === 0) return;
    const { rows } = await this.pool.query<{ fenced: string }>(SET_KEYS, [
      lease.session,
      lease.holder,
      lease.generation.toString(),
      written.kinds,
      written.names,
      written.values,
      removed.kinds,
      removed.names,
    ]);
    if (rows[0]?.fenced !== '1') throw new LeaseLost();
  }

  #seal(kind: string, name: string, plaintext: Buffer): Buffer {
    return this.sealer.seal({ session: this.session, kind, id: name }, plaintext);
  }

  #open(kind: string, name: string, ciphertext: Buffer): Buffer {
    return this.sealer.open({ session: this.session, kind, id: name }, ciphertext);
  }
}

/** Once a day for each row that is read. One that is locked is being written, which touches it, too. */
const TOUCH = `UPDATE prosaas.whatsapp_keys SET touched_on = CURRENT_DATE
  WHERE (session_id, kind, key_id) IN (
    SELECT session_id, kind, key_id FROM prosaas.whatsapp_keys
    WHERE session_id = $1 AND kind = $2 AND key_id = ANY($3) AND touched_on < CURRENT_DATE
    FOR UPDATE SKIP LOCKED
  )`;

const SET_KEYS = `WITH fence AS MATERIALIZED (
    SELECT 1 FROM prosaas.whatsapp_leases
    WHERE session_id = $1 AND holder = $2 AND generation = $3 FOR UPDATE
  ), written AS (
    INSERT INTO prosaas.whatsapp_keys (session_id, kind, key_id, ciphertext)
    SELECT $1, new.kind, new.key_id, new.ciphertext
    FROM unnest($4::text[], $5::text[], $6::bytea[]) AS new(kind, key_id, ciphertext), fence
    ON CONFLICT (session_id, kind, key_id) DO UPDATE
      SET ciphertext = excluded.ciphertext, touched_on = excluded.touched_on
  ), removed AS (
    DELETE FROM prosaas.whatsapp_keys AS k
    USING unnest($7::text[], $8::text[]) AS old(kind, key_id), fence
    WHERE k.session_id = $1 AND k.kind = old.kind AND k.key_id = old.key_id
  )
  SELECT count(*) AS fenced FROM fence`;
