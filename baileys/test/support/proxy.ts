/** A TCP proxy in front of Postgres that can be cut, as when the database is away. */
import { type Server, type Socket, connect, createServer } from 'node:net';

export class Proxy {
  readonly #open = new Set<Socket>();
  readonly #server: Server;
  cut = false;
  /** How many connections were refused while it was cut. */
  refusals = 0;

  constructor(target: { host: string; port: number }) {
    this.#server = createServer((client) => {
      if (this.cut) {
        this.refusals++;
        client.destroy();
        return;
      }
      const upstream = connect(target.port, target.host);
      for (const [from, to] of [
        [client, upstream],
        [upstream, client],
      ] as const) {
        this.#open.add(from);
        from.on('error', () => undefined);
        from.on('close', () => {
          this.#open.delete(from);
          to.destroy();
        });
        from.pipe(to);
      }
    });
  }

  async start(): Promise<number> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', () => resolve()));
    const address = this.#server.address();
    return typeof address === 'object' && address ? address.port : 0;
  }

  away(): void {
    this.cut = true;
    for (const socket of this.#open) socket.destroy();
  }

  back(): void {
    this.cut = false;
  }

  stop(): void {
    this.away();
    this.#server.close();
  }
}
