/** The browser, and pages that forgive nothing: an error in the console or an unexpected answer fails the test. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import {
  type Browser,
  type BrowserContext,
  chromium,
  type Locator,
  type Page,
  type Route,
} from 'playwright-core';
import { afterAll, expect, inject } from 'vitest';

import { settled } from '../../scripts/settled.mjs';
import type { Person } from './api';
import { program } from './chromium';
import { PATIENCE_MS } from './patience';

const stack = inject('stack');
const require = createRequire(import.meta.url);
const axeSource = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');

let browser: Promise<Browser> | undefined;
function launched(): Promise<Browser> {
  browser ??= (async () => {
    const { path, environment } = await program();
    return chromium.launch({
      executablePath: path,
      env: { ...process.env, ...environment },
      args: [
        '--no-sandbox',
        '--disable-gpu',
        '--no-first-run',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
        '--disable-quic',
        '--autoplay-policy=no-user-gesture-required',
      ],
    });
  })();
  return browser;
}

afterAll(async () => {
  await (await browser)?.close();
  browser = undefined;
});

/** What a visit looks like. */
export interface Look {
  wide?: boolean;
  dark?: boolean;
  english?: boolean;
  /** With the shell's worker, which otherwise would hide which answers came from the server. */
  installed?: boolean;
  /** For whoever did not ask their device for less motion. */
  motion?: boolean;
}

/** A browser of somebody, and what went wrong in it. */
export class Visit {
  readonly faults: string[] = [];
  /** Answers that a test provokes: `403 DELETE /api/…`. */
  readonly expected: RegExp[] = [];
  /** Whether the page was without a line: the requests that this fails may say so later. */
  private disconnected = false;

  private constructor(
    readonly context: BrowserContext,
    readonly page: Page,
  ) {}

  /** A new browser profile, logged in as somebody, or as nobody. */
  static async of(person: Person | null, look: Look = {}): Promise<Visit> {
    const wide = look.wide ?? true;
    const context = await (
      await launched()
    ).newContext({
      baseURL: stack.base,
      viewport: wide ? WIDE : NARROW,
      locale: 'he-IL',
      timezoneId: 'Asia/Jerusalem',
      colorScheme: look.dark === true ? 'dark' : 'light',
      reducedMotion: look.motion === true ? 'no-preference' : 'reduce',
      hasTouch: !wide,
      acceptDownloads: true,
      serviceWorkers: look.installed === true ? 'allow' : 'block',
    });
    // What a test chooses itself outlives a reload.
    await context.addInitScript(
      (language) =>
        localStorage.getItem('prosaas.language') ?? localStorage.setItem('prosaas.language', language),
      look.english === true ? 'en' : 'he',
    );
    if (person !== null) {
      const [name = '', value = ''] = person.cookie.split('=');
      await context.addCookies([{ name, value, url: stack.base, httpOnly: true, sameSite: 'Lax' }]);
      await context.addInitScript(() => localStorage.setItem('prosaas.session', '1'));
    }
    const page = await context.newPage();
    page.setDefaultTimeout(PATIENCE_MS);
    const visit = new Visit(context, page);
    visit.watch(page);
    return visit;
  }

  private watch(page: Page): void {
    page.on('console', (message) => {
      // The browser's own line about an answer is judged by the answer, below.
      if (message.type() === 'error' && !message.text().startsWith('Failed to load resource'))
        this.faults.push(`console.error: ${message.text()}`);
    });
    page.on('pageerror', (error) => this.faults.push(`error: ${error.message}`));
    page.on('response', (answer) => {
      if (answer.status() < 400) return;
      const line = `${answer.status()} ${answer.request().method()} ${new URL(answer.url()).pathname}`;
      if (!this.expected.some((pattern) => pattern.test(line))) this.faults.push(line);
    });
    page.on('requestfailed', (request) => {
      const why = request.failure()?.errorText ?? '';
      // What the page itself gave up on (a page left, a live stream closed) is no failure.
      if (why === 'net::ERR_ABORTED') return;
      if (!this.disconnected || !/ERR_INTERNET_DISCONNECTED|ERR_NETWORK_CHANGED/.test(why))
        this.faults.push(`${why} ${request.method()} ${request.url()}`);
    });
  }

  /** Opens a page and waits until it shows something. */
  async open(path: string): Promise<void> {
    await this.page.goto(path, { waitUntil: 'load' });
    // A dialog that is open hides the page below from everybody but this.
    await this.page.locator('h1').first().waitFor();
    await this.settled();
  }

