import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { ConfigError, readConfig } from '../src/config.js';
import { BoundedCache } from '../src/session/caches.js';
import { type RawSocket, gateSends } from '../src/session/gate.js';
import { HEADERS, Verifier, signedHeaders } from '../src/signing.js';
import { Sealer } from '../src/store/crypto.js';
import { connectionOptions } from '../src/store/database.js';
import { Version } from '../src/version.js';
import { KEY } from './support/process.js';

const GOOD = {
  APP_ENV: 'production',
  DATABASE_URL: 'postgres://user:pw@db.example/prosaas?sslmode=require',
  INTERNAL_SECRET: 'kq8Zt3vN1rYw6uBs9eLm4HdXc7PfGa2J',
  BAILEYS_ENCRYPTION_KEY: KEY.toString('base64'),
};

describe('settings', () => {
  it('have defaults', () => {
    const config = readConfig(GOOD);
    assert.deepEqual(config.listen, { host: '127.0.0.1', port: 3300 });
    assert.equal(config.ingressUrl.href, 'http://127.0.0.1:5001/');
    assert.equal(config.leaseMs, 15_000);
    assert.equal(config.webVersion, undefined);
  });

  const bad: [variable: string, value: string | undefined][] = [
    ['DATABASE_URL', undefined],
    ['DATABASE_URL', 'mysql://x'],
    ['INTERNAL_SECRET', undefined],
    ['INTERNAL_SECRET', 'short'],
    ['INTERNAL_SECRET', 'change-me-change-me-change-me-change-me'],
    ['INTERNAL_SECRET', 'abcdefgabcdefgabcdefgabcdefgabcdefg'],
    ['DATABASE_URL', 'postgres://user:CHANGE-ME@db.example/prosaas'],
    ['BAILEYS_ENCRYPTION_KEY', undefined],
    ['BAILEYS_ENCRYPTION_KEY', 'c2hvcnQ='],
    ['BAILEYS_ENCRYPTION_KEY', '00'.repeat(32)],
    ['BAILEYS_LISTEN', '3300'],
    ['BAILEYS_LISTEN', '127.0.0.1:99999'],
    ['INGRESS_INTERNAL_URL', 'ingress:5001'],
    ['WA_WEB_VERSION', '2.3000'],
    ['LOG_LEVEL', 'loud'],
    ['BAILEYS_LEASE_SECONDS', '1'],
  ];
  for (const [variable, value] of bad) {
    it(`refuses ${variable}=${value ?? '(unset)'} and names it`, () => {
      assert.throws(
        () => readConfig({ ...GOOD, [variable]: value }),
        (error) => error instanceof ConfigError && error.message.startsWith(`${variable}: `),
      );
    });
  }

  it('never shows a value', () => {
    const secret = 'example-example-example-example-example';
    assert.throws(
      () => readConfig({ ...GOOD, INTERNAL_SECRET: secret }),
      (error) => !String(error).includes(secret),
    );
  });

  it('accepts an example in development', () => {
    readConfig({ ...GOOD, APP_ENV: 'development', INTERNAL_SECRET: 'change-me-change-me-change-me' });
  });

  it('reads a file that a variable names', () => {
    const folder = mkdtempSync(join(tmpdir(), 'settings-'));
    try {
      const path = join(folder, 'secret');
      writeFileSync(path, 'from a file, with some 40 characters in it\n');
      const { INTERNAL_SECRET: dropped, ...rest } = GOOD;
      assert.ok(dropped);
      assert.equal(
        readConfig({ ...rest, INTERNAL_SECRET_FILE: path }).internalSecret,
        'from a file, with some 40 characters in it',
      );
      assert.throws(
        () => readConfig({ ...rest, INTERNAL_SECRET_FILE: join(folder, 'none') }),
        /INTERNAL_SECRET_FILE.*ENOENT/,
      );
      assert.throws(() => readConfig({ ...GOOD, INTERNAL_SECRET_FILE: path }), /not both/);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('verifies TLS wherever the address asks for TLS', () => {
    assert.deepEqual(connectionOptions('postgres://u@h/d?sslmode=require&channel_binding=require').ssl, {
      rejectUnauthorized: true,
    });
    assert.equal(connectionOptions('postgres://u@h/d').ssl, false);
  });
});

describe('sealing', () => {
  const place = { session: 's', kind: 'pre-key', id: '7' };
  const [one, two] = [KEY, Buffer.from(KEY).reverse()];
  const sealed = new Sealer([one]).seal(place, Buffer.from('key material'));

  it('opens what it sealed, each time differently', () => {
    assert.equal(new Sealer([one]).open(place, sealed).toString(), 'key material');
    assert.notDeepEqual(new Sealer([one]).seal(place, Buffer.from('key material')), sealed);
    assert.ok(!sealed.includes('key material'));
  });

  it('says which key is missing', () => {
    assert.throws(
      () => new Sealer([two]).open(place, sealed),
      /sealed with key \d+, which BAILEYS_ENCRYPTION_KEY does not hold/,
    );
  });

  it('opens with an older key while a new one seals', () => {
    const rotated = new Sealer([two, one]);
    assert.equal(rotated.open(place, sealed).toString(), 'key material');
    assert.equal(rotated.keyVersion, new Sealer([two]).keyVersion);
  });

  for (const [name, other] of Object.entries({
    session: { ...place, session: 't' },
    kind: { ...place, kind: 'session' },
    id: { ...place, id: '8' },
    boundary: { session: 's', kind: 'pre-key7', id: '' },
  })) {
    it(`does not open at another ${name}`, () => {
      assert.throws(() => new Sealer([one]).open(other, sealed), /changed or belongs elsewhere/);
    });
  }

  it('does not open when a bit was changed', () => {
    for (const index of [0, 6, 20, sealed.length - 1]) {
      const changed = Buffer.from(sealed);
      changed.writeUInt8(changed.readUInt8(index) ^ 1, index);
      assert.throws(() => new Sealer([one]).open(place, changed));
    }
  });
});

describe('signatures', () => {
  const SECRET = 'kq8Zt3vN1rYw6uBs9eLm';
  const NOW = 1_800_000_000_000;
  const request = { method: 'POST', pathAndQuery: '/sessions/x/start?a=b', body: Buffer.from('{}') };
  const fresh = () => new Verifier(SECRET, () => NOW);

  it('accept once', () => {
    const headers = signedHeaders(SECRET, request, NOW);
    const verifier = fresh();
    assert.equal(verifier.verify(headers, request), undefined);
    assert.equal(verifier.verify(headers, request), 'replayed');
  });

  it('are what the contract says', () => {
    // Computed apart from this code, with openssl.
    const headers = {
      [HEADERS.timestamp]: '1800000000',
      [HEADERS.nonce]: '00112233445566778899aabbccddeeff',
      [HEADERS.signature]: KNOWN,
    };
    assert.equal(fresh().verify(headers, request), undefined);
  });

  for (const [name, change] of Object.entries({
    body: { body: Buffer.from('{"a":1}') },
    path: { pathAndQuery: '/sessions/y/start?a=b' },
    query: { pathAndQuery: '/sessions/x/start?a=c' },
    method: { method: 'DELETE' },
  })) {
    it(`refuse another ${name}`, () => {
      assert.equal(fresh().verify(signedHeaders(SECRET, request, NOW), { ...request, ...change }), 'wrong');
    });
  }

  it('refuse another secret, a missing header, a wrong time, a wrong form', () => {
    assert.equal(fresh().verify(signedHeaders('another secret here', request, NOW), request), 'wrong');
    assert.equal(fresh().verify({}, request), 'missing');
    assert.equal(fresh().verify(signedHeaders(SECRET, request, NOW - 62_000), request), 'stale');
    assert.equal(fresh().verify(signedHeaders(SECRET, request, NOW + 62_000), request), 'stale');
    assert.equal(fresh().verify(signedHeaders(SECRET, request, NOW - 59_000), request), undefined);
    assert.equal(
      fresh().verify({ ...signedHeaders(SECRET, request, NOW), [HEADERS.signature]: 'ff' }, request),
      'wrong',
    );
  });

  it('remember for as long as they are valid, and no more than the bound', () => {
    let now = NOW;
    const verifier = new Verifier(SECRET, () => now, 2);
    const early = signedHeaders(SECRET, request, NOW + 60_000);
    assert.equal(verifier.verify(early, request), undefined);
    assert.equal(verifier.verify(signedHeaders(SECRET, request, now), request), undefined);
    assert.equal(verifier.verify(signedHeaders(SECRET, request, now), request), 'busy');
    now = NOW + 119_000;
    assert.equal(verifier.verify(early, request), 'replayed');
    now = NOW + 122_000;
    assert.equal(verifier.verify(early, request), 'stale');
    assert.equal(verifier.verify(signedHeaders(SECRET, request, now), request), undefined);
  });
});

const KNOWN = '58ea1d4f426a94a8369dd861a1cffe50db110f8aaeba4997f80945fda7f3cad5';

describe('bounded cache', () => {
  it('forgets the oldest and the aged', () => {
    let now = 0;
    const cache = new BoundedCache(100, 2, () => now);
    cache.set('a', 1);
    cache.set('b', 2);
    cache.set('a', 3);
    cache.set('c', 4);
    assert.equal(cache.size, 2);
    assert.equal(cache.get('b'), undefined);
    assert.equal(cache.get('a'), 3);
    now = 100;
    assert.equal(cache.get('a'), undefined);
  });
});

describe('the gate', () => {
  /** Whatever could be sent without waiting for anything has been sent after a turn of the event loop. */
  const turn = () => new Promise((resolve) => setImmediate(resolve));

  it('keeps frames in order behind the writes before them', async () => {
    const sent: string[] = [];
    const raw = {
      send: (data: Uint8Array | string) => void sent.push(String(data)),
      close: () => undefined,
      terminate: () => undefined,
    };
    const written = gateSends(raw);
    raw.send('one');
    let store: () => void = () => undefined;
    written(new Promise((resolve) => (store = resolve)));
    raw.send('two');
    raw.send('three');
    await turn();
    assert.deepEqual(sent, ['one']);
    store();
    await turn();
    assert.deepEqual(sent, ['one', 'two', 'three']);
  });

  it('sends nothing after a write that failed', async () => {
    const sent: string[] = [];
    let problem: Error | undefined;
    const raw = {
      send: (data: Uint8Array | string) => void sent.push(String(data)),
      close: () => undefined,
      terminate: () => undefined,
    } as RawSocket;
    gateSends(raw)(Promise.reject(new Error('lost')));
    raw.send('one', (error) => (problem = error));
    await turn();
    assert.deepEqual(sent, []);
    assert.equal(problem?.message, 'lost');
  });

  it('sends nothing once the socket was closed from here, and calls that no failure', async () => {
    const sent: string[] = [];
    let problem: unknown = 'not told';
    const raw = {
      send: (data: Uint8Array | string) => void sent.push(String(data)),
      close: () => undefined,
      terminate: () => undefined,
    } as RawSocket;
    gateSends(raw);
    raw.send('one');
    raw.close();
    raw.send('two', (error) => (problem = error));
    await turn();
    // What was on its way when the socket was closed goes nowhere either.
    assert.deepEqual(sent, []);
    assert.equal(problem, undefined);
  });
});

describe('the version', () => {
  const quiet = { debug() {}, info() {}, warn() {}, error() {} };

  it('is asked for once for many, and stays when nobody answers', async () => {
    let asked = 0;
    const version = new Version([2, 3000, 1], quiet, () => {
      asked++;
      return Promise.resolve(asked === 1 ? [2, 3000, 7] : undefined);
    });
    await Promise.all([version.refresh(0), version.refresh(1), version.refresh(2)]);
    assert.equal(asked, 1);
    assert.deepEqual(version.current, [2, 3000, 7]);
    await version.refresh(10 * 60_000);
    assert.equal(asked, 2);
    assert.deepEqual(version.current, [2, 3000, 7]);
  });
});
