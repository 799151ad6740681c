// Checks the catalogues: both languages hold the same keys and placeholders, every key
// that the source names exists, and no key is left over.
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const at = (path) => fileURLToPath(new URL(path, import.meta.url));
const read = (name) => JSON.parse(readFileSync(at(`../src/shared/i18n/${name}.json`), 'utf8'));
const problems = [];

function flat(tree, prefix = '') {
  return Object.entries(tree).flatMap(([key, value]) => (typeof value === 'string' ? [[prefix + key, value]] : flat(value, `${prefix}${key}.`)));
}
const catalogue = (language) => {
  const entries = [...flat(read(language)), ...flat(read(`${language}.more`))];
  const map = new Map(entries);
  if (map.size !== entries.length) problems.push(`${language}: a key stands in both of its files`);
  return map;
};
// A language has its own plural forms: keys are compared without them.
const stem = (key) => key.replace(/_(zero|one|two|few|many|other)$/, '');
const placeholders = (text) => [...text.matchAll(/\{\{(\w+)\}\}/g)].map((match) => match[1]);

const he = catalogue('he');
const en = catalogue('en');
const stems = { he: new Set([...he.keys()].map(stem)), en: new Set([...en.keys()].map(stem)) };
for (const key of stems.he) if (!stems.en.has(key)) problems.push(`en lacks ${key}`);
for (const key of stems.en) if (!stems.he.has(key)) problems.push(`he lacks ${key}`);
for (const [language, map] of [['he', he], ['en', en]]) {
  for (const [key, text] of map) {
    if (text.trim() === '') problems.push(`${language}: ${key} is empty`);
    if (key.endsWith('_one')) {
      for (const form of new Intl.PluralRules(language).resolvedOptions().pluralCategories) {
        if (form !== 'many' && !map.has(`${stem(key)}_${form}`)) problems.push(`${language} lacks ${stem(key)}_${form}`);
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
  if (/[\u0590-\u05FF]/.test(text) && !['auth.otherLanguage', 'languages.he'].includes(key)) problems.push(`en: ${key} holds Hebrew`);
}

const files = readdirSync(at('../src'), { recursive: true }).filter((name) => /\.tsx?$/.test(name) && !/\.test\./.test(name) && !name.endsWith('.d.ts'));
const source = files.map((name) => readFileSync(at(`../src/${name}`), 'utf8')).join('\n');
const used = new Set();
const patterns = [];
for (const [, , text] of source.matchAll(/(['`])([a-zA-Z]+\.(?:[\w.-]|\$\{[^}]*\})+)\1/g)) {
  if (!text.includes('${')) used.add(text);
  else patterns.push(new RegExp(`^${text.replace(/\./g, '\\.').replace(/\$\{[^}]*\}/g, '[^.]+')}$`));
}
const roots = new Set([...stems.he].map((key) => key.split('.')[0]));
// Words of the code that look like keys.
const NOT_KEYS = /^(lead|call|user|business|recording)\./;
for (const key of used) {
  if (roots.has(key.split('.')[0]) && !NOT_KEYS.test(key) && !stems.he.has(key)) problems.push(`the source names ${key}, which no catalogue holds`);
}
for (const key of stems.he) {
  if (!used.has(key) && !patterns.some((pattern) => pattern.test(key))) problems.push(`nobody uses ${key}`);
}

if (problems.length > 0) {
  console.error(problems.join('\n'));
  process.exit(1);
}
console.log(`${he.size} Hebrew and ${en.size} English messages agree with each other and with the source.`);
