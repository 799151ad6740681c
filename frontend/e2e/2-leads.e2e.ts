/** Leads: deleting wherever one shows, undo, the trash, many at once, edits that survive. */
import type { Page } from 'playwright-core';
import { beforeAll, expect, test } from 'vitest';

import { business, type Business, lead, leads, Person, PASSWORD } from './support/api';
import { gate, visiting } from './support/browser';

const ASKED = 'אתה בטוח שאתה רוצה למחוק את הליד?';

let shop: Business;
let phones = 0;
const newLead = (name: string) => lead(shop.owner, name, `05433${String(10_000 + (phones += 1))}`);
beforeAll(async () => {
  shop = await business('מאפיית הגליל');
});

const trash = (page: Page, name: string) => page.getByRole('button', { name: `מחיקת הליד ${name}` });
async function confirm(page: Page): Promise<void> {
  const dialog = page.getByRole('alertdialog', { name: ASKED });
  await dialog.waitFor();
  // The safe button has the focus.
  await expect
    .poll(() =>
      dialog.getByRole('button', { name: 'ביטול' }).evaluate((button) => button === document.activeElement),
    )
    .toBe(true);
  await dialog.getByRole('button', { name: 'מחיקה', exact: true }).click();
}
const deleted = (page: Page) => page.getByText('הליד נמחק').first().waitFor();

test('a lead is deleted from the table, hidden at once, and brought back by undo', async () => {
  await newLead('יעל טבלה');
  await visiting(shop.agent, {}, async (visit, page) => {
    await visit.open('/leads');
    const row = page.getByRole('row', { name: /יעל טבלה/ });
    await row.getByRole('button', { name: 'מחיקת הליד יעל טבלה' }).click();
    await page.getByRole('alertdialog', { name: ASKED }).getByRole('button', { name: 'ביטול' }).click();
    await row.waitFor();
    // A slow answer: the row hides before there is one.
    const deleting = gate();
    await page.route('**/api/leads/*', deleting.hold);
    await row.getByRole('button', { name: 'מחיקת הליד יעל טבלה' }).click();
    await confirm(page);
    await row.waitFor({ state: 'detached' });
    expect(await page.getByText('הליד נמחק').count()).toBe(0);
    deleting.release();
    await deleted(page);
    await page.unroute('**/api/leads/*');
    await page.getByRole('button', { name: 'ביטול הפעולה' }).click();
    await row.waitFor();
    await page.getByText('הליד שוחזר').first().waitFor();
  });
});

test('a lead is deleted from its card on a phone, and waits in the trash with its date', async () => {
  await newLead('איתי כרטיס');
  await visiting(shop.owner, { wide: false }, async (visit, page) => {
    await visit.open('/leads');
    await trash(page, 'איתי כרטיס').click();
    await confirm(page);
    await deleted(page);
    await visit.open('/leads/trash');
    await page.getByText('איתי כרטיס', { exact: true }).waitFor();
    await page
      .getByText(/מחיקה לצמיתות|יימחק לצמיתות/)
      .first()
      .waitFor();
    await page.getByRole('button', { name: 'שחזור הליד איתי כרטיס' }).click();
    await page.getByText('הליד שוחזר').first().waitFor();
    await visit.open('/leads');
    await page.getByText('איתי כרטיס', { exact: true }).waitFor();
  });
});

test('a lead is deleted from the home page', async () => {
  await newLead('מאיה בית');
  await visiting(shop.manager, { wide: false }, async (visit, page) => {
    await visit.open('/');
    await trash(page, 'מאיה בית').click();
    await confirm(page);
    await deleted(page);
    expect(await page.getByText('מאיה בית').count()).toBe(0);
  });
});

test('a lead is deleted from its own page', async () => {
  const id = await newLead('שירה עמוד');
  await visiting(shop.owner, {}, async (visit, page) => {
    await visit.open(`/leads/${id}`);
    await page.getByRole('button', { name: 'מחיקה', exact: true }).click();
    await confirm(page);
    await deleted(page);
    await expect.poll(() => new URL(page.url()).pathname).toBe('/leads');
    await visit.open(`/leads/${id}`);
    await page.getByText('הליד הזה נמצא בפח.').waitFor();
    await page.getByRole('button', { name: 'שחזור', exact: true }).click();
    await page.getByText('הליד שוחזר').first().waitFor();
    await page.getByText('הליד הזה נמצא בפח.').waitFor({ state: 'detached' });
  });
});

