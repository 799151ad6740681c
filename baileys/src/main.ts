/** The process: settings, start, and a stop that gives every session back. */
import './quiet.js';
import { ConfigError, readConfig } from './config.js';
import { makeLogger, problemOf, withoutNumbers } from './log.js';
import { type Service, startService } from './service.js';

/** Longest a stop may take: compose kills after 10 s unless told otherwise. */
const STOP_TIMEOUT_MS = 9_000;
/** Exit code. */
const WRONG_SETTING = 2;

async function main(): Promise<void> {
  let config;
  try {
    config = readConfig();
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exitCode = WRONG_SETTING;
    return;
  }
  const logger = makeLogger(config.logLevel);
  const running: { service?: Service } = {};
  // The library leaves promises alone whose sockets ended. One of them must not end all sessions.
  const unexpected = (error: unknown) => {
    running.service?.metrics.count('unexpected_errors');
    logger.debug({ problem: withoutNumbers(problemOf(error)) }, 'unexpected error');
  };
  process.on('unhandledRejection', unexpected);
  process.on('uncaughtException', (error) => {
    logger.error({ problem: withoutNumbers(problemOf(error)) }, 'uncaught error; stopping');
    process.exit(1);
  });
  const stop = (cause: string, code: number) => {
    logger.info({ event: cause }, 'stopping');
    setTimeout(() => process.exit(1), STOP_TIMEOUT_MS).unref();
    void running.service?.stop().then(
      () => process.exit(code),
      (error: unknown) => {
        logger.error({ problem: problemOf(error) }, 'stop failed');
        process.exit(1);
      },
    );
  };
  const service = await startService(config, logger);
  running.service = service;
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => stop(signal, 0));
  void service.refusal.then((error) => {
    process.stderr.write(`${error.message}\n`);
    stop('refusal', error instanceof ConfigError ? WRONG_SETTING : 1);
  });
  logger.info({ address: `${config.listen.host}:${service.port}` }, 'listening');
}

await main();
