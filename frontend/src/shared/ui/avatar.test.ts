import { describe, expect, it } from 'vitest';

import { initials } from './avatar';

describe('initials', () => {
  it.each([
    ['דנה לוי', 'דל'],
    ['ד"ר יעל אבן-גבירול', 'די'],
    ['"דנה" (לוי)', 'דל'],
    ['\u200fדנה לוי', 'דל'],
    ['- דנה', 'ד'],
    ['24 שעות', '2ש'],
    ['𝒜da Lovelace', '𝒜L'],
    ['👩 דנה', 'ד'],
    ['*', ''],
    ['', ''],
  ])('of %s are %s', (name, letters) => expect(initials(name)).toBe(letters));
});
