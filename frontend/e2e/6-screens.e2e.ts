/**
 * Every screen, at both widths, in both themes and languages: axe finds nothing, targets on
 * phones are large enough, the console is quiet; at every size nothing is wider than the screen.
 * With SCREENSHOTS=1 (`make screenshots`) each is photographed into `screenshots/`.
 */
import { mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Page } from 'playwright-core';
import { beforeAll, describe, expect, test } from 'vitest';

import {
  business,
  type Business,
  eventually,
  lead,
  logLength,
  mailedLink,
  type Person,
  theAdmin,
} from './support/api';
import { type Look, NARROW, Visit, WIDE } from './support/browser';
import { failingCommand, mend, spoil } from './support/failure';
import { misfits } from './support/fit';
import { TEST_MS } from './support/patience';
import { Call, message, missedCall } from './support/twilio';
import { link } from './support/whatsapp';

const photographs = process.env['SCREENSHOTS'] === '1';
const folder = fileURLToPath(new URL('../screenshots/', import.meta.url));
const only = process.env['SCREEN'];

let shop: Business;
let empty: Business;
let withMessage: string;
let someLead: string;
let failed: string;
let replayed: string;

const NAMES = [
  'רונית שמעוני',
  'משה ביטון',
  'Anna Petrova',
  'יוסי אברהם',
  'תמר בן דוד',
  'אחמד חטיב',
  'מיכל רוזן',
  'דוד פרץ',
  'שרה גולן',
  'אלון מור',
];

beforeAll(async () => {
  if (photographs) mkdirSync(folder, { recursive: true });
  shop = await business('סטודיו ים תיכון');
  empty = await business('עסק חדש');
  for (const [index, name] of NAMES.entries()) {
    const id = await lead(shop.owner, name, `05281${String(20_000 + index * 37)}`);
    const version = (await shop.owner.ask<{ version: number }>('GET', `/api/leads/${id}`)).version;
    const status = (['new', 'contacted', 'qualified', 'won', 'lost'] as const)[index % 5];
    if (status !== 'new') {
      const changes = {
        status,
        tags: ['חתונה', 'דחוף'].slice(0, index % 3),
        notes: 'מעוניינת בהצעת מחיר לאירוע באפריל.',
        email: `lead${index}@example.com`,
      };
      await shop.owner.ask('PATCH', `/api/leads/${id}`, changes, { 'if-match': `"${version}"` });
    }
    someLead = id;
  }
  const gone = await lead(shop.owner, 'לקוח שנמחק', '0528199999');
  await shop.owner.ask('DELETE', `/api/leads/${gone}`);
  await missedCall('+972528120000', shop.number);
  await missedCall('+97236001122', shop.number);
  await missedCall('+442071234567', shop.number);
  await message('+972528120037', shop.number, 7);
  withMessage = (await message('+972528120333', shop.number, 7)).sid;
  await new Call('+972539998877', shop.number).ring();
  await new Call('+972771234567', '+97237654321').ring();
  await eventually('the message', async () => {
    const { recordings } = await shop.owner
      .ask<{ recordings: { state: string }[] }>('GET', `/api/calls/${withMessage}`)
      .catch(() => ({ recordings: [] }));
    return recordings.some(({ state }) => state === 'completed') ? true : undefined;
  });
  someLead = await eventually(
    'the lead who called',
    async () =>
      (await shop.owner.ask<{ lead: { id: string } | null }>('GET', `/api/calls/${withMessage}`)).lead?.id,
  );
  const from = logLength();
  await shop.owner.ask('POST', `/api/businesses/${shop.id}/invitations`, {
    email: 'future@example.com',
    role: 'agent',
  });
  await mailedLink('invitation', from);
  await failures();
});

/** A failed event that was replayed, and one that waits. */
async function failures(): Promise<void> {
  const admin = await theAdmin();
  await spoil(empty);
  const ids = [await failingCommand(empty, '+972779000001')];
  const answer = await admin.ask<{ operation: { entity_id: string } }>('POST', '/api/admin/replays', {
    selection: { ids },
    expected_count: 1,
    reason: 'אחרי תיקון הגרסה של הבוקר',
  });
  replayed = answer.operation.entity_id;
  await eventually('the end of the replay', async () =>
    (await admin.ask<{ state: string }>('GET', `/api/admin/replays/${replayed}`)).state === 'finished'
      ? true
      : undefined,
  );
  failed = await failingCommand(empty, '+972779000002');
  await mend(empty);
}

interface Screen {
  name: string;
  who: () => Person | null | Promise<Person>;
  path: string | (() => string);
  /** What to do first. It is done anew at each width. */
  prepare?: (page: Page, wide: boolean, english: boolean) => Promise<void>;
  expected?: RegExp;
}

const owner = () => shop.owner;
const pressed = (he: RegExp, en: RegExp) => (page: Page, _wide: boolean, english: boolean) =>
  page
    .getByRole('button', { name: english ? en : he })
    .first()
    .click();

