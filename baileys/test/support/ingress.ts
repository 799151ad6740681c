/** Stands for the ingress's internal listener: checks signatures, keeps facts, can be down. */
import { type Server, createServer } from 'node:http';
import { Verifier } from '../../src/signing.js';

export interface Fact {
  id: string;
  session_id: string;
  business_id: string;
  sequence: number;
  generation: number;
  kind: string;
  occurred_at: string;
  data: Record<string, unknown>;
}

export class FakeIngress {
  readonly facts: Fact[] = [];
  /** Bodies as they came, to look for secrets. */
  readonly bodies: string[] = [];
  badSignatures = 0;
  /** Answers instead of 204, one for each next request. */
  readonly answers: number[] = [];
  #server: Server | undefined;

  constructor(
    private readonly secret: string,
    /** Reserved, so that nobody else takes it while this is down. */
    private readonly port: number,
  ) {}

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  async start(): Promise<void> {
    const verifier = new Verifier(this.secret);
    const server = createServer((request, response) => {
      void (async () => {
        const chunks: Buffer[] = [];
        for await (const chunk of request) chunks.push(chunk as Buffer);
        const body = Buffer.concat(chunks);
        const asked = { method: request.method ?? '', pathAndQuery: request.url ?? '', body };
        if (verifier.verify(request.headers, asked) !== undefined) {
          this.badSignatures++;
          response.writeHead(401).end();
          return;
        }
        const answer = this.answers.shift() ?? 204;
        if (answer === 204) {
          const fact = JSON.parse(body.toString()) as Fact;
          this.bodies.push(body.toString());
          if (!this.facts.some((known) => known.id === fact.id)) this.facts.push(fact);
        }
        response.writeHead(answer).end();
      })();
    });
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(this.port, '127.0.0.1', () => resolve());
    });
    this.#server = server;
  }

  async stop(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    server?.closeAllConnections();
    await new Promise((resolve) => (server ? server.close(resolve) : resolve(undefined)));
  }

  kinds(session: string): string[] {
    return this.facts.filter((fact) => fact.session_id === session).map((fact) => fact.kind);
  }
}
