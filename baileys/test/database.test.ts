import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import type { SignalDataSet } from 'baileys';
import { initAuthCreds } from 'baileys';
import { Sealer } from '../src/store/crypto.js';
import { openPool } from '../src/store/database.js';
import { LeaseLost } from '../src/store/lease.js';
import { Store, makeChange } from '../src/store/store.js';
import { type TestDatabase, createDatabase } from './support/database.js';
import { KEY, LONG, ServiceProcess, eventually } from './support/process.js';
import { Proxy } from './support/proxy.js';
import { BUSINESS, Stage } from './support/stage.js';

/** Long enough for every test: a lease runs out when the test says so. */
const TTL_MS = 3_600_000;
const KEPT_DAYS = 180;
const quiet = { debug() {}, info() {}, warn() {}, error() {} };

describe('the store', () => {
  let database: TestDatabase;
  let a: Store;
  let b: Store;
  let closePools: () => Promise<unknown>;
  before(async () => {
    database = await createDatabase();
    const pools = [openPool(database.url, quiet), openPool(database.url, quiet)] as const;
    a = new Store(pools[0], new Sealer([KEY]), 'a', TTL_MS, KEPT_DAYS);
    b = new Store(pools[1], new Sealer([KEY]), 'b', TTL_MS, KEPT_DAYS);
    closePools = () => Promise.all(pools.map((pool) => pool.end()));
  });
  /** Lets the time of a lease pass, which is counted from now: what was left is what was asked for. */
  const runOut = async (session: string) => {
    const [left] = await database.rows<{ ms: number }>(
      `UPDATE prosaas.whatsapp_leases SET expires_at = expires_at - $2 * interval '1 millisecond'
       WHERE session_id = $1
       RETURNING extract(epoch FROM clock_timestamp() - expires_at)::float8 * 1000 AS ms`,
      [session, TTL_MS],
    );
    assert.ok(left && left.ms > 0 && left.ms < TTL_MS, `over for ${left?.ms} ms`);
  };
  after(async () => {
    await closePools();
    await database.drop();
  });

  it('gives a lease to one, to another only when it is over, and fences the first', async () => {
    const session = randomUUID();
    const [first, second] = await Promise.all([
      a.leases.acquire(session, BUSINESS),
      b.leases.acquire(session, BUSINESS),
    ]);
    assert.equal([first, second].filter(Boolean).length, 1);
    const [winner, loser, lease] = first ? [a, b, first] : [b, a, second];
    assert.ok(lease);
    assert.equal(await loser.leases.acquire(session, BUSINESS), undefined);
    assert.deepEqual(await winner.leases.renew([lease]), new Set([session]));
    await runOut(session);
    // Over, but taken by nobody: still ours, and for the whole time again.
    assert.deepEqual(await winner.leases.renew([lease]), new Set([session]));
    assert.equal(await loser.leases.acquire(session, BUSINESS), undefined);
    await runOut(session);
    const taken = await loser.leases.acquire(session, BUSINESS);
    assert.ok(taken && taken.generation > lease.generation);
    assert.deepEqual(await winner.leases.renew([lease]), new Set());
    const fact = { type: 'fact', kind: 'connected', data: {} } as const;
    await assert.rejects(winner.commit(lease, makeChange([fact], undefined, new Date())), LeaseLost);
    let lost = 0;
    const events = { lost: () => lost++, unreadable: () => undefined };
    const keys = winner.credentials.keys(lease, initAuthCreds(), events);
    await assert.rejects(async () => keys.set({ 'device-list': { x: ['1'] } }), LeaseLost);
    assert.equal(lost, 1);
    assert.equal((await database.rows('SELECT 1 FROM prosaas.whatsapp_keys')).length, 0);
    assert.equal((await database.rows('SELECT 1 FROM prosaas.whatsapp_outbox')).length, 0);
    const change = makeChange([fact, { type: 'unhalt' }], undefined, new Date());
    await loser.commit(taken, change);
    // As after a commit whose answer was lost.
    await loser.commit(taken, change);
    assert.equal((await database.rows('SELECT 1 FROM prosaas.whatsapp_outbox')).length, 1);
    await loser.commit(taken, makeChange([{ type: 'release_lease' }], undefined, new Date()));
    assert.ok(await winner.leases.acquire(session, BUSINESS), 'given back, so free at once');
  });

  it('keeps every kind of key as it was, and writes a set whole', async () => {
    const session = randomUUID();
    const lease = await a.leases.acquire(session, BUSINESS);
    assert.ok(lease);
    const events = { lost: () => undefined, unreadable: () => undefined };
    const keys = a.credentials.keys(lease, initAuthCreds(), events);
    const bytes = Buffer.from([0, 1, 2, 255]);
    const data: SignalDataSet = {
      'pre-key': { 1: { public: bytes, private: bytes } },
      session: { 'a.1': bytes },
      'sender-key': { g: bytes },
      'sender-key-memory': { g: { 'x@s.whatsapp.net': true } },
      'app-state-sync-key': { k: { keyData: bytes, timestamp: 5 } },
      'app-state-sync-version': {
        regular: { version: 3, hash: bytes, indexValueMap: { m: { valueMac: bytes } } },
      },
      'lid-mapping': { '972': '1972' },
      'device-list': { '972': ['0', '3'] },
      tctoken: { t: { token: bytes, timestamp: '7' } },
      'identity-key': { i: bytes },
    };
    await keys.set(data);
    for (const [type, entries] of Object.entries(data)) {
      const ids = Object.keys(entries);
      const found = await keys.get(type as 'session', [...ids, 'missing']);
      assert.deepEqual(Object.keys(found), ids);
      if (type !== 'app-state-sync-key') assert.deepEqual(found, entries, type);
    }
    const syncKey = (await keys.get('app-state-sync-key', ['k']))['k'];
    assert.deepEqual(Buffer.from(syncKey?.keyData ?? []), bytes);
    await keys.set({ session: { 'a.1': null, 'b.1': bytes }, 'pre-key': { 1: null } });
    assert.deepEqual(await keys.get('session', ['a.1', 'b.1']), { 'b.1': bytes });
    assert.deepEqual(await keys.get('pre-key', ['1']), {});
    // One that Postgres refuses takes the whole set with it.
    const refused = { session: { good: bytes }, 'not\u0000text': { bad: bytes } } as SignalDataSet;
    await assert.rejects(async () => keys.set(refused));
    assert.deepEqual(await keys.get('session', ['good']), {});
  });

  it('keeps credentials as they were, and does not open those of another session', async () => {
    const [session, other] = [randomUUID(), randomUUID()];
    const credentials = {
      ...initAuthCreds(),
      me: { id: '972500000000:1@s.whatsapp.net' },
      account: { details: Buffer.from('d') },
    };
    const leases = await Promise.all([session, other].map((id) => a.leases.acquire(id, BUSINESS)));
    for (const lease of leases) {
      assert.ok(lease);
      await a.commit(lease, makeChange([{ type: 'save_credentials' }], credentials, new Date()));
    }
    const [lease] = leases;
    assert.ok(lease);
    const loaded = await b.credentials.open(lease);
    assert.deepEqual(JSON.parse(JSON.stringify(loaded)), JSON.parse(JSON.stringify(credentials)));
    await database.pool.query(
      `UPDATE prosaas.whatsapp_credentials SET ciphertext = (SELECT ciphertext FROM prosaas.whatsapp_credentials WHERE session_id = $1)
       WHERE session_id = $2`,
      [other, session],
    );
    await assert.rejects(b.credentials.open(lease), /changed or belongs elsewhere/);
  });
});

