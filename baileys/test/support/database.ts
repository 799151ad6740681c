/** A database of its own for each test file: created, migrated, dropped. */
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import pg from 'pg';

const ADMIN_URL = process.env['DATABASE_URL'] ?? 'postgres://postgres@127.0.0.1:55432/postgres';
/** From dist-test/test/support to the repository's root. */
const MIGRATIONS = new URL('../../../../migrations/', import.meta.url);
/** Those of the tables that the service writes. */
const ITS_OWN = ['0100_whatsapp_service.sql', '0305_whatsapp_key_names.sql', '0306_whatsapp_unlinking.sql'];
/** Whose table the service reads to learn what is wanted. */
const THE_WORKERS = ['0110_whatsapp_sessions.sql'];

export interface TestDatabase {
  readonly url: string;
  readonly pool: pg.Pool;
  rows<T extends pg.QueryResultRow>(sql: string, values?: unknown[]): Promise<T[]>;
  drop(): Promise<void>;
}

export async function createDatabase(): Promise<TestDatabase> {
  const name = `prosaas_baileys_${randomBytes(6).toString('hex')}`;
  const admin = new pg.Client({ connectionString: ADMIN_URL });
  await admin.connect();
  await admin.query(`CREATE DATABASE ${name}`);
  const url = new URL(ADMIN_URL);
  url.pathname = `/${name}`;
  const pool = new pg.Pool({ connectionString: url.toString(), max: 4 });
  pool.on('error', () => undefined);
  await pool.query('CREATE SCHEMA prosaas');
  await pool.query('CREATE TABLE prosaas.businesses (id uuid PRIMARY KEY)');
  for (const name of [...ITS_OWN, ...THE_WORKERS])
    await pool.query(readFileSync(new URL(name, MIGRATIONS), 'utf8'));
  return {
    url: url.toString(),
    pool,
    rows: async <T extends pg.QueryResultRow>(sql: string, values?: unknown[]) =>
      (await pool.query<T>(sql, values)).rows,
    drop: async () => {
      await pool.end();
      await admin.query(`DROP DATABASE ${name} WITH (FORCE)`);
      await admin.end();
    },
  };
}
