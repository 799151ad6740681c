/**
 * Phone numbers as people in Israel write them. The server holds E.164; what it
 * could not read as a number stays as typed.
 */

const ISRAEL = '+972';

/** E.164 of what was typed, with Israel as the default country; null when it is no such number. */
export function toE164(typed: string): string | null {
  const compact = typed.replace(/[\s().\-–־‎‏]/g, '');
  const international = compact.startsWith('00') ? `+${compact.slice(2)}` : compact;
  const number = /^0\d{8,9}$/.test(international) ? `${ISRAEL}${international.slice(1)}` : international;
  return /^\+[1-9]\d{6,14}$/.test(number) ? number : null;
}

/**
 * `+972541234567` as `054-123-4567`, `+97231234567` as `03-123-4567`; a number of
 * another country keeps its prefix and is grouped. Anything else comes back unchanged.
 */
export function formatPhone(value: string): string {
  const number = toE164(value);
  if (number === null) return value;
  if (number.startsWith(ISRAEL)) {
    const national = number.slice(ISRAEL.length);
    if (/^[57]\d{8}$/.test(national)) return `0${national.slice(0, 2)}-${national.slice(2, 5)}-${national.slice(5)}`;
    if (/^[23489]\d{7}$/.test(national)) return `0${national.slice(0, 1)}-${national.slice(1, 4)}-${national.slice(4)}`;
    return number;
  }
  const north = /^\+1(\d{3})(\d{3})(\d{4})$/.exec(number);
  if (north) return `+1 ${north[1] ?? ''}-${north[2] ?? ''}-${north[3] ?? ''}`;
  return number;
}

/** What a `tel:` link dials. */
export function telHref(value: string): string {
  return `tel:${toE164(value) ?? value.replace(/[^\d+*#]/g, '')}`;
}

/** A chat with the number in WhatsApp; null when the text is no number that WhatsApp could know. */
export function whatsappHref(value: string): string | null {
  const number = toE164(value);
  return number === null ? null : `https://wa.me/${number.slice(1)}`;
}
