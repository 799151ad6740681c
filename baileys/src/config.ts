/** The settings: read once, from the environment only. An error names the variable. */
import { readFileSync } from 'node:fs';

export class ConfigError extends Error {
  override name = 'ConfigError';
  constructor(
    readonly variable: string,
    problem: string,
  ) {
    super(`${variable}: ${problem}`);
  }
}

export interface Config {
  /** `BAILEYS_LISTEN`, host and port, default 127.0.0.1:3300; port 0 lets the system choose. */
  readonly listen: { readonly host: string; readonly port: number };
  /** `DATABASE_URL`; TLS as its `sslmode` says. */
  readonly databaseUrl: string;
  /** `INTERNAL_SECRET`, shared with the ingress and the workers, which judge it alike. */
  readonly internalSecret: string;
  /** `BAILEYS_ENCRYPTION_KEY`: 32 bytes in base64 or hex; several with commas, the first one seals. */
  readonly encryptionKeys: readonly Buffer[];
  /** `INGRESS_INTERNAL_URL`, default http://127.0.0.1:5001. */
  readonly ingressUrl: URL;
  /** `WA_WEB_VERSION`, such as 2.3000.1043857760; without it the library's own. */
  readonly webVersion: WebVersion | undefined;
  /** `APP_ENV`: production unless said otherwise. */
  readonly production: boolean;
  /** `LOG_LEVEL`, default info. */
  readonly logLevel: LogLevel;
  /** `BAILEYS_LEASE_SECONDS`, default 15: how long a session stays with a process that has died. */
  readonly leaseMs: number;
  /** `BAILEYS_CONTACT_DAYS`, default 180: how long keys of a contact are kept that are not used. */
  readonly contactDays: number;
}

export type WebVersion = [number, number, number];
const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];
type Environment = Readonly<Record<string, string | undefined>>;

/** Of `INTERNAL_SECRET` in production, characters. This and the next two are those of shared/platform/src/config.rs. */
const MIN_SECRET_LENGTH = 32;
const EXAMPLES = /change|example|placeholder|development|your-|xxxx/;
const MIN_DISTINCT = 8;

export function readConfig(env: Environment = process.env): Config {
  const production = (read(env, 'APP_ENV') ?? 'production') === 'production';
  return {
    listen: listen(read(env, 'BAILEYS_LISTEN') ?? '127.0.0.1:3300'),
    databaseUrl: databaseUrl(required(env, 'DATABASE_URL')),
    internalSecret: secret(required(env, 'INTERNAL_SECRET'), production),
    encryptionKeys: encryptionKeys(required(env, 'BAILEYS_ENCRYPTION_KEY'), production),
    ingressUrl: httpUrl('INGRESS_INTERNAL_URL', read(env, 'INGRESS_INTERNAL_URL') ?? 'http://127.0.0.1:5001'),
    webVersion: webVersion(read(env, 'WA_WEB_VERSION')),
    production,
    logLevel: logLevel(read(env, 'LOG_LEVEL') ?? 'info'),
    leaseMs: whole(env, 'BAILEYS_LEASE_SECONDS', 'seconds', 15, 2, 300) * 1000,
    contactDays: whole(env, 'BAILEYS_CONTACT_DAYS', 'days', 180, 30, 3650),
  };
}

/** What `.env.production.example` writes where people must choose a value. */
const EXAMPLE = 'CHANGE-ME';

/** The value; one that still is the example's is an error. Blank is unset. */
function read(env: Environment, name: string): string | undefined {
  const value = valueOf(env, name);
  if (value?.includes(EXAMPLE) === true)
    throw new ConfigError(name, "still is the example's value: choose one");
  return value;
}

/** The variable, or the content of the file that `<name>_FILE` names. */
function valueOf(env: Environment, name: string): string | undefined {
  const direct = env[name]?.trim();
  const path = env[`${name}_FILE`]?.trim();
  if (direct && path) throw new ConfigError(name, `set either it or ${name}_FILE, not both`);
  if (!path) return direct === '' ? undefined : direct;
  try {
    const content = readFileSync(path, 'utf8').trim();
    return content === '' ? undefined : content;
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unreadable';
    throw new ConfigError(`${name}_FILE`, `cannot be read (${code})`);
  }
}

function required(env: Environment, name: string): string {
  const value = read(env, name);
  if (value === undefined) throw new ConfigError(name, 'is not set');
  return value;
}

function listen(value: string): Config['listen'] {
  const match = /^(\[[0-9a-f:]+\]|[^:]+):(\d{1,5})$/i.exec(value);
  const port = Number(match?.[2]);
  if (!match?.[1] || port > 65535) throw new ConfigError('BAILEYS_LISTEN', 'is not host:port');
  return { host: match[1].replace(/^\[|\]$/g, ''), port };
}

function databaseUrl(value: string): string {
  if (!URL.canParse(value) || !/^postgres(ql)?:$/.test(new URL(value).protocol))
    throw new ConfigError('DATABASE_URL', 'is not a postgres:// address');
  return value;
}

function httpUrl(name: string, value: string): URL {
  if (!URL.canParse(value) || !/^https?:$/.test(new URL(value).protocol))
    throw new ConfigError(name, 'is not an http:// or https:// address');
  return new URL(value);
}

function secret(value: string, production: boolean): string {
  if (!production) return value;
  if (Array.from(value).length < MIN_SECRET_LENGTH)
    throw new ConfigError('INTERNAL_SECRET', `must have at least ${MIN_SECRET_LENGTH} random characters`);
  const lower = value.toLowerCase();
  if (EXAMPLES.test(lower) || new Set(lower).size < MIN_DISTINCT)
    throw new ConfigError('INTERNAL_SECRET', 'looks like an example; production needs a random one');
  return value;
}

function encryptionKeys(value: string, production: boolean): Buffer[] {
  return value.split(',').map((part) => {
    const text = part.trim();
    const key = /^[0-9a-f]{64}$/i.test(text) ? Buffer.from(text, 'hex') : Buffer.from(text, 'base64');
    if (key.length !== 32)
      throw new ConfigError(
        'BAILEYS_ENCRYPTION_KEY',
        'is not 32 bytes in base64 or hex (openssl rand -base64 32)',
      );
    if (production && new Set(key).size < 8)
      throw new ConfigError('BAILEYS_ENCRYPTION_KEY', 'looks like an example; production needs a random one');
    return key;
  });
}

function webVersion(value: string | undefined): WebVersion | undefined {
  if (value === undefined) return undefined;
  const match = /^(\d+)\.(\d+)\.(\d+)$/.exec(value);
  if (!match) throw new ConfigError('WA_WEB_VERSION', 'is not three numbers such as 2.3000.1043857760');
  return [Number(match[1]), Number(match[2]), Number(match[3])];
}

function logLevel(value: string): LogLevel {
  const level = LOG_LEVELS.find((known) => known === value);
  if (!level) throw new ConfigError('LOG_LEVEL', `is none of ${LOG_LEVELS.join(', ')}`);
  return level;
}

function whole(
  env: Environment,
  name: string,
  unit: string,
  normal: number,
  min: number,
  max: number,
): number {
  const number = Number(read(env, name) ?? normal);
  if (!Number.isInteger(number) || number < min || number > max)
    throw new ConfigError(name, `is not a whole number of ${unit} from ${min} to ${max}`);
  return number;
}
