/**
 * Waits until nothing is being loaded on a page and nothing moves.
 * @param {import('playwright-core').Page} page
 * @returns {Promise<void>}
 */
export async function settled(page) {
  await page
    .locator('[aria-busy=true]')
    .first()
    .waitFor({ state: 'detached' })
    .catch(() => undefined);
  await page.evaluate(() => document.fonts.ready.then(() => undefined));
  // A change of theme starts transitions with the next frame, and what inherits a colour its own after those.
  await page.evaluate(async () => {
    for (let calm = 0, frames = 0; calm < 3 && frames < 120; frames += 1) {
      await new Promise((resolve) => requestAnimationFrame(resolve));
      const moving = document
        .getAnimations()
        .some((one) => one.playState === 'running' && one.effect?.getTiming().iterations !== Infinity);
      calm = moving ? 0 : calm + 1;
    }
  });
}
