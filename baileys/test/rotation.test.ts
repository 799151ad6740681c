/** A key is rotated, missing, or of no use: the whole service, with the real library. */
import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { Sealer } from '../src/store/crypto.js';
import { KEY, LONG, type ServiceProcess, eventually } from './support/process.js';
import { BUSINESS, Stage } from './support/stage.js';

const NEW_KEY = Buffer.from('603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4', 'hex');
const ONLY_NEW = { BAILEYS_ENCRYPTION_KEY: NEW_KEY.toString('base64') };
const NEW_AND_OLD = { BAILEYS_ENCRYPTION_KEY: `${NEW_KEY.toString('base64')},${KEY.toString('base64')}` };

describe('the key that seals', () => {
  let stage: Stage;
  beforeEach(async () => {
    stage = await Stage.set();
  });
  afterEach(() => stage.strike());

  const loginsOf = (jid: string) => stage.world.devices.get(jid)?.logins;
  const preKeysStored = (session: string) =>
    eventually('the pre-keys are stored', async () => {
      const rows = await stage.database.rows(
        `SELECT 1 FROM prosaas.whatsapp_keys WHERE session_id = $1 AND kind = 'pre-key'`,
        [session],
      );
      return rows.length >= 812;
    });
  const metric = async (service: ServiceProcess, name: string) =>
    new RegExp(`^prosaas_whatsapp_${name} (\\S+)$`, 'm').exec(await service.printedMetrics())?.[1];
  const sealedBy = (key: Buffer) =>
    stage.database.rows(
      `SELECT 1 FROM prosaas.whatsapp_keys WHERE key_version = $1
       UNION ALL SELECT 1 FROM prosaas.whatsapp_credentials WHERE key_version = $1`,
      [new Sealer([key]).keyVersion],
    );
  /** Another socket, which begins by reading keys. */
  const drop = () => {
    for (const client of stage.world.clients) client.drop();
  };

  it('is rotated to the end: the old one can be taken away, also of a session that waits', LONG, async () => {
    const first = await stage.service();
    const [going, waiting] = [await stage.link(first), await stage.link(first)];
    for (const { session } of [going, waiting]) await preKeysStored(session);
    const device = stage.world.online(waiting.jid);
    device?.failure({ reason: 403 });
    await stage.reaches(first, waiting.session, 'stopped');
    await first.stop();
    const before = (await sealedBy(KEY)).length;
    assert.ok(before > 2 * 812);
    const both = await stage.service(NEW_AND_OLD);
    await stage.reaches(both, going.session, 'connected');
    await eventually('no row is left', async () => (await metric(both, 'rows_to_reseal')) === '0');
    assert.equal((await sealedBy(KEY)).length, 0);
    const told = both.lines().filter((line) => String(line['event']).startsWith('reseal.'));
    assert.deepEqual([told[0]?.['event'], told.at(-1)?.['event']], ['reseal.begun', 'reseal.ended']);
    await both.stop();
    const last = await stage.service(ONLY_NEW);
    await stage.reaches(last, going.session, 'connected');
    await last.call('POST', `/sessions/${waiting.session}/start`, { business_id: BUSINESS });
    await stage.reaches(last, waiting.session, 'connected');
    drop();
    await eventually('it logs in again', () => (loginsOf(going.jid) ?? 0) >= 4);
    await stage.reaches(last, going.session, 'connected');
    assert.equal(await metric(last, 'rows_to_reseal'), '0');
  });

  it('that is missing for one row stops the session before it connects', LONG, async () => {
    const first = await stage.service();
    const { session, jid } = await stage.link(first);
    await preKeysStored(session);
    await first.stop();
    // As it is when a rotation was not waited for.
    const both = await stage.service(NEW_AND_OLD);
    await eventually('no row is left', async () => (await metric(both, 'rows_to_reseal')) === '0');
    await stage.reaches(both, session, 'connected');
    await both.stop();
    const old = new Sealer([KEY]).keyVersion;
    await stage.database.pool.query(
      `UPDATE prosaas.whatsapp_keys SET ciphertext = overlay(ciphertext placing int4send($2) from 2)
       WHERE session_id = $1 AND key_id = (SELECT max(key_id) FROM prosaas.whatsapp_keys WHERE session_id = $1)`,
      [session, old],
    );
    const logins = loginsOf(jid);
    const wrong = await stage.service(ONLY_NEW);
    const status = await stage.reaches(wrong, session, 'stopped');
    assert.equal(status['reasonCode'], 'key_missing');
    assert.match(String(status['reason']), new RegExp(`sealed with key ${old}, which`));
    assert.equal((await stage.told(session, 'stopped')).data['code'], null);
    assert.equal(loginsOf(jid), logins, 'nothing was opened');
    assert.equal(await metric(wrong, 'unreadable_total\\{code="key_missing"\\}'), '1');
    assert.equal(await metric(wrong, 'rows_to_reseal'), '1');
  });

  it('that opens a row no more ends the session, which waits for somebody', LONG, async () => {
    const service = await stage.service();
    const { session } = await stage.link(service);
    await preKeysStored(session);
    await stage.database.pool.query(
      `UPDATE prosaas.whatsapp_keys SET ciphertext = ciphertext || '\\x00' WHERE session_id = $1`,
      [session],
    );
    drop();
    const status = await stage.reaches(service, session, 'stopped');
    assert.equal(status['reasonCode'], 'credentials_unreadable');
    await eventually('no socket is left', () => stage.world.clients.size === 0);
    assert.equal(await metric(service, 'unreadable_total\\{code="credentials_unreadable"\\}'), '1');
    await service.stop();
    const next = await stage.service();
    await stage.lookedForSessions();
    assert.equal((await next.status(session))['state'], 'stopped');
    assert.equal(stage.world.clients.size, 0);
  });
});
