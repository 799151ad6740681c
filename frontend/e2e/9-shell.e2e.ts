/** Around the pages: the keyboard alone, a stream that is cut, the app on the home screen. */
import type { Page } from 'playwright-core';
import { beforeAll, expect, inject, test } from 'vitest';

import { business, type Business, eventually, join, lead, logLength, mailedLink } from './support/api';
import { gate, tabTo, toHaveFocus, type Visit, visiting } from './support/browser';
import { missedCall } from './support/twilio';

const stack = inject('stack');
let shop: Business;
beforeAll(async () => {
  shop = await business('חנות הספרים');
});

test('the keyboard alone logs in, finds a lead, edits it, and thinks better of deleting it', async () => {
  const id = await lead(shop.owner, 'רותם מקשים', '0547123456');
  await visiting(null, {}, async (visit, page) => {
    const { keyboard } = page;
    await visit.open('/login');
    await tabTo(page, page.getByLabel('דוא״ל'));
    await keyboard.type(shop.owner.email);
    await tabTo(page, page.getByLabel('סיסמה', { exact: true }));
    await keyboard.type(shop.owner.password);
    await keyboard.press('Enter');
    await page.getByRole('heading', { level: 1, name: /דנה/ }).waitFor();
    // Past the navigation with the first key.
    await page.evaluate(() => (document.activeElement as HTMLElement | null)?.blur());
    await tabTo(page, page.getByRole('link', { name: 'דילוג לתוכן' }), 2);
    await tabTo(page, page.getByRole('link', { name: 'לידים', exact: true }));
    await keyboard.press('Enter');
    await page.getByRole('heading', { level: 1, name: 'לידים' }).waitFor();
    await tabTo(page, page.getByRole('link', { name: 'רותם מקשים' }));
    await keyboard.press('Enter');
    await page.getByRole('heading', { level: 1, name: 'רותם מקשים' }).waitFor();
    const pencil = page.getByRole('button', { name: 'עריכה: הערות' });
    await tabTo(page, pencil);
    await keyboard.press('Enter');
    await toHaveFocus(page.getByLabel('הערות'));
    await keyboard.type('לא יישמר');
    await keyboard.press('Escape');
    await toHaveFocus(pencil);
    await keyboard.press('Enter');
    await toHaveFocus(page.getByLabel('הערות'));
    await keyboard.type('הוקלד בלי עכבר');
    await tabTo(page, page.getByRole('button', { name: 'שמירה', exact: true }), 2);
    await keyboard.press('Enter');
    await page.getByText('נשמר', { exact: true }).first().waitFor();
    await toHaveFocus(pencil);
    const trash = page.getByRole('button', { name: 'מחיקה', exact: true });
    // Above: a browser need not go on at the top when the page ends.
    await tabTo(page, trash, 80, 'Shift+Tab');
    await keyboard.press('Enter');
    const dialog = page.getByRole('alertdialog');
    await toHaveFocus(dialog.getByRole('button', { name: 'ביטול' }));
    await keyboard.press('Escape');
    await dialog.waitFor({ state: 'detached' });
    await toHaveFocus(trash);
  });
  expect(await shop.owner.ask<{ notes: string }>('GET', `/api/leads/${id}`)).toMatchObject({
    notes: 'הוקלד בלי עכבר',
    deleted_at: null,
  });
});

test('the keyboard alone brings the QR of WhatsApp, and changes to the code', async () => {
  await visiting(shop.owner, {}, async (visit, page) => {
    await visit.open('/whatsapp');
    await tabTo(page, page.getByRole('button', { name: 'יצירת QR' }));
    await page.keyboard.press('Enter');
    await page.getByRole('img', { name: 'קוד QR לחיבור וואטסאפ' }).waitFor();
    // The radio buttons of the bar: one stop, arrows inside. Left is the next one in Hebrew's direction.
    await tabTo(page, page.getByRole('radio', { name: 'סריקת QR' }));
    await page.keyboard.press('ArrowDown');
    await toHaveFocus(page.getByRole('radio', { name: 'קוד בטלפון' }));
    await tabTo(page, page.getByLabel('מספר הטלפון של הוואטסאפ'));
  });
});

