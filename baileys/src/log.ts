/** The service's log: JSON lines, field names from one list, never keys or personal data. */
import type { SocketConfig } from 'baileys';
import pino from 'pino';
import type { LogLevel } from './config.js';

type ILogger = SocketConfig['logger'];

/** The fields that a line may have. Objects of the library are never passed on. */
export interface Fields {
  session?: string;
  business?: string;
  event?: string;
  phase?: string;
  code?: number | null;
  reason?: string | null;
  attempt?: number;
  generation?: string;
  problem?: string;
  method?: string;
  route?: string;
  status?: number;
  duration_ms?: number;
  address?: string;
  count?: number;
  fact?: string;
  kind?: string;
}

export type Logger = Record<'debug' | 'info' | 'warn' | 'error', (fields: Fields, message: string) => void>;

export function makeLogger(
  level: LogLevel,
  destination: pino.DestinationStream = pino.destination({ sync: true }),
): Logger {
  return pino({ level, base: { service: 'baileys' }, timestamp: pino.stdTimeFunctions.isoTime }, destination);
}

/**
 * What the library may log: the fixed text of its warnings, at debug level. Its objects hold
 * key material (`handshake`, `node`, sessions), so they are dropped, and so are long numbers.
 */
export function libraryLogger(logger: Logger, session: string): ILogger {
  const drop = () => undefined;
  const keep = (first: unknown, second?: string) => {
    const text = second ?? (typeof first === 'string' ? first : '');
    logger.debug({ session, problem: withoutNumbers(text) }, 'library');
  };
  const quiet: ILogger = {
    level: 'warn',
    child: () => quiet,
    trace: drop,
    debug: drop,
    info: drop,
    warn: keep,
    error: keep,
  };
  return quiet;
}

/** Cuts what could be a number, an address or a key out of a foreign message. */
export function withoutNumbers(text: string): string {
  return text
    .slice(0, 200)
    .replace(/[0-9]{5,}/g, '…')
    .replace(/[A-Za-z0-9+/=_-]{32,}/g, '…');
}

/** The message of anything thrown. */
export function problemOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
