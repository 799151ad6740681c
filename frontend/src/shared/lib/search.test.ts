import { describe, expect, it } from 'vitest';

import { flag, like, oneOf, searchOf, text } from './search';

const read = searchOf({ q: text(5), status: oneOf('new', 'won'), day: like(/^\d{4}$/), open: flag });

describe('the search of an address', () => {
  it('keeps what makes sense', () => {
    expect(read({ q: 'abc', status: 'won', day: '2026', open: true })).toEqual({
      q: 'abc',
      status: 'won',
      day: '2026',
      open: true,
    });
    expect(read({ q: 5 })).toEqual({ q: '5' });
  });

  it('drops nonsense without an error', () => {
    expect(read({ q: 'too long', status: 'lost', day: 'x', open: 'yes', other: 1 })).toEqual({});
    expect(read({ q: ['a'], status: null })).toEqual({});
  });
});
