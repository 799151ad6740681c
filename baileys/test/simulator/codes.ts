/** The simulated WhatsApp's side of linking by a code that is typed into the phone. */
import { randomBytes } from 'node:crypto';
import type { BinaryNode } from 'baileys';
import { type Client, bytes, child } from './client.js';
import { CodePairing, type Phone } from './phone.js';

/** What the phone learns of a companion whose code was right. */
export type Opened = NonNullable<ReturnType<CodePairing['finish']>>;

export class CodeDesk {
  /** Errors for the next requests of a pairing code; one without a code is not answered. */
  readonly refusals: (number | undefined)[] = [];
  readonly #codes = new Map<
    Client,
    { wrapped: Buffer; ref: Buffer; jid: string; pairing?: CodePairing; phone?: Phone }
  >();

  constructor(
    private readonly phoneOf: (number: string) => Phone,
    private readonly pair: (client: Client, phone: Phone, opened: Opened) => void,
  ) {}

  forget(client: Client): void {
    this.#codes.delete(client);
  }

  /** Whether a client has asked for a code of this number, and so may be typed into the phone. */
  awaits(number: string): boolean {
    return this.#of(number) !== undefined;
  }

  /** The client that asked last for a code of this number, whatever it was answered. */
  clientOf(number: string): Client | undefined {
    return this.#of(number)?.[0];
  }

  /** The phone gets a code typed in. */
  async enter(code: string, number: string): Promise<void> {
    const entry = this.#of(number);
    if (!entry) throw new Error('no client asked for a code of this number');
    const [client, asked] = entry;
    asked.phone = this.phoneOf(number);
    asked.pairing = await CodePairing.begin(asked.phone, code, asked.wrapped);
    client.send({
      tag: 'notification',
      attrs: {
        from: 's.whatsapp.net',
        type: 'link_code_companion_reg',
        id: client.nextId(),
        t: String(Math.floor(Date.now() / 1000)),
      },
      content: [
        {
          tag: 'link_code_companion_reg',
          attrs: { stage: 'primary_hello' },
          content: [
            {
              tag: 'link_code_pairing_wrapped_primary_ephemeral_pub',
              attrs: {},
              content: await asked.pairing.wrappedEphemeral(),
            },
            { tag: 'primary_identity_pub', attrs: {}, content: asked.phone.identity.public },
            { tag: 'link_code_pairing_ref', attrs: {}, content: asked.ref },
          ],
        },
      ],
    });
  }

  #of(number: string) {
    return [...this.#codes].findLast(([, one]) => one.jid.startsWith(`${number}@`));
  }

  stage(client: Client, node: BinaryNode, stage: BinaryNode): void {
    if (stage.attrs['stage'] === 'companion_hello') {
      const ref = randomBytes(16);
      const wrapped = bytes(child(stage, 'link_code_pairing_wrapped_companion_ephemeral_pub'));
      this.#codes.set(client, { wrapped, ref, jid: stage.attrs['jid'] ?? '' });
      if (this.refusals.length > 0) {
        const code = this.refusals.shift();
        return code === undefined ? undefined : client.refuse(node, code);
      }
      const content = [{ tag: 'link_code_pairing_ref', attrs: {}, content: ref }];
      return client.result(node, [
        { tag: 'link_code_companion_reg', attrs: { stage: 'companion_hello' }, content },
      ]);
    }
    client.result(node);
    const asked = this.#codes.get(client);
    const opened = asked?.pairing?.finish(bytes(child(stage, 'link_code_pairing_wrapped_key_bundle')));
    if (asked?.phone && opened) this.pair(client, asked.phone, opened);
  }
}
