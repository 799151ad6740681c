/** Settings: what callers hear, opening hours, numbers, the own account, language and colours. */
import type { Page } from 'playwright-core';
import { beforeAll, expect, test } from 'vitest';

import type { Schemas } from '@/shared/api/types';

import { business, type Business, eventually, newNumber, PASSWORD, Person, theAdmin } from './support/api';
import { choose, visiting } from './support/browser';
import { Call } from './support/twilio';

let shop: Business;
beforeAll(async () => {
  shop = await business('פרחי הגליל');
});

let callers = 0;
/** What a caller is answered once the ingress knows the settings that were saved. */
const answered = ({ number }: Business, what: string, fits: (twiml: string) => boolean) =>
  eventually(what, async () => {
    const twiml = await new Call(`+97254777${String((callers += 1)).padStart(4, '0')}`, number).ring();
    return fits(twiml) ? twiml : undefined;
  });

const preview = (page: Page) =>
  page.locator('section').filter({ has: page.getByRole('heading', { name: 'מה שומע המתקשר' }) });

async function save(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'שמירה', exact: true }).click();
  await page.getByText('נשמר', { exact: true }).first().waitFor();
  await page.getByText('יש שינויים שלא נשמרו').waitFor({ state: 'detached' });
}

test('an owner sees what callers will hear before saving it, and callers hear it', async () => {
  await visiting(shop.owner, {}, async (visit, page) => {
    // A preview of settings that lack something, and their refusal.
    visit.expected.push(/^422 (POST|PUT|PATCH) \/api\/businesses\/[^/]+\/settings/);
    await visit.open('/settings/answering');
    const heard = preview(page);
    await heard.getByText('המתקשר משאיר הודעה, עד').waitFor();
    await page.getByLabel('מה לומר למתקשר').fill('הגעתם לפרחי הגליל.');
    await heard.getByText('הגעתם לפרחי הגליל.').waitFor();
    await page.getByLabel('מה לומר כשסגור').fill('אנחנו סגורים, נחזור מחר.');
    await choose(page, 'העברה לטלפון');
    await heard.getByText('יש להשלים את ההגדרות כדי לראות את המענה.').waitFor();
    await page.getByLabel('מספר 1').fill(`0${shop.number.slice(4)}`);
    await page.getByRole('button', { name: 'שמירה', exact: true }).click();
    await page.getByText('אי אפשר להעביר למספר של העסק עצמו.').waitFor();
    await page.getByLabel('מספר 1').fill('054-222-1111');
    await heard.getByText('מצלצל אל').waitFor();
    await heard.getByText('054-222-1111').waitFor();
    await choose(page, 'אין מענה');
    await heard.getByText('המתקשר משאיר הודעה, עד').waitFor();
    await choose(page, 'סגור');
    await heard.getByText('אנחנו סגורים, נחזור מחר.').waitFor();
    // What was not saved survives a reload.
    await page.reload();
    await page.getByText('יש שינויים שלא נשמרו').waitFor();
    expect(await page.getByLabel('מה לומר למתקשר').inputValue()).toBe('הגעתם לפרחי הגליל.');
    await save(page);
  });
  const twiml = await answered(shop, 'the call that is put through', (said) => said.includes('<Dial'));
  expect(twiml).toContain('הגעתם לפרחי הגליל.');
  expect(twiml).toContain('+972542221111');
});

/** A day in Israel, some days from now, as the date field takes it. */
const dayInIsrael = (days: number) =>
  new Intl.DateTimeFormat('en-CA', { timeZone: 'Asia/Jerusalem' }).format(Date.now() + days * 86_400_000);

/** What takes a special day away. Its date follows the name, and begins with another word on a Saturday. */
const removal = (page: Page, name: string) =>
  page.getByRole('button', { name: new RegExp(`^הסרת ${name} `) });

