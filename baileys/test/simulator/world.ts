/** What the simulated WhatsApp knows: phones, their linked devices, and what it does on purpose. */
import { randomBytes } from 'node:crypto';
import type { BinaryNode } from 'baileys';
import { Client, type Failure, bytes, child } from './client.js';
import type { ClientHello } from './noise.js';
import { CodeDesk } from './codes.js';
import { Phone } from './phone.js';

const REFS = 6;

export interface Device {
  readonly jid: string;
  readonly lid: string;
  readonly phone: Phone;
  readonly noiseKey: Buffer;
  readonly identity: Buffer;
  preKeys: number;
  /** Ids of uploaded pre-keys: none may come twice. */
  readonly preKeyIds: Set<number>;
  duplicatePreKeys: number;
  logins: number;
  /** What it said of its presence, in order; one without a type means available. */
  readonly presences: Presence[];
  /** Every stanza since its login, in order. */
  readonly sent: BinaryNode[];
  /** How often it said that its account is in step. */
  synced: number;
}

export interface Presence {
  readonly type: string | undefined;
  readonly name: string | undefined;
}

interface PendingPairing {
  readonly device: Device;
}

export class World {
  readonly clients = new Set<Client>();
  readonly devices = new Map<string, Device>();
  readonly phones = new Map<string, Phone>();
  /** Failures for the next logins or registrations. */
  readonly plannedFailures: Failure[] = [];
  /** Client versions below this are answered 405; third number. */
  minimumVersion = 0;
  /** New clients are accepted and never answered. */
  mute = false;
  /** Two clients logged in as one device: how often. Must stay 0 with leases. */
  conflicts = 0;
  /** Linking by a code that is typed. */
  readonly codes = new CodeDesk(
    (number) => this.phone(number),
    (client, phone, { companionIdentity, advSecret }) =>
      this.#pair(client, phone, companionIdentity, advSecret, false),
  );
  readonly #pairing = new Map<Client, PendingPairing>();
  readonly events = {
    hello: (client: Client, hello: ClientHello) => this.#hello(client, hello),
    stanza: (client: Client, node: BinaryNode) => this.#stanza(client, node),
    gone: (client: Client) => {
      this.clients.delete(client);
      this.#pairing.delete(client);
      this.codes.forget(client);
    },
  };

  phone(number: string): Phone {
    const known = this.phones.get(number) ?? new Phone(number);
    this.phones.set(number, known);
    return known;
  }

  online(jid: string): Client | undefined {
    return [...this.clients].find((client) => client.jid === jid && client.loggedIn);
  }

  /** The device is removed on the phone: told at once when online, at the next login otherwise. */
  removeDevice(jid: string): void {
    this.devices.delete(jid);
    this.online(jid)?.streamError({ code: '401' }, [{ tag: 'conflict', attrs: { type: 'device_removed' } }]);
  }

