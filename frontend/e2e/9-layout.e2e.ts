/** Where things stand: nothing lies over anything, nothing is cut, nothing slides sideways. */
import type { Locator, Page } from 'playwright-core';
import { beforeAll, expect, test } from 'vitest';

import { business, type Business, leads } from './support/api';
import { visiting } from './support/browser';
import { SIZES } from './support/fit';

const NAMES = ['אורה', 'בועז', 'גיל', 'דליה', 'הדר', 'ורד', 'זיו', 'חן', 'טל', 'יעל', 'כרמל', 'ליאור'];

let shop: Business;
beforeAll(async () => {
  shop = await business('נגריית הצפון');
  await leads(shop.owner, NAMES, (index) => `05471${String(10_000 + index)}`);
});

const box = (one: Locator) => one.evaluate((element) => element.getBoundingClientRect().toJSON() as DOMRect);

/** Everything that can be pressed and would be in sight without this, which lies over it. */
const covered = (over: Locator) =>
  over.evaluate((element) => {
    const frame = element.getBoundingClientRect();
    (element as HTMLElement).style.display = 'none';
    const found = [...document.querySelectorAll<HTMLElement>('a, button, input, select, nav')].filter(
      (one) => {
        const { left, right, top, bottom } = one.getBoundingClientRect();
        const width = Math.min(right, frame.right) - Math.max(left, frame.left);
        const height = Math.min(bottom, frame.bottom) - Math.max(top, frame.top);
        if (width <= 0 || height <= 0) return false;
        const [x, y] = [Math.max(left, frame.left) + width / 2, Math.max(top, frame.top) + height / 2];
        return one.contains(document.elementFromPoint(x, y));
      },
    );
    (element as HTMLElement).style.removeProperty('display');
    return found.map((one) => one.getAttribute('aria-label') ?? one.textContent);
  });

test.each(SIZES)('a message covers nothing that can be pressed at $width x $height', async (size) => {
  await visiting(shop.owner, { wide: size.width > 700 }, async (visit, page) => {
    await page.setViewportSize(size);
    await visit.open('/leads');
    const name = NAMES[SIZES.indexOf(size)] ?? '';
    await page.getByRole('button', { name: `מחיקת הליד ${name}`, exact: true }).click();
    await page.getByRole('alertdialog').getByRole('button', { name: 'מחיקה', exact: true }).click();
    const message = page.locator('[data-sonner-toast]');
    await message.waitFor();
    await visit.settled();
    expect(await covered(message)).toEqual([]);
    // A dialog lies over it.
    await page.getByRole('button', { name: 'ליד חדש' }).first().click();
    await page.getByRole('dialog').waitFor();
    expect(
      await message.evaluate((element) => {
        const { left, top, width, height } = element.getBoundingClientRect();
        return element.contains(document.elementFromPoint(left + width / 2, top + height / 2));
      }),
    ).toBe(false);
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    await message.getByRole('button', { name: 'ביטול' }).click();
    await page.getByText('הליד שוחזר').waitFor();
  });
});

test.each(SIZES)('call, message and delete are in reach at $width x $height', async (size) => {
  await visiting(shop.owner, { wide: size.width > 700 }, async (visit, page) => {
    await page.setViewportSize(size);
    await visit.open('/leads');
    const labels = ['חיוג אל', ...(size.width > 700 ? ['הודעת וואטסאפ אל'] : []), 'מחיקת הליד'];
    for (const label of labels) {
      const button = page.locator(`[aria-label^="${label}"]`).first();
      const { left, right } = await box(button);
      expect(left).toBeGreaterThanOrEqual(0);
      expect(right).toBeLessThanOrEqual(size.width);
      await button.click({ trial: true });
    }
    // A phone on its side is a phone.
    const phone = size.width < 700 || size.height < 480;
    expect(await page.getByRole('button', { name: 'עוד', exact: true }).isVisible()).toBe(phone);
    expect(await page.locator('aside').count()).toBe(phone ? 0 : 1);
    if (!phone) return;
    // At the end of the list the button that floats lies over nothing.
    await page.evaluate(() => scrollTo(0, document.body.scrollHeight));
    const floating = page.getByRole('button', { name: 'ליד חדש' }).first();
    expect(await covered(floating)).toEqual([]);
  });
});

test.each([
  ['Hebrew', false],
  ['English', true],
] as const)('a password never runs under the eye beside it in %s', async (_language, english) => {
  await visiting(null, { wide: false, english }, async (visit, page) => {
    await visit.open('/login');
    const field = page.getByLabel(english ? 'Password' : 'סיסמה', { exact: true });
    await field.fill('a-password-that-is-longer-than-the-field-is-wide-by-far');
    const eye = page.getByRole('button', { name: english ? /password/ : /הסיסמה/ });
    for (const pressed of [false, true]) {
      if (pressed) await eye.click();
      const text = await field.evaluate((element) => {
        const { left, right } = element.getBoundingClientRect();
        const { paddingLeft, paddingRight } = getComputedStyle(element);
        return {
          left: left + Number.parseFloat(paddingLeft),
          right: right - Number.parseFloat(paddingRight),
        };
      });
      const button = await eye.evaluate((element) => element.getBoundingClientRect().toJSON() as DOMRect);
      if (english) expect(button.left).toBeGreaterThanOrEqual(text.right);
      else expect(button.right).toBeLessThanOrEqual(text.left);
    }
  });
});

/** Choices and labels of filters that have less room than their words need. */
const cutFilters = (page: Page) =>
  page.evaluate(() => {
    const pen = document.createElement('canvas').getContext('2d');
    const cut: string[] = [];
    for (const select of document.querySelectorAll('main select')) {
      const { font, paddingLeft, paddingRight } = getComputedStyle(select);
      if (pen) pen.font = font;
      const room = select.clientWidth - Number.parseFloat(paddingLeft) - Number.parseFloat(paddingRight);
      for (const { text } of (select as HTMLSelectElement).options)
        if ((pen?.measureText(text).width ?? Infinity) > room + 1) cut.push(text);
    }
    for (const label of document.querySelectorAll<HTMLElement>(
      'main fieldset label, main [role=radiogroup] label',
    ))
      if (label.scrollWidth > label.clientWidth + 1) cut.push(label.textContent);
    return cut;
  });

test.each(SIZES)('no filter is cut at $width x $height', async (size) => {
  for (const english of [false, true]) {
    await visiting(shop.owner, { wide: size.width > 700, english }, async (visit, page) => {
      await page.setViewportSize(size);
      for (const path of ['/leads', '/calls', '/audit']) {
        await visit.open(path);
        expect(await cutFilters(page), path).toEqual([]);
      }
      // One more beside them.
      await visit.open('/leads?status=won');
      expect(await cutFilters(page)).toEqual([]);
    });
  }
});