test('the keyboard alone deletes a lead, and the focus comes back', async () => {
  await newLead('עומר מקלדת');
  await visiting(shop.owner, {}, async (visit, page) => {
    await visit.open('/leads?q=' + encodeURIComponent('עומר מקלדת'));
    const button = trash(page, 'עומר מקלדת');
    await button.waitFor();
    for (
      let presses = 0;
      presses < 60 && !(await button.evaluate((one) => one === document.activeElement));
      presses += 1
    )
      await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    const dialog = page.getByRole('alertdialog', { name: ASKED });
    await dialog.waitFor();
    await page.keyboard.press('Escape');
    await dialog.waitFor({ state: 'detached' });
    expect(await button.evaluate((one) => one === document.activeElement)).toBe(true);
    await page.keyboard.press('Enter');
    await dialog.waitFor();
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await deleted(page);
  });
});

test('when the server refuses, the lead comes back with the reason', async () => {
  await newLead('גיא סירוב');
  await visiting(shop.owner, {}, async (visit, page) => {
    visit.expected.push(/^503 DELETE /);
    await visit.open('/leads');
    await page.route('**/api/leads/*', (route) =>
      route.request().method() === 'DELETE'
        ? route.fulfill({
            status: 503,
            contentType: 'application/problem+json',
            body: JSON.stringify({ type: '/problems/unavailable', title: 'Unavailable', status: 503 }),
          })
        : route.continue(),
    );
    await trash(page, 'גיא סירוב').click();
    await confirm(page);
    await page.getByText('הליד לא נמחק').waitFor();
    await page.getByText('המערכת עמוסה כרגע. נסו שוב בעוד רגע.').waitFor();
    await page.getByRole('row', { name: /גיא סירוב/ }).waitFor();
  });
});

test('many leads go into the trash together and come back together', async () => {
  await Promise.all(['אחת מרובה', 'שתיים מרובה', 'שלוש מרובה'].map(newLead));
  await visiting(shop.owner, {}, async (visit, page) => {
    await visit.open('/leads?q=' + encodeURIComponent('מרובה'));
    await page.getByRole('checkbox', { name: 'בחירת הכול' }).click();
    const bar = page.getByRole('region', { name: 'פעולה על הנבחרים' });
    await bar.getByText('נבחרו 3').waitFor();
    await bar.getByRole('button', { name: 'מחיקה' }).click();
    const dialog = page.getByRole('alertdialog', { name: 'אתה בטוח שאתה רוצה למחוק את הלידים?' });
    await dialog.getByRole('button', { name: 'מחיקה', exact: true }).click();
    await page.getByText('3 לידים נמחקו').waitFor();
    await page.getByText('לא נמצאו לידים').waitFor();
    await visit.open('/leads/trash');
    for (const name of ['אחת מרובה', 'שתיים מרובה', 'שלוש מרובה'])
      await page.getByRole('checkbox', { name: `בחירת ${name}` }).click();
    await page
      .getByRole('region', { name: 'פעולה על הנבחרים' })
      .getByRole('button', { name: 'שחזור' })
      .click();
    await page.getByText('3 לידים שוחזרו').waitFor();
    await visit.open('/leads?q=' + encodeURIComponent('מרובה'));
    await expect.poll(() => page.getByRole('row', { name: /מרובה/ }).count()).toBe(3);
  });
});

