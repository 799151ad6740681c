/**
 * kill -9 at many moments around linking, 100 times (KILLS): the session then either comes
 * back or links anew, and no device is left on the phone that the service does not know.
 * The moments are the same each time; SEED chooses others.
 */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { describe, it } from 'node:test';
import { type ServiceProcess, eventually, sleep } from './support/process.js';
import { assertAbsent, credentialsOf, secretsOf } from './support/secrets.js';
import { Stage } from './support/stage.js';

const KILLS = Number(process.env['KILLS'] ?? 100);
const LANES = 5;
const SEED = Number(process.env['SEED'] ?? 1);
const SESSIONS = 2;

/** Mulberry32: small, seeded, good enough to choose moments. */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

interface Outcomes {
  resumed: number;
  anew: number;
}

class Lane {
  readonly outcomes: Outcomes = { resumed: 0, anew: 0 };
  #outputs: string[] = [];

  constructor(
    private readonly stage: Stage,
    private readonly lane: number,
    private readonly random: () => number = randomFrom(SEED + lane),
  ) {}

  start(): Promise<ServiceProcess> {
    return this.stage.service({ BAILEYS_LEASE_SECONDS: '3' });
  }

  /** Links some sessions and kills the service somewhere on the way. */
  async killWhileLinking(service: ServiceProcess): Promise<string[]> {
    const sessions = Array.from({ length: SESSIONS }, () => randomUUID());
    const stageAt = this.random();
    const later = this.random();
    const ways = sessions.map((session) => this.linkSome(service, session).catch(() => undefined));
    // Here the clock decides on purpose: a kill that waited for a fact would spare the moments
    // between the facts. Whatever it hits, what is asserted afterwards holds.
    if (stageAt < 0.15) await sleep(later * 300);
    else {
      // The moments that matter lie in the milliseconds after the scan, when the device is made,
      // and in the second after, when it logs in and uploads its keys.
      await Promise.race(ways);
      await sleep(later * (stageAt < 0.6 ? 40 : 1_200));
    }
    await service.kill();
    this.#outputs.push(service.output);
    await Promise.all(ways);
    return sessions;
  }

  async linkSome(service: ServiceProcess, session: string): Promise<void> {
    const qr = await this.stage.qr(service, session);
    this.stage.world.scan(qr, this.stage.nextPhone(), false);
  }

  /** Each session is back, or can be linked as if nothing had been. */
  async verify(service: ServiceProcess, session: string): Promise<void> {
    const settled = await eventually(`${session} to settle`, async () => {
      const state = String((await service.status(session))['state']);
      return ['connected', 'not_linked', 'interrupted', 'logged_out'].includes(state) && state;
    });
    if (settled === 'connected') this.outcomes.resumed++;
    else {
      this.outcomes.anew++;
      this.stage.world.scan(await this.stage.qr(service, session), this.stage.nextPhone(), false);
      await this.stage.reaches(service, session, 'connected');
    }
  }

  async checkDevices(sessions: readonly string[]): Promise<void> {
    const credentials = await Promise.all(
      sessions.map((session) => credentialsOf(this.stage.database, session)),
    );
    const known = new Set(credentials.map(({ me }) => me?.id));
    for (const device of this.stage.world.devices.values()) {
      assert.ok(known.has(device.jid), `the phone shows ${device.jid}, which no session has`);
      assert.equal(device.duplicatePreKeys, 0, 'a pre-key was made twice under one id');
    }
    assert.equal(this.stage.world.conflicts, 0);
    assertAbsent([...this.#outputs, ...this.stage.ingress.bodies], credentials.flatMap(secretsOf));
    this.#outputs = [];
  }

  async run(kills: number): Promise<void> {
    let service = await this.start();
    for (let kill = 0; kill < kills; kill++) {
      const sessions = await this.killWhileLinking(service);
      service = await this.start();
      try {
        await Promise.all(sessions.map((session) => this.verify(service, session)));
        await this.checkDevices(sessions);
      } catch (error) {
        throw new Error(
          `after kill ${kill} of lane ${this.lane}, SEED=${SEED} KILLS=${KILLS}: ${String(error)}\n${service.output.slice(-4_000)}`,
        );
      }
      await Promise.all(sessions.map((session) => service.call('DELETE', `/sessions/${session}`)));
    }
    await service.stop();
  }
}

describe(`kill -9 around linking, SEED=${SEED} KILLS=${KILLS}`, { concurrency: LANES }, () => {
  for (let lane = 0; lane < LANES; lane++) {
    const kills = Math.floor((KILLS + lane) / LANES);
    it(`lane ${lane}: ${kills} times`, { timeout: 3_600_000 }, async (context) => {
      const stage = await Stage.set();
      try {
        const run = new Lane(stage, lane);
        await run.run(kills);
        context.diagnostic(
          `SEED=${SEED}: ${run.outcomes.resumed} came back, ${run.outcomes.anew} linked anew`,
        );
      } finally {
        await stage.strike();
      }
    });
  }
});
