/** Whether this program may work on the tables that it finds: the rule of shared/platform/src/versions.rs. */
import { setTimeout as pause } from 'node:timers/promises';
import { type Logger, problemOf } from '../log.js';
import { type Pool, type Queryable, faultOfSetting } from './database.js';

/** The highest number in migrations/ of this program's release. A test compares it with the folder. */
export const SCHEMA_VERSION = 320;

const PAUSE_MS = 500;

/** A newer release's tables, on which only newer programs work. */
export class TooOld extends Error {
  override name = 'TooOld';
  constructor(version: number, oldestCompatible: number) {
    super(
      `the tables have version ${version}, on which only programs of version ${oldestCompatible} or later work, ` +
        `and this one has ${SCHEMA_VERSION}: start the newer release again, or any from version ${oldestCompatible} on`,
    );
  }
}

/** Throws `TooOld`, or what keeps Postgres from answering. Says so once where a newer release's tables are taken. */
export async function judgeTables(database: Queryable, logger: Logger): Promise<void> {
  const { rows: found } = await database.query<{ there: boolean }>(
    `SELECT to_regclass('prosaas.schema_version') IS NOT NULL AS there`,
  );
  // An older release's tables carry nothing: setup, which runs before, brings them up to date.
  if (found[0]?.there !== true) return;
  const { rows } = await database.query<{ version: string; oldest_compatible: string }>(
    'SELECT version, oldest_compatible FROM prosaas.schema_version',
  );
  const [carried] = rows;
  if (!carried) return;
  const [version, oldestCompatible] = [Number(carried.version), Number(carried.oldest_compatible)];
  if (SCHEMA_VERSION < oldestCompatible) throw new TooOld(version, oldestCompatible);
  if (SCHEMA_VERSION < version)
    logger.info(
      { event: 'schema.newer' },
      `the tables are of a newer release (version ${version}), on which this one (${SCHEMA_VERSION}) works`,
    );
}

/** Waits until Postgres answers, however long, and judges its tables. Throws when waiting changes nothing. */
export async function enter(pool: Pool, logger: Logger, stopping: AbortSignal): Promise<void> {
  for (let told = false; ; told = true) {
    try {
      await judgeTables(pool, logger);
      return;
    } catch (error) {
      const lasting = error instanceof TooOld ? error : faultOfSetting(error);
      if (lasting) throw lasting;
      if (!told)
        logger.warn({ problem: problemOf(error) }, 'the database does not answer yet; sessions wait for it');
    }
    await pause(PAUSE_MS, undefined, { signal: stopping });
  }
}
