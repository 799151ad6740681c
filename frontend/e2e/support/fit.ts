/** Whether a page fits the screen: it does not slide sideways, and its numbers are whole. */
import type { Page } from 'playwright-core';

import type { Visit } from './browser';

/** Phones small and usual, a tablet either way, a desk, and a phone on its side. */
export const SIZES = [
  { width: 320, height: 640 },
  { width: 390, height: 844 },
  { width: 768, height: 1024 },
  { width: 1024, height: 768 },
  { width: 1280, height: 860 },
  { width: 844, height: 390 },
] as const;

/** Phone numbers and counters of which a part is out of sight. What slides in its own frame is not. */
const cutNumbers = (page: Page) =>
  page.evaluate(() => {
    const hides = (element: Element, text: DOMRect) => {
      const { overflowX, overflowY } = getComputedStyle(element);
      const frame = element.getBoundingClientRect();
      return (
        (overflowX !== 'visible' && (text.left < frame.left - 1 || text.right > frame.right + 1)) ||
        (overflowY !== 'visible' && (text.top < frame.top - 1 || text.bottom > frame.bottom + 1))
      );
    };
    const isCut = (number: Element) => {
      const range = document.createRange();
      range.selectNodeContents(number);
      const text = range.getBoundingClientRect();
      for (let at: Element | null = number; at && at !== document.body; at = at.parentElement) {
        if (/auto|scroll/.test(getComputedStyle(at).overflow)) return false;
        if (hides(at, text)) return true;
      }
      return text.left < -1 || text.right > document.documentElement.clientWidth + 1;
    };
    return [...document.querySelectorAll('bdi[dir=ltr], .tabular-nums')]
      .filter((one) => /^[\d\s+().,:%–-]+$/.test(one.textContent) && !one.closest('.sr-only'))
      .filter((one) => one.checkVisibility() && isCut(one))
      .map((one) => one.textContent);
  });

const sideways = (page: Page) =>
  page.evaluate(() => {
    const { scrollWidth = 0, clientWidth = 0 } = document.scrollingElement ?? {};
    return scrollWidth - clientWidth;
  });

/** What does not fit at one of the sizes, and the numbers that are cut when letters are twice as large. */
export async function misfits(visit: Visit, label: string): Promise<string[]> {
  const { page } = visit;
  const flaws: string[] = [];
  const look = async (size: string) => {
    await visit.settled();
    for (const number of await cutNumbers(page)) flaws.push(`${label} at ${size}: ${number} is cut`);
  };
  for (const size of SIZES) {
    await page.setViewportSize(size);
    await look(`${size.width}x${size.height}`);
    const wider = await sideways(page);
    if (wider > 0) flaws.push(`${label} at ${size.width}x${size.height}: ${wider} px wider than the screen`);
  }
  await page.setViewportSize(SIZES[1]);
  await page.evaluate(() => (document.documentElement.style.fontSize = '200%'));
  await look('200 %');
  await page.evaluate(() => document.documentElement.style.removeProperty('font-size'));
  return flaws;
}
