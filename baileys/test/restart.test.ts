import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { reservePort } from './support/ports.js';
import { LONG, type ServiceProcess, eventually } from './support/process.js';
import { BUSINESS, Stage } from './support/stage.js';

const SESSIONS = 5;
const OTHER_KEY = '603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4';
/** For a process whose leases may not run out however busy the machine is, seconds. */
const LASTING_LEASE = { BAILEYS_LEASE_SECONDS: '60' };

/** By the process's own clock: a busy machine delays logins, but never brings two turns together. */
function assertStaggered(service: ServiceProcess): void {
  const turns = service
    .lines()
    .filter((line) => line['event'] === 'resume')
    .map((line) => Date.parse(String(line['time'])));
  assert.equal(turns.length, SESSIONS);
  const gaps = turns.slice(1).map((turn, index) => turn - (turns[index] ?? 0));
  // A gap is at least 20 ms, less what the log and the timer round.
  assert.ok(
    gaps.every((gap) => gap >= 18),
    `staggered: ${gaps.join(', ')} ms`,
  );
}

describe('a restart', () => {
  let stage: Stage;
  beforeEach(async () => {
    stage = await Stage.set();
  });
  afterEach(() => stage.strike());

  for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
    it(`by ${signal} brings all linked sessions back, staggered, without a scan`, LONG, async () => {
      const first = await stage.service();
      const linked = await Promise.all(Array.from({ length: SESSIONS }, () => stage.link(first)));
      const code = signal === 'SIGTERM' ? await first.stop() : await first.kill();
      if (signal === 'SIGTERM') {
        assert.equal(code, 0);
        assert.equal(stage.world.clients.size, 0, 'every socket was closed');
        const held = await stage.database.rows(
          'SELECT 1 FROM prosaas.whatsapp_leases WHERE holder IS NOT NULL',
        );
        assert.equal(held.length, 0, 'every lease was given back');
      }
      const second = await stage.service();
      for (const { session } of linked) await stage.reaches(second, session, 'connected');
      assert.equal(stage.world.clients.size, SESSIONS);
      assertStaggered(second);
      for (const device of stage.world.devices.values()) {
        assert.equal(device.logins, 2);
        assert.equal(device.preKeys, 812);
        assert.equal(device.duplicatePreKeys, 0);
      }
      assert.equal(stage.world.conflicts, 0);
      for (const { session } of linked)
        await eventually('connected is told last', () => stage.ingress.kinds(session).at(-1) === 'connected');
    });
  }

  it('tells that a QR which was on a screen is void', LONG, async () => {
    const sessions = [randomUUID(), randomUUID()];
    const first = await stage.service();
    await stage.qr(first, sessions[0] ?? '');
    await first.stop();
    await stage.told(sessions[0] ?? '', 'interrupted');
    const second = await stage.service();
    await stage.qr(second, sessions[1] ?? '');
    await second.kill();
    const third = await stage.service();
    await stage.told(sessions[1] ?? '', 'interrupted');
    stage.world.scan(await stage.qr(third, sessions[1] ?? ''), stage.nextPhone(), false);
    await stage.reaches(third, sessions[1] ?? '', 'connected');
  });

  it('takes the leases of the process that died in its place at once, and no others', LONG, async () => {
    const [here, there] = [await reservePort(), await reservePort()].map((port) => `127.0.0.1:${port}`);
    const first = await stage.service({ ...LASTING_LEASE, BAILEYS_LISTEN: here ?? '' });
    const other = await stage.service({ ...LASTING_LEASE, BAILEYS_LISTEN: there ?? '' });
    const [linked, elsewhere] = [await stage.link(first), await stage.link(other)];
    await first.kill();
    const startedAt = performance.now();
    const second = await stage.service({ ...LASTING_LEASE, BAILEYS_LISTEN: here ?? '' });
    await stage.reaches(second, linked.session, 'connected');
    const ms = performance.now() - startedAt;
    assert.ok(ms < 40_000, `before the lease of 60 s could run out: ${ms} ms`);
    assert.equal(stage.world.devices.get(linked.jid)?.logins, 2);
    assert.equal((await other.status(elsewhere.session))['state'], 'connected');
    assert.equal(stage.world.conflicts, 0);
  });

  it('leaves alone what waits for somebody', async () => {
    const first = await stage.service();
    const { session, jid } = await stage.link(first);
    for (const client of stage.world.clients) client.failure({ reason: 403 });
    await stage.reaches(first, session, 'stopped');
    await first.stop();
    const second = await stage.service();
    await stage.lookedForSessions();
    const status = await second.status(session);
    assert.deepEqual([status['state'], status['lastCode'], status['linked']], ['stopped', 403, true]);
    assert.equal(stage.world.devices.get(jid)?.logins, 1);
    await second.call('POST', `/sessions/${session}/start`, { business_id: BUSINESS });
    await stage.reaches(second, session, 'connected');
    await second.stop();
    const third = await stage.service();
    await stage.reaches(third, session, 'connected');
  });

  it('with the wrong key stops and says so, and the right key finds everything', async () => {
    const first = await stage.service();
    const { session } = await stage.link(first);
    await first.stop();
    const wrong = await stage.service({ BAILEYS_ENCRYPTION_KEY: OTHER_KEY });
    const status = await stage.reaches(wrong, session, 'stopped');
    assert.match(String(status['reason']), /sealed with key \d+, which BAILEYS_ENCRYPTION_KEY does not hold/);
    assert.equal(status['reasonCode'], 'key_missing');
    await wrong.stop();
    const right = await stage.service();
    await stage.reaches(right, session, 'connected');
  });

  it('says which setting is wrong and goes', async () => {
    await assert.rejects(
      stage.service({ APP_ENV: 'production', INTERNAL_SECRET: 'short' }),
      /INTERNAL_SECRET: must have at least 32/,
    );
    await assert.rejects(
      stage.service({ APP_ENV: 'production', INTERNAL_SECRET: 'change-me-change-me-change-me-change-me' }),
      /INTERNAL_SECRET: looks like an example/,
    );
  });
});