test('an owner closes for a special day on a phone, and callers hear that', async () => {
  const flowers = await business('פרחי הכרמל');
  const path = `/api/businesses/${flowers.id}/settings`;
  const { revision, settings } = await flowers.owner.ask<Schemas['BusinessSettings']>('GET', path);
  const forwarding = {
    ...settings,
    mode: 'forward',
    forward_to: ['+972542221111'],
    closed_message: 'אנחנו סגורים, נחזור מחר.',
  };
  await flowers.owner.ask('PUT', path, { settings: forwarding }, { 'if-match': `"${revision}"` });
  await visiting(flowers.owner, { wide: false }, async (visit, page) => {
    await visit.open('/settings/hours');
    await page.getByRole('switch', { name: /^פתוח תמיד/ }).click();
    await page.getByLabel('יום ראשון: פתיחה').fill('10:00');
    await page.getByRole('button', { name: 'כמו יום ראשון' }).click();
    expect(await page.getByLabel('יום שני: פתיחה').inputValue()).toBe('10:00');
    // Today, and tomorrow in case it becomes that meanwhile.
    for (const [days, name] of [
      [0, 'שיפוצים'],
      [1, 'עוד שיפוצים'],
    ] as const) {
      await page.getByLabel('תאריך', { exact: true }).fill(dayInIsrael(days));
      await page.getByLabel('שם', { exact: true }).fill(name);
      await page.getByRole('button', { name: 'הוספה', exact: true }).click();
      await removal(page, name).waitFor();
    }
    await save(page);
  });
  expect(
    await answered(flowers, 'the closed answer', (said) => said.includes('אנחנו סגורים, נחזור מחר.')),
  ).not.toContain('<Dial');
  await visiting(flowers.owner, { wide: false }, async (visit, page) => {
    await visit.open('/settings/answering');
    await preview(page).getByText('העסק היה סגור').waitFor();
    await visit.open('/settings/hours');
    expect(await page.getByLabel('יום שני: פתיחה').inputValue()).toBe('10:00');
    await page.getByRole('switch', { name: /^פתוח תמיד/ }).click();
    await removal(page, 'שיפוצים').click();
    await removal(page, 'עוד שיפוצים').click();
    await save(page);
  });
  await answered(flowers, 'the open answer', (said) => said.includes('<Dial'));
});

test('an owner rests on Shabbat and holidays by two switches', async () => {
  const bakery = await business('מאפיית הגפן');
  await visiting(bakery.owner, { wide: false }, async (visit, page) => {
    await visit.open('/settings/hours');
    await page.getByRole('switch', { name: /^סגור בשבת/ }).click();
    await page.getByRole('switch', { name: /^סגור בחגי ישראל/ }).click();
    await page.getByLabel('יום קודם סגור משעה').fill('13:30');
    await save(page);
  });
  const { settings } = await bakery.owner.ask<Schemas['BusinessSettings']>(
    'GET',
    `/api/businesses/${bakery.id}/settings`,
  );
  expect(settings.rest).toEqual({ shabbat: true, holidays: true, from: '13:30', until: '20:00' });
});

test('whoever answers a mobile phone is asked first, unless the owner says otherwise', async () => {
  const plants = await business('משתלת הגליל');
  const path = `/api/businesses/${plants.id}/settings`;
  const { revision, settings } = await plants.owner.ask<Schemas['BusinessSettings']>('GET', path);
  const forwarding = { ...settings, mode: 'forward', forward_to: ['+972542221111', '+97237654321'] };
  await plants.owner.ask('PUT', path, { settings: forwarding }, { 'if-match': `"${revision}"` });
  const asked = (said: string) => (said.match(/url="[^"]*screen/g) ?? []).length;
  await answered(plants, 'the mobile phone alone is asked', (said) => asked(said) === 1);
  await visiting(plants.owner, { wide: false }, async (visit, page) => {
    await visit.open('/settings/answering');
    const switches = page.getByRole('switch', { name: 'לבקש אישור לפני חיבור השיחה' });
    await expect.poll(() => switches.count()).toBe(2);
    expect(await switches.nth(0).isChecked()).toBe(true);
    expect(await switches.nth(1).isChecked()).toBe(false);
    await preview(page).getByText('לקבלת השיחה, הקישו 1.').waitFor();
    await switches.nth(0).click();
    await preview(page).getByText('לקבלת השיחה, הקישו 1.').waitFor({ state: 'detached' });
    await save(page);
  });
  await answered(plants, 'nobody is asked', (said) => said.includes('<Dial') && asked(said) === 0);
});

