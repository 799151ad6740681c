// Photographs every screen of `npm run dev:mock` at both widths and in both themes, and runs
// axe over each. Usage: node scripts/screens.mjs [filter]; BASE names the address.
import { mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';

import { settled } from './settled.mjs';

const base = process.env.BASE ?? 'http://127.0.0.1:5173';
const only = process.argv[2];
const languages = (process.env.LANGUAGES ?? 'he').split(',');
const folder = fileURLToPath(new URL('../screenshots/', import.meta.url));
mkdirSync(folder, { recursive: true });
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

const lead = '0198a000-0000-7000-8000-000000000005';
const call = `CA${'5'.padStart(32, '0')}`;
const open = (name) => (page) => page.getByRole('button', { name }).first().click();
/** name, who, path, what to do first */
const SCREENS = [
  ['login', null, '/login'],
  ['forgot', null, '/forgot-password'],
  ['reset', null, '/reset-password#good'],
  ['invitation', null, '/invitation#good'],
  ['accessibility', null, '/accessibility'],
  ['home', 'owner', '/'],
  [
    'more',
    'owner',
    '/',
    async (page, wide) => !wide && page.getByRole('button', { name: /^(עוד|More)$/ }).click(),
  ],
  ['leads', 'owner', '/leads'],
  ['leads-empty', 'owner', '/leads?q=zzzz'],
  ['leads-new', 'owner', '/leads?new=true'],
  ['leads-delete', 'owner', '/leads', open(/^(מחיקת הליד|Delete the lead)/)],
  [
    'leads-deleted',
    'owner',
    '/leads',
    async (page) => {
      await open(/^(מחיקת הליד|Delete the lead)/)(page);
      await page
        .getByRole('alertdialog')
        .getByRole('button', { name: /^(מחיקה|Delete)$/ })
        .click();
      await page.locator('[data-sonner-toast]').first().waitFor();
      await settled(page);
    },
  ],
  ['trash', 'owner', '/leads/trash'],
  ['lead', 'owner', `/leads/${lead}`],
  ['lead-edit', 'owner', `/leads/${lead}`, open(/^(עריכה: שם|Edit: Name)/)],
  ['calls', 'owner', '/calls'],
  ['call', 'owner', `/calls/${call}`],
  ['whatsapp', 'owner', '/whatsapp'],
  [
    'whatsapp-qr',
    'owner',
    '/whatsapp',
    async (page) => {
      await open(/^(יצירת QR|Create QR)$/)(page);
      await page.getByRole('img', { name: /QR/ }).waitFor();
    },
  ],
  ['whatsapp-connected', 'owner', '/whatsapp?wa=connected'],
  ['whatsapp-stopped', 'owner', '/whatsapp?wa=stopped'],
  ['team', 'owner', '/team'],
  ['team-manager', 'manager', '/team'],
  ['audit', 'owner', '/audit'],
  ['settings', 'owner', '/settings'],
  ['answering', 'owner', '/settings/answering'],
  ['hours', 'owner', '/settings/hours'],
  ['numbers', 'owner', '/settings/numbers'],
  ['account', 'owner', '/settings/account'],
  ['appearance', 'owner', '/settings/appearance'],
  ['failed', 'admin', '/admin/failed'],
  ['failed-list', 'admin', '/admin/failed?view=list'],
  ['failed-replay', 'admin', '/admin/failed', open(/^(הפעלה מחדש|Replay)$/)],
  ['dead-letter', 'admin', '/admin/failed/0198a000-0000-7000-8000-000000004101'],
  ['replay', 'admin', '/admin/replays/0198a000-0000-7000-8000-000000000400'],
  ['workers', 'admin', '/admin/workers'],
  ['users', 'admin', '/admin/users'],
  ['businesses', 'admin', '/admin/businesses'],
  ['admin-audit', 'admin', '/admin/audit'],
  ['unowned', 'admin', '/admin/unowned'],
  ['not-found', 'owner', '/nowhere'],
];

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: [
    '--no-sandbox',
    '--disable-gpu',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
    '--disable-quic',
  ],
});
let found = 0;
for (const width of [390, 1280]) {
  for (const theme of ['light', 'dark']) {
    for (const language of languages) {
      const context = await browser.newContext({
        viewport: { width, height: width === 390 ? 844 : 860 },
        locale: 'he-IL',
        timezoneId: 'Asia/Jerusalem',
        colorScheme: theme,
        reducedMotion: 'reduce',
        hasTouch: width === 390,
        isMobile: width === 390,
        deviceScaleFactor: 1,
      });
      await context.addInitScript((chosen) => localStorage.setItem('prosaas.language', chosen), language);
      for (const [name, who, path, prepare] of SCREENS) {
        if (only && !new RegExp(`^(${only})$`).test(name)) continue;
        const page = await context.newPage();
        const label = `${name} ${width} ${theme} ${language}`;
        page.on('console', (message) => {
          if (message.type() !== 'error') return;
          found += 1;
          console.log(`console: ${label}: ${message.text().slice(0, 300)}`);
        });
        page.on('pageerror', (error) => {
          found += 1;
          console.log(`error: ${label}: ${error.message.slice(0, 300)}`);
        });
        try {
          const url = new URL(path, base);
          if (who !== null) url.searchParams.set('as', who);
          await page.goto(url.href, { waitUntil: 'load' });
          await page.getByRole('heading').first().waitFor();
          await settled(page);
          if (prepare) await prepare(page, width > 390);
          await settled(page);
          const sideways = await page.evaluate(
            () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
          );
          if (sideways > 1) {
            found += 1;
            console.log(`overflow: ${label}: ${sideways}px`);
          }
          if (width === 390) {
            // WCAG 2.5.5's 44 px, the links inside running text excepted.
            const small = await page.evaluate(() =>
              [...document.querySelectorAll('a, button, input, select, textarea, [role=button]')]
                .filter(
                  (element) =>
                    element.checkVisibility({ visibilityProperty: true }) &&
                    !element.closest('.sr-only, [aria-hidden=true]') &&
                    !element.matches('.sr-only, [href="#main"]'),
                )
                .map((element) => ({
                  element,
                  box: (element.matches('input[type=checkbox], input[type=radio]')
                    ? (element.closest('label') ?? element.parentElement)
                    : element
                  ).getBoundingClientRect(),
                }))
                .filter(({ box }) => box.width > 0 && (box.height < 43.5 || box.width < 43.5))
                // A link stretched over its card is as large as the card.
                .filter(({ element }) => getComputedStyle(element, '::after').position !== 'absolute')
                .map(
                  ({ element, box }) =>
                    `${element.tagName} ${(element.getAttribute('aria-label') ?? element.textContent ?? '').slice(0, 30)} ${Math.round(box.width)}x${Math.round(box.height)}`,
                ),
            );
            for (const one of new Set(small)) console.log(`small: ${label}: ${one}`);
          }
          await page.screenshot({
            path: `${folder}${name}-${width}-${theme}${language === 'he' ? '' : `-${language}`}.png`,
            fullPage: process.env.FULL === '1',
          });
          await page.evaluate(axe);
          const result = await page.evaluate(() =>
            globalThis.axe.run(document, {
              runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'best-practice'],
            }),
          );
          for (const violation of result.violations) {
            found += 1;
            console.log(
              `axe: ${label}: ${violation.id}: ${violation.nodes
                .slice(0, 3)
                .map((node) => `${node.html.slice(0, 140)} ${node.failureSummary?.split('\n')[1] ?? ''}`)
                .join(' || ')}`,
            );
          }
        } catch (error) {
          found += 1;
          console.log(`failed: ${label}: ${String(error).slice(0, 300)}`);
        }
        await page.close();
      }
      await context.close();
    }
  }
}
await browser.close();
console.log(`${found} findings`);
process.exit(found === 0 ? 0 : 1);
