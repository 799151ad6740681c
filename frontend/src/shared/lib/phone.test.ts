import { describe, expect, it } from 'vitest';

import { formatPhone, telHref, toE164, whatsappHref } from './phone';

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
  ])('writes %s as %s', (value, text) => expect(formatPhone(value)).toBe(text));

  it.each([
    ['054-123-4567', '+972541234567'],
    ['(03) 123 4567', '+97231234567'],
    ['00972541234567', '+972541234567'],
    ['054–123–4567', '+972541234567'],
    ['12', null],
    ['client:anna', null],
  ])('reads %s as %s', (typed, e164) => expect(toE164(typed)).toBe(e164));

  it('dials and opens chats by E.164', () => {
    expect(telHref('054-123-4567')).toBe('tel:+972541234567');
    expect(telHref('*2700')).toBe('tel:*2700');
    expect(whatsappHref('054-123-4567')).toBe('https://wa.me/972541234567');
    expect(whatsappHref('*2700')).toBeNull();
  });
});
