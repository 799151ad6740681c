/** Coming in: login, a forgotten password, an invitation, a session that ends under one's hands. */
import { beforeAll, expect, inject, test } from 'vitest';

import { business, type Business, logLength, mailedLink, PASSWORD, Person } from './support/api';
import { visiting } from './support/browser';

const stack = inject('stack');
let shop: Business;
beforeAll(async () => {
  shop = await business('מספרת דנה');
});

test('a person logs in, is told when the password is wrong, and logs out', async () => {
  await visiting(null, { wide: false }, async (visit, page) => {
    visit.expected.push(/^401 POST \/api\/auth\/login$/);
    await visit.open('/calls');
    await expect.poll(() => new URL(page.url()).pathname).toBe('/login');
    await page.getByLabel('דוא״ל').fill(shop.owner.email);
    await page.getByLabel('סיסמה', { exact: true }).fill('not-the-password');
    await page.getByRole('button', { name: 'כניסה' }).click();
    await page.getByText('הדוא״ל או הסיסמה אינם נכונים.').waitFor();
    await page.getByLabel('סיסמה', { exact: true }).fill(shop.owner.password);
    await page.keyboard.press('Enter');
    // Where they wanted to go.
    await page.getByRole('heading', { level: 1, name: 'שיחות' }).waitFor();
    await page.getByRole('button', { name: 'עוד' }).click();
    await page
      .getByRole('menuitem', { name: 'יציאה' })
      .or(page.getByRole('button', { name: 'יציאה' }))
      .first()
      .click();
    await page.getByRole('heading', { name: 'ברוכים הבאים' }).waitFor();
  });
});

test('a forgotten password is replaced by a mailed link that works once', async () => {
  const person = shop.agent;
  await visiting(null, {}, async (visit, page) => {
    visit.expected.push(/^410 POST \/api\/auth\/password-reset\/confirm$/);
    await visit.open('/login');
    await page.getByRole('link', { name: 'שכחתי סיסמה' }).click();
    await page.getByRole('heading', { name: 'איפוס סיסמה' }).waitFor();
    const from = logLength();
    await page.getByLabel('דוא״ל').fill(person.email);
    await page.getByRole('button', { name: 'שליחת קישור' }).click();
    await page.getByText('בדקו את תיבת הדוא״ל').waitFor();
    const link = await mailedLink('password_reset', from);
    await page.goto(link);
    await page.getByLabel('סיסמה חדשה', { exact: true }).fill('umbrella-for-two');
    expect(page.url()).not.toContain('#');
    await page.getByRole('button', { name: 'שמירת הסיסמה' }).click();
    await page.getByRole('heading', { name: 'ברוכים הבאים' }).waitFor();
    await page.goto(link);
    await page.getByLabel('סיסמה חדשה', { exact: true }).fill('umbrella-for-three');
    await page.getByRole('button', { name: 'שמירת הסיסמה' }).click();
    await page.getByText('הקישור כבר אינו תקף').waitFor();
  });
  await expect(Person.login(person.email, PASSWORD)).rejects.toThrow('401');
  shop.agent = await Person.login(person.email, 'umbrella-for-two');
});

test('an invited person joins by the mailed link and is at work', async () => {
  const email = `guest-${Date.now()}@example.com`;
  const from = logLength();
  await visiting(shop.owner, {}, async (visit, page) => {
    await visit.open('/team');
    await page.getByRole('button', { name: 'הזמנה', exact: true }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('דוא״ל').fill(email);
    await dialog.getByRole('button', { name: 'שליחת הזמנה' }).click();
    await page.getByText(`ההזמנה נשלחה אל ${email}`).waitFor();
    await page.getByRole('heading', { name: 'הזמנות פתוחות' }).waitFor();
  });
  const link = await mailedLink('invitation', from);
  await visiting(null, { wide: false }, async (_visit, page) => {
    await page.goto(link);
    await page.getByRole('heading', { name: `הצטרפות אל ${shop.name}` }).waitFor();
    await page.getByLabel('השם שלך').fill('רוני אלון');
    await page.getByLabel('בחירת סיסמה').fill('a-quiet-street-in-haifa');
    await page.getByRole('button', { name: 'הצטרפות' }).click();
    await page.getByRole('heading', { level: 1, name: /רוני/ }).waitFor();
  });
});

test('a session that ends asks on top of the page, and what was typed is still there', async () => {
  const person = await Person.login(shop.manager.email, PASSWORD);
  await visiting(person, {}, async (visit, page) => {
    visit.expected.push(/^401 /);
    await visit.open('/leads?new=true');
    const dialog = page.getByRole('dialog', { name: 'ליד חדש' });
    await dialog.getByLabel('שם', { exact: true }).fill('הלקוחה מהרחוב');
    await dialog.getByLabel('טלפון').fill('054-222-3344');
    const { items } = await person.ask<{ items: { id: string; current: boolean }[] }>(
      'GET',
      '/api/auth/sessions',
    );
    const own = items.find((session) => session.current);
    expect(own).toBeDefined();
    await person.ask('DELETE', `/api/auth/sessions/${own?.id ?? ''}`);
    await dialog.getByRole('button', { name: 'הוספת הליד' }).click();
    const again = page.getByRole('dialog', { name: 'צריך להתחבר שוב' });
    await again.getByLabel('סיסמה', { exact: true }).fill(PASSWORD);
    await again.getByRole('button', { name: 'כניסה', exact: true }).click();
    await page.getByText('הליד נוסף').waitFor();
    await page.getByRole('row', { name: /הלקוחה מהרחוב/ }).waitFor();
  });
});

test('a session that ended before a reload leads to the login and back, with what was typed', async () => {
  const person = await Person.login(shop.manager.email, PASSWORD);
  await visiting(person, { wide: false }, async (visit, page) => {
    visit.expected.push(/^401 /);
    await visit.open('/leads?new=true');
    const dialog = page.getByRole('dialog', { name: 'ליד חדש' });
    await dialog.getByLabel('שם', { exact: true }).fill('הלקוח מהמדרכה');
    await person.ask('POST', '/api/auth/logout');
    await page.reload();
    await expect.poll(() => new URL(page.url()).pathname).toBe('/login');
    await page.getByLabel('דוא״ל').fill(person.email);
    await page.getByLabel('סיסמה', { exact: true }).fill(PASSWORD);
    await page.getByRole('button', { name: 'כניסה' }).click();
    await expect.poll(() => dialog.getByLabel('שם', { exact: true }).inputValue()).toBe('הלקוח מהמדרכה');
  });
});

test('the page is served with a policy that allows no inline script', async () => {
  const answer = await fetch(`${stack.base}/`);
  const policy = answer.headers.get('content-security-policy') ?? '';
  expect(policy).toContain("script-src 'self'");
  expect(policy).not.toMatch(/script-src[^;]*unsafe/);
});
