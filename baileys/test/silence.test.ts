/** In one process with short times: what takes a minute in production. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { describe, it } from 'node:test';
import { DEFAULT_CONNECTION_CONFIG, WA_CERT_DETAILS, initAuthCreds, makeWASocket } from 'baileys';
import { readConfig } from '../src/config.js';
import { type Service, startService } from '../src/service.js';
import { rawSocketOf } from '../src/session/gate.js';
import { signedHeaders } from '../src/signing.js';
import { ROOT } from './simulator/root.js';
import { KEY, LONG, SECRET, eventually } from './support/process.js';
import { BUSINESS, Stage } from './support/stage.js';

const quiet = { debug() {}, info() {}, warn() {}, error() {} };

async function call(
  service: Service,
  method: string,
  path: string,
  json?: unknown,
): Promise<Record<string, unknown>> {
  const body = Buffer.from(json === undefined ? '' : JSON.stringify(json));
  const headers = signedHeaders(SECRET, { method, pathAndQuery: path, body });
  const response = await fetch(`http://127.0.0.1:${service.port}${path}`, {
    method,
    headers: { ...headers, connection: 'close' },
    ...(json === undefined ? {} : { body }),
  });
  return (await response.json()) as Record<string, unknown>;
}

interface InProcess {
  readonly stage: Stage;
  readonly service: Service;
  readonly status: (session: string) => Promise<Record<string, unknown>>;
}

/** Runs steps against a service in this process, with times of its own. */
async function inProcess(
  timings: { readonly watchdogMs?: number },
  steps: (running: InProcess) => Promise<void>,
): Promise<void> {
  const stage = await Stage.set();
  WA_CERT_DETAILS.PUBLIC_KEY = Buffer.from(ROOT.public);
  DEFAULT_CONNECTION_CONFIG.waWebSocketUrl = `ws://127.0.0.1:${stage.simulatorPort}/ws/chat`;
  const service = await startService(
    readConfig({
      APP_ENV: 'development',
      BAILEYS_LISTEN: '127.0.0.1:0',
      DATABASE_URL: stage.database.url,
      INTERNAL_SECRET: SECRET,
      BAILEYS_ENCRYPTION_KEY: KEY.toString('hex'),
      INGRESS_INTERNAL_URL: stage.ingress.url,
    }),
    quiet,
    { timings },
  );
  try {
    const status = (session: string) => call(service, 'GET', `/sessions/${session}/status`);
    await steps({ stage, service, status });
  } finally {
    await service.stop();
    await stage.strike();
  }
}

describe('a socket that never answers', () => {
  it('is ended by the watchdog, and an unlinked session stops after three of them', LONG, () =>
    inProcess({ watchdogMs: 400 }, async ({ stage, service, status }) => {
      stage.world.mute = true;
      const session = randomUUID();
      await call(service, 'POST', `/sessions/${session}/start`, { business_id: BUSINESS });
      const stopped = await eventually('stopped', async () => {
        const now = await status(session);
        return now['state'] === 'stopped' && now;
      });
      assert.equal(stopped['lastCode'], 408);
      assert.match(String(stopped['reason']), /did not answer/);
      await stage.told(session, 'stopped');
      assert.deepEqual(stage.ingress.kinds(session), ['requesting', 'dropped', 'dropped', 'stopped']);
      await eventually('no socket is left', () => stage.world.clients.size === 0);
    }),
  );
});

describe('expiry', () => {
  it('comes when nobody scans, and a new QR on request', LONG, () =>
    inProcess({}, async ({ stage, service, status }) => {
      const session = randomUUID();
      const start = () => call(service, 'POST', `/sessions/${session}/start`, { business_id: BUSINESS });
      const qr = () => call(service, 'GET', `/sessions/${session}/qr`);
      // QRs that come and go sooner than anybody could look at them; the next ones live as long as ever.
      DEFAULT_CONNECTION_CONFIG.qrTimeout = 200;
      try {
        await start();
        await stage.told(session, 'expired');
      } finally {
        delete DEFAULT_CONNECTION_CONFIG.qrTimeout;
      }
      const expired = await status(session);
      assert.equal(expired['state'], 'expired');
      assert.equal(expired['lastCode'], 408);
      assert.equal(expired['reason'], 'The QR code was not scanned in time');
      assert.deepEqual(stage.ingress.kinds(session), [
        'requesting',
        ...Array<string>(6).fill('qr_issued'),
        'expired',
      ]);
      const indexes = stage.ingress.facts
        .filter((fact) => fact.kind === 'qr_issued')
        .map((fact) => fact.data['index']);
      assert.deepEqual(indexes, [0, 1, 2, 3, 4, 5]);
      const gone = await qr();
      assert.equal(gone['status'], 404);
      assert.equal(gone['state'], 'expired');
      await start();
      const shown = await eventually('a new QR', async () => (await qr())['qr']);
      stage.world.scan(String(shown), stage.nextPhone(), false);
      await eventually('connected', async () => (await status(session))['state'] === 'connected');
      // What the library still sends when it is stopped is rejected with nobody to catch it.
      const [device] = stage.world.devices.values();
      await eventually('its account is in step', () => (device?.synced ?? 0) > 0);
    }),
  );
});

describe('the library', () => {
  it('still has the socket that the gate needs, and sends through it', async () => {
    const stage = await Stage.set();
    DEFAULT_CONNECTION_CONFIG.waWebSocketUrl = `ws://127.0.0.1:${stage.simulatorPort}/ws/chat`;
    const none = { get: () => ({}), set: () => undefined };
    const silent = {
      level: 'silent',
      child: () => silent,
      trace() {},
      debug() {},
      info() {},
      warn() {},
      error() {},
    };
    const sock = makeWASocket({ auth: { creds: initAuthCreds(), keys: none }, logger: silent });
    try {
      const raw = rawSocketOf(sock);
      assert.ok(raw && typeof raw.terminate === 'function');
      const sends: number[] = [];
      const send = raw.send.bind(raw);
      raw.send = (data, done) => {
        sends.push(data.length);
        send(data, done);
      };
      await eventually('the handshake went through it', () => sends.length >= 2);
    } finally {
      await sock.end(undefined);
      await stage.strike();
    }
  });
});
