/** Operators: what failed, why, and running it again once the cause is gone. */
import { beforeAll, expect, test } from 'vitest';

import { business, type Business, newNumber, PASSWORD, Person, theAdmin } from './support/api';
import { visiting } from './support/browser';
import { failingCommand, failingCommands, mend, spoil, waitingForRetry } from './support/failure';

let shop: Business;
beforeAll(async () => {
  shop = await business('חשמל ואור');
});

const numbers = async () =>
  (
    await (
      await theAdmin()
    ).ask<{ items: { id: string; numbers: string[] }[] }>(
      'GET',
      `/api/admin/businesses?q=${encodeURIComponent(shop.name)}`,
    )
  ).items.find(({ id }) => id === shop.id)?.numbers;

test('an operator replays what failed once its cause is mended, and it takes effect', async () => {
  await spoil(shop);
  const number = newNumber();
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
    await page
      .getByRole('row', { name: /תוכן של תקלה נצפה/ })
      .first()
      .waitFor();
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

/** The failures of one cause that a failed event belongs to, as the page shows them. */
async function groupOf(id: string): Promise<{ fingerprint: string; error: string; count: number }> {
  const admin = await theAdmin();
  const { fingerprint } = await admin.ask<{ fingerprint: string }>('GET', `/api/admin/dead-letters/${id}`);
  const { items } = await admin.ask<{ items: { fingerprint: string; error: string; count: number }[] }>(
    'GET',
    '/api/admin/dead-letters/groups?state=new',
  );
  const group = items.find((one) => one.fingerprint === fingerprint);
  if (!group) throw new Error(`no group has the fingerprint ${fingerprint}`);
  return group;
}

test('an operator replays a whole group with its count and a reason, and follows its progress', async () => {
  await spoil(shop);
  const ids = await failingCommands(shop, 4);
  await mend(shop);
  const { fingerprint, count } = await groupOf(ids[0] ?? '');
  expect(count).toBeGreaterThanOrEqual(4);
  await visiting(await theAdmin(), {}, async (visit, page) => {
    await visit.open('/admin/failed');
    const card = page.getByRole('listitem').filter({ has: page.locator(`a[href*="${fingerprint}"]`) });
    await card.getByText(String(count), { exact: true }).waitFor();
    await card.getByRole('button', { name: 'הפעלה מחדש' }).click();
    const dialog = page.getByRole('dialog', { name: 'הפעלה מחדש' });
    await dialog.getByText(`${count} אירועים`).waitFor();
    await dialog.getByRole('button', { name: 'הפעלה מחדש' }).click();
    await dialog.getByText('נא לכתוב סיבה.').waitFor();
    await dialog.getByLabel('סיבה').fill('הקבוצה תוקנה');
    await dialog.getByRole('button', { name: 'הפעלה מחדש' }).click();
    await page.getByRole('heading', { level: 1, name: /^הפעלה מספר/ }).waitFor();
    await page.getByRole('progressbar', { name: 'התקדמות' }).waitFor();
    await page.getByText(`${count} מתוך ${count}`).waitFor();
    await page.getByText(`הצליחו ${count}, נכשלו שוב 0`).waitFor();
    await page.getByText('הקבוצה תוקנה').first().waitFor();
    await visit.open('/admin/failed');
    await page.getByRole('link', { name: 'הקבוצה תוקנה' }).waitFor();
    expect(await page.locator(`a[href*="${fingerprint}"]`).count()).toBe(0);
  });
});

/** A replay that goes on for more than a minute, one event a second: time to stop it however slow the machine is. */
async function slowReplay(): Promise<{ ids: string[]; replay: string }> {
  await spoil(shop);
  const ids = await failingCommands(shop, 80);
  await mend(shop);
  const { operation } = await (
    await theAdmin()
  ).ask<{ operation: { entity_id: string } }>('POST', '/api/admin/replays', {
    selection: { ids },
    expected_count: ids.length,
    reason: 'לאט ובזהירות',
    rate: 1,
  });
  return { ids, replay: operation.entity_id };
}

test('an operator stops a replay, and gives up on the rest of the group', async () => {
  const { ids, replay } = await slowReplay();
  const { fingerprint } = await groupOf(ids[0] ?? '');
  await visiting(await theAdmin(), { wide: false }, async (visit, page) => {
    await visit.open(`/admin/replays/${replay}`);
    await page.getByText('פועלת', { exact: true }).first().waitFor();
    await page.getByRole('button', { name: 'עצירה' }).click();
    const dialog = page.getByRole('dialog', { name: 'עצירת ההפעלה' });
    await dialog.getByLabel('סיבה').fill('מספיק לעכשיו');
    await dialog.getByRole('button', { name: 'עצירה' }).click();
    await page.getByText(/אירועים לא יופעלו|אירוע אחד לא יופעל/).waitFor();
    await page.getByText('נעצרה', { exact: true }).first().waitFor();
    expect(await page.getByRole('button', { name: 'עצירה' }).count()).toBe(0);
    const { count } = await groupOf(ids[0] ?? '');
    await visit.open(`/admin/failed?fingerprint=${fingerprint}&worker=crm`);
    await page.getByRole('button', { name: 'ביטול כולם' }).click();
    const giveUp = page.getByRole('dialog', { name: 'ביטול אירועים' });
    await giveUp.getByText(`${count} אירועים`).waitFor();
    await giveUp.getByLabel('סיבה').fill('אין בהם עוד צורך');
    await giveUp.getByRole('button', { name: 'ביטול האירועים' }).click();
    await page.getByText(`${count} אירועים בוטלו`).waitFor();
    await page.getByText('אין אירועים כאלה').waitFor();
  });
});

test('a worker is paused with a reason and goes on', async () => {
  const admin = await theAdmin();
  try {
    await visiting(admin, {}, async (visit, page) => {
      await visit.open('/admin/workers');
      await page.getByRole('button', { name: 'השהיה: recordings' }).click();
      const pause = page.getByRole('dialog', { name: 'השהיית recordings' });
      await pause.getByLabel('סיבה').fill('עבודות אצל הספק');
      await pause.getByLabel('למשך כמה דקות').fill('30');
      await pause.getByRole('button', { name: 'השהיה', exact: true }).click();
      const row = page.getByRole('row', { name: /^recordings/ });
      await row.getByText('מושהה').waitFor();
      await row.getByText(/עבודות אצל הספק/).waitFor();
      await page.getByRole('button', { name: 'המשך: recordings' }).click();
      const resume = page.getByRole('dialog', { name: 'המשך של recordings' });
      await resume.getByLabel('סיבה').fill('הספק חזר');
      await resume.getByRole('button', { name: 'המשך', exact: true }).click();
      await row.getByText('פועל').waitFor();
    });
  } finally {
    // Nobody else finds it paused when this failed; it is refused when all went well.
    await admin
      .ask('POST', '/api/admin/workers/recordings/resume', { reason: 'סוף הבדיקה' })
      .catch(() => undefined);
  }
});

test('what a worker will try again shows with its cause, age and next try, on a phone too', async () => {
  const waiting = await waitingForRetry(shop);
  try {
    for (const wide of [true, false]) {
      await visiting(await theAdmin(), { wide }, async (visit, page) => {
        await visit.open('/admin/workers');
        const event = page
          .getByRole('list', { name: 'אירועים בניסיון חוזר: recordings' })
          .getByRole('listitem')
          .filter({ hasText: waiting.error });
        await event.getByText(waiting.type).waitFor();
        await event.getByText('נוסה 7 פעמים').waitFor();
        await event.getByText('נכשל לראשונה לפני 3 שעות').waitFor();
        await event.getByText(/^הניסיון הבא בעוד/).waitFor();
        expect(await event.getByText(waiting.error).getAttribute('dir')).toBe('ltr');
      });
    }
  } finally {
    await waiting.end();
  }
});

test('an operator takes a business in, and may not give it a number of another', async () => {
  const name = `עסק ${Date.now()}`;
  const own = `0${newNumber().slice(4)}`;
  await visiting(await theAdmin(), {}, async (visit, page) => {
    visit.expected.push(/^409 /);
    await visit.open('/admin/businesses');
    // The first business of a fresh system has that name too.
    await page.getByRole('button', { name: 'עסק חדש', exact: true }).click();
    const dialog = page.getByRole('dialog', { name: 'עסק חדש' });
    await dialog.getByRole('button', { name: 'הוספה' }).click();
    await dialog.getByText('נא להזין שם.').waitFor();
    await dialog.getByLabel('שם', { exact: true }).fill(name);
    await dialog.getByLabel('מספרי טלפון').fill(own);
    await dialog.getByRole('button', { name: 'הוספה' }).click();
    await page.getByText(`${name} נוסף`).waitFor();
    const row = page.getByRole('row', { name: new RegExp(name) });
    await row.getByText('פעיל', { exact: true }).waitFor();
    await row.getByRole('button', { name: `פעולות נוספות על ${name}` }).click();
    await page.getByRole('menuitem', { name: 'מספרי טלפון' }).click();
    const numbersOf = page.getByRole('dialog', { name: 'מספרי טלפון' });
    await numbersOf.getByLabel('מספרי טלפון').fill(`${own}, ${shop.number}`);
    await numbersOf.getByRole('button', { name: 'שמירה' }).click();
    await numbersOf.getByText('המספר כבר שייך לעסק אחר.').waitFor();
    await numbersOf.getByLabel('מספרי טלפון').fill(own);
    await numbersOf.getByRole('button', { name: 'שמירה' }).click();
    await numbersOf.waitFor({ state: 'detached' });
    // A look inside, with a word about whose it is.
    await row.getByRole('button', { name: `צפייה בעסק ${name}` }).click();
    await page.getByText('צפייה בעסק:').waitFor();
    await page.getByRole('heading', { name: '30 הימים האחרונים' }).waitFor();
    // A link that is only pointed at changes nothing.
    await page.getByRole('link', { name: 'יציאה מהעסק' }).hover();
    await visit.settled();
    await page.getByRole('heading', { name: '30 הימים האחרונים' }).waitFor();
    await page.getByRole('link', { name: 'יציאה מהעסק' }).click();
    await page.getByRole('heading', { level: 1, name: 'עסקים' }).waitFor();
    await page.getByText('צפייה בעסק:').waitFor({ state: 'detached' });
  });
});

test('a business that is put to rest lets nobody in until it is active again', async () => {
  const other = await business(`נח ${Date.now()}`);
  await visiting(await theAdmin(), { wide: false }, async (visit, page) => {
    await visit.open(`/admin/businesses?q=${encodeURIComponent(other.name)}`);
    const choose = async (action: string) => {
      await page.getByRole('button', { name: `פעולות נוספות על ${other.name}` }).click();
      await page
        .getByRole('menuitem', { name: action })
        .or(page.getByRole('button', { name: action }))
        .first()
        .click();
    };
    await choose('השבתת העסק');
    const dialog = page.getByRole('alertdialog', { name: `להשבית את ${other.name}?` });
    await dialog.getByText('אנשי העסק לא יוכלו להיכנס').waitFor();
    await dialog.getByRole('button', { name: 'השבתת העסק' }).click();
    await page.getByText(`${other.name} הושבת`).waitFor();
    await page.getByText('מושבת', { exact: true }).waitFor();
    await expect(other.owner.ask('GET', '/api/auth/me')).rejects.toThrow('401');
    await expect(Person.login(other.owner.email, PASSWORD)).rejects.toThrow(/40[13]/);
    await choose('הפעלת העסק');
    await page.getByText(`${other.name} פעיל`).waitFor();
  });
  await Person.login(other.owner.email, PASSWORD);
});

test('the audit log is searched by action and by what it was about', async () => {
  const admin = await theAdmin();
  const { ids, replay } = await slowReplay();
  await admin.ask('POST', `/api/admin/replays/${replay}/cancel`, { reason: 'מספיק לעכשיו' });
  await admin.ask('GET', `/api/admin/dead-letters/${ids[0] ?? ''}?reveal=true`);
  await visiting(admin, {}, async (visit, page) => {
    await visit.open('/admin/audit');
    await page.getByLabel('פעולה', { exact: true }).selectOption({ label: 'הפעלה מחדש נעצרה' });
    await page
      .getByRole('row', { name: /הפעלה מחדש נעצרה/ })
      .first()
      .waitFor();
    await expect
      .poll(async () =>
        (await page.getByRole('row').allInnerTexts())
          .slice(1)
          .every((text) => text.includes('הפעלה מחדש נעצרה')),
      )
      .toBe(true);
    expect(new URL(page.url()).search).toContain('replay');
    // From one record to all of the same person, and to all that was done to the same thing.
    await page
      .getByRole('button', { name: /^פרטים: הפעלה מחדש נעצרה/ })
      .first()
      .click();
    await page
      .getByRole('dialog')
      .getByRole('button', { name: /^כל הפעולות של/ })
      .click();
    await page
      .getByRole('row', { name: /תוכן של תקלה נצפה/ })
      .first()
      .waitFor();
    const actors = async () =>
      new Set(await page.getByRole('table').locator('tbody tr > td:nth-of-type(1)').allInnerTexts());
    await expect.poll(async () => (await actors()).size).toBe(1);
    await page
      .getByRole('button', { name: /^פרטים: הפעלה מחדש נעצרה/ })
      .first()
      .click();
    await page.getByRole('dialog').getByRole('button', { name: 'כל מה שנעשה בזה' }).click();
    await expect
      .poll(() => page.getByRole('row', { name: /הפעלה מחדש (החלה|התחילה|נעצרה)/ }).count())
      .toBe(2);
    await page.getByRole('button', { name: 'ניקוי', exact: true }).click();
    await page
      .getByRole('row', { name: /תוכן של תקלה נצפה/ })
      .first()
      .waitFor();
  });
});
