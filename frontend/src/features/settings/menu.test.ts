import { describe, expect, it } from 'vitest';

import {
  bytes,
  forwards,
  freeKey,
  isFilled,
  type Menu,
  nodes,
  optionsOf,
  rekeyed,
  withOption,
  withoutOption,
} from './menu';
import { asks, moved, numberOf, targetsOf, total, withTargets } from './targets';

const menu: Menu = {
  options: {
    '0': { label: 'שעות', then: { do: 'say', text: 'תשע עד חמש' } },
    '1': { label: 'מכירות', then: { do: 'record' } },
    '2': {
      label: 'עוד',
      then: { do: 'menu', menu: { options: { '1': { label: 'א', then: { do: 'record' } } } } },
    },
  },
};

describe('a menu', () => {
  it('is read as people read a telephone, and counted as the server counts it', () => {
    expect(optionsOf(menu).map(([key]) => key)).toEqual(['1', '2', '0']);
    // The first menu, three options, and the one inside.
    expect(nodes(menu)).toBe(5);
    const stored = '{"prompt":"א","options":{},"silent_limit":2,"wrong_limit":2}';
    expect(bytes({ prompt: 'א' })).toBe(new TextEncoder().encode(stored).length);
    expect(bytes({ prompt: null, silent_limit: 2 })).toBe(bytes({}));
  });

  it('knows who is rung from it, and what somebody would miss', () => {
    expect(forwards(menu)).toBe(false);
    const inner: Menu = { options: { '1': { label: 'א', then: { do: 'forward', targets: [] } } } };
    expect(forwards(withOption(menu, '3', { label: 'ב', then: { do: 'menu', menu: inner } }))).toBe(true);
    expect(isFilled({ do: 'menu', menu: inner })).toBe(true);
    expect([isFilled({ do: 'record' }), isFilled({ do: 'say', text: ' ' })]).toEqual([false, false]);
    expect(isFilled({ do: 'forward', targets: [{ who: { number: '1' } }] })).toBe(true);
  });

  it('gets its options on free keys', () => {
    expect(freeKey(menu)).toBe('3');
    const nine = [...'123456789'].reduce<Menu>(
      (all, key) => withOption(all, key, { label: key, then: { do: 'record' } }),
      {},
    );
    expect(freeKey(nine)).toBe('0');
    expect(freeKey(withOption(nine, '0', { label: '0', then: { do: 'record' } }))).toBeUndefined();
    expect(optionsOf(rekeyed(menu, '1', '7')).map(([key, { label }]) => [key, label])).toEqual([
      ['2', 'עוד'],
      ['7', 'מכירות'],
      ['0', 'שעות'],
    ]);
    expect(optionsOf(withoutOption(menu, '2')).map(([key]) => key)).toEqual(['1', '0']);
  });
});

describe('targets', () => {
  const people = [
    { id: 'a', name: 'דנה', call_number: '+972541234567', calls_not_before: null },
    { id: 'b', name: 'נועה', call_number: null, calls_not_before: null },
  ];

  it('come from settings of before there were any, with their choices', () => {
    const older = {
      forward_to: ['+972541234567', '+97233724000'],
      screening: [{ number: '+972541234567', ask: false }],
    };
    const targets = targetsOf(older);
    expect(targets).toEqual([
      { who: { number: '+972541234567' }, ask: false },
      { who: { number: '+97233724000' } },
    ]);
    expect(withTargets(targets)).toEqual({ targets, forward_to: [], screening: [] });
    expect(targetsOf({ ...older, targets: [{ who: { member: 'a' } }] })).toHaveLength(1);
  });

  it('are asked where a mobile phone may answer, unless somebody chose', () => {
    expect(asks({ who: { member: 'a' } }, people)).toBe(true);
    expect(asks({ who: { member: 'a' }, ask: false }, people)).toBe(false);
    expect(asks({ who: { number: '03-3724000' } }, people)).toBe(false);
    expect(asks({ who: { number: '054-1234567' } }, people)).toBe(true);
    expect(numberOf({ who: { member: 'b' } }, people)).toBeNull();
  });

  it('are moved, and their times add up', () => {
    expect(moved(['a', 'b', 'c'], 1, -1)).toEqual(['b', 'a', 'c']);
    expect(moved(['a', 'b', 'c'], 1, 1)).toEqual(['a', 'c', 'b']);
    expect(total([{ who: { member: 'a' } }, { who: { member: 'b' }, timeout_s: 7 }], 20)).toBe(27);
  });
});