const SCREENS: Screen[] = [
  { name: 'login', who: () => null, path: '/login' },
  { name: 'forgot', who: () => null, path: '/forgot-password' },
  { name: 'reset', who: () => null, path: '/reset-password#token' },
  {
    name: 'invitation-gone',
    who: () => null,
    path: '/invitation#token',
    expected: /^410 POST \/api\/auth\/invitations\/inspect$/,
  },
  { name: 'accessibility', who: () => null, path: '/accessibility' },
  { name: 'home', who: owner, path: '/' },
  { name: 'home-empty', who: () => empty.owner, path: '/' },
  {
    name: 'more',
    who: owner,
    path: '/',
    prepare: async (page, wide, english) => {
      if (!wide) await page.getByRole('button', { name: english ? 'More' : 'עוד', exact: true }).click();
    },
  },
  { name: 'leads', who: owner, path: '/leads' },
  { name: 'leads-empty', who: () => empty.owner, path: '/leads' },
  {
    name: 'leads-new',
    who: owner,
    path: '/leads?new=true',
    prepare: (page) => page.getByRole('dialog').waitFor(),
  },
  { name: 'leads-delete', who: owner, path: '/leads', prepare: pressed(/^מחיקת הליד/, /^Delete the lead/) },
  { name: 'trash', who: owner, path: '/leads/trash' },
  { name: 'lead', who: owner, path: () => `/leads/${someLead}` },
  {
    name: 'lead-edit',
    who: owner,
    path: () => `/leads/${someLead}`,
    prepare: async (page, _wide, english) => {
      const field = page.getByRole('textbox', { name: english ? 'Name' : 'שם', exact: true });
      const pencil = page.getByRole('button', { name: english ? 'Edit: Name' : 'עריכה: שם', exact: true });
      await field.or(pencil).first().waitFor();
      // What was typed before the width changed is still being edited.
      if (await pencil.isVisible()) await pencil.click();
      await field.waitFor();
    },
  },
  { name: 'calls', who: owner, path: '/calls' },
  { name: 'call', who: owner, path: () => `/calls/${withMessage}` },
  { name: 'whatsapp', who: owner, path: '/whatsapp' },
  {
    name: 'whatsapp-qr',
    who: () => empty.owner,
    path: '/whatsapp',
    prepare: async (page, _wide, english) => {
      const button = page.getByRole('button', { name: english ? 'Create QR' : 'יצירת QR' });
      const code = page.getByRole('img', { name: /QR/ });
      await button.or(code).first().waitFor();
      if (await button.isVisible()) await button.click();
      await code.waitFor();
    },
  },
  { name: 'team', who: owner, path: '/team' },
  { name: 'team-manager', who: () => shop.manager, path: '/team' },
  { name: 'team-invite', who: owner, path: '/team', prepare: pressed(/^הזמנה$/, /^Invite$/) },
  {
    name: 'team-delete',
    who: owner,
    path: '/team',
    prepare: pressed(/^מחיקת אבי/, /^Remove אבי|^Delete אבי/),
  },
  { name: 'audit', who: owner, path: '/audit' },
  { name: 'settings', who: owner, path: '/settings' },
  { name: 'answering', who: owner, path: '/settings/answering' },
  { name: 'hours', who: owner, path: '/settings/hours' },
  { name: 'numbers', who: owner, path: '/settings/numbers' },
  { name: 'account', who: owner, path: '/settings/account' },
  { name: 'appearance', who: owner, path: '/settings/appearance' },
  { name: 'failed', who: theAdmin, path: '/admin/failed' },
  { name: 'failed-list', who: theAdmin, path: '/admin/failed?view=list' },
  {
    name: 'failed-replay',
    who: theAdmin,
    path: '/admin/failed',
    prepare: pressed(/^הפעלה מחדש$/, /^Replay$/),
  },
  { name: 'dead-letter', who: theAdmin, path: () => `/admin/failed/${failed}` },
  { name: 'replay', who: theAdmin, path: () => `/admin/replays/${replayed}` },
  { name: 'workers', who: theAdmin, path: '/admin/workers' },
  {
    name: 'workers-pause',
    who: theAdmin,
    path: '/admin/workers',
    prepare: pressed(/^השהיה: calls/, /^Pause calls/),
  },
  { name: 'users', who: theAdmin, path: '/admin/users' },
  { name: 'businesses', who: theAdmin, path: '/admin/businesses' },
  { name: 'admin-audit', who: theAdmin, path: '/admin/audit' },
  { name: 'unowned', who: theAdmin, path: '/admin/unowned' },
  { name: 'not-found', who: owner, path: '/nowhere' },
];