  /** The phone scans this QR. Gives the device's address, or why not. */
  scan(qr: string, number: string, wrong: boolean): string {
    const [, , identity = '', advSecret = ''] = (qr.split('#')[1] ?? '').split(',');
    return this.#pair(
      this.#shows(qr),
      this.phone(number),
      Buffer.from(identity, 'base64'),
      Buffer.from(advSecret, 'base64'),
      wrong,
    );
  }

  /** The phone that scanned this QR must confirm with a passkey. */
  askPasskey(qr: string, type = 'passkey_prologue_request'): Client {
    const client = this.#shows(qr);
    const from = 's.whatsapp.net';
    client.send({
      tag: 'notification',
      attrs: { from, type, id: client.nextId(), t: now() },
      content: [{ tag: type, attrs: {}, content: Buffer.from('{}') }],
    });
    return client;
  }

  #shows(qr: string): Client {
    const [ref = ''] = (qr.split('#')[1] ?? '').split(',');
    const client = [...this.clients].find((one) => one.refs.includes(ref));
    if (!client) throw new Error('no client has this ref');
    return client;
  }

  #hello(client: Client, { payload }: ClientHello): void {
    this.clients.add(client);
    if (this.mute) {
      client.frozen = true;
      return;
    }
    const failure = this.plannedFailures.shift();
    if (failure !== undefined) return client.failure(failure);
    if ((payload.userAgent?.appVersion?.tertiary ?? 0) < this.minimumVersion)
      return client.failure({ reason: 405 });
    if (payload.devicePairingData) return this.#offerRefs(client);
    this.#login(client, `${Number(payload.username)}:${payload.device ?? 0}@s.whatsapp.net`);
  }

  #offerRefs(client: Client): void {
    client.refs = Array.from({ length: REFS }, () => `2@${randomBytes(24).toString('base64url')}`);
    const content = client.refs.map((ref) => ({ tag: 'ref', attrs: {}, content: Buffer.from(ref) }));
    client.send({
      tag: 'iq',
      attrs: { from: 's.whatsapp.net', type: 'set', id: client.nextId(), xmlns: 'md' },
      content: [{ tag: 'pair-device', attrs: {}, content }],
    });
  }

  #login(client: Client, jid: string): void {
    const device = this.devices.get(jid);
    if (!device || !client.hello?.noiseKey.equals(device.noiseKey)) return client.failure({ reason: 401 });
    const other = this.online(jid);
    if (other) {
      this.conflicts++;
      other.streamError({}, [{ tag: 'conflict', attrs: { type: 'replaced' } }]);
    }
    client.jid = jid;
    client.loggedIn = true;
    device.logins++;
    client.send({ tag: 'success', attrs: { t: now(), lid: device.lid, creation: now(), location: 'sim' } });
  }

  #pair(client: Client, phone: Phone, identity: Buffer, advSecret: Buffer, wrong: boolean): string {
    const index = phone.nextDevice();
    const device: Device = {
      jid: `${phone.number}:${index}@s.whatsapp.net`,
      lid: `${phone.lidUser}:${index}@lid`,
      phone,
      noiseKey: client.hello?.noiseKey ?? Buffer.alloc(0),
      identity,
      preKeys: 0,
      preKeyIds: new Set(),
      duplicatePreKeys: 0,
      logins: 0,
      presences: [],
      sent: [],
      synced: 0,
    };
    this.#pairing.set(client, { device });
    const deviceIdentity = phone.deviceIdentity(identity, advSecret, index, wrong);
    client.send({
      tag: 'iq',
      attrs: { from: 's.whatsapp.net', type: 'set', id: client.nextId(), xmlns: 'md', t: now() },
      content: [
        {
          tag: 'pair-success',
          attrs: {},
          content: [
            { tag: 'device-identity', attrs: {}, content: deviceIdentity },
            { tag: 'biz', attrs: { name: 'Simulated business' } },
            { tag: 'device', attrs: { jid: device.jid, lid: device.lid } },
            { tag: 'platform', attrs: { name: 'android' } },
          ],
        },
      ],
    });
    return device.jid;
  }

  #stanza(client: Client, node: BinaryNode): void {
    this.devices.get(client.jid ?? '')?.sent.push(node);
    if (node.tag === 'presence') return this.#presence(client, node);
    if (node.tag !== 'iq') return;
    const signed = child(node, 'pair-device-sign');
    if (signed) return this.#paired(client, bytes(child(signed, 'device-identity')));
    const code = child(node, 'link_code_companion_reg');
    if (code) return this.codes.stage(client, node, code);
    if (node.attrs['type'] === 'result') return;
    this.#query(client, node);
  }

  #presence(client: Client, { attrs }: BinaryNode): void {
    // One that is not logged in is counted with the device that it is becoming.
    const device = this.devices.get(client.jid ?? '') ?? this.#pairing.get(client)?.device;
    device?.presences.push({ type: attrs['type'], name: attrs['name'] });
    if (attrs['type'] !== 'unavailable') return;
    // The library's credentials change now, and at the second one it also answers.
    const dirty = { tag: 'dirty', attrs: { type: 'account_sync', timestamp: now() } };
    for (let times = 0; times < 2; times++)
      client.send({ tag: 'ib', attrs: { from: 's.whatsapp.net' }, content: [dirty] });
  }

  /** The companion signed back: the device exists now, and the stream restarts. */
  #paired(client: Client, reply: Buffer): void {
    const pending = this.#pairing.get(client);
    if (!pending?.device.phone.accepts(reply, pending.device.identity))
      return client.failure({ reason: 401 });
    this.devices.set(pending.device.jid, pending.device);
    client.streamError({ code: '515' });
  }

  #query(client: Client, node: BinaryNode): void {
    const device = client.jid === undefined ? undefined : this.devices.get(client.jid);
    if (child(node, 'count')) {
      return client.result(node, [{ tag: 'count', attrs: { value: String(device?.preKeys ?? 0) } }]);
    }
    const list = child(node, 'list');
    if (node.attrs['xmlns'] === 'encrypt' && list && device) this.#storePreKeys(device, list);
    if (child(node, 'digest')) return client.result(node, [{ tag: 'digest', attrs: {} }]);
    if (child(node, 'active') || child(node, 'props')) {
      client.result(node, child(node, 'props') ? [{ tag: 'props', attrs: {}, content: [] }] : undefined);
      if (child(node, 'active')) this.#afterLogin(client);
      return;
    }
    if (child(node, 'privacy')) return client.result(node, [{ tag: 'privacy', attrs: {}, content: [] }]);
    if (node.attrs['xmlns'] === 'blocklist')
      return client.result(node, [{ tag: 'list', attrs: {}, content: [] }]);
    if (child(node, 'clean') && device) device.synced++;
    client.result(node);
    if (child(node, 'remove-companion-device') && client.jid !== undefined) this.removeDevice(client.jid);
  }

  #storePreKeys(device: Device, list: BinaryNode): void {
    for (const key of Array.isArray(list.content) ? list.content : []) {
      const id = bytes(child(key, 'id')).readUIntBE(0, 3);
      if (device.preKeyIds.has(id)) device.duplicatePreKeys++;
      device.preKeyIds.add(id);
      device.preKeys++;
    }
  }

  #afterLogin(client: Client): void {
    const info = { tag: 'routing_info', attrs: {}, content: Buffer.from('0802', 'hex') };
    client.send({
      tag: 'ib',
      attrs: { from: 's.whatsapp.net' },
      content: [{ tag: 'edge_routing', attrs: {}, content: [info] }],
    });
    client.send({
      tag: 'ib',
      attrs: { from: 's.whatsapp.net' },
      content: [{ tag: 'offline', attrs: { count: '0' } }],
    });
  }
}

function now(): string {
  return String(Math.floor(Date.now() / 1000));
}