test('who changed the settings second chooses between both versions', async () => {
  await visiting(shop.owner, {}, async (visit, page) => {
    await visit.open('/settings/answering');
    const greeting = page.getByLabel('מה לומר למתקשר');
    await greeting.fill('הגרסה שלי');
    await visiting(shop.owner, {}, async (other, second) => {
      await other.open('/settings/answering');
      await second.getByLabel('מה לומר למתקשר').fill('הגרסה שלהם');
      await save(second);
    });
    await page.getByText('מישהו שינה את ההגדרות בינתיים.').waitFor();
    expect(await greeting.inputValue()).toBe('הגרסה שלי');
    await page.getByRole('button', { name: 'ביטול השינויים' }).click();
    await expect.poll(() => greeting.inputValue()).toBe('הגרסה שלהם');
  });
});

test('a manager may look at the settings and not change them', async () => {
  await visiting(shop.manager, {}, async (visit, page) => {
    await visit.open('/settings/answering');
    await page.getByText('אפשר לצפות. רק בעל העסק יכול לשנות.').waitFor();
    expect(await page.getByLabel('מה לומר למתקשר').isDisabled()).toBe(true);
  });
});

test('a number that the operator adds shows without a reload', async () => {
  const more = newNumber();
  await visiting(shop.owner, { wide: false }, async (visit, page) => {
    await visit.open('/settings/numbers');
    const shown = async () => (await page.getByRole('main').innerText()).replace(/\D/g, '');
    await expect.poll(shown).toContain(shop.number.slice(4));
    await (
      await theAdmin()
    ).ask('PUT', `/api/admin/businesses/${shop.id}/numbers`, { numbers: [shop.number, more] });
    await expect.poll(shown).toContain(more.slice(4));
  });
});

const PHONE =
  'Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1';

test('a lost phone is logged out, and a new password ends every other session', async () => {
  const { email } = shop.agent;
  const [here, lost] = [await Person.login(email, PASSWORD), await Person.login(email, PASSWORD, PHONE)];
  const next = 'a-kettle-on-the-roof';
  await visiting(here, { wide: false }, async (visit, page) => {
    visit.expected.push(/^4\d\d POST \/api\/auth\/password/);
    await visit.open('/settings/account');
    await page.getByText('המכשיר הזה').waitFor();
    await page.getByRole('button', { name: 'ניתוק Safari · iPhone' }).click();
    await page.getByText('המכשיר נותק').waitFor();
    await page.getByText('Safari · iPhone').waitFor({ state: 'detached' });
    await expect(lost.ask('GET', '/api/auth/me')).rejects.toThrow('401');
    await page.getByLabel('הסיסמה הנוכחית', { exact: true }).fill('not-the-password');
    await page.getByLabel('סיסמה חדשה', { exact: true }).fill(next);
    await page.getByRole('button', { name: 'החלפת הסיסמה' }).click();
    await page.getByText('זה אינו נכון.').waitFor();
    await page.getByLabel('הסיסמה הנוכחית', { exact: true }).fill(PASSWORD);
    await page.getByRole('button', { name: 'החלפת הסיסמה' }).click();
    await page.getByText('הסיסמה הוחלפה').waitFor();
    await expect(shop.agent.ask('GET', '/api/auth/me')).rejects.toThrow('401');
    await visit.open('/');
    await page.getByRole('heading', { level: 1, name: /נועה/ }).waitFor();
  });
  await expect(Person.login(email, PASSWORD)).rejects.toThrow('401');
  shop.agent = await Person.login(email, next);
});