describe('a database that is away', () => {
  it('costs the sockets after a while, and everything comes back with it', LONG, async () => {
    const stage = await Stage.set();
    const address = new URL(stage.database.url);
    const proxy = new Proxy({ host: address.hostname, port: Number(address.port || 5432) });
    try {
      address.port = String(await proxy.start());
      address.hostname = '127.0.0.1';
      const service = await ServiceProcess.start({ ...stage.options(), databaseUrl: address.toString() });
      stage.services.push(service);
      const linked = [await stage.link(service), await stage.link(service)];
      const showing = randomUUID();
      await stage.qr(service, showing);
      proxy.away();
      // Nobody can prove whose the sessions are: no socket may stay.
      await eventually('all sockets are closed', () => stage.world.clients.size === 0);
      assert.equal((await service.raw('GET', '/health', {})).status, 200);
      const refused = await service.call('POST', `/sessions/${randomUUID()}/start`, {
        business_id: BUSINESS,
      });
      assert.equal(refused.status, 503);
      assert.equal(refused.body['success'], false);
      const refusals = proxy.refusals;
      await eventually('it goes on trying', () => proxy.refusals > refusals);
      proxy.back();
      for (const { session } of linked) await stage.reaches(service, session, 'connected');
      assert.equal(stage.world.conflicts, 0);
      stage.world.scan(await stage.qr(service, showing), stage.nextPhone(), false);
      await stage.reaches(service, showing, 'connected');
      await stage.told(showing, 'connected');
      assert.equal(await service.stop(), 0);
    } finally {
      proxy.stop();
      await stage.strike();
    }
  });
});
