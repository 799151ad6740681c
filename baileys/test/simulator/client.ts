/** One client's connection to the simulated server: frames, handshake, stanzas. */
import { type BinaryNode, decodeBinaryNode, encodeBinaryNode } from 'baileys';
import type { WebSocket } from 'ws';
import { type ClientHello, ServerNoise } from './noise.js';

let lastId = 0;

export interface ClientEvents {
  /** The handshake is done. */
  hello(client: Client, hello: ClientHello): void;
  stanza(client: Client, node: BinaryNode): void;
  gone(client: Client): void;
}

/** A refused login; a temporary ban (402) also says its kind and how many seconds it lasts. */
export interface Failure {
  /** One without a reason says only that the login is refused. */
  readonly reason?: number | string;
  readonly code?: string;
  readonly expire?: string;
}

export class Client {
  readonly id = ++lastId;
  readonly since = Date.now();
  /** Set when a device logged in. */
  jid: string | undefined;
  /** What it announced in the handshake. */
  hello: ClientHello | undefined;
  /** The refs of the QRs that it was given. */
  refs: string[] = [];
  /** Whether its login was answered with success. */
  loggedIn = false;
  /** Routing info that it sent in front of the handshake. */
  routed = false;
  frozen = false;
  readonly #noise = new ServerNoise();
  #inbox: Buffer = Buffer.alloc(0);
  #step: 'intro' | 'hello' | 'finish' | 'open' = 'intro';
  #stanzaId = 0;
  #work: Promise<void> = Promise.resolve();

  constructor(
    private readonly socket: WebSocket,
    private readonly events: ClientEvents,
  ) {
    socket.on('message', (data: Buffer) => {
      this.#work = this.#work.then(() => this.#receive(data)).catch(() => this.drop());
    });
    socket.on('close', () => events.gone(this));
    socket.on('error', () => undefined);
  }

  nextId(): string {
    return `sim-${this.id}-${++this.#stanzaId}`;
  }

  send(node: BinaryNode): void {
    if (this.frozen) return;
    this.#frame(this.#noise.seal(encodeBinaryNode(node)));
  }

  result(request: BinaryNode, content?: BinaryNode[]): void {
    const attrs = { id: request.attrs['id'] ?? '', from: 's.whatsapp.net', type: 'result' };
    this.send({ tag: 'iq', attrs, ...(content ? { content } : {}) });
  }

  refuse(request: BinaryNode, code: number): void {
    const attrs = { id: request.attrs['id'] ?? '', from: 's.whatsapp.net', type: 'error' };
    this.send({
      tag: 'iq',
      attrs,
      content: [{ tag: 'error', attrs: { code: String(code), text: 'refused' } }],
    });
  }

  /** Ends the stream politely, as WhatsApp does, then the socket. */
  streamError(attrs: Record<string, string>, content?: BinaryNode[]): void {
    this.send({ tag: 'stream:error', attrs, ...(content ? { content } : {}) });
    this.socket.close();
  }

  failure({ reason, ...more }: Failure): void {
    this.send({
      tag: 'failure',
      attrs: { ...(reason === undefined ? {} : { reason: String(reason) }), ...more },
    });
    this.socket.close();
  }

  /** As when the network breaks. */
  drop(): void {
    this.socket.terminate();
  }

  async #receive(data: Buffer): Promise<void> {
    if (this.frozen) return;
    this.#inbox = Buffer.concat([this.#inbox, data]);
    if (this.#step === 'intro' && !this.#readIntro()) return;
    for (;;) {
      if (this.#inbox.length < 3) return;
      const size = this.#inbox.readUIntBE(0, 3);
      if (this.#inbox.length < size + 3) return;
      const frame = this.#inbox.subarray(3, size + 3);
      this.#inbox = this.#inbox.subarray(size + 3);
      await this.#handle(frame);
    }
  }

  /** `ED 00 01 len24 info`, when the client has routing info, then `WA 06 03`. */
  #readIntro(): boolean {
    if (this.#inbox.length < 4) return false;
    if (this.#inbox.toString('latin1', 0, 2) === 'ED') {
      if (this.#inbox.length < 7) return false;
      const length = this.#inbox.readUIntBE(4, 3);
      if (this.#inbox.length < 7 + length + 4) return false;
      this.routed = true;
      this.#inbox = this.#inbox.subarray(7 + length);
    }
    if (this.#inbox.toString('latin1', 0, 2) !== 'WA') throw new Error('not WhatsApp');
    this.#inbox = this.#inbox.subarray(4);
    this.#step = 'hello';
    return true;
  }

  async #handle(frame: Buffer): Promise<void> {
    if (this.#step === 'hello') {
      this.#frame(this.#noise.hello(frame));
      this.#step = 'finish';
    } else if (this.#step === 'finish') {
      this.hello = this.#noise.finish(frame);
      this.#step = 'open';
      this.events.hello(this, this.hello);
    } else {
      this.events.stanza(this, await decodeBinaryNode(this.#noise.open(frame)));
    }
  }

  #frame(body: Uint8Array): void {
    const header = Buffer.alloc(3);
    header.writeUIntBE(body.length, 0, 3);
    if (this.socket.readyState === this.socket.OPEN) this.socket.send(Buffer.concat([header, body]));
  }
}

/** The first child with this tag. */
export function child(node: BinaryNode | undefined, tag: string): BinaryNode | undefined {
  return Array.isArray(node?.content) ? node.content.find((inner) => inner.tag === tag) : undefined;
}

export function bytes(node: BinaryNode | undefined): Buffer {
  return node && node.content instanceof Uint8Array ? Buffer.from(node.content) : Buffer.alloc(0);
}
