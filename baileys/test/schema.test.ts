import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { SCHEMA_VERSION } from '../src/store/schema.js';
import { LONG, ServiceProcess } from './support/process.js';
import { Stage } from './support/stage.js';

/** From dist-test/test to the repository's root. */
const MIGRATIONS = new URL('../../../migrations/', import.meta.url);
const NEWER = 9_999;

describe('the schema', () => {
  let stage: Stage;
  beforeEach(async () => {
    stage = await Stage.set();
  });
  afterEach(() => stage.strike());

  /** The tables as a newer release leaves them. */
  const newer = async (oldestCompatible: number) => {
    const { pool } = stage.database;
    await pool.query(readFileSync(new URL('0303_schema_version.sql', MIGRATIONS), 'utf8'));
    await pool.query('INSERT INTO prosaas.schema_version (version, oldest_compatible) VALUES ($1, $2)', [
      NEWER,
      oldestCompatible,
    ]);
  };

  it('has the version of the last migration', () => {
    const numbers = readdirSync(MIGRATIONS)
      .filter((name) => name.endsWith('.sql'))
      .map((name) => Number(name.slice(0, 4)));
    assert.equal(SCHEMA_VERSION, Math.max(...numbers), 'raise SCHEMA_VERSION with each migration');
  });

  it('of a newer release is taken where that release says so', LONG, async () => {
    await newer(SCHEMA_VERSION);
    const service = await stage.service();
    await stage.link(service);
    const told = service.lines().filter((line) => line['event'] === 'schema.newer');
    assert.equal(told.length, 1);
    assert.match(String(told[0]?.['msg']), new RegExp(`version ${NEWER}`));
  });

  it('of no database, and a user that is none, end the service by the setting’s name', LONG, async () => {
    for (const [part, code] of [
      ['no_such_database', '3D000'],
      ['no_such_user', '28'],
    ] as const) {
      const url = new URL(stage.database.url);
      if (code === '3D000') url.pathname = `/${part}`;
      else url.username = part;
      const service = ServiceProcess.spawn({ ...stage.options(), databaseUrl: url.toString() });
      stage.services.push(service);
      assert.equal(await service.exited, 2, service.output);
      assert.match(service.output, new RegExp(`DATABASE_URL: .*SQLSTATE ${code}`));
      assert.ok(!service.output.includes(part), service.output);
    }
  });

  it('that needs newer programs ends the service', LONG, async () => {
    await newer(SCHEMA_VERSION + 1);
    const service = ServiceProcess.spawn(stage.options());
    stage.services.push(service);
    assert.equal(await service.exited, 1, service.output);
    for (const said of [`version ${NEWER}`, `this one has ${SCHEMA_VERSION}`, 'start the newer release'])
      assert.ok(service.output.includes(said), `${said}: ${service.output}`);
  });
});
