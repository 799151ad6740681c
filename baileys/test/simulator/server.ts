/** The simulated WhatsApp: a WebSocket server with a small HTTP interface to drive it. */
import { type IncomingMessage, type Server, type ServerResponse, createServer } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketServer } from 'ws';
import { Client } from './client.js';
import { control } from './control.js';
import { World } from './world.js';

export class Simulator {
  readonly world = new World();
  /** While set, upgrades are answered with this status. */
  refuseUpgrades: { status: number; times: number } | undefined;
  /** How many upgrades were asked for, refused ones included. */
  upgrades = 0;
  readonly #http: Server;
  readonly #sockets = new WebSocketServer({ noServer: true });
  readonly #open = new Set<Duplex>();

  constructor() {
    this.#http = createServer((request, response) => void this.#serve(request, response));
    this.#http.on('connection', (socket) => {
      this.#open.add(socket);
      socket.on('close', () => this.#open.delete(socket));
    });
    this.#http.on('upgrade', (request, socket, head) => {
      this.upgrades++;
      const refusal = this.refuseUpgrades;
      if (refusal && refusal.times > 0) {
        refusal.times--;
        // Its client may be killed meanwhile.
        socket.on('error', () => undefined);
        socket.end(`HTTP/1.1 ${refusal.status} Refused\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`);
        return;
      }
      this.#sockets.handleUpgrade(request, socket, head, (ws) => new Client(ws, this.world.events));
    });
  }

  async start(port = 0, host = '127.0.0.1'): Promise<number> {
    await new Promise<void>((resolve, reject) => {
      this.#http.once('error', reject);
      this.#http.listen(port, host, () => resolve());
    });
    const address = this.#http.address();
    return typeof address === 'object' && address !== null ? address.port : port;
  }

  async stop(): Promise<void> {
    const closed = new Promise((resolve) => this.#http.close(resolve));
    for (const socket of this.#open) socket.destroy();
    await closed;
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const path = new URL(request.url ?? '/', 'http://simulator').pathname;
    // The page that tells the present version; `Version.refresh` reads it after a 405.
    if (path === '/sw.js') {
      response.writeHead(200).end(`self.x={"client_revision":${this.world.minimumVersion || 1_043_857_760}}`);
      return;
    }
    try {
      const text = Buffer.concat(chunks).toString();
      const answer = await control(
        this,
        path,
        text === '' ? {} : (JSON.parse(text) as Record<string, unknown>),
      );
      reply(response, 200, answer);
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      reply(response, 409, { error: message });
    }
  }
}

/** Answers with JSON and its length, so that a client without chunks can read it. */
function reply(response: ServerResponse, status: number, answer: unknown): void {
  const body = Buffer.from(JSON.stringify(answer));
  response.writeHead(status, { 'content-type': 'application/json', 'content-length': body.length }).end(body);
}
