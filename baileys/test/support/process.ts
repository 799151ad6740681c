/** The service as a process of its own, as it runs in production, with the preload in front. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { signedHeaders } from '../../src/signing.js';

/** The production build, not the tests' own compilation. */
const MAIN = fileURLToPath(new URL('../../../dist/main.js', import.meta.url));
const PRINT_METRICS = fileURLToPath(new URL('../../../dist/print-metrics.js', import.meta.url));
const PRELOAD = fileURLToPath(new URL('../simulator/preload.js', import.meta.url));

export const SECRET = 'kq8Zt3vN1rYw6uBs9eLm';
export const KEY = Buffer.from('2b7e151628aed2a6abf7158809cf4f3c762e7160f38b4da56a784d9045190cfe', 'hex');

/** What should take a second may take a minute on a machine that builds something else. */
const PATIENCE_MS = 120_000;

export interface ServiceOptions {
  readonly databaseUrl: string;
  readonly ingressUrl: string;
  readonly simulatorPort: number;
  readonly env?: Readonly<Record<string, string>>;
  readonly nodeArgs?: readonly string[];
}

export interface Answer {
  readonly status: number;
  readonly body: Record<string, unknown>;
}

const LIVE = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of LIVE) child.kill('SIGKILL');
});

export class ServiceProcess {
  output = '';
  port = 0;
  readonly exited: Promise<number | null>;

  private constructor(
    readonly child: ChildProcess,
    private readonly env: NodeJS.ProcessEnv,
  ) {
    LIVE.add(child);
    this.exited = new Promise((resolve) => {
      child.once('exit', (code) => {
        LIVE.delete(child);
        resolve(code);
      });
    });
    const collect = (chunk: Buffer) => {
      this.output += chunk.toString();
    };
    child.stdout?.on('data', collect);
    child.stderr?.on('data', collect);
  }

  static async start(options: ServiceOptions): Promise<ServiceProcess> {
    const service = ServiceProcess.spawn(options);
    await service.listening();
    return service;
  }

  static spawn(options: ServiceOptions): ServiceProcess {
    const env = {
      PATH: process.env['PATH'],
      APP_ENV: 'development',
      BAILEYS_LISTEN: '127.0.0.1:0',
      DATABASE_URL: options.databaseUrl,
      INTERNAL_SECRET: SECRET,
      BAILEYS_ENCRYPTION_KEY: KEY.toString('base64'),
      INGRESS_INTERNAL_URL: options.ingressUrl,
      BAILEYS_LEASE_SECONDS: '5',
      LOG_LEVEL: 'debug',
      SIM_URL: `ws://127.0.0.1:${options.simulatorPort}/ws/chat`,
      ...options.env,
    };
    const child = spawn(process.execPath, [...(options.nodeArgs ?? []), '--import', PRELOAD, MAIN], {
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    return new ServiceProcess(child, env);
  }

  /** Its log so far. */
  lines(): Record<string, unknown>[] {
    return this.output
      .split('\n')
      .slice(0, -1)
      .filter((line) => line.startsWith('{'))
      .map((line) => JSON.parse(line) as Record<string, unknown>);
  }

  /** What the program beside the service prints of its metrics. */
  async printedMetrics(): Promise<string> {
    const env = { ...this.env, BAILEYS_LISTEN: `127.0.0.1:${this.port}` };
    const { stdout } = await promisify(execFile)(process.execPath, [PRINT_METRICS], { env });
    return stdout;
  }

  async listening(): Promise<void> {
    const deadline = performance.now() + PATIENCE_MS;
    for (;;) {
      const found = /"address":"127\.0\.0\.1:(\d+)","msg":"listening"/.exec(this.output);
      if (found) {
        this.port = Number(found[1]);
        return;
      }
      if (this.child.exitCode !== null || this.child.signalCode !== null || performance.now() > deadline)
        throw new Error(`the service did not start:\n${this.output}`);
      await sleep(20);
    }
  }

  /** Signed, as the ingress and the workers call. */
  async call(method: string, path: string, json?: unknown): Promise<Answer> {
    const body = Buffer.from(json === undefined ? '' : JSON.stringify(json));
    const headers = signedHeaders(SECRET, { method, pathAndQuery: path, body });
    return this.raw(method, path, headers, body);
  }

  async raw(
    method: string,
    path: string,
    headers: Record<string, string>,
    body: Buffer = Buffer.alloc(0),
  ): Promise<Answer> {
    // Its port may be another process's by now.
    if (this.child.exitCode !== null || this.child.signalCode !== null)
      throw new Error('the service has ended');
    const response = await fetch(`http://127.0.0.1:${this.port}${path}`, {
      method,
      // One that is kept could be closed by the service at the moment in which it is used again.
      headers: { ...headers, connection: 'close' },
      ...(body.length > 0 ? { body } : {}),
    }).catch((error: unknown) => {
      const cause = error instanceof Error ? String(error.cause) : '';
      throw new Error(
        `${String(error)}: ${cause}; exit code ${this.child.exitCode}; ${this.output.slice(-1_500)}`,
      );
    });
    const text = await response.text();
    return {
      status: response.status,
      body: text.startsWith('{') ? (JSON.parse(text) as Record<string, unknown>) : { text },
    };
  }

  async status(session: string): Promise<Record<string, unknown>> {
    return (await this.call('GET', `/sessions/${session}/status`)).body;
  }

  kill(): Promise<number | null> {
    this.child.kill('SIGKILL');
    return this.exited;
  }

  stop(): Promise<number | null> {
    this.child.kill('SIGTERM');
    return this.exited;
  }
}

/** The end of a test that hangs: every wait for a fact ends before it. */
export const LONG = { timeout: 900_000 };

/** For what is about time itself; everything else waits for a fact. */
export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Looks until it holds, and says what it waited for when it does not. */
export async function eventually<T>(
  what: string,
  look: () => T | undefined | false | Promise<T | undefined | false>,
  ms = PATIENCE_MS,
): Promise<T> {
  const deadline = performance.now() + ms;
  for (;;) {
    const value = await look();
    if (value !== undefined && value !== false) return value;
    if (performance.now() > deadline) throw new Error(`waited ${ms} ms in vain: ${what}`);
    await sleep(25);
  }
}
