import assert from 'node:assert/strict';
import { after, afterEach, before, describe, it } from 'node:test';
import { control } from './simulator/control.js';
import { LONG, type ServiceProcess, eventually } from './support/process.js';
import { BUSINESS, Stage } from './support/stage.js';

describe('unlinking', () => {
  let stage: Stage;
  let service: ServiceProcess;
  const act = (action: string, body: Record<string, unknown>) =>
    control(stage.simulator, `/control/${action}`, body);
  const lineIsUp = () => act('refuse-upgrades', {});
  const logout = (session: string) => service.call('POST', `/sessions/${session}/logout`);
  const start = (session: string) =>
    service.call('POST', `/sessions/${session}/start`, { business_id: BUSINESS });
  const rows = async (session: string) => {
    const found = await stage.database.rows<{ halted_phase: string | null }>(
      'SELECT halted_phase FROM prosaas.whatsapp_credentials WHERE session_id = $1',
      [session],
    );
    return found.map((row) => row.halted_phase);
  };

  /** A linked session whose line is down, as when WhatsApp is away. */
  const linkedWithoutLine = async () => {
    const linked = await stage.link(service);
    await act('refuse-upgrades', { status: 503 });
    await act('drop', { phone: linked.phone });
    await eventually('it knows why', async () => {
      const { reasonCode } = await service.status(linked.session);
      return reasonCode === 'server_unavailable';
    });
    return linked;
  };

  before(async () => {
    stage = await Stage.set();
    service = await stage.service();
  });
  afterEach(lineIsUp);
  after(() => stage.strike());

  it('while the line is down keeps the credentials, and is done once it is back', async () => {
    const { session, jid } = await linkedWithoutLine();
    const answer = await logout(session);
    assert.equal(answer.status, 202, JSON.stringify(answer.body));
    assert.equal(answer.body['state'], 'unlinking');
    assert.equal(answer.body['linked'], true);
    const told = await stage.told(session, 'unlinking');
    assert.equal(told.data['reason_code'], 'server_unavailable');
    const tries = stage.simulator.upgrades;
    await eventually('more tries', () => stage.simulator.upgrades >= tries + 2);
    assert.deepEqual(await rows(session), ['unlinking']);
    assert.equal(stage.world.devices.has(jid), true);
    const { logins } = stage.world.devices.get(jid) ?? {};

    await lineIsUp();
    await stage.told(session, 'unlinked');
    assert.equal(stage.world.devices.has(jid), false, 'gone from the phone');
    assert.equal(logins, 1);
    assert.deepEqual(await rows(session), []);
    assert.equal((await service.status(session))['state'], 'unlinked');
    assert.equal(stage.ingress.kinds(session).filter((kind) => kind === 'connected').length, 1);
  });

  it('of a line that is frozen asks again on a new one', LONG, async () => {
    const { session, jid } = await stage.link(service);
    for (const client of stage.world.clients) if (client.jid === jid) client.frozen = true;
    assert.equal((await logout(session)).body['state'], 'unlinking');
    await stage.reaches(service, session, 'unlinked');
    assert.equal(stage.world.devices.has(jid), false, 'gone from the phone');
  });

  it('of a session that had stopped opens a connection for it', async () => {
    const { session, phone, jid } = await stage.link(service);
    await act('fail-next', { reasons: [403] });
    await act('drop', { phone });
    await stage.reaches(service, session, 'stopped');
    assert.equal((await logout(session)).body['state'], 'unlinking');
    await stage.reaches(service, session, 'unlinked');
    assert.equal(stage.world.devices.has(jid), false, 'gone from the phone');
  });

  it('survives kill -9, and a stop', LONG, async () => {
    const { session, jid } = await linkedWithoutLine();
    await logout(session);
    await service.kill();
    service = await stage.service();
    const tries = stage.simulator.upgrades;
    await stage.reaches(service, session, 'unlinking');
    await eventually('the next process tries', () => stage.simulator.upgrades > tries);
    await service.stop();
    assert.deepEqual(await rows(session), ['unlinking']);
    await lineIsUp();
    service = await stage.service();
    await stage.told(session, 'unlinked');
    assert.equal(stage.world.devices.has(jid), false, 'gone from the phone');
    assert.deepEqual(await rows(session), []);
  });

  it('that was heard, but not written down, is done by the next process', LONG, async () => {
    const { session, jid } = await linkedWithoutLine();
    await logout(session);
    await service.kill();
    stage.world.devices.delete(jid);
    await lineIsUp();
    service = await stage.service();
    const told = await stage.told(session, 'unlinked');
    assert.equal(told.data['reason_code'], 'unlinked');
  });

  it('is left for a new start, which keeps the link', async () => {
    const { session, jid } = await linkedWithoutLine();
    await logout(session);
    const answer = await start(session);
    assert.equal(answer.status, 200);
    assert.equal(answer.body['state'], 'reconnecting');
    await lineIsUp();
    await stage.reaches(service, session, 'connected');
    assert.equal(stage.world.devices.has(jid), true);
    assert.deepEqual(await rows(session), [null]);
  });

  it('that was taken back while the service was away is not done', LONG, async () => {
    const { session, jid } = await linkedWithoutLine();
    await logout(session);
    await stage.want(session, 'unlinked');
    await service.kill();
    // Nobody could tell the service.
    await stage.want(session, 'linked');
    await lineIsUp();
    service = await stage.service();
    await stage.reaches(service, session, 'connected');
    assert.equal(stage.world.devices.has(jid), true, 'still on the phone');
    assert.deepEqual(await rows(session), [null]);
    assert.equal(stage.ingress.kinds(session).includes('unlinked'), false);
  });

  it('that was taken back is not done by a service that waits for its line either', LONG, async () => {
    const { session, jid } = await linkedWithoutLine();
    await logout(session);
    await stage.want(session, 'linked');
    await lineIsUp();
    await stage.reaches(service, session, 'connected');
    assert.equal(stage.world.devices.has(jid), true, 'still on the phone');
  });

  it('that is still wanted after a restart is done', LONG, async () => {
    const { session, jid } = await linkedWithoutLine();
    await logout(session);
    await stage.want(session, 'unlinked');
    await service.kill();
    await lineIsUp();
    service = await stage.service();
    await stage.told(session, 'unlinked');
    assert.equal(stage.world.devices.has(jid), false, 'gone from the phone');
  });

  it('and forgetting are not said to be done where another process took the session', LONG, async () => {
    const { session, jid } = await stage.link(service);
    for (const client of stage.world.clients) if (client.jid === jid) client.frozen = true;
    const forgetting = service.call('DELETE', `/sessions/${session}`);
    await stage.database.pool.query(
      `UPDATE prosaas.whatsapp_leases SET holder = 'another process', expires_at = clock_timestamp() + interval '1 hour',
         generation = nextval('prosaas.whatsapp_lease_generation_seq') WHERE session_id = $1`,
      [session],
    );
    const answer = await forgetting;
    assert.equal(answer.status, 409, JSON.stringify(answer.body));
    assert.match(String(answer.body['error']), /Another process/);
    assert.deepEqual(await rows(session), [null], 'nothing is gone');
    await stage.database.pool.query(
      'UPDATE prosaas.whatsapp_leases SET holder = NULL WHERE session_id = $1',
      [session],
    );
    await eventually('the session lives on, and is forgotten when it is asked again', async () => {
      const { status } = await service.call('DELETE', `/sessions/${session}`);
      return status === 204;
    });
    assert.deepEqual(await rows(session), []);
  });

  it('is not waited for by whoever forgets the session now', async () => {
    const { session } = await linkedWithoutLine();
    await logout(session);
    assert.equal((await service.call('DELETE', `/sessions/${session}`)).status, 204);
    assert.deepEqual(await rows(session), []);
    assert.equal((await service.status(session))['state'], 'not_linked');
  });

  it('makes no pairing code, and says why', async () => {
    const { session, phone } = await linkedWithoutLine();
    await logout(session);
    const body = { business_id: BUSINESS, phone: `+${phone}` };
    const answer = await service.call('POST', `/sessions/${session}/pairing-code`, body);
    assert.equal(answer.status, 409);
    assert.equal(answer.body['state'], 'unlinking');
  });
});
