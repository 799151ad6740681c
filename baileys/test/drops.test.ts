import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { control } from './simulator/control.js';
import type { Fact } from './support/ingress.js';
import { LONG, type ServiceProcess, eventually } from './support/process.js';
import { BUSINESS, Stage } from './support/stage.js';

describe('a linked session', () => {
  let stage: Stage;
  let service: ServiceProcess;
  const act = (action: string, body: Record<string, unknown>) =>
    control(stage.simulator, `/control/${action}`, body);
  const rowsOf = (table: string, session: string) =>
    stage.database.rows(`SELECT 1 FROM prosaas.${table} WHERE session_id = $1`, [session]);
  before(async () => {
    stage = await Stage.set();
    service = await stage.service();
  });
  after(() => stage.strike());

  /** A drop, and that the session came back by itself. Gives the fact that told the drop. */
  async function comesBack(session: string, jid: string, drop: () => Promise<unknown>): Promise<Fact> {
    const logins = stage.world.devices.get(jid)?.logins ?? 0;
    const known = stage.ingress.facts.length;
    await drop();
    await eventually(`${jid} logs in again`, () => (stage.world.devices.get(jid)?.logins ?? 0) > logins);
    await stage.reaches(service, session, 'connected');
    return eventually('the drop was told', () =>
      stage.ingress.facts.slice(known).find((fact) => fact.session_id === session && fact.kind === 'dropped'),
    );
  }

  it('comes back after the network broke', async () => {
    const { session, phone, jid } = await stage.link(service);
    const { data, occurred_at } = await comesBack(session, jid, () => act('drop', { phone }));
    assert.equal(data['code'], 428);
    assert.equal(data['attempt'], 1);
    const wait = Date.parse(String(data['retry_at'])) - Date.parse(occurred_at);
    assert.ok(wait >= 1_000 && wait <= 1_250, `${wait} ms until the first retry`);
    assert.ok(
      [...stage.world.clients].some((client) => client.jid === jid && client.routed),
      'routing info is sent in front',
    );
    assert.equal(stage.world.devices.get(jid)?.preKeys, 812);
  });

  for (const code of [500, 503]) {
    it(`comes back after ${code}`, async () => {
      const { session, phone, jid } = await stage.link(service);
      const { data } = await comesBack(session, jid, () => act('close', { phone, code }));
      assert.equal(data['code'], code);
      assert.equal((await service.status(session))['linked'], true);
    });
  }

  it('comes back at once after 515', async () => {
    const { session, phone, jid } = await stage.link(service);
    const { data } = await comesBack(session, jid, () => act('close', { phone, code: 515 }));
    assert.equal(data['attempt'], 0);
  });

  for (const status of [503, 429, 401]) {
    it(`keeps trying while upgrades are answered ${status}`, async () => {
      const { session, phone, jid } = await stage.link(service);
      await act('refuse-upgrades', { status, times: 2 });
      const upgrades = stage.simulator.upgrades;
      const { data } = await comesBack(session, jid, () => act('drop', { phone }));
      assert.equal(data['code'], 428);
      assert.ok(stage.simulator.upgrades >= upgrades + 3);
      const codes = stage.ingress.facts
        .filter((fact) => fact.session_id === session && fact.kind === 'dropped')
        .map((fact) => fact.data['code']);
      // A proxy's 401 is not WhatsApp's: it must not unlink.
      const seen = status === 401 ? null : status;
      assert.deepEqual(codes, [428, seen, seen]);
    });
  }

  it('comes back when the peer froze', LONG, async () => {
    const { session, phone, jid } = await stage.link(service);
    const startedAt = Date.now();
    const { data, occurred_at } = await comesBack(session, jid, () => act('freeze', { phone }));
    assert.equal(data['code'], 408);
    // The service's own clock: how long the login takes afterwards does not count.
    assert.ok(Date.parse(occurred_at) - startedAt < 75_000, 'much sooner than the 90 s of the library');
  });

  it('logged out on the phone while online: wiped, and a new QR on request', async () => {
    const { session, phone } = await stage.link(service);
    await act('logout', { phone });
    const status = await stage.reaches(service, session, 'logged_out');
    assert.equal(status['lastCode'], 401);
    assert.equal(status['linked'], false);
    await stage.told(session, 'logged_out');
    assert.equal((await rowsOf('whatsapp_credentials', session)).length, 0);
    assert.equal((await rowsOf('whatsapp_keys', session)).length, 0);
    stage.world.scan(await stage.qr(service, session), phone, false);
    await stage.reaches(service, session, 'connected');
  });

  it('logged out on the phone while offline: learns it at the next login', async () => {
    const { session, phone } = await stage.link(service);
    await act('refuse-upgrades', { status: 503, times: 1 });
    await act('drop', { phone });
    await act('logout', { phone });
    await stage.reaches(service, session, 'logged_out');
    await stage.told(session, 'logged_out');
    assert.equal((await rowsOf('whatsapp_credentials', session)).length, 0);
  });

  it('replaced: stops, keeps its credentials, and does not come back by itself', async () => {
    const { session, phone, jid } = await stage.link(service);
    await act('replace', { phone });
    const status = await stage.reaches(service, session, 'replaced');
    assert.equal(status['lastCode'], 440);
    assert.equal(status['linked'], true);
    assert.equal((await stage.told(session, 'replaced')).data['code'], 440);
    // A retry would be due within 1.25 s: the second retry of another session comes later than that.
    const other = await stage.link(service);
    for (const attempt of [1, 2]) {
      const drop = await comesBack(other.session, other.jid, () => act('drop', { phone: other.phone }));
      assert.equal(drop.data['attempt'], attempt);
    }
    await stage.lookedForSessions();
    assert.equal((await service.status(session))['state'], 'replaced');
    assert.equal(stage.world.devices.get(jid)?.logins, 1);
    assert.equal((await rowsOf('whatsapp_credentials', session)).length, 1);
    await service.call('POST', `/sessions/${session}/start`, { business_id: BUSINESS });
    await stage.reaches(service, session, 'connected');
  });

  for (const [code, reason] of [
    [403, /refuses this account/],
    [411, /must be updated/],
  ] as const) {
    it(`stops at ${code}, keeps its credentials and says why`, async () => {
      const { session, phone } = await stage.link(service);
      await act('close', { phone, code });
      const status = await stage.reaches(service, session, 'stopped');
      assert.equal(status['lastCode'], code);
      assert.match(String(status['reason']), reason);
      assert.equal((await stage.told(session, 'stopped')).data['code'], code);
      assert.equal((await rowsOf('whatsapp_credentials', session)).length, 1);
    });
  }
});

