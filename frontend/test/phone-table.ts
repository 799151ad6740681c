import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';

/** The table that the server's reader is tested against: a spelling, what it means, why. */
export const PHONE_TABLE = readFileSync(
  resolve(import.meta.dirname, '../../tests/fixtures/phones.tsv'),
  'utf8',
)
  .split('\n')
  .filter((line) => line !== '' && !line.startsWith('#'))
  .map((line) => line.split('\t') as [string, string, string]);
