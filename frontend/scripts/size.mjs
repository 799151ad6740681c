// Checks what a first visit loads: the entry, everything it imports, the first page, and its words,
// as gzip. Fails above the budget.
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

const BUDGET_KB = 170;
const dist = fileURLToPath(new URL('../dist/', import.meta.url));
const manifest = JSON.parse(readFileSync(`${dist}.vite/manifest.json`, 'utf8'));
const gzip = (file) => gzipSync(readFileSync(dist + file), { level: 9 }).length;

function closure(key, seen = new Set()) {
  if (!seen.has(key)) {
    seen.add(key);
    for (const next of manifest[key].imports ?? []) closure(next, seen);
  }
  return seen;
}

/** The words that a page's route fetches, in the language that comes first. */
const routes = fileURLToPath(new URL('../src/routes/', import.meta.url));
const blocks = readdirSync(routes).flatMap((name) =>
  readFileSync(routes + name, 'utf8').split(/(?==\s*createRoute\()/),
);
function wordsOf(page) {
  const block =
    blocks.find((one) => one.includes(`import('${page.replace(/^src/, '@').replace('.tsx', '')}')`)) ?? '';
  const fetched = /loadWords\(([^)]*)\)/.exec(block)?.[1] ?? `'${page.split('/')[2]}'`;
  return [...fetched.matchAll(/'(\w+)'/g)].map((match) => `src/shared/i18n/he/${match[1]}.json`);
}

const entry = Object.keys(manifest).find((key) => manifest[key].isEntry);
const shell = 'src/features/shell/shell.tsx';
const pages = Object.keys(manifest).filter(
  (key) => manifest[key].isDynamicEntry && key.endsWith('-page.tsx'),
);
let worst = 0;
const rows = [];
for (const page of pages) {
  const open = page.includes('/auth/') || page.includes('/accessibility/');
  const keys = new Set([
    ...closure(entry),
    ...(open ? [] : closure(shell)),
    ...closure(page),
    ...wordsOf(page),
  ]);
  const bytes = [...keys]
    .map((key) => manifest[key].file)
    .filter((file) => file.endsWith('.js'))
    .reduce((sum, file) => sum + gzip(file), 0);
  rows.push([page.replace('src/features/', ''), bytes]);
  worst = Math.max(worst, bytes);
}
const core = [...closure(entry)].reduce((sum, key) => sum + gzip(manifest[key].file), 0);
console.log(`entry: ${(core / 1000).toFixed(1)} kB`);
for (const [page, bytes] of rows.sort((a, b) => b[1] - a[1]))
  console.log(`${(bytes / 1000).toFixed(1).padStart(6)} kB  ${page}`);
console.log(
  `largest first load: ${(worst / 1000).toFixed(1)} kB of JavaScript (gzip), budget ${BUDGET_KB} kB`,
);
if (worst > BUDGET_KB * 1000) {
  console.error('The first load is over its budget.');
  process.exit(1);
}
