import { describe, expect, it } from 'vitest';

import { asks, following, withChoice } from './screening';

const MOBILE = '054-123-4567';
const LANDLINE = '03-372-4000';

describe('who is asked first', () => {
  it('mobile phones are, unless the business says otherwise', () => {
    expect(
      [MOBILE, '+972541234567', '+14155550100', LANDLINE, '+97233724000', 'x'].map((n) => asks({}, n)),
    ).toEqual([true, true, true, false, false, false]);
    const screening = withChoice({ screening: withChoice({}, '+972541234567', false) }, LANDLINE, true);
    expect([MOBILE, LANDLINE].map((n) => asks({ screening }, n))).toEqual([false, true]);
    expect(withChoice({ screening }, MOBILE, true)).toHaveLength(2);
  });

  it('a choice follows its number while it is corrected, and goes with it', () => {
    const screening = withChoice({}, MOBILE, false);
    const before = [LANDLINE, MOBILE];
    expect(following({ screening }, before, [LANDLINE, '054-123-456'])).toEqual([
      { number: '054-123-456', ask: false },
    ]);
    expect(following({ screening }, before, [MOBILE])).toEqual(screening);
    expect(following({ screening }, before, [LANDLINE])).toEqual([]);
  });
});
