/** The simulated WhatsApp, and businesses that are linked to it. */
import { inject } from 'vitest';

import { eventually, type Person } from './api';

const stack = inject('stack');

/** Makes the simulated WhatsApp do something; what it can do stands in `baileys/README.md`. */
export async function simulate(action: string, body: object): Promise<void> {
  const answer = await fetch(stack.simulator + action, { method: 'POST', body: JSON.stringify(body) });
  if (!answer.ok) throw new Error(`${action}: ${answer.status} ${await answer.text()}`);
}

/** The code that is to be scanned now. */
export const shownCode = (who: Person) =>
  eventually('a code', async () => (await who.ask<{ qr?: string }>('GET', '/api/whatsapp/baileys/qr')).qr);

/** Links somebody's business to a phone; its number, digits only, belongs to one test. */
export async function link(who: Person, phone: string): Promise<void> {
  await who.ask('POST', '/api/whatsapp/baileys/init');
  await simulate('scan', { qr: await shownCode(who), phone });
  await eventually('connected', async () =>
    (await who.ask<{ state: string }>('GET', '/api/whatsapp/baileys/status')).state === 'connected'
      ? true
      : undefined,
  );
}
