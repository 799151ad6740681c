/**
 * Less motion for whoever asked their device for it. The same steps are walked twice: by
 * somebody who did not ask, to show that the watch sees what moves, and by somebody who did.
 */
import type { Page } from 'playwright-core';
import { beforeAll, expect, test } from 'vitest';

import { business, type Business, leads } from './support/api';
import { gate, visiting } from './support/browser';

let shop: Business;
beforeAll(async () => {
  shop = await business('סטודיו לתנועה');
  await leads(shop.owner, ['נועם נייח'], () => '0549876543');
});

declare global {
  var moved: string[];
}

/** What is said to move: longer than a blink of an animation's clock, or for ever. */
const BLINK_MS = 1;

/** Notes, from the first script of the page on, every animation and transition that takes its time. */
const watch = (page: Page) =>
  page.addInitScript((blink) => {
    globalThis.moved = [];
    const PARTS: [string, string][] = [
      ['.animate-spin', 'spinner'],
      ['.animate-pulse', 'skeleton'],
      ['[data-sonner-toaster]', 'toast'],
      ['[role=dialog], [role=alertdialog]', 'dialog'],
      ['.bg-shade', 'shade'],
      ['[role=menu]', 'menu'],
      ['[role=switch] + *', 'switch'],
    ];
    const part = (element: Element) =>
      PARTS.find(([selector]) => element.closest(selector) !== null)?.[1] ?? element.tagName.toLowerCase();
    // What the style says, not what still runs when a slow machine tells of it.
    const lasts = (times: string) =>
      Math.max(
        ...times.split(',').map((time) => Number.parseFloat(time) * (time.trim().endsWith('ms') ? 1 : 1000)),
      );
    const note = (element: Element, durations: string, delays: string) => {
      if (lasts(durations) > blink || lasts(delays) > blink) globalThis.moved.push(part(element));
    };
    const follow = (
      kind: 'animationstart' | 'transitionrun',
      said: (style: CSSStyleDeclaration) => [string, string],
    ) =>
      document.addEventListener(
        kind,
        ({ target }) => target instanceof Element && note(target, ...said(getComputedStyle(target))),
        true,
      );
    follow('animationstart', (style) => [style.animationDuration, style.animationDelay]);
    follow('transitionrun', (style) => [style.transitionDuration, style.transitionDelay]);
    // eslint-disable-next-line @typescript-eslint/unbound-method -- called with its element below
    const { animate, scrollIntoView } = Element.prototype;
    Element.prototype.animate = function (...args) {
      const animation = animate.apply(this, args);
      if (Number(animation.effect?.getComputedTiming().activeDuration ?? 0) > blink)
        globalThis.moved.push(part(this));
      return animation;
    };
    Element.prototype.scrollIntoView = function (how) {
      if (typeof how === 'object' && how.behavior === 'smooth') globalThis.moved.push('scroll');
      scrollIntoView.call(this, how);
    };
  }, BLINK_MS);

/** What moves at this moment, and could go on: skeletons and spinners turn for as long as they show. */
const movingNow = (page: Page) =>
  page.evaluate(
    (blink) =>
      document
        .getAnimations()
        .filter(
          (one) =>
            one.playState === 'running' &&
            Number(one.effect?.getComputedTiming().activeDuration ?? 0) > blink,
        ).length,
    BLINK_MS,
  );

let walks = 0;
/** Everything of the app that could move, one after the other; what moved, and how much still did while something was awaited. */
async function walk(wide: boolean, motion: boolean): Promise<{ moved: Set<string>; whileWaiting: number[] }> {
  const found = { moved: new Set<string>(), whileWaiting: [] as number[] };
  walks += 1;
  const name = `תמר תזוזה ${walks}`;
  await visiting(shop.owner, { wide, motion }, async (visit, page) => {
    await watch(page);
    const list = gate();
    await page.route('**/api/leads?*', list.hold);
    // Skeletons.
    await page.goto('/leads');
    await page.locator('.animate-pulse').first().waitFor();
    found.whileWaiting.push(await movingNow(page));
    list.release();
    await page.getByRole('link', { name: 'נועם נייח', exact: true }).waitFor();
    await visit.settled();
    // A dialog, which is a sheet on a phone; a button at work in it; a message after it.
    await page.getByRole('button', { name: 'ליד חדש' }).first().click();
    const dialog = page.getByRole('dialog', { name: 'ליד חדש' });
    await dialog.getByLabel('שם', { exact: true }).fill(name);
    const saving = gate();
    await page.route('**/api/leads', saving.hold);
    await dialog.getByRole('button', { name: 'הוספת הליד' }).click();
    await dialog.locator('.animate-spin').waitFor();
    found.whileWaiting.push(await movingNow(page));
    saving.release();
    await page.getByText('הליד נוסף').waitFor();
    await dialog.waitFor({ state: 'detached' });
    // The question before deleting, and its message.
    await page.getByRole('button', { name: `מחיקת הליד ${name}` }).click();
    await page.getByRole('alertdialog').getByRole('button', { name: 'מחיקה', exact: true }).click();
    await page.getByText('הליד נמחק').first().waitFor();
    for (const one of await page.evaluate(() => globalThis.moved)) found.moved.add(one);
    // A switch, and a change of theme.
    await visit.open('/settings/hours');
    await page.getByRole('switch', { name: /^פתוח תמיד/ }).click();
    await page.emulateMedia({ colorScheme: 'dark' });
    await visit.settled();
    for (const one of await page.evaluate(() => globalThis.moved)) found.moved.add(one);
  });
  return found;
}

test.each([
  ['a desk', true],
  ['a phone', false],
] as const)('dialogs, messages, skeletons and spinners move at %s', async (_where, wide) => {
  const { moved, whileWaiting } = await walk(wide, true);
  expect([...moved]).toEqual(
    expect.arrayContaining(['skeleton', 'dialog', 'shade', 'spinner', 'toast', 'switch']),
  );
  expect(whileWaiting.every((count) => count > 0)).toBe(true);
});

test.each([
  ['a desk', true],
  ['a phone', false],
] as const)('nothing moves at %s for whoever asked for less motion', async (_where, wide) => {
  const { moved, whileWaiting } = await walk(wide, false);
  expect([...moved]).toEqual([]);
  expect(whileWaiting).toEqual([0, 0]);
});
