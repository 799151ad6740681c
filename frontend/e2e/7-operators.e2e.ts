/** Operators: what failed, why, and running it again once the cause is gone. */
import { beforeAll, expect, test } from 'vitest';

import { business, type Business, theAdmin } from './support/api';
import { visiting } from './support/browser';
import { failingCommand, mend, spoil } from './support/failure';

let shop: Business;
beforeAll(async () => {
  shop = await business('חשמל ואור');
});

const numbers = async () => (await (await theAdmin()).ask<{ items: { id: string; numbers: string[] }[] }>('GET', `/api/admin/businesses?q=${encodeURIComponent(shop.name)}`)).items.find(({ id }) => id === shop.id)?.numbers;

test('an operator replays what failed once its cause is mended, and it takes effect', async () => {
  await spoil(shop);
  const number = `+97277${String(Date.now()).slice(-7)}`;
  await visiting(await theAdmin(), {}, async (visit, page) => {
    await visit.open('/admin/failed?view=list');
    const id = await failingCommand(shop, number);
    // It appears without a reload.
    await page.locator(`a[href="/admin/failed/${id}"]`).waitFor();
    await visit.open(`/admin/failed/${id}`);
    await page.getByText('פרטים אישיים מוסתרים.').waitFor();
    const content = page.getByRole('region', { name: 'תוכן האירוע' });
    expect(await content.innerText()).not.toContain(number);
    await page.getByRole('button', { name: 'הצגת התוכן המלא' }).click();
    await expect.poll(() => content.innerText()).toContain(number);
    await mend(shop);
    await page.getByRole('button', { name: 'הפעלה מחדש' }).click();
    const dialog = page.getByRole('dialog', { name: 'הפעלה מחדש' });
    await dialog.getByText('אירוע אחד').waitFor();
    await dialog.getByRole('button', { name: 'הפעלה מחדש' }).click();
    await dialog.getByText('נא לכתוב סיבה.').waitFor();
    await dialog.getByLabel('סיבה').fill('ההגדרות תוקנו');
    await dialog.getByRole('button', { name: 'הפעלה מחדש' }).click();
    await page.getByRole('heading', { level: 1, name: /^הפעלה מספר/ }).waitFor();
    await page.getByText('הסתיימה', { exact: true }).first().waitFor();
    await page.getByText('1 מתוך 1').waitFor();
    await page.getByText('הצליחו 1, נכשלו שוב 0').waitFor();
    expect(await numbers()).toContain(number);
    await visit.open(`/admin/failed/${id}`);
    await page.getByText('הופעל', { exact: true }).waitFor();
    await visit.open('/admin/audit');
    await page.getByText('תוכן של תקלה נצפה').first().waitFor();
  });
});

test('an operator discards a group with a reason, on a phone', async () => {
  await spoil(shop);
  const id = await failingCommand(shop, '+972779999998');
  await mend(shop);
  await visiting(await theAdmin(), { wide: false }, async (visit, page) => {
    await visit.open(`/admin/failed/${id}`);
    await page.getByRole('button', { name: 'ביטול', exact: true }).click();
    const dialog = page.getByRole('dialog', { name: 'ביטול אירועים' });
    await dialog.getByText('אירוע אחד').waitFor();
    await dialog.getByLabel('סיבה').fill('נוסה לצורך בדיקה');
    await dialog.getByRole('button', { name: 'ביטול האירועים' }).click();
    await page.getByText('אירוע אחד בוטל').waitFor();
    await page.getByText('נוסה לצורך בדיקה').waitFor();
  });
  expect(await numbers()).not.toContain('+972779999998');
});

test('a worker is paused with a reason and goes on', async () => {
  await visiting(await theAdmin(), {}, async (visit, page) => {
    await visit.open('/admin/workers');
    await page.getByRole('button', { name: 'השהיה: recordings' }).click();
    const pause = page.getByRole('dialog', { name: 'השהיית recordings' });
    await pause.getByLabel('סיבה').fill('עבודות אצל הספק');
    await pause.getByLabel('למשך כמה דקות').fill('30');
    await pause.getByRole('button', { name: 'השהיה', exact: true }).click();
    const row = page.getByRole('row', { name: /recordings/ });
    await row.getByText('מושהה').waitFor();
    await row.getByText(/עבודות אצל הספק/).waitFor();
    await page.getByRole('button', { name: 'המשך: recordings' }).click();
    const resume = page.getByRole('dialog', { name: 'המשך של recordings' });
    await resume.getByLabel('סיבה').fill('הספק חזר');
    await resume.getByRole('button', { name: 'המשך', exact: true }).click();
    await row.getByText('פועל').waitFor();
  });
});
