/** Calls: signed as Twilio signs them, on screen without a reload. */
import { beforeAll, expect, inject, test } from 'vitest';

import { business, type Business, eventually } from './support/api';
import { visiting } from './support/browser';
import { Call, message, missedCall } from './support/twilio';

const stack = inject('stack');
let shop: Business;
beforeAll(async () => {
  shop = await business('המוסך של יוסי');
});

test('a call appears while it rings, changes as it goes on, and becomes a lead', async () => {
  const quiet = await business('המוסך השקט');
  await visiting(quiet.agent, {}, async (visit, page) => {
    await visit.open('/calls');
    await page.getByText('אין שיחות להצגה').waitFor();
    const call = new Call('+972541110001', quiet.number);
    const twiml = await call.ring();
    expect(twiml).toContain('<Response>');
    const row = page.getByRole('row', { name: /054-111-0001/ });
    await row.getByText('עכשיו').waitFor();
    await call.status('in-progress', 1);
    await call.end(42);
    await row.getByText('נענתה').or(row.getByText('לא נענתה')).first().waitFor();
    await row.getByText('0:42').waitFor();
    await visit.open('/leads');
    await page.getByRole('row', { name: /054-111-0001/ }).waitFor();
  });
});

test('a missed call shows on the home page of a phone and is called back with one tap', async () => {
  await visiting(shop.owner, { wide: false }, async (visit, page) => {
    await visit.open('/');
    await missedCall('+972541110001', shop.number);
    await missedCall('+972541110002', shop.number);
    const item = page
      .getByRole('listitem')
      .filter({ hasText: '054-111-0002' })
      .filter({ has: page.getByRole('link', { name: /^חיוג אל/ }) })
      .first();
    await item.waitFor();
    expect(await item.getByRole('link', { name: /^חיוג אל/ }).getAttribute('href')).toBe('tel:+972541110002');
    expect(await item.getByRole('link', { name: /^הודעת וואטסאפ אל/ }).getAttribute('href')).toBe(
      'https://wa.me/972541110002',
    );
    await item
      .getByRole('link', { name: /054-111-0002/ })
      .first()
      .click();
    await page.getByRole('button', { name: 'סימון: חזרנו' }).click();
    await page.getByText(/סומן שחזרנו אל/).waitFor();
    await visit.open('/');
    const waiting = page
      .locator('section')
      .filter({ has: page.getByRole('heading', { name: 'שיחות לחזור אליהן' }) });
    await waiting.getByText('054-111-0001').first().waitFor();
    expect(await waiting.getByText('054-111-0002').count()).toBe(0);
  });
});

test('a message plays, seeks and is downloaded, and the history tells what happened', async () => {
  const call = await message('+972541110003', shop.number);
  await eventually('the recording', async () => {
    const { recordings } = await shop.owner
      .ask<{ recordings: { state: string }[] }>('GET', `/api/calls/${call.sid}`)
      .catch(() => ({ recordings: [] }));
    return recordings.some(({ state }) => state === 'completed') ? true : undefined;
  });
  await visiting(shop.owner, {}, async (visit, page) => {
    await visit.open(`/calls/${call.sid}`);
    const partial = page.waitForResponse(
      (answer) => answer.url().includes('/api/recordings/') && answer.status() === 206,
    );
    await page.getByRole('button', { name: 'השמעה', exact: true }).click();
    await partial;
    await page.getByRole('button', { name: 'השהיה', exact: true }).waitFor();
    const slider = page.getByRole('slider', { name: 'מיקום בהקלטה' });
    await slider.fill('3');
    await expect
      .poll(() => page.evaluate(() => document.querySelector('audio')?.currentTime ?? 0))
      .toBeGreaterThanOrEqual(2.9);
    const download = page.waitForEvent('download');
    await page.getByRole('link', { name: /הורדה/ }).click();
    expect((await download).suggestedFilename()).toMatch(/\.mp3$/);
    const history = page.getByRole('list').filter({ hasText: 'השיחה הגיעה' });
    await history.getByText('בשיחה').first().waitFor();
    await history.getByText('הסתיימה').first().waitFor();
  });
});

test('after the stream was lost, what was missed is there', async () => {
  await visiting(shop.owner, {}, async (visit, page) => {
    await visit.open('/calls');
    await visit.offline(async () => {
      await missedCall('+972541110004', shop.number);
      await page.getByText('אין חיבור לאינטרנט').waitFor();
    });
    await page.getByRole('row', { name: /054-111-0004/ }).waitFor();
  });
});

test('an unsigned webhook is refused', async () => {
  const answer = await fetch(`${stack.base}/webhook/incoming_call`, {
    method: 'POST',
    body: new URLSearchParams({ CallSid: 'CA' + '0'.repeat(32), From: '+972541110009', To: shop.number }),
  });
  expect(answer.status).toBe(403);
});
