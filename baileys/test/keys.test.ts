/** What the rows of keys are called, which key seals them, and which of them go. */
import assert from 'node:assert/strict';
import { createCipheriv, randomBytes, randomUUID } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { initAuthCreds } from 'baileys';
import type { SignalDataSet, SignalKeyStore } from 'baileys';
import { CREDENTIALS } from '../src/store/credentials.js';
import { KeyMissing, SealError, Sealer } from '../src/store/crypto.js';
import { openPool } from '../src/store/database.js';
import type { Lease } from '../src/store/lease.js';
import { render } from '../src/store/render.js';
import { Resealer } from '../src/store/reseal.js';
import { Store, makeChange } from '../src/store/store.js';
import { type TestDatabase, createDatabase } from './support/database.js';
import { eventually } from './support/process.js';
import { BUSINESS } from './support/stage.js';

const [OLD, NEW] = [randomBytes(32), randomBytes(32)];
const KEPT_DAYS = 180;
const PHONE = '972541239999';
const LID = '98765432101234';
const STRANGER = '972549990001';
const bytes = Buffer.from([0, 1, 2, 255]);
const quiet = { debug() {}, info() {}, warn() {}, error() {} };

/** One of each type, with the names that the library gives. */
const OF_EACH_TYPE: SignalDataSet = {
  'pre-key': { 1: { public: bytes, private: bytes } },
  session: { [`${STRANGER}.0`]: bytes },
  'sender-key': { [`1203630@g.us::${STRANGER}::0`]: bytes },
  'sender-key-memory': { '1203630@g.us': { [`${STRANGER}@s.whatsapp.net`]: true } },
  'app-state-sync-version': { regular: { version: 3, hash: bytes, indexValueMap: {} } },
  'lid-mapping': { [STRANGER]: '555', '555_reverse': STRANGER },
  'device-list': { [STRANGER]: ['0', '3'] },
  tctoken: { [`${STRANGER}@s.whatsapp.net`]: { token: bytes, timestamp: '7' } },
  'identity-key': { [`${STRANGER}.0`]: bytes },
  'app-state-sync-key': { k: { keyData: bytes, timestamp: 5 } },
};

