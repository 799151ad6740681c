/**
 * Starts the system as `make run` does, on ports and data of its own, with a simulated
 * WhatsApp; stops it when the tests are over.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { createWriteStream, existsSync, mkdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { TestProject } from 'vitest/node';

declare module 'vitest' {
  interface ProvidedContext {
    stack: Stack;
  }
}

/** Where the system is, and what only its own machine knows. */
export interface Stack {
  /** The ingress, `http://127.0.0.1:…`. */
  base: string;
  /** Where the simulated WhatsApp is driven. */
  simulator: string;
  /** What every process wrote. */
  log: string;
  /** The database, for what only a fault of it can show. */
  database: string;
  admin: { email: string; password: string };
  twilio: { account: string; token: string };
}

const root = fileURLToPath(new URL('../../../', import.meta.url));
const data = join(root, '.data', 'e2e');
const UP_WITHIN_MS = 15 * 60_000;

const given = new Set<number>();

/**
 * A port of loopback that nobody has now, below those that the kernel lends to outgoing
 * connections: one of these could take it before its program starts.
 */
async function freePort(): Promise<number> {
  for (;;) {
    const port = 20_000 + Math.floor(Math.random() * 12_000);
    if (!given.has(port) && (await bindable(port))) {
      given.add(port);
      return port;
    }
  }
}

function bindable(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}

/** Tools and build stamps are shared with `make run`, state is not. */
function prepareData(): void {
  // A cluster outside the folder would be left without its password: then state stays.
  if (existsSync(join(data, 'postgres'))) rmSync(data, { recursive: true });
  mkdirSync(data, { recursive: true });
  for (const shared of ['bin', 'tools', 'apt', 'tmp']) {
    mkdirSync(join(data, '..', shared), { recursive: true });
    if (!existsSync(join(data, shared))) symlinkSync(join('..', shared), join(data, shared));
  }
}

/** A variable of a file that the driver wrote. */
function read(file: string, name: string): string {
  const found = new RegExp(`^${name}=(.*)$`, 'm').exec(readFileSync(join(data, file), 'utf8'))?.[1];
  if (found === undefined) throw new Error(`${name} is not in ${file}`);
  return found;
}

/**
 * Settings of the machine that would point the system elsewhere, and what the test runner
 * tells its children: NODE_ENV=test would build the app with React's slow development half.
 */
const FOREIGN = /^(NODE_ENV$|VITEST|TEST$|MODE$|DEV$|PROD$|SSR$|BASE_URL$|DATABASE_URL|NATS_URL|TWILIO_|BAILEYS_|SMTP_URL|MAIL_FROM|RECORDINGS_URL|PUBLIC_URL|STATIC_DIR|APP_ENV|ADMIN_|INTERNAL_SECRET|PROSAAS_PROFILE)/;

async function waitUntilUp(driver: ChildProcess, read: () => string): Promise<void> {
  const end = Date.now() + UP_WITHIN_MS;
  while (!read().includes('ProSaaS is up.')) {
    if (driver.exitCode !== null || Date.now() > end) throw new Error(`the system did not start:\n${read().slice(-4000)}`);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  prepareData();
  const [ingress, internal, whatsapp, workers] = [await freePort(), await freePort(), await freePort(), await freePort()];
  const kept = Object.entries(process.env).filter(([name]) => !FOREIGN.test(name));
  const driver = spawn('python3', ['-u', '-m', 'scripts.dev', 'run'], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      ...Object.fromEntries(kept),
      PROSAAS_DATA_DIR: data,
      PROSAAS_WHATSAPP: 'simulated',
      INGRESS_LISTEN: `127.0.0.1:${ingress}`,
      INGRESS_INTERNAL_LISTEN: `127.0.0.1:${internal}`,
      BAILEYS_LISTEN: `127.0.0.1:${whatsapp}`,
      WORKERS_LISTEN: `127.0.0.1:${workers}`,
      NO_COLOR: '1',
    },
  });
  const log = join(data, 'run.log');
  const file = createWriteStream(log);
  let said = '';
  for (const stream of [driver.stdout, driver.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      said += chunk.toString();
      file.write(chunk);
    });
  }
  const ended = new Promise<void>((resolve) => driver.once('exit', () => resolve()));
  const stop = async () => {
    driver.kill('SIGINT');
    await ended;
    file.end();
  };
  try {
    await waitUntilUp(driver, () => said);
    const secret = (name: string) => read('secrets.env', name);
    const simulator = /simulated WhatsApp at (\S+)/.exec(said)?.[1];
    if (simulator === undefined) throw new Error('the simulated WhatsApp does not run');
    project.provide('stack', {
      base: `http://127.0.0.1:${ingress}`,
      simulator,
      log,
      database: read('run.env', 'DATABASE_URL'),
      admin: { email: 'admin@prosaas.example', password: secret('ADMIN_PASSWORD') },
      twilio: { account: secret('TWILIO_ACCOUNT_SID'), token: secret('TWILIO_AUTH_TOKEN') },
    });
  } catch (error) {
    await stop();
    throw error;
  }
  return stop;
}
