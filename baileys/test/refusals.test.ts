import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { control } from './simulator/control.js';
import { type ServiceProcess, eventually } from './support/process.js';
import { BUSINESS, Stage } from './support/stage.js';

const BAN_S = 3_600;

describe('a login that WhatsApp refuses', () => {
  let stage: Stage;
  let service: ServiceProcess;
  const act = (action: string, body: Record<string, unknown>) =>
    control(stage.simulator, `/control/${action}`, body);
  before(async () => {
    stage = await Stage.set();
    service = await stage.service();
  });
  after(() => stage.strike());

  const credentials = (session: string) =>
    stage.database.rows('SELECT 1 FROM prosaas.whatsapp_credentials WHERE session_id = $1', [session]);

  const stopped: string[] = [];

  /** A linked session whose next login is answered so. Gives its status when it has stopped. */
  async function refused(session: string, phone: string, failure: Record<string, unknown>) {
    await act('fail-next', failure);
    await act('drop', { phone });
    return stage.reaches(service, session, 'stopped');
  }

  for (const [code, reasonCode] of [
    [403, 'account_refused'],
    [406, 'account_banned'],
    [400, 'login_refused'],
    [409, 'login_refused'],
    [413, 'login_refused'],
    [414, 'login_refused'],
    [415, 'login_refused'],
    [418, 'login_refused'],
    [429, 'login_refused'],
    [499, 'login_refused'],
  ] as const) {
    it(`${code}: stopped as ${reasonCode}, with its credentials`, async () => {
      const { session, phone, jid } = await stage.link(service);
      const status = await refused(session, phone, { reasons: [code] });
      assert.equal(status['lastCode'], code);
      assert.equal(status['reasonCode'], reasonCode);
      assert.equal(status['linked'], true);
      const told = await stage.told(session, 'stopped');
      assert.deepEqual(told.data, { code, reason: status['reason'], reason_code: reasonCode });
      assert.equal((await credentials(session)).length, 1);
      stopped.push(jid);
    });
  }

  it('one that names no reason: stopped without a code, and never tried again by itself', async () => {
    const { session, phone, jid } = await stage.link(service);
    stage.world.plannedFailures.push({});
    await act('drop', { phone });
    const status = await stage.reaches(service, session, 'stopped');
    assert.equal(status['lastCode'], null);
    assert.equal(status['reasonCode'], 'login_refused');
    const told = await stage.told(session, 'stopped');
    assert.deepEqual(told.data, { code: null, reason: status['reason'], reason_code: 'login_refused' });
    assert.equal((await credentials(session)).length, 1);
    stopped.push(jid);
  });

  it('402: stopped until its time, which a new process knows, too', async () => {
    const { session, phone, jid } = await stage.link(service);
    const bannedAt = Date.now();
    const status = await refused(session, phone, { reasons: [402], expire: BAN_S });
    assert.equal(status['lastCode'], 402);
    assert.equal(status['reasonCode'], 'temporarily_banned');
    const until = Date.parse(String(status['until']));
    assert.ok(until >= bannedAt + BAN_S * 1_000 && until <= Date.now() + BAN_S * 1_000);
    assert.ok(String(status['reason']).includes(String(status['until'])), 'the sentence has the time');
    const told = await stage.told(session, 'stopped');
    const { reason, until: end } = status;
    assert.deepEqual(told.data, { code: 402, reason, reason_code: 'temporarily_banned', until: end });

    const upgrades = stage.simulator.upgrades;
    const asked = await service.call('POST', `/sessions/${session}/start`, { business_id: BUSINESS });
    assert.equal(asked.body['state'], 'stopped');
    await service.stop();
    service = await stage.service();
    const again = await service.call('POST', `/sessions/${session}/start`, { business_id: BUSINESS });
    for (const name of ['state', 'lastCode', 'reason', 'reasonCode', 'until'])
      assert.equal(again.body[name], status[name], name);
    await stage.lookedForSessions();
    assert.equal(stage.simulator.upgrades, upgrades, 'never tried before its time');
    for (const one of [...stopped, jid])
      assert.equal(stage.world.devices.get(one)?.logins, 1, 'nor the others by themselves');
  });

  it('402 without a time: stopped, and tried when somebody asks', async () => {
    const { session, phone } = await stage.link(service);
    const status = await refused(session, phone, { reasons: [402] });
    assert.equal(status['until'], null);
    await service.call('POST', `/sessions/${session}/start`, { business_id: BUSINESS });
    await stage.reaches(service, session, 'connected');
  });

  it('a refused registration stops, too', async () => {
    const session = randomUUID();
    await act('fail-next', { reasons: [406] });
    await service.call('POST', `/sessions/${session}/start`, { business_id: BUSINESS });
    const status = await stage.reaches(service, session, 'stopped');
    assert.equal(status['reasonCode'], 'account_banned');
    assert.equal(status['linked'], false);
  });

  for (const code of [500, 501, 503]) {
    it(`${code} is WhatsApp's own trouble: tried again`, async () => {
      const { session, phone, jid } = await stage.link(service);
      await act('fail-next', { reasons: [code] });
      await act('drop', { phone });
      await eventually('another login', () => stage.world.devices.get(jid)?.logins === 2);
      await stage.reaches(service, session, 'connected');
    });
  }

  it('406 as a broken stream: one more try, and then what the login answers', async () => {
    const { session, phone, jid } = await stage.link(service);
    await act('close', { phone, code: 406 });
    await eventually('another login', () => stage.world.devices.get(jid)?.logins === 2);
    await stage.reaches(service, session, 'connected');
    await act('fail-next', { reasons: [406] });
    await act('close', { phone, code: 406 });
    const status = await stage.reaches(service, session, 'stopped');
    assert.equal(status['reasonCode'], 'account_banned');
    assert.equal(stage.world.devices.get(jid)?.logins, 2);
  });
});
