import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { HEADERS, signedHeaders } from '../src/signing.js';
import { SECRET, type ServiceProcess } from './support/process.js';
import { BUSINESS, Stage } from './support/stage.js';

describe('the interface', () => {
  let stage: Stage;
  let service: ServiceProcess;
  const count = async (session: string) => {
    const [row] = await stage.database.rows<{ n: string }>(
      `SELECT (SELECT count(*) FROM prosaas.whatsapp_credentials WHERE session_id = $1)
            + (SELECT count(*) FROM prosaas.whatsapp_keys WHERE session_id = $1)
            + (SELECT count(*) FROM prosaas.whatsapp_leases WHERE session_id = $1) AS n`,
      [session],
    );
    return Number(row?.n);
  };
  before(async () => {
    stage = await Stage.set();
    service = await stage.service();
  });
  after(() => stage.strike());

  it('unlinks at WhatsApp on logout, forgets, and does so twice without harm', async () => {
    const { session, jid } = await stage.link(service);
    const answer = await service.call('POST', `/sessions/${session}/logout`);
    assert.equal(answer.status, 202, JSON.stringify(answer.body));
    assert.equal(answer.body['state'], 'unlinking');
    const told = await stage.told(session, 'unlinked');
    assert.equal(told.data['reason_code'], 'unlinked');
    assert.equal(stage.world.devices.has(jid), false, 'gone from the phone, too');
    assert.equal((await service.status(session))['state'], 'unlinked');
    assert.equal(await count(session), 1, 'only the lease row, given back');
    const again = await service.call('POST', `/sessions/${session}/logout`);
    assert.equal(again.status, 200);
    assert.equal(stage.ingress.kinds(session).filter((kind) => kind === 'unlinked').length, 1);
    stage.world.scan(await stage.qr(service, session), stage.nextPhone(), false);
    await stage.reaches(service, session, 'connected');
  });

  it('ends a QR on logout', async () => {
    const session = randomUUID();
    await stage.qr(service, session);
    assert.equal((await service.call('POST', `/sessions/${session}/logout`)).body['state'], 'unlinked');
    assert.equal((await service.call('GET', `/sessions/${session}/qr`)).status, 404);
  });

  it('deletes every row, and what never was', async () => {
    const { session, jid } = await stage.link(service);
    assert.ok((await count(session)) > 800);
    assert.equal((await service.call('DELETE', `/sessions/${session}`)).status, 204);
    assert.equal(await count(session), 0);
    assert.equal(stage.world.devices.has(jid), false);
    assert.equal((await service.status(session))['state'], 'not_linked');
    assert.equal((await service.call('DELETE', `/sessions/${session}`)).status, 204);
    assert.equal((await service.call('DELETE', `/sessions/${randomUUID()}`)).status, 204);
    assert.equal(await count(session), 0);
    // The same id again: sequence and generation go on upwards.
    const before = stage.ingress.facts.filter((fact) => fact.session_id === session).at(-1);
    stage.world.scan(await stage.qr(service, session), stage.nextPhone(), false);
    const later = await stage.told(session, 'connected');
    await stage.reaches(service, session, 'connected');
    const last = stage.ingress.facts.filter((fact) => fact.session_id === session).at(-1);
    assert.ok(before && last && last.sequence > before.sequence && last.generation > before.generation);
    assert.ok(later);
  });

  it('shows its health to everybody and its metrics to its own, without anything personal', async () => {
    const { session, phone } = await stage.link(service);
    const health = await service.raw('GET', '/health', {});
    assert.equal(health.status, 200);
    assert.equal(health.body['ok'], true);
    const sessions = health.body['sessions'] as { id: string; state: string }[];
    assert.deepEqual(
      sessions.find((one) => one.id === session),
      { id: session, state: 'connected' },
    );
    assert.equal((await service.raw('GET', '/metrics', {})).status, 401);
    const metrics = await service.printedMetrics();
    assert.match(metrics, /^prosaas_whatsapp_sessions\{state="connected"\} [1-9]/m);
    assert.match(metrics, /^prosaas_whatsapp_facts_delivered_total [1-9]/m);
    assert.match(metrics, /^process_resident_memory_bytes \d+/m);
    for (const personal of [phone, session, BUSINESS]) assert.ok(!metrics.includes(personal));
  });

  it('lets nobody in without a signature, twice with one, or late', async () => {
    const path = `/sessions/${randomUUID()}/status`;
    const request = { method: 'GET', pathAndQuery: path, body: Buffer.alloc(0) };
    const refused = async (headers: Record<string, string>, reason: string, target = path) => {
      const answer = await service.raw('GET', target, headers);
      assert.equal(answer.status, 401, reason);
      assert.equal(answer.body['reason'], reason);
      assert.equal(answer.body['success'], false);
      assert.equal(typeof answer.body['error'], 'string');
    };
    await refused({}, 'missing');
    await refused(signedHeaders('not the secret at all', request), 'wrong');
    await refused(signedHeaders(SECRET, request, Date.now() - 65_000), 'stale');
    await refused(signedHeaders(SECRET, request), 'wrong', `/sessions/${randomUUID()}/status`);
    const headers = signedHeaders(SECRET, request);
    assert.equal((await service.raw('GET', path, headers)).status, 200);
    await refused(headers, 'replayed');
    const start = {
      method: 'POST',
      pathAndQuery: `/sessions/${randomUUID()}/start`,
      body: Buffer.from(`{"business_id":"${BUSINESS}"}`),
    };
    const changed = await service.raw(
      'POST',
      start.pathAndQuery,
      signedHeaders(SECRET, start),
      Buffer.from(`{"business_id":"${randomUUID()}"}`),
    );
    assert.equal(changed.status, 401);
    const [nonce] = [signedHeaders(SECRET, request)[HEADERS.nonce]];
    await refused({ ...signedHeaders(SECRET, request), [HEADERS.nonce]: String(nonce) }, 'wrong');
  });

  it('answers what is wrong with a problem document', async () => {
    const session = randomUUID();
    const cases: [method: string, path: string, body: unknown, status: number][] = [
      ['GET', '/sessions/not-a-uuid/status', undefined, 404],
      ['GET', '/nothing', undefined, 404],
      ['POST', `/sessions/${session}/status`, undefined, 404],
      ['POST', `/sessions/${session}/start`, {}, 400],
      ['POST', `/sessions/${session}/start`, { business_id: '1' }, 400],
      ['GET', `/sessions/${session}/qr`, undefined, 404],
    ];
    for (const [method, path, body, status] of cases) {
      const answer = await service.call(method, path, body);
      assert.equal(answer.status, status, `${method} ${path}`);
      assert.equal(answer.body['status'], status);
      assert.equal(answer.body['success'], false);
    }
    const huge = { business_id: BUSINESS, filler: 'x'.repeat(20_000) };
    assert.equal((await service.call('POST', `/sessions/${session}/start`, huge)).status, 413);
  });
});