test('all that match go into the trash, also those out of sight, and undo brings back exactly them', async () => {
  // More than the list loads at once, and one that was in the trash before.
  const names = Array.from({ length: 55 }, (_, index) => `המון ${index + 1}`);
  await leads(shop.owner, names, (index) => `05466${10_000 + index}`);
  const gone = await newLead('המון שנמחק מזמן');
  await shop.owner.ask('DELETE', `/api/leads/${gone}`);
  const found = async () => {
    const { items } = await shop.owner.ask<{ items: unknown[] }>(
      'GET',
      `/api/leads?limit=100&q=${encodeURIComponent('המון')}`,
    );
    return items.length;
  };
  await visiting(shop.agent, {}, async (visit, page) => {
    await visit.open('/leads?q=' + encodeURIComponent('המון'));
    await page.getByRole('checkbox', { name: 'בחירת הכול' }).click();
    const bar = page.getByRole('region', { name: 'פעולה על הנבחרים' });
    await bar.getByText('נבחרו 50').waitFor();
    await bar.getByRole('button', { name: 'לבחור את כל מה שמתאים' }).click();
    await bar.getByText('נבחר כל מה שמתאים').waitFor();
    await bar.getByRole('button', { name: 'מחיקה' }).click();
    const dialog = page.getByRole('alertdialog', { name: 'אתה בטוח שאתה רוצה למחוק את הלידים?' });
    await dialog.getByText('גם אלה שלא מוצגים כאן').waitFor();
    await dialog.getByRole('button', { name: 'מחיקה', exact: true }).click();
    await page.getByText('55 לידים נמחקו').waitFor();
    expect(await found()).toBe(0);
    await page.getByRole('button', { name: 'ביטול הפעולה' }).click();
    await page.getByText('55 לידים שוחזרו').waitFor();
    await page.getByRole('row', { name: /המון/ }).first().waitFor();
    expect(await found()).toBe(55);
  });
});

test('search, filter and order live in the address: a reload and a sent link show the same', async () => {
  const ids = [await newLead('סינון אלף'), await newLead('סינון בית'), await newLead('סינון גימל')];
  await visiting(shop.owner, {}, async (visit, page) => {
    await visit.open(`/leads/${ids[1] ?? ''}`);
    await page.getByLabel('סטטוס', { exact: true }).selectOption('won');
    await expect
      .poll(
        async () => (await shop.owner.ask<{ status: string }>('GET', `/api/leads/${ids[1] ?? ''}`)).status,
      )
      .toBe('won');
    await visit.open('/leads');
    await page.getByRole('searchbox', { name: 'חיפוש לפי שם, טלפון או דוא״ל' }).fill('סינון');
    await expect.poll(() => page.getByRole('row', { name: /סינון/ }).count()).toBe(3);
    await expect.poll(() => page.getByRole('row').count()).toBe(4);
    await page.getByRole('button', { name: 'שם', exact: true }).click();
    const order = () => page.getByRole('rowheader').allInnerTexts();
    await expect.poll(order).toEqual(['סינון אלף', 'סינון בית', 'סינון גימל']);
    await page.getByLabel('סטטוס', { exact: true }).selectOption('new');
    await expect.poll(order).toHaveLength(2);
    const address = new URL(page.url());
    expect(Object.fromEntries(address.searchParams)).toMatchObject({
      q: 'סינון',
      status: 'new',
      sort: 'name',
    });
    const before = await order();
    await page.reload();
    await expect.poll(order).toEqual(before);
    expect(await page.getByRole('searchbox').inputValue()).toBe('סינון');
  });
});

test('an edit survives a lost connection and is sent when it is back', async () => {
  const id = await newLead('נטע עריכה');
  await visiting(shop.owner, { wide: false }, async (visit, page) => {
    await visit.open(`/leads/${id}`);
    await page.getByRole('button', { name: 'עריכה: הערות' }).click();
    await page.getByLabel('הערות').fill('ביקשה לחזור אליה ביום ראשון');
    // A page that the phone threw away meanwhile comes back with the edit.
    await page.reload();
    await expect.poll(() => page.getByLabel('הערות').inputValue()).toBe('ביקשה לחזור אליה ביום ראשון');
    await visit.settled();
    await visit.offline(async () => {
      await page.getByRole('button', { name: 'שמירה', exact: true }).click();
      await page.getByText('אין חיבור. מה שהקלדת נשמר כאן, ונשלח מעצמו כשהחיבור יחזור.').waitFor();
    });
    await page.getByText('ביקשה לחזור אליה ביום ראשון').waitFor();
    await expect
      .poll(async () => (await shop.owner.ask<{ notes: string }>('GET', `/api/leads/${id}`)).notes)
      .toBe('ביקשה לחזור אליה ביום ראשון');
  });
});

test('what one person changes, another sees without a reload', async () => {
  const id = await newLead('לירון חיה');
  const second = await Person.login(shop.agent.email, PASSWORD);
  await visiting(shop.owner, {}, async (visit, page) => {
    await visit.open('/leads');
    await page.getByRole('row', { name: /לירון חיה/ }).waitFor();
    await second.ask('DELETE', `/api/leads/${id}`);
    await page.getByRole('row', { name: /לירון חיה/ }).waitFor({ state: 'detached' });
  });
});
