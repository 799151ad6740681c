import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { control } from './simulator/control.js';
import { LONG, type ServiceProcess, eventually } from './support/process.js';
import { BUSINESS, Stage } from './support/stage.js';

describe('a pairing code', () => {
  let stage: Stage;
  let service: ServiceProcess;
  const act = (action: string, body: Record<string, unknown>) =>
    control(stage.simulator, `/control/${action}`, body);
  const ask = (session: string, phone: string) =>
    service.call('POST', `/sessions/${session}/pairing-code`, { business_id: BUSINESS, phone: `+${phone}` });
  /** The connection that asked for the code of this number. */
  const clientOf = (phone: string) => {
    const client = stage.world.codes.clientOf(phone);
    assert.ok(client, 'a client asked for a code');
    return client;
  };
  before(async () => {
    stage = await Stage.set();
    service = await stage.service();
  });
  after(() => stage.strike());

  for (const [code, status, reasonCode] of [
    [400, 422, 'pairing_phone_refused'],
    [429, 429, 'pairing_too_often'],
    [500, 503, 'pairing_refused'],
  ] as const) {
    it(`that WhatsApp refuses with ${code} is not shown, and the QR still links`, async () => {
      const [session, phone] = [randomUUID(), stage.nextPhone()];
      await act('refuse-codes', { codes: [code] });
      const answer = await ask(session, phone);
      assert.equal(answer.status, status, JSON.stringify(answer.body));
      assert.equal(answer.body['reasonCode'], reasonCode);
      assert.equal(answer.body['code'], code);
      assert.equal(answer.body['state'], 'qr_ready');
      assert.equal(stage.ingress.kinds(session).includes('pairing'), false);
      stage.world.scan(await stage.qr(service, session), phone, false);
      await stage.reaches(service, session, 'connected');
    });
  }

  it('that WhatsApp does not answer is not shown', async () => {
    const [session, phone] = [randomUUID(), stage.nextPhone()];
    stage.world.codes.refusals.push(undefined);
    const answer = await ask(session, phone);
    assert.equal(answer.status, 503);
    assert.equal(answer.body['reasonCode'], 'pairing_unanswered');
    assert.equal((await service.status(session))['state'], 'qr_ready');
    const again = await ask(session, phone);
    assert.equal(again.status, 200, JSON.stringify(again.body));
  });

  it('whose connection ends before the answer is not shown', async () => {
    const [session, phone] = [randomUUID(), stage.nextPhone()];
    stage.world.codes.refusals.push(undefined);
    const asked = ask(session, phone);
    const client = await eventually('a request', () => stage.world.codes.clientOf(phone));
    client.drop();
    const answer = await asked;
    assert.equal(answer.status, 503);
    assert.equal(answer.body['reasonCode'], 'pairing_withdrawn');
    assert.equal(stage.ingress.kinds(session).includes('pairing'), false);
  });

  for (const [name, code, end] of [
    ['restarts (515)', 515, (phone: string) => clientOf(phone).streamError({ code: '515' })],
    ['breaks', 428, (phone: string) => clientOf(phone).drop()],
  ] as const) {
    it(`is withdrawn when its connection ${name}, and a new one links`, async () => {
      const [session, phone] = [randomUUID(), stage.nextPhone()];
      const first = await ask(session, phone);
      assert.equal(first.status, 200, JSON.stringify(first.body));
      end(phone);
      const status = await stage.reaches(service, session, 'interrupted');
      assert.equal(status['reasonCode'], 'pairing_withdrawn');
      assert.equal(status['lastCode'], code);
      assert.equal(status['qrExpiresAt'], null);
      const told = await stage.told(session, 'interrupted');
      assert.deepEqual(told.data, {
        code,
        reason: status['reason'],
        reason_code: 'pairing_withdrawn',
      });
      const next = await ask(session, phone);
      assert.equal(next.status, 200, JSON.stringify(next.body));
      assert.notEqual(next.body['code'], first.body['code']);
      await stage.enterCode(String(next.body['code']), phone);
      await stage.reaches(service, session, 'connected');
    });
  }
});

describe('a pairing code of a process that slept', () => {
  it('is void where it is shown, and no QR takes its place', LONG, async () => {
    const stage = await Stage.set();
    try {
      const [session, phone] = [randomUUID(), stage.nextPhone()];
      const sleeper = await stage.service();
      const body = { business_id: BUSINESS, phone: `+${phone}` };
      assert.equal((await sleeper.call('POST', `/sessions/${session}/pairing-code`, body)).status, 200);
      await stage.reaches(sleeper, session, 'code_ready');
      sleeper.child.kill('SIGSTOP');
      const other = await stage.service({ BAILEYS_LEASE_SECONDS: '60' });
      const told = await stage.told(session, 'interrupted');
      assert.equal(told.data['reason_code'], 'service_restarted');
      sleeper.child.kill('SIGCONT');
      const status = await stage.reaches(sleeper, session, 'interrupted');
      assert.equal(status['reasonCode'], 'pairing_withdrawn');
      await other.stop();
      assert.equal(stage.ingress.kinds(session).filter((kind) => kind === 'qr_issued').length, 1);
    } finally {
      await stage.strike();
    }
  });
});

describe('a phone that must confirm with a passkey', () => {
  it('stops the link and says so, and 428 afterwards brings no other QR', async () => {
    const stage = await Stage.set();
    try {
      const service = await stage.service();
      const session = randomUUID();
      const client = stage.world.askPasskey(await stage.qr(service, session));
      client.streamError({ code: '428' });
      const status = await stage.reaches(service, session, 'stopped');
      assert.equal(status['reasonCode'], 'passkey_required');
      await stage.told(session, 'stopped');
      await stage.lookedForSessions();
      assert.equal(stage.simulator.upgrades, 1);
      assert.deepEqual(stage.ingress.kinds(session), ['requesting', 'qr_issued', 'stopped']);
      await service.call('POST', `/sessions/${session}/start`, { business_id: BUSINESS });
      await stage.reaches(service, session, 'qr_ready');
    } finally {
      await stage.strike();
    }
  });

  it('stops the link, too, where only the continuation was heard', async () => {
    const stage = await Stage.set();
    try {
      const service = await stage.service();
      const session = randomUUID();
      stage.world.askPasskey(await stage.qr(service, session), 'crsc_continuation');
      const status = await stage.reaches(service, session, 'stopped');
      assert.equal(status['reasonCode'], 'passkey_required');
      await stage.told(session, 'stopped');
    } finally {
      await stage.strike();
    }
  });
});
