/** Events that fail for good, and what mends them. */
import { createRequire } from 'node:module';
import { inject } from 'vitest';

import { type Business, eventually, type Person, theAdmin } from './api';

interface Client {
  connect(): Promise<void>;
  query(text: string, values: unknown[]): Promise<unknown>;
  end(): Promise<void>;
}

const stack = inject('stack');
// The WhatsApp service's own: the web app has no use for a database.
const { Client } = createRequire(new URL('../../../baileys/package.json', import.meta.url))('pg') as {
  Client: new (url: string) => Client;
};

async function sql(text: string, ...values: unknown[]): Promise<void> {
  const client = new Client(stack.database);
  await client.connect();
  try {
    await client.query(text, values);
  } finally {
    await client.end();
  }
}

const settings = (business: Business, value: object) =>
  sql('UPDATE prosaas.businesses SET call_settings = $2 WHERE id = $1', business.id, JSON.stringify(value));

/** Spoils a business's settings, as a faulty release might: commands about it fail for good. */
export const spoil = (business: Business) => settings(business, { language: 7 });

/** Mends them. */
export const mend = (business: Business) => settings(business, {});

/** Its failure is looked for elsewhere. */
const give = (admin: Person, business: Business, number: string) =>
  admin
    .send('PUT', `/api/admin/businesses/${business.id}/numbers`, { numbers: [business.number, number] })
    .catch(() => undefined);

/** Gives the business a further number, which fails while its settings are spoilt. Waits for the failed event's id. */
export async function failingCommand(business: Business, number: string): Promise<string> {
  const admin = await theAdmin();
  const open = async () =>
    (
      await admin.ask<{ items: { id: string }[] }>(
        'GET',
        `/api/admin/dead-letters?state=new&business_id=${business.id}`,
      )
    ).items;
  const before = new Set((await open()).map(({ id }) => id));
  await give(admin, business, number);
  return eventually('the failed event', async () => (await open()).find(({ id }) => !before.has(id))?.id);
}

/** Several of them, at once; their ids. */
export async function failingCommands(business: Business, count: number): Promise<string[]> {
  const admin = await theAdmin();
  const open = async () =>
    (
      await admin.ask<{ items: { id: string }[] }>(
        'GET',
        `/api/admin/dead-letters?state=new&limit=100&business_id=${business.id}`,
      )
    ).items;
  const before = new Set((await open()).map(({ id }) => id));
  const commands = Array.from({ length: count }, (_, index) => `+97277${String(8_000_000 + index)}`);
  await Promise.all(commands.map((number) => give(admin, business, number)));
  return eventually(`${count} failed events`, async () => {
    const ids = (await open()).map(({ id }) => id).filter((id) => !before.has(id));
    return ids.length >= count ? ids : undefined;
  });
}

/** An event of the recordings worker that has failed for three hours and waits for another try; no worker looks at the row. */
export async function waitingForRetry(
  business: Business,
): Promise<{ error: string; type: string; end: () => Promise<void> }> {
  // Behind every event that the stream can hold.
  const sequence = 1_000_000_000_000 + Math.floor(Math.random() * 1_000_000_000);
  // In a word with letters: what might be a phone number is hidden.
  const error = `No space left on device (os error 28) of volume-${sequence}`;
  const type = 'pro.prosaas.recording.available.v1';
  await sql(
    `INSERT INTO prosaas.event_retries (consumer, stream_sequence, stream, event_id, event_type, business_id, attempts, error_chain, received_at, first_failed_at, next_attempt_at)
     VALUES ('recordings', $1, 'RECORDINGS', $2, $3, $4, 7, $5, now() - interval '3 hours', now() - interval '3 hours', now() + interval '50 minutes')`,
    sequence,
    `retry-${sequence}`,
    type,
    business.id,
    ['recording could not be kept', error],
  );
  return {
    error,
    type,
    end: () =>
      sql(
        "DELETE FROM prosaas.event_retries WHERE consumer = 'recordings' AND stream_sequence = $1",
        sequence,
      ),
  };
}
