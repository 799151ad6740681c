/** Puts the parts together and takes them apart again. */
import type { Server } from 'node:http';
import type { Config } from './config.js';
import { Delivery } from './delivery.js';
import { makeServer } from './http/server.js';
import type { Logger } from './log.js';
import { Metrics } from './metrics.js';
import { Manager } from './session/manager.js';
import type { SessionDeps } from './session/deps.js';
import { Sealer } from './store/crypto.js';
import { openPool } from './store/database.js';
import { thisInstance } from './store/instance.js';
import { Resealer } from './store/reseal.js';
import { enter } from './store/schema.js';
import { Store } from './store/store.js';
import { Version } from './version.js';

const DELIVERY_GRACE_MS = 2_000;

export interface Service {
  /** The port that it listens on. */
  readonly port: number;
  readonly metrics: Metrics;
  /** Resolves when the service may not go on: nothing that it holds in the database was touched. */
  readonly refusal: Promise<Error>;
  stop(): Promise<void>;
}

export interface Overrides {
  readonly timings?: SessionDeps['timings'];
  readonly random?: () => number;
}

export async function startService(
  config: Config,
  logger: Logger,
  overrides: Overrides = {},
): Promise<Service> {
  const metrics = new Metrics();
  const pool = openPool(config.databaseUrl, logger);
  const { holder, place } = thisInstance(config.listen);
  const sealer = new Sealer(config.encryptionKeys);
  const store = new Store(pool, sealer, holder, config.leaseMs, config.contactDays);
  const resealer = new Resealer(pool, sealer, logger);
  const delivery = new Delivery(store.outbox, config.ingressUrl, config.internalSecret, logger, metrics);
  const manager = new Manager(store, {
    store,
    version: new Version(config.webVersion, logger),
    logger,
    metrics,
    random: overrides.random ?? Math.random,
    onFacts: (session) => delivery.wake(session),
    timings: overrides.timings,
  });
  const server = makeServer(
    {
      manager,
      health: () => ({
        ok: true,
        version: VERSION,
        uptime_s: Math.floor(process.uptime()),
        sessions: manager.all().map((session) => ({ id: session.id, state: session.state.phase })),
      }),
      metrics: async () => {
        const { waiting, oldestSeconds } = await store.outbox
          .depth()
          .catch(() => ({ waiting: NaN, oldestSeconds: NaN }));
        return metrics.render({
          phases: manager.phases(),
          outboxWaiting: waiting,
          outboxOldestSeconds: oldestSeconds,
          rowsToReseal: resealer.left,
        });
      },
    },
    config.internalSecret,
    logger,
    metrics,
  );
  const port = await listen(server, config.listen);
  const stopping = new AbortController();
  let resealing: Promise<void> | undefined;
  const refusal = new Promise<Error>((refuse) => {
    enter(pool, logger, stopping.signal).then(
      () => {
        if (stopping.signal.aborted) return;
        manager.start(place);
        delivery.start();
        resealing = resealer.run(stopping.signal);
      },
      (error: unknown) => {
        if (!stopping.signal.aborted) refuse(error instanceof Error ? error : new Error(String(error)));
      },
    );
  });
  return {
    port,
    metrics,
    refusal,
    stop: async () => {
      stopping.abort();
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeIdleConnections();
      await manager.stop();
      await delivery.stop(DELIVERY_GRACE_MS);
      server.closeAllConnections();
      await closed;
      await resealing;
      await pool.end();
    },
  };
}

/** Of this service; the library's stands in package.json. */
export const VERSION = '0.1.0';

async function listen(server: Server, { host, port }: Config['listen']): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => resolve());
  });
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : port;
}
