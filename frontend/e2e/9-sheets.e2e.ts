/** Sheets and dialogs, as they are closed: by Back, by Escape, by a pull at the handle. */
import type { Page } from 'playwright-core';
import { beforeAll, expect, test } from 'vitest';

import { business, type Business, leads } from './support/api';
import { type Visit, visiting } from './support/browser';

let shop: Business;
beforeAll(async () => {
  shop = await business('מאפיית הגליל');
  await leads(shop.owner, ['יעל גלילי'], () => '0549871234');
});

const path = (page: Page) => new URL(page.url()).pathname;
const atPath = (page: Page, expected: string) => expect.poll(() => path(page)).toBe(expected);
const gone = (page: Page) => page.getByRole('dialog').waitFor({ state: 'detached' });
const title = (page: Page, name: string | RegExp) => page.getByRole('heading', { level: 1, name }).waitFor();

/** So many are open, and the browser's history says so: a person is not as fast as a test. */
const openSheets = (page: Page, count: number) =>
  page.waitForFunction(
    (expected) => ((history.state as { sheet?: { sheets: number } }).sheet?.sheets ?? 0) === expected,
    count,
  );

/** From the start page to the leads, so that Back has somewhere to lead to. */
async function toLeads(visit: Visit): Promise<void> {
  const { page } = visit;
  await page.goto('/');
  await title(page, /דנה/);
  await page.getByRole('link', { name: 'לידים', exact: true }).click();
  await page.getByRole('link', { name: 'יעל גלילי', exact: true }).waitFor();
  await visit.settled();
}

test.each([
  ['a desk', true],
  ['a phone', false],
] as const)('Back closes what is open at %s, and only then leaves the page', async (_where, wide) => {
  await visiting(shop.owner, { wide }, async (visit, page) => {
    await toLeads(visit);
    const question = page.getByRole('alertdialog');
    await page.getByRole('button', { name: 'מחיקת הליד יעל גלילי' }).click();
    await question.waitFor();
    await openSheets(page, 1);
    await page.goBack();
    await question.waitFor({ state: 'detached' });
    expect(path(page)).toBe('/leads');
    // What was typed is asked about: Back closes the question, and asks again.
    await page.getByRole('button', { name: 'ליד חדש' }).first().click();
    const form = page.getByRole('dialog', { name: 'ליד חדש' });
    await form.getByLabel('שם', { exact: true }).fill('נועה');
    for (const answer of ['back', 'escape']) {
      await openSheets(page, 1);
      await page.goBack();
      await question.waitFor();
      await openSheets(page, 2);
      if (answer === 'back') await page.goBack();
      else await page.keyboard.press('Escape');
      await question.waitFor({ state: 'detached' });
      expect(await form.getByLabel('שם', { exact: true }).inputValue()).toBe('נועה');
    }
    await openSheets(page, 1);
    await page.goBack();
    await question.getByRole('button', { name: 'סגירה בלי לשמור' }).click();
    await gone(page);
    await openSheets(page, 0);
    // Closed by a button it leaves no entry, and no address, behind.
    await page.getByRole('button', { name: 'ליד חדש' }).first().click();
    await form.waitFor();
    await openSheets(page, 1);
    await page.keyboard.press('Escape');
    await gone(page);
    await openSheets(page, 0);
    await expect.poll(() => new URL(page.url()).search).toBe('');
    await visit.settled();
    await page.goBack();
    await title(page, /דנה/);
    await atPath(page, '/');
    await page.goForward();
    await title(page, 'לידים');
    expect(await page.getByRole('dialog').count()).toBe(0);
  });
});

test('a link in the sheet of a phone leads away, and Back to the page below it', async () => {
  await visiting(shop.owner, { wide: false }, async (visit, page) => {
    await toLeads(visit);
    await page.getByRole('button', { name: 'עוד', exact: true }).click();
    await page.getByRole('dialog').getByRole('link', { name: 'הגדרות' }).click();
    await title(page, 'הגדרות');
    await page.goBack();
    await title(page, 'לידים');
    expect(await page.getByRole('dialog').count()).toBe(0);
    await page.goForward();
    await title(page, 'הגדרות');
    await page.goBack();
    await title(page, 'לידים');
    await page.goBack();
    await title(page, /דנה/);
  });
});

test('a page that is loaded anew under a dialog needs one Back', async () => {
  await visiting(shop.owner, { wide: false }, async (visit, page) => {
    await toLeads(visit);
    await page.getByRole('button', { name: 'מחיקת הליד יעל גלילי' }).click();
    await page.getByRole('alertdialog').waitFor();
    await page.reload();
    await title(page, 'לידים');
    await visit.settled();
    await page.goBack();
    await title(page, /דנה/);
  });
});

test.each([
  ['slides', true],
  ['jumps', false],
] as const)('the handle pulls a sheet down; let go early it %s back', async (_how, motion) => {
  await visiting(shop.owner, { wide: false, motion }, async (visit, page) => {
    await visit.open('/leads');
    await page.getByRole('button', { name: 'עוד', exact: true }).click();
    const sheet = page.getByRole('dialog');
    await sheet.waitFor();
    await visit.settled();
    const top = () => sheet.evaluate((element) => Math.round(element.getBoundingClientRect().top));
    const before = await top();
    const slides = await sheet.evaluate((element) =>
      Number.parseFloat(getComputedStyle(element).transitionDuration),
    );
    expect(slides > 0.001).toBe(motion);
    const pull = async (by: number) => {
      await page.mouse.move(195, before + 12);
      await page.mouse.down();
      // A finger that rests before it lifts flings nothing.
      for (const part of [0.5, 1, 1]) await page.mouse.move(195, before + 12 + by * part);
      expect(await top()).toBe(before + by);
      await page.waitForTimeout(100);
      await page.mouse.move(195, before + 12 + by);
    };
    await pull(60);
    await page.mouse.up();
    await expect.poll(top).toBe(before);
    await pull(160);
    await page.mouse.up();
    await gone(page);
  });
});

test('Forward after Back closed a sheet brings no old address back', async () => {
  await visiting(shop.owner, {}, async (visit, page) => {
    await toLeads(visit);
    await page.getByRole('button', { name: 'ליד חדש' }).first().click();
    await openSheets(page, 1);
    await page.goBack();
    await gone(page);
    await page.getByLabel('סטטוס').first().selectOption({ index: 1 });
    await expect.poll(() => new URL(page.url()).search).toContain('status=');
    const filtered = page.url();
    await visit.settled();
    await page.evaluate(() => history.forward());
    // Not before the browser has been there and back.
    await page.evaluate(() => new Promise((done) => setTimeout(done, 300)));
    await openSheets(page, 0);
    expect(page.url()).toBe(filtered);
    expect(await page.getByRole('dialog').count()).toBe(0);
    await page.goBack();
    await title(page, /דנה/);
  });
});
