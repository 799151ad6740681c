/** People: who may remove whom, and what it does. */
import type { Page } from 'playwright-core';
import { beforeAll, expect, test } from 'vitest';

import { business, type Business, join, Person, PASSWORD, theAdmin } from './support/api';
import { choose, visiting } from './support/browser';

let shop: Business;
let run: string;
beforeAll(async () => {
  shop = await business('קליניקה אור');
  run = String(Date.now()).slice(-5);
});

async function remove(page: Page, name: string): Promise<void> {
  await page.getByRole('button', { name: `מחיקת ${name}` }).click();
  const dialog = page.getByRole('alertdialog', { name: `למחוק את ${name}?` });
  await dialog.getByRole('button', { name: 'מחיקה', exact: true }).click();
  await page.getByText(`${name} נמחק`).waitFor();
}

const cannotLogIn = (person: Person) => expect(Person.login(person.email, PASSWORD)).rejects.toThrow('401');

test('an owner removes a manager and an agent; their sessions end; one comes back', async () => {
  const [manager, agent] = [
    await join(shop.id, `גל ${run}`, 'manager'),
    await join(shop.id, `טל ${run}`, 'agent'),
  ];
  await visiting(shop.owner, { wide: false }, async (visit, page) => {
    await visit.open('/team');
    await remove(page, `גל ${run}`);
    await remove(page, `טל ${run}`);
    expect(await page.getByText(`גל ${run}`, { exact: true }).count()).toBe(0);
    await expect(agent.ask('GET', '/api/auth/me')).rejects.toThrow('401');
    await cannotLogIn(manager);
    // Nobody removes themselves.
    await page.getByText('זה אני').waitFor();
    expect(await page.getByRole('button', { name: 'מחיקת דנה לוי' }).count()).toBe(0);
    await choose(page, 'נמחקו');
    await page.getByRole('button', { name: `שחזור טל ${run}` }).click();
    await page.getByText(`טל ${run} שוחזר`).waitFor();
  });
  await Person.login(agent.email, PASSWORD);
  // The session from before stays ended.
  await expect(agent.ask('GET', '/api/auth/me')).rejects.toThrow('401');
});

test('a manager sees the team and can remove nobody, on screen or behind it', async () => {
  await visiting(shop.manager, {}, async (visit, page) => {
    await visit.open('/team');
    await page.getByRole('row', { name: /נועה מזרחי/ }).waitFor();
    expect(await page.getByRole('button', { name: /^מחיקת/ }).count()).toBe(0);
    expect(await page.getByRole('button', { name: 'הזמנה', exact: true }).count()).toBe(0);
  });
  const { items } = await shop.manager.ask<{ items: { id: string; role: string }[] }>(
    'GET',
    `/api/businesses/${shop.id}/users`,
  );
  const agent = items.find(({ role }) => role === 'agent');
  await expect(
    shop.manager.ask('DELETE', `/api/businesses/${shop.id}/users/${agent?.id ?? ''}`),
  ).rejects.toThrow('403');
});

test('an agent finds no team', async () => {
  await visiting(shop.agent, {}, async (visit, page) => {
    await visit.open('/');
    expect(await page.getByRole('link', { name: 'צוות' }).count()).toBe(0);
    expect(await page.getByRole('link', { name: 'יומן פעולות' }).count()).toBe(0);
  });
  await expect(shop.agent.ask('GET', `/api/businesses/${shop.id}/users`)).rejects.toThrow('403');
});

test('a system admin removes an owner of any business and brings them back', async () => {
  const owner = await join(shop.id, `שי ${run}`, 'owner');
  const admin = await theAdmin();
  await visiting(admin, {}, async (visit, page) => {
    await visit.open(`/admin/users?q=${encodeURIComponent(`שי ${run}`)}`);
    await page.getByRole('row', { name: new RegExp(`שי ${run}.*${shop.name}`) }).waitFor();
    await remove(page, `שי ${run}`);
    await cannotLogIn(owner);
    await visit.open(`/admin/users?q=${encodeURIComponent(`שי ${run}`)}&deleted=only`);
    await page.getByRole('button', { name: `שחזור שי ${run}` }).click();
    await page.getByText(`שי ${run} שוחזר`).waitFor();
  });
  await Person.login(owner.email, PASSWORD);
});

test('who did what stands in the audit log', async () => {
  const agent = await join(shop.id, `ניר ${run}`, 'agent');
  const { items } = await shop.owner.ask<{ items: { id: string; email: string }[] }>(
    'GET',
    `/api/businesses/${shop.id}/users`,
  );
  const path = `/api/businesses/${shop.id}/users/${items.find(({ email }) => email === agent.email)?.id ?? ''}`;
  await shop.owner.ask('DELETE', path);
  await shop.owner.ask('POST', `${path}/restore`);
  await visiting(shop.owner, {}, async (visit, page) => {
    await visit.open('/audit');
    await page
      .getByRole('row', { name: /משתמש נמחק/ })
      .first()
      .waitFor();
    await page
      .getByRole('row', { name: /משתמש שוחזר/ })
      .first()
      .waitFor();
  });
});
