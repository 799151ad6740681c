/**
 * Starts the system as `make run` does, on ports and data of its own, with a simulated
 * WhatsApp; stops it when the tests are over.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { createWriteStream, mkdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { TestProject } from 'vitest/node';

import { reservePort } from '../../../baileys/test/support/ports';
import { ownFolder } from './folders';

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
  /** Where a test that fails leaves its screenshot. */
  results: string;
  /** The database, for what only a fault of it can show. */
  database: string;
  admin: { email: string; password: string };
  twilio: { account: string; token: string };
}

const root = fileURLToPath(new URL('../../../', import.meta.url));
const UP_WITHIN_MS = 15 * 60_000;

/** Tools and build stamps are shared with `make run`, state is not. */
function shareTools(data: string): void {
  for (const shared of ['bin', 'tools', 'apt', 'tmp']) {
    mkdirSync(join(root, '.data', shared), { recursive: true });
    symlinkSync(join('..', '..', shared), join(data, shared));
  }
}

/** Removes what the system kept: in its folder, and where Postgres's own user keeps a cluster that may not enter it. */
function removeData(data: string): void {
  const script = 'from scripts.dev.paths import Paths; print(Paths.find().system_folder())';
  const elsewhere = execFileSync('python3', ['-c', script], {
    cwd: root,
    env: { ...process.env, PROSAAS_DATA_DIR: data },
    encoding: 'utf8',
  }).trim();
  for (const folder of [data, elsewhere]) rmSync(folder, { recursive: true, force: true });
}

/** A variable of a file that the driver wrote. */
function read(file: string, name: string): string {
  const found = new RegExp(`^${name}=(.*)$`, 'm').exec(readFileSync(file, 'utf8'))?.[1];
  if (found === undefined) throw new Error(`${name} is not in ${file}`);
  return found;
}

/**
 * Settings of the machine that would point the system elsewhere, and what the test runner
 * tells its children: NODE_ENV=test would build the app with React's slow development half.
 */
const FOREIGN =
  /^(NODE_ENV$|VITEST|TEST$|MODE$|DEV$|PROD$|SSR$|BASE_URL$|DATABASE_URL|NATS_URL|TWILIO_|BAILEYS_|SMTP_URL|MAIL_FROM|RECORDINGS_URL|PUBLIC_URL|STATIC_DIR|APP_ENV|ADMIN_|INTERNAL_SECRET|PROSAAS_PROFILE)/;

async function waitUntilUp(driver: ChildProcess, read: () => string): Promise<void> {
  const end = Date.now() + UP_WITHIN_MS;
  while (!read().includes('ProSaaS is up.')) {
    if (driver.exitCode !== null || Date.now() > end)
      throw new Error(`the system did not start:\n${read().slice(-4000)}`);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

/** What the reader of a failed run needs: the system's last words when it ended before the tests did, and where the rest lies. */
function report(driver: ChildProcess, said: string, results: string): void {
  if (driver.exitCode !== null) console.warn(`The system ended before the tests did:\n${said.slice(-4000)}`);
  console.warn(`The system's log and the screenshots of tests that failed are in ${results}`);
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const data = ownFolder(join(root, '.data', 'e2e'));
  const results = ownFolder(join(root, 'frontend', 'test-results'));
  shareTools(data);
  const listen = async () => `127.0.0.1:${await reservePort()}`;
  const ingress = await listen();
  const kept = Object.entries(process.env).filter(([name]) => !FOREIGN.test(name));
  const driver = spawn('python3', ['-u', '-m', 'scripts.dev', 'run'], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      ...Object.fromEntries(kept),
      PROSAAS_DATA_DIR: data,
      PROSAAS_WHATSAPP: 'simulated',
      INGRESS_LISTEN: ingress,
      INGRESS_INTERNAL_LISTEN: await listen(),
      BAILEYS_LISTEN: await listen(),
      WORKERS_LISTEN: await listen(),
      NO_COLOR: '1',
    },
  });
  const log = join(results, 'run.log');
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
    await new Promise((resolve) => file.end(resolve));
    removeData(data);
  };
  try {
    await waitUntilUp(driver, () => said);
    const secret = (name: string) => read(join(data, 'secrets.env'), name);
    const simulator = /simulated WhatsApp at (\S+)/.exec(said)?.[1];
    if (simulator === undefined) throw new Error('the simulated WhatsApp does not run');
    project.provide('stack', {
      base: `http://${ingress}`,
      simulator,
      log,
      results,
      database: read(join(data, 'run.env'), 'DATABASE_URL'),
      admin: { email: 'admin@prosaas.example', password: secret('ADMIN_PASSWORD') },
      twilio: { account: secret('TWILIO_ACCOUNT_SID'), token: secret('TWILIO_AUTH_TOKEN') },
    });
  } catch (error) {
    await stop();
    throw error;
  }
  return async () => {
    const failed = project.vitest.state.getCountOfFailedTests() > 0;
    if (failed) report(driver, said, results);
    await stop();
    if (!failed) rmSync(results, { recursive: true, force: true });
  };
}
