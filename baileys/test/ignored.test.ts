import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import type { BinaryNode } from 'baileys';
import { isIgnored } from '../src/session/ignored.js';
import { KeyNames, OF_CONTACTS } from '../src/store/names.js';
import { child } from './simulator/client.js';
import { type ServiceProcess, eventually } from './support/process.js';
import { credentialsOf } from './support/secrets.js';
import { Stage } from './support/stage.js';

const PERSON = '972549990000@s.whatsapp.net';
/** Who writes in the chats that are ignored. */
const STRANGER = '972549990001';
const CHATS = {
  group: '120363001122334455@g.us',
  'status broadcast': 'status@broadcast',
  newsletter: '120363001122334466@newsletter',
};

describe('chats that are ignored', () => {
  let stage: Stage;
  let service: ServiceProcess;
  let session: string;
  let jid: string;
  before(async () => {
    stage = await Stage.set();
    service = await stage.service();
    ({ session, jid } = await stage.link(service));
    await eventually('its account is in step', () => device().synced > 0);
  });
  after(() => stage.strike());

  function device() {
    const found = stage.world.devices.get(jid);
    assert.ok(found);
    return found;
  }
  function tell(node: BinaryNode): void {
    const client = stage.world.online(jid);
    assert.ok(client);
    client.send(node);
  }
  /** A message that nobody can open: the library asks for its sender's devices and keys when it tries. */
  function write(id: string, from: string): void {
    tell({
      tag: 'message',
      attrs: {
        id,
        from,
        t: String(Math.floor(Date.now() / 1000)),
        type: 'text',
        notify: 'Somebody',
        ...(from === PERSON ? {} : { participant: `${STRANGER}@s.whatsapp.net` }),
      },
      content: [
        {
          tag: 'enc',
          attrs: { v: '2', type: from === CHATS.group ? 'skmsg' : 'msg' },
          content: randomBytes(80),
        },
      ],
    });
  }
  const answersTo = (id: string) => device().sent.filter((node) => node.attrs['id'] === id);
  const questions = () => JSON.stringify(device().sent.filter(({ tag }) => tag === 'iq'));

  for (const [name, chat] of Object.entries(CHATS)) {
    it(`a message of a ${name} gets an acknowledgement and nothing else`, async () => {
      write(`ignored-${name}`, chat);
      await eventually('an acknowledgement', () => answersTo(`ignored-${name}`).length > 0);
      // A person's message afterwards is tried: what the ignored one brought has come by then.
      write(`after-${name}`, PERSON);
      await eventually("a person's message is answered", () => answersTo(`after-${name}`).length > 0);
      assert.deepEqual(
        answersTo(`ignored-${name}`).map(({ tag }) => tag),
        ['ack'],
      );
      assert.ok(questions().includes(PERSON), "a person's devices are asked for");
      assert.equal(questions().includes(STRANGER), false, questions());
      const names = new KeyNames(await credentialsOf(stage.database, session));
      const ids = [STRANGER, `${STRANGER}.0`, `${STRANGER}@s.whatsapp.net`, `${chat}::${STRANGER}::0`];
      const stored = await stage.database.rows(
        'SELECT kind FROM prosaas.whatsapp_keys WHERE session_id = $1 AND key_id = ANY($2)',
        [session, OF_CONTACTS.flatMap((kind) => ids.map((id) => names.of(kind, id)))],
      );
      assert.deepEqual(stored, []);
    });
  }

  it('the list of all groups is not fetched when it is out of step, and is told to be in step', async () => {
    const cleans = () =>
      device().sent.filter((node) => child(node, 'clean')?.attrs['type'] === 'groups').length;
    for (const type of ['groups', 'communities']) {
      const before = cleans();
      tell({
        tag: 'ib',
        attrs: { from: 's.whatsapp.net' },
        content: [{ tag: 'dirty', attrs: { type, timestamp: '1800000000' } }],
      });
      await eventually(`${type} in step`, () => cleans() > before);
    }
    assert.equal(device().sent.filter(({ attrs }) => attrs['xmlns'] === 'w:g2').length, 0);
  });

  it('a person and a broadcast list are not among them', () => {
    for (const chat of [PERSON, '1234567890@lid', '1700000000@broadcast', 's.whatsapp.net'])
      assert.equal(isIgnored(chat), false, chat);
    for (const chat of Object.values(CHATS)) assert.equal(isIgnored(chat), true, chat);
  });
});
