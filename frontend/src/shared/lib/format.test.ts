import { afterEach, describe, expect, it } from 'vitest';

import {
  daysAgo,
  formatDate,
  formatDuration,
  formatNumber,
  formatRelative,
  formatTime,
  formatWhen,
  formatZone,
  localDate,
  setTimeZone,
} from './format';

const NOW = '2026-11-22T10:00:00Z'; // 12:00 in Israel

afterEach(() => setTimeZone(null));

describe('dates and times, as people in Israel write them', () => {
  it('shows the time of the business, wherever the device is', () => {
    expect(formatTime('2026-11-22T22:30:00Z')).toBe('00:30');
    expect(localDate('2026-11-22T22:30:00Z')).toBe('2026-11-23');
    setTimeZone('America/New_York');
    expect(formatTime('2026-11-22T22:30:00Z')).toBe('17:30');
  });

  it('counts days by the calendar, not by hours', () => {
    expect(daysAgo('2026-11-21T21:59:00Z', NOW)).toBe(1);
    expect(daysAgo('2026-11-21T22:01:00Z', NOW)).toBe(0);
  });

  it('says today and yesterday in words, the weekday within a week, then the date', () => {
    expect(formatWhen('2026-11-22T07:05:00Z', NOW)).toBe('היום, 09:05');
    expect(formatWhen('2026-11-21T07:05:00Z', NOW)).toBe('אתמול, 09:05');
    expect(formatWhen('2026-11-18T07:05:00Z', NOW)).toBe('יום ד׳, 09:05');
    expect(formatWhen('2026-10-01T07:05:00Z', NOW)).toBe('1.10.2026');
    expect(formatDate('2026-11-22T07:05:00Z')).toBe('22.11.2026');
  });

  it('names the clock in words', () => expect(formatZone('Asia/Jerusalem')).toBe('שעון ישראל'));

  it('speaks of the past at the grain that people use', () => {
    expect(formatRelative('2026-11-22T09:55:00Z', NOW)).toBe('לפני 5 דקות');
    expect(formatRelative('2026-11-22T07:00:00Z', NOW)).toBe('לפני 3 שעות');
  });
});

describe('numbers', () => {
  it.each([
    [5, '0:05'],
    [65, '1:05'],
    [3725, '1:02:05'],
    [-3, '0:00'],
  ])('writes %i seconds as %s', (seconds, text) => {
    expect(formatDuration(seconds)).toBe(text);
  });

  it('groups thousands', () => expect(formatNumber(12_345)).toBe('12,345'));
});
