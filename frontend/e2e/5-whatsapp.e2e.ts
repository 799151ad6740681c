/** WhatsApp: from the button to "connected", with the unmodified library and a simulated WhatsApp. */
import type { Page } from 'playwright-core';
import { expect, test } from 'vitest';

import { business, eventually } from './support/api';
import { choose, visiting } from './support/browser';
import { link, shownCode, simulate } from './support/whatsapp';

const qr = (page: Page) => page.getByRole('img', { name: 'קוד QR לחיבור וואטסאפ' });
const create = (page: Page) => page.getByRole('button', { name: 'יצירת QR' });

test('a refusal is said in words, and in full in the console', async () => {
  const shop = await business('פרחי השרון');
  await simulate('refuse-upgrades', { status: 503 });
  try {
    await visiting(shop.owner, { wide: false }, async (visit, page) => {
      const warnings: string[] = [];
      page.on('console', (line) => line.type() === 'warning' && warnings.push(line.text()));
      await visit.open('/whatsapp');
      await page.getByRole('radio', { name: /Baileys/ }).waitFor();
      await create(page).click();
      await page.getByText('לא התקבל קוד QR').waitFor();
      await expect.poll(() => warnings.some((line) => line.includes('WhatsApp: init'))).toBe(true);
    });
  } finally {
    await simulate('refuse-upgrades', {});
  }
});

test('one press brings the QR, a scan brings "connected", without a reload', async () => {
  const shop = await business('פרחי השרון');
  await visiting(shop.manager, { dark: true }, async (visit, page) => {
    await visit.open('/whatsapp');
    await create(page).click();
    await qr(page).waitFor();
    // Dark on white with its quiet zone, in the dark theme too.
    const colours = await qr(page).evaluate((svg) =>
      [...svg.querySelectorAll('path')].map((path) => path.getAttribute('fill')),
    );
    expect(colours).toEqual(['#ffffff', '#000000']);
    const view = await qr(page).getAttribute('viewBox');
    const frame = await qr(page).evaluate((svg) =>
      svg.querySelectorAll('path')[1]?.getAttribute('d')?.slice(0, 4),
    );
    expect(frame, view ?? '').toMatch(/^M4[ ,]4/);
    await page.getByText('תקף עוד').waitFor();
    await simulate('scan', { qr: await shownCode(shop.manager), phone: '972541234567' });
    await page.getByText('מחובר', { exact: true }).first().waitFor();
    await page.getByText('054-123-4567').waitFor();
    expect(await qr(page).count()).toBe(0);
    // The home page says so too.
    await visit.open('/');
    await page.getByText('מחובר', { exact: true }).first().waitFor();
  });
});

test('what the phone ends, the page says, and links again by code', async () => {
  const shop = await business('פרחי השרון');
  await link(shop.owner, '972541234568');
  await visiting(shop.owner, { wide: false }, async (visit, page) => {
    await visit.open('/whatsapp');
    await page.getByText('מחובר', { exact: true }).first().waitFor();
    await simulate('logout', { phone: '972541234568' });
    await page.getByText('קוד בטלפון', { exact: true }).waitFor();
    // What is left of that link goes first.
    await page.getByRole('button', { name: 'התחלה מחדש' }).click();
    await page
      .getByRole('alertdialog', { name: 'להתחיל את החיבור מחדש?' })
      .getByRole('button', { name: 'התחלה מחדש' })
      .click();
    await page.getByText('לא מחובר', { exact: true }).first().waitFor();
    await choose(page, 'קוד בטלפון');
    await page.getByLabel('מספר הטלפון של הוואטסאפ').fill('054-123-4569');
    await page.getByRole('button', { name: 'קבלת קוד' }).click();
    const code = (await page.locator('output').innerText()).replace(/[^0-9A-Z]/gi, '');
    // The phone takes it as soon as WhatsApp has heard that it is shown.
    await eventually('the phone takes the code', () =>
      simulate('enter-code', { code, phone: '972541234569' }).then(
        () => true,
        () => undefined,
      ),
    );
    await page.getByText('מחובר', { exact: true }).first().waitFor();
  });
});

test('an agent sees the state and may not change it', async () => {
  const shop = await business('פרחי השרון');
  await link(shop.owner, '972541234570');
  await visiting(shop.agent, {}, async (visit, page) => {
    await visit.open('/whatsapp');
    await page.getByText('מחובר', { exact: true }).first().waitFor();
    expect(await page.getByRole('button', { name: 'ניתוק' }).count()).toBe(0);
  });
});

test('unlinking asks first', async () => {
  const shop = await business('פרחי השרון');
  await link(shop.owner, '972541234571');
  await visiting(shop.owner, {}, async (visit, page) => {
    await visit.open('/whatsapp');
    await page.getByRole('button', { name: 'ניתוק' }).click();
    await page
      .getByRole('alertdialog', { name: 'לנתק את הוואטסאפ?' })
      .getByRole('button', { name: 'ניתוק' })
      .click();
    await page.getByText('הוואטסאפ נותק', { exact: true }).waitFor();
    await create(page).waitFor();
  });
});
