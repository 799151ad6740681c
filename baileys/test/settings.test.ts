/** docs/SETTINGS.md tells defaults and bounds: the parser is run with them, and with what lies just past them. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { ConfigError, readConfig } from '../src/config.js';

const GOOD: Record<string, string> = {
  APP_ENV: 'production',
  DATABASE_URL: 'postgres://db/prosaas',
  INTERNAL_SECRET: 'kq8Zt3vN1rYw6uBs9eLm4HdXc7PfGa2J',
  BAILEYS_ENCRYPTION_KEY: randomBytes(32).toString('base64'),
};

interface Row {
  readonly name: string;
  readonly needed: string;
  readonly meaning: string;
}

/** The rows that name this service among the readers. Compiled tests lie in dist-test/test. */
function documented(): Row[] {
  const text = readFileSync(new URL('../../../docs/SETTINGS.md', import.meta.url), 'utf8');
  return [...text.matchAll(/^\| `(\w+)` \| ([^|]*) \| ([^|]*) \| ([^|]*) \|$/gm)]
    .filter(([, , readers]) => readers?.split(', ').includes('baileys'))
    .map(([, name = '', , needed = '', meaning = '']) => ({ name, needed, meaning }));
}

function refuses(name: string, value: string): void {
  assert.throws(
    () => readConfig({ ...GOOD, [name]: value }),
    (error) => error instanceof ConfigError && error.variable === name,
    `${name}=${value}`,
  );
}

describe('documented settings', () => {
  const rows = documented();

  it('are found', () => {
    assert.ok(rows.length >= 6, String(rows.length));
  });

  it('are required where the page says so, and have its defaults', () => {
    for (const { name, needed } of rows) {
      if (needed === 'required') refuses(name, '');
      else if (needed !== 'optional' && !needed.includes(' '))
        assert.deepEqual(readConfig({ ...GOOD, [name]: needed }), readConfig(GOOD), `${name}=${needed}`);
    }
  });

  it('have the page’s bounds', () => {
    const bounded: string[] = [];
    for (const { name, meaning } of rows) {
      const range = /(\d+) to (\d+)/.exec(meaning);
      if (range) {
        const [low, high] = [Number(range[1]), Number(range[2])];
        for (const value of [low, high]) readConfig({ ...GOOD, [name]: String(value) });
        for (const value of [low - 1, high + 1]) refuses(name, String(value));
        bounded.push(name);
      }
      const least = Number(/at least (\d+) random characters/.exec(meaning)?.[1] ?? 0);
      if (least > 0) {
        const letters = 'kq8Zt3vN1rYw6uBs9eLm4HdXc7PfGa2J'.repeat(4);
        readConfig({ ...GOOD, [name]: letters.slice(0, least) });
        refuses(name, letters.slice(0, least - 1));
        bounded.push(name);
      }
    }
    assert.deepEqual(bounded.sort(), ['BAILEYS_CONTACT_DAYS', 'BAILEYS_LEASE_SECONDS', 'INTERNAL_SECRET']);
  });
});
