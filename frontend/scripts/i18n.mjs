// Checks the catalogues, a namespace a feature: both languages hold the same keys and placeholders, every key
// that the source names exists, no key is left over, and every route fetches the namespaces that its page names.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const at = (path) => fileURLToPath(new URL(path, import.meta.url));
const source = at('../src/');
const problems = [];

function flat(tree, prefix) {
  return Object.entries(tree).flatMap(([key, value]) =>
    typeof value === 'string' ? [[prefix + key, value]] : flat(value, `${prefix}${key}.`),
  );
}
const catalogue = (language) => {
  const folder = `${source}shared/i18n/${language}/`;
  return new Map(
    readdirSync(folder).flatMap((name) =>
      flat(JSON.parse(readFileSync(folder + name, 'utf8')), `${name.replace('.json', '')}:`),
    ),
  );
};
// A language has its own plural forms: keys are compared without them.
const stem = (key) => key.replace(/_(zero|one|two|few|many|other)$/, '');
const placeholders = (text) => [...text.matchAll(/\{\{(\w+)\}\}/g)].map((match) => match[1]);

const he = catalogue('he');
const en = catalogue('en');
const stems = { he: new Set([...he.keys()].map(stem)), en: new Set([...en.keys()].map(stem)) };
for (const key of stems.he) if (!stems.en.has(key)) problems.push(`en lacks ${key}`);
for (const key of stems.en) if (!stems.he.has(key)) problems.push(`he lacks ${key}`);
for (const [language, map] of [
  ['he', he],
  ['en', en],
]) {
  for (const [key, text] of map) {
    if (text.trim() === '') problems.push(`${language}: ${key} is empty`);
    if (key.endsWith('_one')) {
      for (const form of new Intl.PluralRules(language).resolvedOptions().pluralCategories) {
        if (form !== 'many' && !map.has(`${stem(key)}_${form}`))
          problems.push(`${language} lacks ${stem(key)}_${form}`);
      }
    }
  }
}
for (const [key, text] of he) {
  const other = en.get(key);
  if (other === undefined) continue;
  const [a, b] = [placeholders(text), placeholders(other)].map((names) => [...new Set(names)].sort().join());
  if (a !== b) problems.push(`${key}: the placeholders differ: ${a} and ${b}`);
}
for (const [key, text] of en) {
  if (/[\u0590-\u05FF]/.test(text) && !['auth:otherLanguage', 'common:languages.he'].includes(key))
    problems.push(`en: ${key} holds Hebrew`);
}

const files = new Map(
  readdirSync(source, { recursive: true })
    .filter((name) => /\.tsx?$/.test(name) && !/\.test\./.test(name) && !name.endsWith('.d.ts'))
    .map((name) => [name, readFileSync(source + name, 'utf8')]),
);
const namespaces = new Set([...stems.he].map((key) => key.split(':')[0]));
/** The keys that a file names; a part that is known only when it runs is `${}`. */
const named = (text) =>
  [...text.matchAll(/(['`])([a-z]+:(?:[\w.-]|\$\{[^}]*\})+)\1/g)]
    .map((match) => match[2])
    .filter((key) => namespaces.has(key.split(':')[0]));
const used = new Set();
const patterns = [];
for (const key of [...files.values()].flatMap(named)) {
  if (key.includes('${'))
    patterns.push(new RegExp(`^${key.replace(/\./g, '\\.').replace(/\$\{[^}]*\}/g, '[^.]+')}$`));
  else used.add(key);
}
for (const key of used)
  if (!stems.he.has(key)) problems.push(`the source names ${key}, which no catalogue holds`);
for (const pattern of patterns)
  if (![...stems.he].some((key) => pattern.test(key)))
    problems.push(`the source names ${pattern}, of which no catalogue holds any`);
for (const key of stems.he)
  if (!used.has(key) && !patterns.some((pattern) => pattern.test(key))) problems.push(`nobody uses ${key}`);

/** The file that an import of another names, if it is one of the app's. */
function imported(from, path) {
  const base = path.startsWith('@/')
    ? path.slice(2)
    : path.startsWith('.')
      ? new URL(path, `file:///${from}`).pathname.slice(1)
      : null;
  return base === null
    ? undefined
    : [`${base}.ts`, `${base}.tsx`, `${base}/index.ts`, base].find(
        (name) => files.has(name) && existsSync(source + name),
      );
}
/** A file and all that it brings with it, now or when it is opened. */
function closure(name, seen = new Set()) {
  if (name === undefined || seen.has(name)) return seen;
  seen.add(name);
  for (const [, path] of files.get(name).matchAll(/(?:from |import\()'([^']+)'/g))
    closure(imported(name, path), seen);
  return seen;
}
const fetched = (text) =>
  [...text.matchAll(/loadWords\(([^)]*)\)/g)].flatMap((match) =>
    [...match[1].matchAll(/'(\w+)'/g)].map((word) => word[1]),
  );
let routes = 0;
for (const [name, text] of files) {
  if (!name.startsWith('routes/')) continue;
  const [head, ...blocks] = text.split(/(?==\s*createRoute\()/);
  for (const block of blocks) {
    const page = imported(name, /import\('([^']+)'\)/.exec(block)?.[1] ?? '');
    if (page === undefined) continue;
    routes += 1;
    const brought = [...closure(page)].map((file) => files.get(file));
    // A loader may be one of several routes, above them; what shows by itself fetches its own.
    const shared = /loader: (\w+),/.exec(block) === null ? '' : head;
    const known = new Set(['common', ...fetched(block), ...fetched(shared), ...brought.flatMap(fetched)]);
    for (const namespace of new Set(brought.flatMap(named).map((key) => key.split(':')[0]))) {
      if (!known.has(namespace))
        problems.push(`${name}: the route of ${page} does not fetch the words of ${namespace}`);
    }
  }
}
if (routes < 20) problems.push(`only ${routes} routes with a page were found`);

if (problems.length > 0) {
  console.error(problems.join('\n'));
  process.exit(1);
}
console.log(
  `${he.size} Hebrew and ${en.size} English messages agree with each other, with the source and with ${routes} routes.`,
);
