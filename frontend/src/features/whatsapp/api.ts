import { client, unwrap } from '@/shared/api/client';
import { invalidate, queryClient } from '@/shared/api/query';
import { run } from '@/shared/api/operation';
import type { Schemas } from '@/shared/api/types';

import { qrQuery, type WhatsappQr } from './queries';

/** An answer that says no: why, as a code. */
export class WhatsappRefusal extends Error {
  readonly code: string;

  constructor({ error, code }: Schemas['Failed']) {
    super(error);
    this.code = code;
  }
}

/** The answer, or the refusal thrown; what the server said is in the console in full. */
export function accepted<T extends object>(answer: T | Schemas['Failed'], what: string): T {
  if (!('error' in answer)) return answer;
  console.warn(`WhatsApp: ${what} was refused`, answer);
  throw new WhatsappRefusal(answer);
}

/** Notes in the console what failed, in full, and passes it on. */
export function warned(error: unknown, what: string): never {
  if (!(error instanceof WhatsappRefusal))
    console.warn(`WhatsApp: ${what} failed`, error, (error as { problem?: unknown }).problem ?? '');
  throw error;
}

/** Asks for a QR. The answer holds it as soon as there is one. */
export async function requestQr(): Promise<WhatsappQr> {
  try {
    const answer: WhatsappQr = accepted(await unwrap(client.POST('/api/whatsapp/baileys/init')), 'init');
    if ('qr' in answer) queryClient.setQueryData(qrQuery().queryKey, answer);
    return answer;
  } catch (error) {
    return warned(error, 'init');
  } finally {
    void invalidate('/api/whatsapp/baileys/status');
  }
}

/** Asks for a code to type into WhatsApp, for people whose only screen is the phone. */
export async function requestPairingCode(phone: string): Promise<Schemas['CodeAnswer']> {
  try {
    return accepted(
      await unwrap(client.POST('/api/whatsapp/baileys/pairing-code', { body: { phone } })),
      'pairing-code',
    );
  } catch (error) {
    return warned(error, 'pairing-code');
  } finally {
    void invalidate('/api/whatsapp/baileys/status');
  }
}

/** Unlinks the phone. */
export const unlink = (onStillWorking: () => void) =>
  end('logout', () =>
    run((header) => client.POST('/api/whatsapp/baileys/logout', { params: { header } }), { onStillWorking }),
  );

/** Drops all that is kept of a link, so that the next one begins with nothing. */
export const forget = (onStillWorking: () => void) =>
  end('session', () =>
    run((header) => client.DELETE('/api/whatsapp/baileys/session', { params: { header } }), {
      onStillWorking,
    }),
  );

/** Done only when the state on the screen is the new one. */
async function end(what: string, command: () => Promise<unknown>): Promise<void> {
  try {
    await command();
  } catch (error) {
    warned(error, what);
  } finally {
    await invalidate('/api/whatsapp/baileys/status');
  }
}
