import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { LONG, type ServiceProcess, eventually } from './support/process.js';
import { BUSINESS, Stage } from './support/stage.js';

describe('the outbox', () => {
  let stage: Stage;
  let service: ServiceProcess;
  const waiting = () =>
    stage.database.rows('SELECT 1 FROM prosaas.whatsapp_outbox WHERE rejected_at IS NULL');
  const retries = async (one: ServiceProcess) => {
    const { body } = await one.call('GET', '/metrics');
    return Number(/^prosaas_whatsapp_facts_retried_total (\d+)$/m.exec(String(body['text']))?.[1]);
  };
  before(async () => {
    stage = await Stage.set();
    service = await stage.service();
  });
  after(() => stage.strike());

  it(
    'keeps facts while the ingress is down and through a kill, and delivers them in order',
    LONG,
    async () => {
      await stage.ingress.stop();
      const linked = await Promise.all([stage.link(service), stage.link(service), stage.link(service)]);
      await eventually('all facts are kept', async () => (await waiting()).length >= 12);
      await service.kill();
      assert.equal((await waiting()).length, 12);
      service = await stage.service();
      for (const { session } of linked) await stage.reaches(service, session, 'connected');
      // The first answers are failures, of every kind that is tried again.
      stage.ingress.answers.push(503, 500, 429, 401, 503);
      await stage.ingress.start();
      for (const { session } of linked) {
        await eventually('all facts', () => stage.ingress.kinds(session).length >= 5);
        assert.deepEqual(stage.ingress.kinds(session), [
          'requesting',
          'qr_issued',
          'paired',
          'connected',
          'connected',
        ]);
        const facts = stage.ingress.facts.filter((fact) => fact.session_id === session);
        const sequences = facts.map((fact) => fact.sequence);
        assert.deepEqual(
          sequences,
          [...sequences].sort((a, b) => a - b),
        );
        assert.equal(new Set(sequences).size, sequences.length);
        assert.ok(
          (facts.at(-1)?.generation ?? 0) > (facts[0]?.generation ?? 0),
          'a new generation after the restart',
        );
      }
      await eventually('an empty outbox', async () => (await waiting()).length === 0);
    },
  );

  it('sets a refused fact aside and goes on', async () => {
    const session = randomUUID();
    stage.ingress.answers.push(409);
    await stage.qr(service, session);
    await stage.told(session, 'qr_issued');
    assert.deepEqual(stage.ingress.kinds(session), ['qr_issued']);
    const rows = await stage.database.rows<{ last_error: string; kind: string }>(
      `SELECT last_error, fact ->> 'kind' AS kind FROM prosaas.whatsapp_outbox WHERE session_id = $1 AND rejected_at IS NOT NULL`,
      [session],
    );
    assert.deepEqual(rows, [{ last_error: 'the ingress answered 409', kind: 'requesting' }]);
  });

  it('delivers each fact once with two processes', LONG, async () => {
    const other = await stage.service();
    await stage.ingress.stop();
    const session = randomUUID();
    await other.call('POST', `/sessions/${session}/start`, { business_id: BUSINESS });
    await eventually('facts wait', async () => (await waiting()).length >= 2);
    // Each of them tries to deliver what the other one made, too.
    for (const one of [service, other]) {
      const before = await retries(one);
      await eventually('another try', async () => (await retries(one)) > before);
    }
    const bodies = stage.ingress.bodies.length;
    await stage.ingress.start();
    await eventually('an empty outbox', async () => (await waiting()).length === 0);
    assert.deepEqual(stage.ingress.kinds(session).slice(0, 2), ['requesting', 'qr_issued']);
    const ids = stage.ingress.bodies.slice(bodies).map((body) => (JSON.parse(body) as { id: string }).id);
    assert.equal(new Set(ids).size, ids.length);
  });
});
