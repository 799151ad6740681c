/** Where things stand: nothing lies over anything, nothing is cut, nothing slides sideways. */
import { expect, test } from 'vitest';

import { visiting } from './support/browser';

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