/** WCAG 2.5.5's 44 px for what is pressed, links inside running text excepted. */
function smallTargets(page: Page): Promise<string[]> {
  return page.evaluate(() =>
    [...document.querySelectorAll<HTMLElement>('a, button, input, select, textarea, [role=button]')]
      .filter(
        (one) =>
          one.checkVisibility({ visibilityProperty: true }) &&
          !one.closest('.sr-only, [aria-hidden=true]') &&
          !one.matches('.sr-only, [href="#main"]'),
      )
      // A radio button or tick is as large as its label; a link stretched over its card as large as the card.
      .filter(
        (one) => getComputedStyle(one, '::after').position !== 'absolute' && one.closest('p, dd') === null,
      )
      .map((one) => ({
        one,
        box: (one.matches('input[type=checkbox], input[type=radio]')
          ? (one.closest('label') ?? one.parentElement ?? one)
          : one
        ).getBoundingClientRect(),
      }))
      .filter(({ box }) => box.width > 0 && (box.height < 43.5 || box.width < 43.5))
      .map(
        ({ one, box }) =>
          `small: ${one.tagName} ${(one.getAttribute('aria-label') ?? one.textContent).slice(0, 30)} ${Math.round(box.width)}x${Math.round(box.height)}`,
      ),
  );
}

async function look(visit: Visit, screen: Screen, wide: boolean, language: string): Promise<string[]> {
  const flaws: string[] = [];
  for (const theme of ['light', 'dark'] as const) {
    await visit.page.emulateMedia({ colorScheme: theme });
    await visit.page.waitForFunction(
      (dark) => document.documentElement.classList.contains('dark') === dark,
      theme === 'dark',
    );
    await visit.settled();
    const label = `${screen.name}-${wide ? 1280 : 390}-${theme}-${language}`;
    flaws.push(...(await visit.flaws(label)));
    if (photographs) await visit.page.screenshot({ path: `${folder}${label}.png` });
  }
  if (!wide)
    flaws.push(...(await smallTargets(visit.page)).map((one) => `${screen.name}-${language}: ${one}`));
  return flaws;
}

/** One browser profile a person, so that what a page loads is loaded once. */
type Visits = Map<string, Visit>;

async function visitOf(visits: Visits, person: Person | null, language: 'he' | 'en'): Promise<Visit> {
  const key = person?.cookie ?? '';
  const known = visits.get(key) ?? (await Visit.of(person, { wide: false, english: language === 'en' }));
  visits.set(key, known);
  return known;
}

async function inspect(screen: Screen, language: 'he' | 'en', visits: Visits): Promise<string[]> {
  const flaws: string[] = [];
  const path = typeof screen.path === 'string' ? screen.path : screen.path();
  const looks: Look[] = [{ wide: false }, { wide: true }];
  const visit = await visitOf(visits, await screen.who(), language);
  visit.expected.splice(0, Infinity, ...(screen.expected ? [screen.expected] : []));
  try {
    for (const { wide = false } of looks) {
      await visit.page.setViewportSize(wide ? WIDE : NARROW);
      await visit.page.emulateMedia({ colorScheme: 'light' });
      // A dialog that went with its row gives its entry of the history back.
      await visit.settled();
      if (!wide || screen.prepare) {
        await visit.open(path);
        await screen.prepare?.(visit.page, wide, language === 'en');
      }
      flaws.push(...(await look(visit, screen, wide, language)));
    }
    flaws.push(...(await misfits(visit, `${screen.name}-${language}`)));
  } catch (error) {
    flaws.push(`${screen.name}-${language}: ${String(error).slice(0, 400)}`);
  }
  flaws.push(...visit.faults.splice(0).map((fault) => `${screen.name}-${language}: ${fault}`));
  return flaws;
}

/** Inspects one screen after the other, and closes its browser profiles. */
async function inspectAll(screens: Screen[], language: 'he' | 'en'): Promise<string[]> {
  const visits: Visits = new Map();
  const flaws: string[] = [];
  for (let next = screens.shift(); next; next = screens.shift())
    flaws.push(...(await inspect(next, language, visits)));
  for (const visit of visits.values()) await visit.context.close();
  return flaws;
}

describe.each(['he', 'en'] as const)('in %s', (language) => {
  test('every screen is accessible and quiet', { timeout: 4 * TEST_MS }, async () => {
    const waiting = SCREENS.filter(({ name }) => only === undefined || new RegExp(`^(${only})$`).test(name));
    // Two at a time: one paints while the other waits.
    const flaws = await Promise.all([inspectAll(waiting, language), inspectAll(waiting, language)]);
    expect(flaws.flat()).toEqual([]);
  });
});

test('the first page after a link of WhatsApp shows it', async () => {
  const linked = await business('עסק מחובר');
  await link(linked.manager, '972541239999');
  const flaws = await inspectAll(
    [{ name: 'whatsapp-connected', who: () => linked.owner, path: '/whatsapp' }],
    'he',
  );
  expect(flaws).toEqual([]);
});
