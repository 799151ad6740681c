/** Everything that a test of the whole service needs, and the steps that most of them share. */
import { randomUUID } from 'node:crypto';
import { Simulator } from '../simulator/server.js';
import { type TestDatabase, createDatabase } from './database.js';
import { FakeIngress } from './ingress.js';
import { reservePort } from './ports.js';
import { SECRET, type ServiceOptions, ServiceProcess, eventually } from './process.js';

export const BUSINESS = '7b0c0f0e-5a53-4f6e-9a0d-3f1f5a3f9c11';

export class Stage {
  readonly services: ServiceProcess[] = [];
  #phone = 972_541_230_000;

  private constructor(
    readonly database: TestDatabase,
    readonly simulator: Simulator,
    readonly simulatorPort: number,
    readonly ingress: FakeIngress,
  ) {}

  static async set(): Promise<Stage> {
    const simulator = new Simulator();
    const ingress = new FakeIngress(SECRET, await reservePort());
    const [database, port] = await Promise.all([
      createDatabase(),
      simulator.start(await reservePort()),
      ingress.start(),
    ]);
    return new Stage(database, simulator, port, ingress);
  }

  get world() {
    return this.simulator.world;
  }

  options(env: Record<string, string> = {}): ServiceOptions {
    return {
      databaseUrl: this.database.url,
      ingressUrl: this.ingress.url,
      simulatorPort: this.simulatorPort,
      env,
    };
  }

  async service(env: Record<string, string> = {}): Promise<ServiceProcess> {
    const service = ServiceProcess.spawn(this.options(env));
    this.services.push(service);
    await service.listening();
    return service;
  }

  async strike(): Promise<void> {
    await Promise.all(this.services.map((service) => service.kill()));
    await this.ingress.stop();
    await this.simulator.stop();
    await this.database.drop();
  }

  nextPhone(): string {
    return String(++this.#phone);
  }

  /** Asks for a QR and waits until it can be shown. */
  async qr(service: ServiceProcess, session: string): Promise<string> {
    await service.call('POST', `/sessions/${session}/start`, { business_id: BUSINESS });
    return eventually(`a QR of ${session}`, async () => {
      const answer = await service.call('GET', `/sessions/${session}/qr`);
      return answer.status === 200 && String(answer.body['qr']);
    });
  }

  async link(service: ServiceProcess): Promise<{ session: string; phone: string; jid: string }> {
    const [session, phone] = [randomUUID(), this.nextPhone()];
    const jid = this.world.scan(await this.qr(service, session), phone, false);
    await this.reaches(service, session, 'connected');
    return { session, phone, jid };
  }

  async reaches(service: ServiceProcess, session: string, state: string): Promise<Record<string, unknown>> {
    let last: unknown;
    try {
      return await eventually(`${session} ${state}`, async () => {
        const status = await service.status(session);
        last = status;
        return status['state'] === state && status;
      });
    } catch (error) {
      throw new Error(`${String(error)}; it is ${JSON.stringify(last)}`);
    }
  }

  /**
   * The only process has looked for sessions to resume since this was called. Each look ends with
   * abandoned QRs: one that was abandoned now is told by a look that ends later, and a second one
   * by a look that also began later.
   */
  async lookedForSessions(): Promise<void> {
    for (let look = 0; look < 2; look++) {
      const abandoned = randomUUID();
      await this.database.pool.query(
        `INSERT INTO prosaas.whatsapp_leases (session_id, business_id, holder, generation, expires_at)
         VALUES ($1, $2, 'a process that died', 1, clock_timestamp() - interval '1 second')`,
        [abandoned, BUSINESS],
      );
      await this.told(abandoned, 'interrupted');
    }
  }

  /** A process asked for the session's lease once more, at its own pace, and another one has it. */
  async refusedAgain(service: ServiceProcess, session: string): Promise<void> {
    const nextTry = async () => {
      const { state, reason, nextRetryAt } = await service.status(session);
      const refused = state === 'reconnecting' && reason === 'Another process holds this session';
      return refused && typeof nextRetryAt === 'string' && nextRetryAt;
    };
    const first = await eventually(`${session} is refused`, nextTry);
    await eventually(`${session} is refused again`, async () => {
      const next = await nextTry();
      return next && next !== first;
    });
  }

  /** What people want of it, as the worker notes it. */
  async want(session: string, desired: 'linked' | 'unlinked'): Promise<void> {
    await this.database.pool.query('INSERT INTO prosaas.businesses VALUES ($1) ON CONFLICT DO NOTHING', [
      BUSINESS,
    ]);
    await this.database.pool.query(
      `INSERT INTO prosaas.whatsapp_sessions (id, business_id, since, desired) VALUES ($1, $2, now(), $3)
       ON CONFLICT (id) DO UPDATE SET desired = excluded.desired`,
      [session, BUSINESS, desired],
    );
  }

  /** Types a code into the phone, as soon as WhatsApp has heard that the service shows one. */
  async enterCode(code: string, phone: string): Promise<void> {
    await eventually(`a client that waits for a code of ${phone}`, () => this.world.codes.awaits(phone));
    await this.world.codes.enter(code, phone);
  }

  async told(session: string, kind: string) {
    return eventually(
      `the fact ${kind} of ${session}, which has ${this.ingress.kinds(session).join(' ')}`,
      () => this.ingress.facts.findLast((fact) => fact.session_id === session && fact.kind === kind),
    );
  }
}
