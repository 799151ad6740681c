/**
 * Linked idle sessions in one service: memory per session, and how long until all are back
 * after a restart. SESSIONS (100) and IDLE_S (30) change the size.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { createDatabase } from '../test/support/database.js';
import { FakeIngress } from '../test/support/ingress.js';
import { reservePort } from '../test/support/ports.js';
import { SECRET, ServiceProcess, eventually, sleep } from '../test/support/process.js';
import { BUSINESS } from '../test/support/stage.js';

const SESSIONS = Number(process.env['SESSIONS'] ?? 100);
const IDLE_S = Number(process.env['IDLE_S'] ?? 30);
const AT_ONCE = 5;
const MB = 1024 * 1024;

/** In a process of its own, so that the service's memory is the service's. */
async function startSimulator(): Promise<{ child: ChildProcess; port: number }> {
  const main = fileURLToPath(new URL('../test/simulator/main.js', import.meta.url));
  const child = spawn(process.execPath, [main], { stdio: ['ignore', 'pipe', 'inherit'] });
  process.on('exit', () => child.kill('SIGKILL'));
  const line = await new Promise<string>((resolve) =>
    child.stdout.once('data', (data: Buffer) => resolve(data.toString())),
  );
  return { child, port: (JSON.parse(line) as { listening: number }).listening };
}

const { child: simulator, port: simulatorPort } = await startSimulator();
const ingress = new FakeIngress(SECRET, await reservePort());
await ingress.start();
const database = await createDatabase();
const options = {
  databaseUrl: database.url,
  ingressUrl: ingress.url,
  simulatorPort,
  env: { BAILEYS_LEASE_SECONDS: '20', LOG_LEVEL: 'info', APP_ENV: 'development' },
};

async function memory(service: ServiceProcess): Promise<number> {
  const text = String((await service.call('GET', '/metrics')).body['text']);
  return Number(/^process_resident_memory_bytes (\d+)/m.exec(text)?.[1] ?? NaN) / MB;
}

async function connected(service: ServiceProcess): Promise<number> {
  const sessions = (await service.raw('GET', '/health', {})).body['sessions'] as { state: string }[];
  return sessions.filter((session) => session.state === 'connected').length;
}

async function link(service: ServiceProcess, index: number): Promise<void> {
  const session = randomUUID();
  await service.call('POST', `/sessions/${session}/start`, { business_id: BUSINESS });
  const qr = await eventually('a QR', async () => {
    const answer = await service.call('GET', `/sessions/${session}/qr`);
    return answer.status === 200 && String(answer.body['qr']);
  });
  await fetch(`http://127.0.0.1:${simulatorPort}/control/scan`, {
    method: 'POST',
    body: JSON.stringify({ qr, phone: String(972_500_000_000 + index) }),
  });
  await eventually('connected', async () => (await service.status(session))['state'] === 'connected', 60_000);
}

async function allBack(service: ServiceProcess): Promise<number> {
  const startedAt = performance.now();
  await eventually('all back', async () => (await connected(service)) === SESSIONS, 180_000);
  return performance.now() - startedAt;
}

const rows: Record<string, string> = {};
let service = await ServiceProcess.start(options);
await sleep(2_000);
const empty = await memory(service);
rows['memory without sessions'] = `${empty.toFixed(0)} MB`;
const linkingAt = performance.now();
for (let index = 0; index < SESSIONS; index += AT_ONCE)
  await Promise.all(
    Array.from({ length: Math.min(AT_ONCE, SESSIONS - index) }, (_, offset) => link(service, index + offset)),
  );
rows[`linking ${SESSIONS}, ${AT_ONCE} at once`] = `${((performance.now() - linkingAt) / 1000).toFixed(1)} s`;
await sleep(IDLE_S * 1000);
const linked = await memory(service);
rows[`memory after linking and ${IDLE_S} s idle`] =
  `${linked.toFixed(0)} MB, ${((linked - empty) / SESSIONS).toFixed(2)} MB a session`;

for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
  const stopAt = performance.now();
  await (signal === 'SIGTERM' ? service.stop() : service.kill());
  const stopped = performance.now() - stopAt;
  service = await ServiceProcess.start(options);
  const back = await allBack(service);
  rows[`all back after ${signal}`] =
    `${(back / 1000).toFixed(1)} s from listening (stop ${(stopped / 1000).toFixed(1)} s)`;
}
await sleep(IDLE_S * 1000);
const idle = await memory(service);
rows[`memory after a restart and ${IDLE_S} s idle`] =
  `${idle.toFixed(0)} MB, ${((idle - empty) / SESSIONS).toFixed(2)} MB a session`;
const [size] = await database.rows<{ bytes: string; keys: string }>(
  `SELECT pg_total_relation_size('prosaas.whatsapp_keys') AS bytes, (SELECT count(*) FROM prosaas.whatsapp_keys) AS keys`,
);
rows['keys in Postgres'] =
  `${size?.keys ?? '?'} rows, ${(Number(size?.bytes) / SESSIONS / 1024).toFixed(0)} KB a session`;

console.log(`| ${SESSIONS} linked idle sessions, node ${process.versions.node} | |\n|---|---|`);
for (const [name, value] of Object.entries(rows)) console.log(`| ${name} | ${value} |`);

await service.stop();
await ingress.stop();
await database.drop();
simulator.kill('SIGTERM');