test('language and colours are chosen on the device and stay', async () => {
  await visiting(shop.owner, {}, async (visit, page) => {
    const root = () =>
      page.evaluate(() => ({
        lang: document.documentElement.lang,
        dir: document.documentElement.dir,
        dark: document.documentElement.classList.contains('dark'),
      }));
    await visit.open('/settings/appearance');
    expect(await root()).toEqual({ lang: 'he', dir: 'rtl', dark: false });
    await choose(page, 'English');
    await page.getByText('Theme', { exact: true }).first().waitFor();
    await choose(page, 'Dark');
    await expect.poll(root).toEqual({ lang: 'en', dir: 'ltr', dark: true });
    await page.reload();
    await page.getByRole('link', { name: 'Leads' }).first().waitFor();
    expect(await root()).toEqual({ lang: 'en', dir: 'ltr', dark: true });
    await choose(page, 'Light');
    await choose(page, 'עברית');
    await page.getByRole('link', { name: 'לידים' }).first().waitFor();
    expect(await root()).toEqual({ lang: 'he', dir: 'rtl', dark: false });
  });
});

test('an owner rings people one after the other and lets callers choose, from a phone', async () => {
  const garage = await business('מוסך הצפון');
  const worker = garage.agent;
  await visiting(worker, { wide: false }, async (visit, page) => {
    await visit.open('/settings/account');
    await page.getByLabel('הטלפון שלי').fill('054-333-2222');
    await page.getByRole('button', { name: 'שמירה', exact: true }).click();
    await page.getByRole('button', { name: 'לא בשעה הקרובה' }).waitFor();
  });
  await visiting(garage.owner, { wide: false }, async (visit, page) => {
    visit.expected.push(/^422 (POST|PUT|PATCH) \/api\/businesses\/[^/]+\/settings/);
    await visit.open('/settings/answering');
    await choose(page, 'העברה לטלפון');
    await choose(page, 'לפי הסדר');
    await page.getByLabel('למי, יעד 1').selectOption({ label: 'נועה מזרחי' });
    await page.getByRole('button', { name: 'עוד יעד' }).click();
    await page.getByLabel('מספר 2').fill('03-7654321');
    await page.getByText('יחד 40 שניות, מתוך 120 לכל היותר.').waitFor();
    await page.getByRole('switch', { name: /^תפריט למתקשרים/ }).click();
    await page.getByRole('button', { name: 'עוד אפשרות' }).click();
    await page.getByRole('button', { name: 'שמירה', exact: true }).click();
    // An option without a name is refused at its field.
    await page.getByRole('group', { name: 'אפשרות 1' }).getByText('נא למלא.').waitFor();
    await page.getByRole('group', { name: 'אפשרות 1' }).getByLabel('שם').fill('הודעה');
    await preview(page).getByText('עבור הודעה, הקישו 1.').waitFor();
    await save(page);
    await page.reload();
    await page.getByRole('group', { name: 'אפשרות 1' }).waitFor();
    const chosen = page.getByLabel('למי, יעד 1').locator('option:checked');
    expect(await chosen.innerText()).toBe('נועה מזרחי');
  });
  await answered(garage, 'the menu', (said) => said.includes('<Gather') && said.includes('עבור הודעה'));
  await visiting(garage.owner, { wide: false }, async (visit, page) => {
    await visit.open('/settings/answering');
    await page.getByRole('switch', { name: /^תפריט למתקשרים/ }).click();
    // It would be lost.
    await page.getByRole('button', { name: 'להסיר', exact: true }).click();
    await save(page);
  });
  await answered(
    garage,
    'the first alone',
    (said) => said.includes('+972543332222') && !said.includes('+97237654321'),
  );
  await visiting(worker, { wide: false }, async (visit, page) => {
    await visit.open('/settings/account');
    await page.getByRole('button', { name: 'לא בשעה הקרובה' }).click();
    await page.getByRole('button', { name: 'חזרה לקבל שיחות' }).waitFor();
  });
  await answered(garage, 'the next, while the first is away', (said) => said.includes('+97237654321'));
});
