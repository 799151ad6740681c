import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { after, before, describe, it } from 'node:test';
import { type BaileysEventEmitter, initAuthCreds } from 'baileys';
import { stayUnavailable } from '../src/session/presence.js';
import { control } from './simulator/control.js';
import { type ServiceProcess, eventually } from './support/process.js';
import { Stage } from './support/stage.js';

describe("the owner's phone keeps ringing", () => {
  let stage: Stage;
  let service: ServiceProcess;
  const typesOf = (jid: string) => stage.world.devices.get(jid)?.presences.map(({ type }) => type) ?? [];
  before(async () => {
    stage = await Stage.set();
    service = await stage.service();
  });
  after(() => stage.strike());

  /** The library has opened, and its credentials have changed since. */
  async function settled(jid: string, synced: number): Promise<void> {
    await eventually(`${jid} synced`, () => (stage.world.devices.get(jid)?.synced ?? 0) >= synced);
  }

  it('after a fresh link no presence is without a type', async () => {
    const { jid } = await stage.link(service);
    await settled(jid, 1);
    assert.equal(typesOf(jid).filter((type) => type !== 'unavailable').length, 0, String(typesOf(jid)));
    assert.equal(typesOf(jid).at(-1), 'unavailable');
  });

  it('nor after the connection came back', async () => {
    const { jid, phone } = await stage.link(service);
    await settled(jid, 1);
    await control(stage.simulator, '/control/drop', { phone });
    await settled(jid, 2);
    assert.equal(typesOf(jid).filter((type) => type !== 'unavailable').length, 0, String(typesOf(jid)));
  });
});

describe('changes of the credentials', () => {
  it('reach the library applied, and a new name is told as unavailable while it is open', () => {
    const credentials = initAuthCreds();
    credentials.me = { id: '972541230000:1@s.whatsapp.net', name: 'Old' };
    const inner = new EventEmitter();
    const ev = {
      on: inner.on.bind(inner),
      emit: inner.emit.bind(inner),
    } as unknown as BaileysEventEmitter;
    const said: string[] = [];
    const bare: unknown[] = [];
    // As the library does it.
    ev.on('creds.update', (update) => {
      if (credentials.me?.name !== update.me?.name) bare.push(update);
      Object.assign(credentials, update);
    });
    let open = false;
    const sendPresenceUpdate = (type: string) => {
      said.push(`${type} ${credentials.me?.name ?? ''}`);
      return Promise.resolve();
    };
    stayUnavailable({ ev, sendPresenceUpdate }, credentials, () => open);
    ev.emit('creds.update', { accountSyncCounter: 7 });
    ev.emit('creds.update', { me: { id: credentials.me.id, name: 'Not open yet' } });
    open = true;
    ev.emit('creds.update', { me: { id: credentials.me.id, name: 'New' } });
    ev.emit('creds.update', credentials);
    assert.equal(credentials.accountSyncCounter, 7);
    assert.deepEqual(bare, []);
    assert.deepEqual(said, ['unavailable New']);
  });
});