test('the keyboard alone invites somebody, changes a role by the menu, removes somebody, and turns a switch', async () => {
  const leaving = `אורח ${String(Date.now()).slice(-6)}`;
  await join(shop.id, leaving, 'agent');
  const email = `keys-${Date.now()}@example.com`;
  await visiting(shop.owner, {}, async (visit, page) => {
    const { keyboard } = page;
    await visit.open('/team');
    const invite = page.getByRole('button', { name: 'הזמנה', exact: true });
    await tabTo(page, invite);
    await keyboard.press('Enter');
    const dialog = page.getByRole('dialog', { name: 'הזמנה לצוות' });
    await toHaveFocus(dialog.getByLabel('דוא״ל'));
    await keyboard.type(email);
    const from = logLength();
    await keyboard.press('Enter');
    await mailedLink('invitation', from);
    await page.getByText(`ההזמנה נשלחה אל ${email}`).waitFor();
    await dialog.waitFor({ state: 'detached' });
    await toHaveFocus(invite);
    // The menu: open, down to its first entry, and the form that it opens.
    const dots = page.getByRole('button', { name: `פעולות נוספות על ${leaving}` });
    await tabTo(page, dots);
    await keyboard.press('Enter');
    await page.getByRole('menuitem', { name: 'שם ותפקיד' }).waitFor();
    await keyboard.press('ArrowDown');
    await keyboard.press('Enter');
    const form = page.getByRole('dialog', { name: 'שם ותפקיד' });
    const role = form.getByLabel('תפקיד', { exact: true });
    await toHaveFocus(form.getByLabel('שם', { exact: true }));
    await tabTo(page, role);
    await keyboard.press('ArrowDown');
    await expect.poll(() => role.inputValue()).toBe('manager');
    await tabTo(page, form.getByRole('button', { name: 'שמירה', exact: true }));
    await keyboard.press('Enter');
    await page
      .getByRole('row', { name: new RegExp(leaving) })
      .getByText('מנהל', { exact: true })
      .waitFor();
    await form.waitFor({ state: 'detached' });
    await tabTo(page, page.getByRole('button', { name: `מחיקת ${leaving}` }), 80, 'Shift+Tab');
    await keyboard.press('Enter');
    await toHaveFocus(page.getByRole('alertdialog').getByRole('button', { name: 'ביטול' }));
    await keyboard.press('Tab');
    await keyboard.press('Enter');
    await page.getByText(`${leaving} נמחק`).waitFor();
    await visit.open('/settings/hours');
    const always = page.getByRole('switch', { name: /^פתוח תמיד/ });
    await tabTo(page, always);
    await keyboard.press('Space');
    await page.getByText('יש שינויים שלא נשמרו').waitFor();
    expect(await always.isChecked()).toBe(false);
  });
});

/** Cuts the stream: only it is gone, everything else still answers. Comes back when the page says so. */
async function cutStream(visit: Visit, page: Page) {
  let asked = 0;
  await page.route('**/api/live*', async (route) => {
    asked += 1;
    await route.abort('aborted');
  });
  await visit.offline(async () => {
    await page.getByText('אין חיבור לאינטרנט').waitFor();
  });
  const badge = page.getByRole('button', { name: 'לא מתעדכן כרגע. רענון' });
  await badge.waitFor();
  return {
    badge,
    /** The first try that fails asks for everything; those after it do not. */
    refetched: async () => {
      await eventually('the second try of the stream', () => (asked > 1 ? true : undefined));
      await visit.settled();
    },
    triedAgain: async () => {
      const before = asked;
      await eventually('a further try of the stream', () => (asked > before ? true : undefined));
    },
    restore: () => page.unroute('**/api/live*'),
  };
}

test('a stream that is cut shows a badge, and what was missed comes with the next one', async () => {
  await visiting(shop.owner, {}, async (visit, page) => {
    await visit.open('/calls');
    await page.getByText('אין שיחות להצגה').waitFor();
    const { badge, refetched, triedAgain, restore } = await cutStream(visit, page);
    await refetched();
    const { sid } = await missedCall('+972541110061', shop.number);
    await eventually('the call', () => shop.owner.ask('GET', `/api/calls/${sid}`).catch(() => undefined));
    const row = page.getByRole('row', { name: /054-111-0061/ });
    await triedAgain();
    expect(await row.count()).toBe(0);
    // By hand at once, by itself when the stream is back.
    await badge.click();
    await row.waitFor();
    await missedCall('+972541110062', shop.number);
    await restore();
    await page.getByRole('row', { name: /054-111-0062/ }).waitFor();
    await badge.waitFor({ state: 'detached' });
  });
});

test('what happened while the page was hidden without its stream is there when it is seen again', async () => {
  await visiting(shop.agent, {}, async (visit, page) => {
    await visit.open('/leads');
    await page.evaluate(() => Object.assign(globalThis, { sameDocument: true }));
    const { badge, refetched, restore } = await cutStream(visit, page);
    await refetched();
    const row = page.getByRole('row', { name: /גלית נסתרת/ });
    await visit.hidden(async () => {
      await lead(shop.owner, 'גלית נסתרת', '0547001122');
      expect(await row.count()).toBe(0);
    });
    await row.waitFor();
    // The stream is still cut, and the page says so; nothing was loaded anew.
    await badge.waitFor();
    expect(await page.evaluate(() => 'sameDocument' in globalThis)).toBe(true);
    // Seen once more when the stream may come back, it comes back at once.
    await restore();
    await visit.hidden(() => Promise.resolve());
    await badge.waitFor({ state: 'detached' });
  });
});