describe('two processes on one database', () => {
  it('never hold the same session, and one takes over when the other dies', LONG, async () => {
    const stage = await Stage.set();
    try {
      // The one that dies has the lease of production: a shorter one could run out under load.
      const [a, b] = await Promise.all([
        stage.service({ BAILEYS_LEASE_SECONDS: '15' }),
        stage.service(LASTING_LEASE),
      ]);
      const linked = await Promise.all(
        Array.from({ length: 4 }, (_, index) => stage.link(index % 2 === 0 ? a : b)),
      );
      // Both are asked for all of them, again and again, and ask again themselves.
      for (let round = 0; round < 3; round++)
        await Promise.all(
          linked.flatMap(({ session }) =>
            [a, b].map((service) =>
              service.call('POST', `/sessions/${session}/start`, { business_id: BUSINESS }),
            ),
          ),
        );
      await Promise.all(
        linked.map(({ session }, index) => stage.refusedAgain(index % 2 === 0 ? b : a, session)),
      );
      assert.equal(stage.world.conflicts, 0);
      assert.equal(stage.world.clients.size, 4);
      const holders = await stage.database.rows<{ holder: string }>(
        'SELECT DISTINCT holder FROM prosaas.whatsapp_leases',
      );
      assert.equal(holders.length, 2);
      await a.kill();
      for (const { session } of linked) await stage.reaches(b, session, 'connected');
      assert.equal(stage.world.conflicts, 0);
    } finally {
      await stage.strike();
    }
  });

  it('a process that slept gives its sessions up, and writes nothing more', LONG, async () => {
    const stage = await Stage.set();
    try {
      const sleeper = await stage.service();
      const { session, jid } = await stage.link(sleeper);
      sleeper.child.kill('SIGSTOP');
      // Its socket stays open at the server, as of a machine that was suspended.
      const other = await stage.service(LASTING_LEASE);
      await eventually('the other one logs in', () => (stage.world.devices.get(jid)?.logins ?? 0) >= 2);
      await stage.reaches(other, session, 'connected');
      const [before] = await stage.database.rows<{ generation: string }>(
        'SELECT generation FROM prosaas.whatsapp_leases WHERE session_id = $1',
        [session],
      );
      sleeper.child.kill('SIGCONT');
      await stage.refusedAgain(sleeper, session);
      const [now] = await stage.database.rows<{ generation: string }>(
        'SELECT generation FROM prosaas.whatsapp_leases WHERE session_id = $1',
        [session],
      );
      assert.deepEqual(now, before, 'the sleeper took nothing back');
      assert.equal((await other.status(session))['state'], 'connected');
      assert.notEqual((await sleeper.status(session))['state'], 'connected');
      // Waking, it was told 440; that must not stop the session which the other one holds.
      assert.equal(stage.ingress.kinds(session).includes('replaced'), false);
      const [row] = await stage.database.rows<{ halted_phase: string | null }>(
        'SELECT halted_phase FROM prosaas.whatsapp_credentials WHERE session_id = $1',
        [session],
      );
      assert.equal(row?.halted_phase, null);
    } finally {
      await stage.strike();
    }
  });

  it('are handed over one by one when one of them stops', LONG, async () => {
    const stage = await Stage.set();
    try {
      const [a, b] = await Promise.all([stage.service(LASTING_LEASE), stage.service(LASTING_LEASE)]);
      const linked = await Promise.all(Array.from({ length: SESSIONS }, () => stage.link(a)));
      assert.equal(await a.stop(), 0);
      const turns = a
        .lines()
        .filter((line) => line['event'] === 'shutdown')
        .map((line) => Date.parse(String(line['time'])));
      assert.equal(turns.length, SESSIONS);
      const gaps = turns.slice(1).map((turn, index) => turn - (turns[index] ?? 0));
      assert.ok(
        gaps.every((gap) => gap >= 30),
        `one by one: ${gaps.join(', ')} ms`,
      );
      for (const { session } of linked) await stage.reaches(b, session, 'connected');
      assert.equal(stage.world.conflicts, 0);
    } finally {
      await stage.strike();
    }
  });

  it('believes the database, not what it remembers of a session that another one held', LONG, async () => {
    const stage = await Stage.set();
    try {
      const sleeper = await stage.service();
      const { session, jid } = await stage.link(sleeper);
      sleeper.child.kill('SIGSTOP');
      const other = await stage.service(LASTING_LEASE);
      await stage.reaches(other, session, 'connected');
      for (const client of stage.world.clients) if (client.jid === jid) client.failure({ reason: 403 });
      await stage.reaches(other, session, 'stopped');
      const { logins } = stage.world.devices.get(jid) ?? {};
      sleeper.child.kill('SIGCONT');
      // The lease is free by now: it remembers a session that was connected.
      const status = await stage.reaches(sleeper, session, 'stopped');
      assert.equal(status['lastCode'], 403);
      await stage.lookedForSessions();
      assert.equal(stage.world.devices.get(jid)?.logins, logins, 'no login against the ban');
      const held = 'SELECT 1 FROM prosaas.whatsapp_leases WHERE session_id = $1 AND holder IS NOT NULL';
      assert.equal((await stage.database.rows(held, [session])).length, 0, 'nobody holds it');
      // Somebody starts it elsewhere; then that process dies.
      await other.call('POST', `/sessions/${session}/start`, { business_id: BUSINESS });
      await stage.reaches(other, session, 'connected');
      await other.stop();
      await stage.reaches(sleeper, session, 'connected');
    } finally {
      await stage.strike();
    }
  });
});
