/** The control interface: POST /control/<action> with a JSON object. */
import type { Client } from './client.js';
import type { Simulator } from './server.js';

type Body = Readonly<Record<string, unknown>>;

export async function control(simulator: Simulator, path: string, body: Body): Promise<unknown> {
  const { world } = simulator;
  switch (path) {
    case '/control/list':
      return list(simulator);
    // {qr, phone, wrong?}
    case '/control/scan':
      return { jid: world.scan(text(body, 'qr'), digits(body), body['wrong'] === true) };
    // {code, phone}
    case '/control/enter-code':
      await world.codes.enter(text(body, 'code'), digits(body));
      return {};
    // {phone?}: all clients without it
    case '/control/drop':
      return each(simulator, body, (client) => client.drop());
    case '/control/freeze':
      return each(simulator, body, (client) => {
        client.frozen = true;
      });
    // {phone}: removed on the phone
    case '/control/logout': {
      const removed = [...world.devices.keys()].filter((jid) => jid.startsWith(`${digits(body)}:`));
      for (const jid of removed) world.removeDevice(jid);
      return { removed };
    }
    case '/control/replace':
      return each(simulator, body, (client) =>
        client.streamError({}, [{ tag: 'conflict', attrs: { type: 'replaced' } }]),
      );
    // {phone?, code}: 411 is said in another way
    case '/control/close': {
      const code = Number(body['code']);
      return each(simulator, body, (client) => {
        if (code === 411)
          client.send({ tag: 'ib', attrs: {}, content: [{ tag: 'downgrade_webclient', attrs: {} }] });
        else if (code === 403 || code === 405) client.failure({ reason: code });
        else client.streamError({ code: String(code) });
      });
    }
    // {reasons: [405, …], expire?}: one for each of the next handshakes; a ban lasts `expire` seconds
    case '/control/fail-next': {
      const ban = body['expire'] === undefined ? {} : { code: '101', expire: String(Number(body['expire'])) };
      world.plannedFailures.push(...(body['reasons'] as number[]).map((reason) => ({ reason, ...ban })));
      return {};
    }
    // {codes: [429, …]}: one for each of the next requests of a pairing code
    case '/control/refuse-codes':
      world.codes.refusals.push(...(body['codes'] as number[]));
      return {};
    // {qr}: the phone that scans it must confirm with a passkey
    case '/control/passkey':
      world.askPasskey(text(body, 'qr'));
      return {};
    // {status, times?}; {} ends it
    case '/control/refuse-upgrades':
      simulator.refuseUpgrades =
        body['status'] === undefined
          ? undefined
          : { status: Number(body['status']), times: Number(body['times'] ?? 1e9) };
      return {};
    // {version}: third number of the oldest version that is let in
    case '/control/minimum-version':
      world.minimumVersion = Number(body['version']);
      return {};
    // {mute}: new clients are never answered
    case '/control/mute':
      world.mute = body['mute'] === true;
      return {};
    default:
      throw new Error(`no such action: ${path}`);
  }
}

function list(simulator: Simulator): unknown {
  const { world } = simulator;
  return {
    upgrades: simulator.upgrades,
    conflicts: world.conflicts,
    clients: [...world.clients].map(({ id, jid, loggedIn, refs, routed, since }) => ({
      id,
      jid,
      loggedIn,
      refs: refs.length,
      routed,
      since,
    })),
    devices: [...world.devices.values()].map(({ jid, preKeys, logins, duplicatePreKeys }) => ({
      jid,
      preKeys,
      logins,
      duplicatePreKeys,
      online: world.online(jid) !== undefined,
    })),
  };
}

function each(simulator: Simulator, body: Body, act: (client: Client) => void): { clients: number } {
  const phone = body['phone'] === undefined ? undefined : digits(body);
  const chosen = [...simulator.world.clients].filter(
    (client) => phone === undefined || client.jid?.startsWith(`${phone}:`),
  );
  for (const client of chosen) act(client);
  return { clients: chosen.length };
}

function text(body: Body, name: string): string {
  const value = body[name];
  if (typeof value !== 'string') throw new Error(`${name} is missing`);
  return value;
}

function digits(body: Body): string {
  return text(body, 'phone').replace(/\D/g, '');
}
