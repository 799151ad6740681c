import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { type ServiceProcess, eventually } from './support/process.js';
import { assertAbsent, credentialsOf, secretsOf } from './support/secrets.js';
import { BUSINESS, Stage } from './support/stage.js';

describe('linking', () => {
  let stage: Stage;
  let service: ServiceProcess;
  /** QR texts, codes and numbers that were shown: never in a log, and no QR or code in a fact. */
  const shown: string[] = [];
  const numbers: string[] = [];
  const linked: string[] = [];
  before(async () => {
    stage = await Stage.set();
    service = await stage.service();
  });
  after(() => stage.strike());

  it('goes from QR over scan and restart to connected', async () => {
    const session = randomUUID();
    assert.equal((await service.status(session))['state'], 'not_linked');
    const askedAt = Date.now();
    const started = await service.call('POST', `/sessions/${session}/start`, { business_id: BUSINESS });
    assert.equal(started.status, 202);
    const qr = await stage.qr(service, session);
    assert.match(qr, /^https:\/\/wa\.me\/settings\/linked_devices#/);
    const ready = await service.status(session);
    assert.equal(ready['state'], 'qr_ready');
    // It came after it was asked for and before now, and lives for a minute.
    const issuedAt = Date.parse(String(ready['qrExpiresAt'])) - 60_000;
    assert.ok(issuedAt >= askedAt && issuedAt <= Date.now(), `issued ${issuedAt - askedAt} ms later`);
    const phone = stage.nextPhone();
    const jid = stage.world.scan(qr, phone, false);
    const status = await stage.reaches(service, session, 'connected');
    assert.equal(status['linked'], true);
    assert.equal(status['qrExpiresAt'], null);
    const connected = await stage.told(session, 'connected');
    assert.equal(connected.data['phone'], `+${phone}`);
    assert.equal(connected.business_id, BUSINESS);
    assert.deepEqual(stage.ingress.kinds(session), ['requesting', 'qr_issued', 'paired', 'connected']);
    const device = stage.world.devices.get(jid);
    assert.equal(device?.preKeys, 812);
    assert.equal(device.logins, 1);
    const again = await service.call('POST', `/sessions/${session}/start`, { business_id: BUSINESS });
    assert.equal(again.status, 200);
    assert.equal(again.body['linked'], true);
    assert.equal((await service.call('GET', `/sessions/${session}/qr`)).status, 404);
    await eventually('all keys stored', async () => {
      const [row] = await stage.database.rows<{ n: string }>(
        'SELECT count(*) AS n FROM prosaas.whatsapp_keys',
      );
      return Number(row?.n) >= 812;
    });
    const telling = await stage.database.rows(
      `SELECT kind, key_id FROM prosaas.whatsapp_keys WHERE key_id !~ '^[0-9a-f]{64}$'`,
    );
    assert.deepEqual(telling, [], 'no name tells a number');
    shown.push(qr, ...(qr.split('#')[1] ?? '').split(',').slice(0, 4));
    numbers.push(phone);
    linked.push(session);
  });

  it('shows another QR after a wrong scan, and the right scan of that one links', async () => {
    const session = randomUUID();
    const qr = await stage.qr(service, session);
    stage.world.scan(qr, stage.nextPhone(), true);
    const dropped = await stage.told(session, 'dropped');
    assert.equal(dropped.data['code'], 500);
    const next = await eventually('another QR', async () => {
      const answer = await service.call('GET', `/sessions/${session}/qr`);
      return answer.status === 200 && answer.body['qr'] !== qr && String(answer.body['qr']);
    });
    stage.world.scan(next, stage.nextPhone(), false);
    await stage.reaches(service, session, 'connected');
    shown.push(qr, next);
    linked.push(session);
  });

  it('links by a pairing code', async () => {
    const [session, phone] = [randomUUID(), stage.nextPhone()];
    const body = { business_id: BUSINESS, phone: `+${phone}` };
    const answer = await service.call('POST', `/sessions/${session}/pairing-code`, body);
    assert.equal(answer.status, 200, JSON.stringify(answer.body));
    const code = String(answer.body['code']);
    assert.match(code, /^[1-9A-HJ-NP-TV-Z]{8}$/);
    assert.equal((await service.status(session))['state'], 'code_ready');
    assert.equal((await service.call('GET', `/sessions/${session}/qr`)).status, 404);
    await stage.enterCode(code, phone);
    await stage.reaches(service, session, 'connected');
    await stage.told(session, 'connected');
    assert.deepEqual(stage.ingress.kinds(session), [
      'requesting',
      'qr_issued',
      'pairing',
      'paired',
      'connected',
    ]);
    shown.push(code);
    numbers.push(phone);
    linked.push(session);
  });

  it('links by QR after a wrong code and a dropped connection', async () => {
    const [session, phone] = [randomUUID(), stage.nextPhone()];
    const body = { business_id: BUSINESS, phone: `+${phone}` };
    const answer = await service.call('POST', `/sessions/${session}/pairing-code`, body);
    assert.equal(answer.status, 200);
    await stage.enterCode('ZZZZZZZZ', phone);
    for (const client of stage.world.clients) if (client.refs.length > 0) client.drop();
    // A code left in the credentials would now log in as nobody and get 401.
    const qr = await stage.qr(service, session);
    stage.world.scan(qr, phone, false);
    await stage.reaches(service, session, 'connected');
    linked.push(session);
  });

  it('refuses a pairing code for a linked session and for what is no number', async () => {
    const [session = ''] = linked;
    const taken = await service.call('POST', `/sessions/${session}/pairing-code`, {
      business_id: BUSINESS,
      phone: '+972501112233',
    });
    assert.equal(taken.status, 409);
    const wrong = await service.call('POST', `/sessions/${randomUUID()}/pairing-code`, {
      business_id: BUSINESS,
      phone: '050-1112233',
    });
    assert.equal(wrong.status, 400);
    assert.equal(wrong.body['success'], false);
  });

  it('prints no key, code, QR or number, and sends no QR or code to the ingress', async () => {
    const secrets = (
      await Promise.all(linked.map((session) => credentialsOf(stage.database, session)))
    ).flatMap(secretsOf);
    assertAbsent([service.output], [...secrets, ...shown, ...numbers]);
    assertAbsent(stage.ingress.bodies, [...secrets, ...shown]);
    const rows = await stage.database.rows<{ ciphertext: Buffer }>(
      'SELECT ciphertext FROM prosaas.whatsapp_credentials UNION ALL SELECT ciphertext FROM prosaas.whatsapp_keys',
    );
    assertAbsent(
      rows.map((row) => row.ciphertext.toString('latin1')),
      secrets,
    );
    assert.equal(stage.ingress.badSignatures, 0);
  });
});