describe('the rows of keys', () => {
  let database: TestDatabase;
  let pool: ReturnType<typeof openPool>;
  before(async () => {
    database = await createDatabase();
    pool = openPool(database.url, quiet);
  });
  after(async () => {
    await pool.end();
    await database.drop();
  });

  const storeWith = (...keys: Buffer[]) => new Store(pool, new Sealer(keys), 'a', 3_600_000, KEPT_DAYS);
  const unreadable: SealError[] = [];
  const events = { lost: () => undefined, unreadable: (error: SealError) => unreadable.push(error) };
  const linkedCredentials = () => ({
    ...initAuthCreds(),
    me: { id: `${PHONE}:7@s.whatsapp.net`, lid: `${LID}:7@lid` },
  });

  async function link(store: Store) {
    const lease = await store.leases.acquire(randomUUID(), BUSINESS);
    assert.ok(lease);
    const credentials = linkedCredentials();
    await store.commit(lease, makeChange([{ type: 'save_credentials' }], credentials, new Date()));
    return { lease, credentials, keys: store.credentials.keys(lease, credentials, events) };
  }
  const namesOf = async ({ session }: Lease) =>
    (
      await database.rows<{ key_id: string }>(
        'SELECT key_id FROM prosaas.whatsapp_keys WHERE session_id = $1',
        [session],
      )
    ).map((row) => row.key_id);
  const versions = () =>
    database.rows<{ key_version: number; n: number }>(
      `SELECT key_version, count(*)::int AS n FROM (
         SELECT key_version FROM prosaas.whatsapp_credentials UNION ALL SELECT key_version FROM prosaas.whatsapp_keys
       ) AS sealed GROUP BY key_version`,
    );
  async function holdsEachType(keys: SignalKeyStore): Promise<void> {
    for (const [type, entries] of Object.entries(OF_EACH_TYPE)) {
      const found = await keys.get(type as 'session', Object.keys(entries));
      assert.deepEqual(Object.keys(found).sort(), Object.keys(entries).sort(), type);
      if (type !== 'app-state-sync-key') assert.deepEqual(found, entries, type);
    }
  }
  async function age(lease: Lease, days: number): Promise<void> {
    await database.pool.query(
      'UPDATE prosaas.whatsapp_keys SET touched_on = CURRENT_DATE - $2::int WHERE session_id = $1',
      [lease.session, days],
    );
  }
  /** A session as the release before left it: format 1, under the library's own names. */
  async function linkedByAnOlderRelease() {
    const store = storeWith(OLD);
    const { lease, credentials } = await link(store);
    const inClear = (kind: string, id: string, value: unknown) => sealedInFormat1(lease, kind, id, value);
    await database.pool.query(
      'UPDATE prosaas.whatsapp_credentials SET ciphertext = $2 WHERE session_id = $1',
      [lease.session, inClear(CREDENTIALS.kind, CREDENTIALS.id, credentials)],
    );
    for (const [kind, entries] of Object.entries(OF_EACH_TYPE))
      for (const [id, value] of Object.entries(entries))
        await database.pool.query(
          'INSERT INTO prosaas.whatsapp_keys (session_id, kind, key_id, ciphertext) VALUES ($1, $2, $3, $4)',
          [lease.session, kind, id, inClear(kind, id, value)],
        );
    return { store, lease, credentials };
  }

  it('show no number, and are found whatever key seals them', async () => {
    const { lease, credentials, keys } = await link(storeWith(OLD));
    await keys.set(OF_EACH_TYPE);
    await holdsEachType(keys);
    const names = await namesOf(lease);
    assert.equal(names.length, 11);
    for (const name of names) assert.match(name, /^[0-9a-f]{64}$/);
    await holdsEachType(storeWith(NEW, OLD).credentials.keys(lease, credentials, events));
  });

  it('are called otherwise in each session', async () => {
    const linked = [await link(storeWith(OLD)), await link(storeWith(OLD))];
    for (const { keys } of linked) await keys.set({ 'lid-mapping': { [STRANGER]: '555' } });
    const names = await Promise.all(linked.map(({ lease }) => namesOf(lease)));
    assert.notDeepEqual(names[0], names[1]);
  });

  it('of an older release are renamed, all or none, and read as before', async () => {
    const { store, lease, credentials } = await linkedByAnOlderRelease();
    const [damaged] = await database.rows<{ ciphertext: Buffer }>(
      `SELECT ciphertext FROM prosaas.whatsapp_keys WHERE session_id = $1 AND kind = 'tctoken'`,
      [lease.session],
    );
    const write = (ciphertext: Buffer) =>
      database.pool.query(
        `UPDATE prosaas.whatsapp_keys SET ciphertext = $2 WHERE session_id = $1 AND kind = 'tctoken'`,
        [lease.session, ciphertext],
      );
    assert.ok(damaged);
    await write(Buffer.concat([damaged.ciphertext, bytes]));
    await assert.rejects(store.credentials.open(lease), SealError);
    assert.ok((await namesOf(lease)).includes(STRANGER), 'none was renamed');
    await write(damaged.ciphertext);
    // A rotation in between changes no name.
    await reseal(new Sealer([NEW, OLD]));
    assert.ok((await namesOf(lease)).includes(STRANGER));
    const after = storeWith(NEW, OLD);
    for (let start = 0; start < 2; start++) {
      const opened = await after.credentials.open(lease);
      assert.deepEqual(opened?.me, credentials.me);
      await holdsEachType(after.credentials.keys(lease, credentials, events));
      for (const name of await namesOf(lease)) assert.match(name, /^[0-9a-f]{64}$/);
    }
  });

  it('of a contact go when nobody used them for so long, and never those of the own phone', async () => {
    const { lease, keys, credentials } = await link(storeWith(OLD));
    const store = storeWith(OLD);
    const own: SignalDataSet = {
      'lid-mapping': { [PHONE]: LID, [`${LID}_reverse`]: PHONE },
      'device-list': { [PHONE]: ['0', '7'] },
      session: { [`${PHONE}.0`]: bytes, [`${LID}_1.0`]: bytes },
      'identity-key': { [`${LID}_1.0`]: bytes },
      tctoken: { __index: { token: bytes } },
    };
    await keys.set(OF_EACH_TYPE);
    await keys.set(own);
    await keys.set({ session: { 'used.0': bytes, 'written.0': bytes } });
    await age(lease, KEPT_DAYS);
    await store.credentials.open(lease);
    await holdsEachType(keys);
    await age(lease, KEPT_DAYS + 1);
    // Reading and writing are use.
    assert.ok((await keys.get('session', ['used.0']))['used.0']);
    await keys.set({ session: { 'written.0': bytes } });
    assert.deepEqual((await store.credentials.open(lease))?.me, credentials.me);
    for (const [type, entries] of Object.entries(own))
      assert.deepEqual(await keys.get(type as 'session', Object.keys(entries)), entries, type);
    assert.equal(Object.keys(await keys.get('session', ['used.0', 'written.0'])).length, 2);
    for (const [type, entries] of Object.entries(OF_EACH_TYPE)) {
      const ours = ['pre-key', 'app-state-sync-key', 'app-state-sync-version'].includes(type);
      const found = await keys.get(type as 'session', Object.keys(entries));
      assert.equal(Object.keys(found).length, ours ? 1 : 0, type);
    }
  });

  it('whose key is missing keep the session from starting', async () => {
    const { lease, credentials, keys } = await link(storeWith(OLD));
    await keys.set(OF_EACH_TYPE);
    // As a login leaves it: credentials under the new key, the rest under the old one.
    await storeWith(NEW).commit(lease, makeChange([{ type: 'save_credentials' }], credentials, new Date()));
    await assert.rejects(storeWith(NEW).credentials.open(lease), KeyMissing);
    assert.ok(await storeWith(NEW, OLD).credentials.open(lease));
  });

  it('that do not open are told of', async () => {
    const { lease, keys } = await link(storeWith(OLD));
    await keys.set({ session: { 'x.0': bytes } });
    await database.pool.query(
      `UPDATE prosaas.whatsapp_keys SET ciphertext = ciphertext || '\\x00' WHERE session_id = $1`,
      [lease.session],
    );
    unreadable.length = 0;
    await assert.rejects(async () => keys.get('session', ['x.0']), SealError);
    assert.equal(unreadable.length, 1);
  });

  it('come under the new key, beside sessions that write, by two processes at once', async () => {
    await database.pool.query('DELETE FROM prosaas.whatsapp_keys');
    await database.pool.query('DELETE FROM prosaas.whatsapp_credentials');
    const linked = [await link(storeWith(OLD)), await link(storeWith(OLD))];
    const names = Array.from({ length: 450 }, (_, n) => String(n));
    const holding = (value: Buffer) => (name: string) => [name, value] as const;
    const written = Buffer.from('written meanwhile');
    for (const { keys } of linked) {
      await keys.set(OF_EACH_TYPE);
      await keys.set({ 'sender-key': Object.fromEntries(names.map(holding(bytes))) });
    }
    const sealer = new Sealer([NEW, OLD]);
    assert.deepEqual(await versions(), [{ key_version: new Sealer([OLD]).keyVersion, n: 924 }]);
    // Each once, so that a value which the job put back would stay.
    const writes = linked.map(async ({ lease, credentials }) => {
      const keys = storeWith(NEW, OLD).credentials.keys(lease, credentials, events);
      for (let n = 0; n < names.length; n += 5) {
        const some = Object.fromEntries(names.slice(n, n + 5).map(holding(written)));
        await keys.set({ 'sender-key': some });
      }
    });
    await Promise.all([reseal(sealer), reseal(sealer), ...writes]);
    assert.deepEqual(await versions(), [{ key_version: sealer.keyVersion, n: 924 }]);
    for (const { lease, credentials } of linked) {
      const alone = storeWith(NEW);
      assert.ok(await alone.credentials.open(lease));
      const keys = alone.credentials.keys(lease, credentials, events);
      await holdsEachType(keys);
      const found = await keys.get('sender-key', names);
      assert.deepEqual(found, Object.fromEntries(names.map(holding(written))));
    }
  });

  it('that no key opens do not keep the rest from coming under the new key', async () => {
    const { lease, keys } = await link(storeWith(OLD));
    await keys.set({ session: { 'x.0': bytes, 'y.0': bytes } });
    await (await link(storeWith(randomBytes(32)))).keys.set({ session: { 'z.0': bytes } });
    await database.pool.query(
      `UPDATE prosaas.whatsapp_keys SET ciphertext = ciphertext || '\\x00'
       WHERE session_id = $1 AND key_id = (SELECT min(key_id) FROM prosaas.whatsapp_keys WHERE session_id = $1)`,
      [lease.session],
    );
    const job = await reseal(new Sealer([NEW, OLD]));
    assert.equal(job.left, 3, 'one that was changed, and two of a key that nobody holds');
  });

  /** Runs to the end, and stops. */
  async function reseal(sealer: Sealer): Promise<Resealer> {
    const lines: string[] = [];
    const info = ({ event }: { event?: string }) => lines.push(event ?? '');
    const job = new Resealer(pool, sealer, { ...quiet, info, warn: info });
    const stopping = new AbortController();
    const run = job.run(stopping.signal);
    try {
      await eventually('the end of the job', () => lines.includes('reseal.ended') || job.left === 0);
    } finally {
      stopping.abort();
      await run;
    }
    return job;
  }
});

/** As the release before sealed: its format was 1. Written apart from the code under test. */
function sealedInFormat1(lease: Lease, kind: string, id: string, value: unknown): Buffer {
  const header = Buffer.alloc(5, 1);
  header.writeUInt32BE(new Sealer([OLD]).keyVersion, 1);
  const nonce = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', OLD, nonce);
  const parts = [lease.session, kind, id].flatMap((part) => {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(Buffer.byteLength(part));
    return [length, Buffer.from(part)];
  });
  cipher.setAAD(Buffer.concat([header, ...parts]));
  const data = Buffer.concat([cipher.update(render(value)), cipher.final()]);
  return Buffer.concat([header, nonce, cipher.getAuthTag(), data]);
}