test('the app can be installed, and keeps its shell on the device and nothing personal', async () => {
  const name = 'אסנת פרטית';
  const id = await lead(shop.owner, name, '0547654321');
  await visiting(shop.owner, { wide: false, installed: true }, async (visit, page) => {
    await visit.open('/leads');
    await page.getByText(name).first().waitFor();
    await page.evaluate(() => navigator.serviceWorker.ready.then(() => undefined));
    // Twice: now the worker sees every request.
    for (const path of [`/leads/${id}`, '/calls', '/']) {
      await visit.open(path);
      expect(await page.evaluate(() => navigator.serviceWorker.controller !== null)).toBe(true);
    }
    const kept = await page.evaluate(async () => {
      const found: { path: string; text: string }[] = [];
      for (const cache of await caches.keys()) {
        const store = await caches.open(cache);
        for (const request of await store.keys())
          found.push({
            path: new URL(request.url).pathname,
            text: (await (await store.match(request))?.text()) ?? '',
          });
      }
      return {
        found,
        databases: await indexedDB.databases(),
        local: JSON.stringify(localStorage),
        session: JSON.stringify(sessionStorage),
      };
    });
    expect(
      kept.found
        .map(({ path }) => path)
        .filter((path) => path !== '/index.html' && !path.startsWith('/assets/')),
    ).toEqual([]);
    expect(kept.found.length).toBeGreaterThan(3);
    const everything = kept.found.map(({ text }) => text).join() + kept.local + kept.session;
    expect(kept.databases).toEqual([]);
    for (const personal of [name, '0547654321', '972547654321', shop.owner.email, shop.name])
      expect(everything).not.toContain(personal);
    // Without a line the app still opens, and says so.
    await visit.offline(async () => {
      await page.reload();
      await page.getByText('אין חיבור לשרת. בדקו את החיבור ונסו שוב.').waitFor();
    });
    await page.getByRole('button', { name: 'ניסיון נוסף' }).click();
    await page.getByRole('heading', { level: 1, name: /דנה/ }).waitFor();
    const browser = await page.context().newCDPSession(page);
    const { installabilityErrors } = await browser.send('Page.getInstallabilityErrors');
    // Tests run in private windows, where nothing can be installed.
    expect(
      installabilityErrors.map(({ errorId }) => errorId).filter((error) => error !== 'in-incognito'),
    ).toEqual([]);
  });
  const answer = await fetch(`${stack.base}/api/leads/${id}`, { headers: { cookie: shop.owner.cookie } });
  expect(answer.headers.get('cache-control')).toContain('no-store');
});

test('every icon of the manifest is there, in the size that it says', async () => {
  const page = await (await fetch(stack.base)).text();
  const address = /<link rel="manifest" href="([^"]+)"/.exec(page)?.[1] ?? '';
  const manifest = (await (await fetch(stack.base + address)).json()) as {
    display: string;
    start_url: string;
    icons: { src: string; sizes: string; type: string; purpose?: string }[];
  };
  expect(manifest).toMatchObject({ display: 'standalone', start_url: '/', dir: 'rtl', lang: 'he' });
  expect(manifest.icons.some(({ purpose }) => purpose === 'maskable')).toBe(true);
  for (const icon of manifest.icons) {
    const answer = await fetch(stack.base + icon.src);
    expect(answer.headers.get('content-type'), icon.src).toBe(icon.type);
    if (icon.type !== 'image/png') continue;
    const header = new DataView(await answer.arrayBuffer());
    expect(`${header.getUint32(16)}x${header.getUint32(20)}`).toBe(icon.sizes);
  }
});

test('the sign and a skeleton are painted before any script has come, and go with the first page', async () => {
  await visiting(null, { wide: false }, async (_visit, page) => {
    const scripts = gate();
    await page.route('**/assets/*.js', scripts.hold);
    await page.goto('/login', { waitUntil: 'commit' });
    const skeleton = page.locator('#boot');
    await skeleton.locator('svg').waitFor();
    // With the style sheet.
    const bar = () =>
      skeleton
        .locator('div')
        .first()
        .evaluate(({ clientHeight }) => clientHeight);
    await expect.poll(bar).toBeGreaterThan(20);
    expect(await page.locator('h1').count()).toBe(0);
    scripts.release();
    await page.getByLabel('דוא״ל').waitFor();
    expect(await skeleton.count()).toBe(0);
  });
});

test('scripts come compressed also where there is no nginx', async () => {
  const page = await fetch(stack.base, { headers: { 'accept-encoding': 'br' } });
  const script = /src="(\/assets\/index-[^"]+\.js)"/.exec(await page.text())?.[1] ?? '';
  for (const encoding of ['br', 'gzip']) {
    const answer = await fetch(stack.base + script, { headers: { 'accept-encoding': encoding } });
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-encoding')).toBe(encoding);
    expect(answer.headers.get('vary')).toContain('accept-encoding');
  }
});
