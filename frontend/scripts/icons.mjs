// Renders the PNG icons from icon.svg with Chromium. Run by hand when the drawing changes.
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';

const folder = fileURLToPath(new URL('../public/icons/', import.meta.url));
const svg = readFileSync(`${folder}icon.svg`, 'utf8');
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu'],
});
const page = await browser.newPage();

async function render(name, size, maskable) {
  // A maskable icon fills the square; its drawing stays inside the safe zone of 80 %.
  const drawing = maskable ? svg.replace(' rx="116"', '') : svg;
  const image = `data:image/svg+xml;base64,${Buffer.from(drawing).toString('base64')}`;
  await page.setViewportSize({ width: size, height: size });
  await page.setContent(
    `<body style="margin:0"><img src="${image}" width="${size}" height="${size}"></body>`,
  );
  await page.waitForFunction('document.images[0].complete');
  writeFileSync(`${folder}${name}.png`, await page.screenshot({ omitBackground: true }));
}

await render('icon-180', 180, true);
await render('icon-192', 192, false);
await render('icon-512', 512, false);
await render('icon-maskable-512', 512, true);
await browser.close();