describe('a version that WhatsApp refuses', () => {
  it('is refreshed at once, and the linked session comes back', async () => {
    const stage = await Stage.set();
    try {
      const service = await stage.service({ WA_WEB_VERSION: '2.3000.5' });
      const { session, phone, jid } = await stage.link(service);
      stage.world.minimumVersion = 2_000_000_000;
      await control(stage.simulator, '/control/drop', { phone });
      await eventually('a login with the new version', () => stage.world.devices.get(jid)?.logins === 2);
      await stage.reaches(service, session, 'connected');
      const versions = [...stage.world.clients].map(
        (client) => client.hello?.payload.userAgent?.appVersion?.tertiary,
      );
      assert.deepEqual(versions, [2_000_000_000]);
    } finally {
      await stage.strike();
    }
  });
});

describe('a session that is not linked', () => {
  it('stops with its reason after three tries when nobody answers', async () => {
    const stage = await Stage.set();
    try {
      const service = await stage.service();
      await stage.simulator.stop();
      const session = randomUUID();
      await service.call('POST', `/sessions/${session}/start`, { business_id: BUSINESS });
      const status = await stage.reaches(service, session, 'stopped');
      assert.equal(status['linked'], false);
      assert.match(String(status['reason']), /did not answer|cannot be reached/);
      await stage.told(session, 'stopped');
      assert.deepEqual(stage.ingress.kinds(session), ['requesting', 'dropped', 'dropped', 'stopped']);
    } finally {
      await stage.strike().catch(() => undefined);
    }
  });

  it('stops when each new version is refused, too', async () => {
    const stage = await Stage.set();
    try {
      const service = await stage.service();
      stage.world.plannedFailures.push({ reason: 405 }, { reason: 405 }, { reason: 405 });
      const session = randomUUID();
      await service.call('POST', `/sessions/${session}/start`, { business_id: BUSINESS });
      const status = await stage.reaches(service, session, 'stopped');
      assert.equal(status['lastCode'], 405);
    } finally {
      await stage.strike();
    }
  });
});
