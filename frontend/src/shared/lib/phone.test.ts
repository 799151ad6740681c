import { describe, expect, it } from 'vitest';

import { formatPhone, readNumbers, telHref, toE164, whatsappHref } from './phone';
import { PHONE_TABLE } from '../../../test/phone-table';

describe('phone numbers', () => {
  it.each([
    ['+972541234567', '054-123-4567'],
    ['0541234567', '054-123-4567'],
    ['+97231234567', '03-123-4567'],
    ['+972747001234', '074-700-1234'],
    ['+12125550123', '+1 212-555-0123'],
    ['+442071234567', '+442071234567'],
    ['anonymous', 'anonymous'],
    ['*2700', '*2700'],
    ['1700700123', '1-700-700-123'],
    ['03-7654321 שלוחה 12', '03-7654321 שלוחה 12'],
  ])('writes %s as %s', (value, text) => expect(formatPhone(value)).toBe(text));

  it.each([
    ['054-123-4567', '+972541234567'],
    ['(03) 123 4567', '+97231234567'],
    ['00972541234567', '+972541234567'],
    ['054–123–4567', '+972541234567'],
    ['12', null],
    ['client:anna', null],
  ])('reads %s as %s', (typed, e164) => expect(toE164(typed)).toBe(e164));

  it('has the whole table', () => expect(PHONE_TABLE.length).toBeGreaterThanOrEqual(19));

  it.each(PHONE_TABLE)('reads %s as %s: %s', (typed, meaning) => {
    expect(readNumbers(typed)[0] ?? '-').toBe(meaning);
  });

  it.each([
    ['054-7000113 / 03-7654323', 2],
    ['0547000113 037654323', 2],
    ['בית: 03-7654323 נייד: 054-7000113', 2],
    ['03/7654323', 1],
    ['+39 (0)6 1234 5678', 1],
    ['2700*', 1],
    ['dana0541234567@example.com', 0],
    ['054-12A34567', 0],
  ])('finds in %s %d numbers', (typed, count) => expect(readNumbers(typed)).toHaveLength(count));

  it('keeps the zero where it belongs to the number', () => {
    expect(toE164('+39 06 1234 5678')).toBe('+390612345678');
    expect(toE164('+49 030 123456')).toBe('+4930123456');
  });

  it('dials and opens chats by E.164', () => {
    expect(telHref('054-123-4567')).toBe('tel:+972541234567');
    expect(telHref('*2700')).toBe('tel:*2700');
    expect(whatsappHref('054-123-4567')).toBe('https://wa.me/972541234567');
    expect(whatsappHref('*2700')).toBeNull();
  });
});