  /** Nothing is being loaded and nothing moves. */
  settled(): Promise<void> {
    return settled(this.page);
  }

  /** Without a line: what fails meanwhile is no fault of the page. */
  async offline(steps: () => Promise<void>): Promise<void> {
    this.disconnected = true;
    await this.context.setOffline(true);
    await steps();
    await this.context.setOffline(false);
  }

  /** Behind another window or tab, as the page is told of it: the test's own pages are always in front. */
  async hidden(steps: () => Promise<void>): Promise<void> {
    const become = (state: DocumentVisibilityState) =>
      this.page.evaluate((next) => {
        Object.defineProperty(document, 'visibilityState', { configurable: true, get: () => next });
        Object.defineProperty(document, 'hidden', { configurable: true, get: () => next === 'hidden' });
        document.dispatchEvent(new Event('visibilitychange', { bubbles: true }));
      }, state);
    await become('hidden');
    await steps();
    await become('visible');
  }

  /** What axe finds, and sideways scrolling. */
  async flaws(label: string): Promise<string[]> {
    if (!(await this.page.evaluate(() => 'axe' in globalThis))) await this.page.evaluate(axeSource);
    const runOnly = { type: 'tag', values: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'best-practice'] };
    const { violations, overflow } = await this.page.evaluate(async (rules) => {
      const { axe } = globalThis as unknown as {
        axe: {
          run: (
            root: Document,
            options: object,
          ) => Promise<{ violations: { id: string; nodes: { html: string; failureSummary?: string }[] }[] }>;
        };
      };
      const result = await axe.run(document, { runOnly: rules, resultTypes: ['violations'] });
      return {
        violations: result.violations,
        overflow: document.documentElement.scrollWidth - document.documentElement.clientWidth,
      };
    }, runOnly);
    return [
      ...violations.map(
        ({ id, nodes }) =>
          `${label}: ${id}: ${nodes
            .slice(0, 2)
            .map(
              (node) => `${node.html.slice(0, 160)} (${node.failureSummary?.split('\n')[1]?.trim() ?? ''})`,
            )
            .join(' | ')}`,
      ),
      ...(overflow > 1 ? [`${label}: ${overflow} px wider than the screen`] : []),
    ];
  }

  /** Ends the visit; nothing may have gone wrong. */
  async end(): Promise<void> {
    await this.context.close();
    expect(this.faults).toEqual([]);
  }
}

/** Chooses in a bar of radio buttons, by what stands on it. */
export const choose = (page: Page, label: string) =>
  page
    .locator('label')
    .filter({ hasText: new RegExp(`^${label}$`), has: page.getByRole('radio') })
    .click();

/** Presses Tab until something has the focus, as a person without a mouse does. */
export async function tabTo(
  page: Page,
  target: Locator,
  presses = 80,
  key: 'Tab' | 'Shift+Tab' = 'Tab',
): Promise<void> {
  await target.first().waitFor();
  const focused = () => target.first().evaluate((element) => element === document.activeElement);
  for (let pressed = 0; pressed < presses; pressed += 1) {
    if (await focused()) return;
    await page.keyboard.press(key);
  }
  expect(await focused(), `${target.toString()} is not reached by the keyboard`).toBe(true);
}

/** Whether something has the focus, waited for. */
export const toHaveFocus = (target: Locator) =>
  expect.poll(() => target.first().evaluate((element) => element === document.activeElement)).toBe(true);

/** The two widths that everything must fit. */
export const WIDE = { width: 1280, height: 860 };
export const NARROW = { width: 390, height: 844 };

/** Lets requests wait until they are released. */
export function gate() {
  let release: () => void = () => undefined;
  const opened = new Promise<void>((resolve) => {
    release = resolve;
  });
  const hold = async (route: Route) => {
    await opened;
    await route.continue();
  };
  return { hold, release: () => release() };
}

/** Runs a test's steps in a visit of its own. */
export async function visiting(
  person: Person | null,
  look: Look,
  steps: (visit: Visit, page: Page) => Promise<void>,
): Promise<void> {
  const visit = await Visit.of(person, look);
  try {
    await steps(visit, visit.page);
  } catch (error) {
    const name = `${stack.results}/${expect.getState().currentTestName?.replace(/[^\w]+/g, '-') ?? 'failed'}-${Date.now()}.png`;
    await visit.page.screenshot({ path: name }).catch(() => undefined);
    if (error instanceof Error) error.message += `\nscreenshot: ${name}\nfaults: ${visit.faults.join('; ')}`;
    await visit.context.close();
    throw error;
  }
  await visit.end();
}
