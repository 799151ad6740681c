import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { type ServiceProcess, eventually } from './support/process.js';
import { BUSINESS, Stage } from './support/stage.js';

describe('linking', () => {
  let stage: Stage;
  let service: ServiceProcess;
  before(async () => {
    stage = await Stage.set();
    service = await stage.service();
  });
  after(() => stage.strike());

  it('goes from QR over scan and restart to connected', async () => {
    const session = randomUUID();
    assert.equal((await service.status(session))['state'], 'not_linked');
    const started = await service.call('POST', `/sessions/${session}/start`, { business_id: BUSINESS });
    assert.equal(started.status, 202);
    const qr = await stage.qr(service, session);
    assert.match(qr, /^https:\/\/wa\.me\/settings\/linked_devices#/);
    const phone = stage.nextPhone();
    const jid = stage.world.scan(qr, phone, false);
    const status = await stage.reaches(service, session, 'connected');
    assert.equal(status['linked'], true);
    const connected = await stage.told(session, 'connected');
    assert.equal(connected.data['phone'], `+${phone}`);
    assert.deepEqual(stage.ingress.kinds(session), ['requesting', 'qr_issued', 'paired', 'connected']);
    const device = stage.world.devices.get(jid);
    assert.equal(device?.preKeys, 812);
    assert.equal(device.logins, 1);
    const again = await service.call('POST', `/sessions/${session}/start`, { business_id: BUSINESS });
    assert.equal(again.status, 200);
    assert.equal(again.body['linked'], true);
    await eventually('all keys stored', async () => {
      const [row] = await stage.database.rows<{ n: string }>('SELECT count(*) AS n FROM prosaas.whatsapp_keys');
      return Number(row?.n) >= 812;
    });
  });
});
