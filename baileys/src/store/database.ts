/** The connection pool. Safe behind a transaction pooler: no session state, no named statements. */
import pg from 'pg';
import { ConfigError } from '../config.js';
import type { Logger } from '../log.js';

export type Pool = pg.Pool;
/** What runs a statement: the pool, or the client of an open transaction. */
export type Queryable = Pick<pg.Pool, 'query'>;

const MAX_CONNECTIONS = 8;
const CONNECT_TIMEOUT_MS = 10_000;
/** Enforced by the client: a pooler refuses `statement_timeout` among the start-up parameters. */
const QUERY_TIMEOUT_MS = 15_000;
const IDLE_TIMEOUT_MS = 30_000;

export function openPool(databaseUrl: string, logger: Logger): Pool {
  const pool = new pg.Pool({
    ...connectionOptions(databaseUrl),
    max: MAX_CONNECTIONS,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    query_timeout: QUERY_TIMEOUT_MS,
    idleTimeoutMillis: IDLE_TIMEOUT_MS,
    application_name: 'prosaas-baileys',
  });
  pool.on('error', (error) => logger.warn({ problem: error.message }, 'database connection lost'));
  return pool;
}

/**
 * What of Postgres's answers is a fault of `DATABASE_URL`, as shared/platform/src/store/fault.rs has it:
 * waiting changes nothing. Postgres's own words are not passed on: they hold parts of the setting.
 */
export function faultOfSetting(error: unknown): ConfigError | undefined {
  const code = error instanceof pg.DatabaseError ? error.code : undefined;
  const problem = code === undefined ? undefined : problemBehind(code);
  return problem === undefined ? undefined : new ConfigError('DATABASE_URL', `${problem} (SQLSTATE ${code})`);
}

function problemBehind(code: string): string | undefined {
  if (code.startsWith('28'))
    return 'Postgres does not let its user in: the user or the password is wrong, or pg_hba.conf forbids it';
  if (code === '3D000') return 'there is no such database';
  return code === '42501' ? 'its user may not use the schema `prosaas`' : undefined;
}

/** Reads `sslmode` as libpq does, except that any TLS is verified: `require` alone would not be. */
export function connectionOptions(databaseUrl: string): {
  connectionString: string;
  ssl: { rejectUnauthorized: true } | false;
} {
  const url = new URL(databaseUrl);
  const mode = url.searchParams.get('sslmode') ?? 'disable';
  for (const parameter of ['sslmode', 'channel_binding']) url.searchParams.delete(parameter);
  const plain = ['disable', 'allow', 'prefer'].includes(mode);
  return { connectionString: url.toString(), ssl: plain ? false : { rejectUnauthorized: true } };
}

/**
 * A process that stops in the middle (a suspended machine) would keep its locks, and so its
 * leases, for ever. `SET LOCAL` ends with the transaction: safe behind a pooler.
 */
const BEGIN = "BEGIN; SET LOCAL idle_in_transaction_session_timeout = '5s'";

/** Runs `work` in one transaction; any error rolls it back. */
export async function inTransaction<T>(pool: Pool, work: (client: Queryable) => Promise<T>): Promise<T> {
  const client = await pool.connect();
  let broken: Error | undefined;
  // Between two statements nobody else listens: without this a lost connection ends the process.
  const lost = (error: Error) => {
    broken = error;
  };
  client.on('error', lost);
  try {
    await client.query(BEGIN);
    const result = await work(client);
    await client.query('COMMIT');
    return result;
  } catch (error) {
    await client.query('ROLLBACK').catch((rollback: unknown) => {
      broken = rollback instanceof Error ? rollback : new Error(String(rollback));
    });
    throw error;
  } finally {
    client.off('error', lost);
    // A client that could not roll back is thrown away, not reused.
    client.release(broken);
  }
}
