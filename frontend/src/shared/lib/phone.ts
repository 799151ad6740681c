/**
 * Telephone numbers, read as the server reads them (`shared/domain/src/phone`): both are tested
 * against `tests/fixtures/phones.tsv`. Of other countries only the server knows how long
 * their numbers are.
 */

const ISRAEL = '972';

/** Links that hold a number in front of `@`, `;` or `?`. */
const LINK = /^(?:tel|sips?|sms|whatsapp|callto):([^@;?>]*)/i;

/** What cannot stand inside a number: it is cut there. */
const BOUNDARY = /[^\d\s\p{Pd}\u2212+*.()[\]]/u;

/** Countries whose numbers may begin with a zero, so that it is no trunk zero. */
const ZERO_BELONGS = new Set(['39', '378', '225', '229', '242']);

/** The country codes of one and two digits; all others have three. */
const COUNTRY = /^(?:1|7|2[07]|3[0-469]|4[013-9]|5[1-8]|6[0-6]|8[1246]|9[0-58])/;

const LONGEST = 18;

/** The text as it looks: no invisible marks, Arabic and Persian digits as European ones. */
function plain(typed: string): string {
  return typed
    .normalize('NFKC')
    .replace(/\p{Cf}/gu, '')
    .replace(/[\u0660-\u0669\u06f0-\u06f9]/g, (digit) => String(digit.charCodeAt(0) & 0xf));
}

/** What may hold numbers: of a link, whom it names. An e-mail address is no number. */
function addressee(text: string): string {
  const trimmed = text.replace(/^[\s<]+/, '');
  const link = LINK.exec(trimmed);
  if (link) return link[1] ?? '';
  return trimmed.includes('@') || /^client:/i.test(trimmed) ? '' : trimmed;
}

function israeli(digits: string): string | null {
  const national = digits.replace(/^0/, '');
  if (/^1\d{9}$/.test(national)) return national;
  return /^(?:[23489]\d{7}|[57]\d{8})$/.test(national) ? `+${ISRAEL}${national}` : null;
}

function international(digits: string): string | null {
  if (/^972000000\d{3}$/.test(digits)) return `+${digits}`;
  if (digits.startsWith(ISRAEL)) return israeli(digits.slice(ISRAEL.length));
  const code = COUNTRY.exec(digits)?.[0] ?? digits.slice(0, 3);
  const rest = digits.slice(code.length);
  const number = code + (ZERO_BELONGS.has(code) ? rest : rest.replace(/^0/, ''));
  return /^[1-9]\d{7,14}$/.test(number) ? `+${number}` : null;
}

function one(part: string): string | null {
  const compact = part.replace(/[^\d+*]/g, '');
  if (compact.includes('*')) {
    const star = /^\*(\d{3,5})$|^(\d{3,5})\*$/.exec(compact);
    return star ? `*${star[1] ?? star[2] ?? ''}` : null;
  }
  const digits = compact.replace(/^\++/, '');
  if (digits.length > LONGEST) return null;
  if (digits.startsWith('00')) return international(digits.slice(2));
  if (digits !== compact) return international(digits);
  return israeli(digits.startsWith(ISRAEL) && digits.length > 10 ? digits.slice(ISRAEL.length) : digits);
}

/** One number, or two with a blank between them. */
function sideBySide(part: string): string[] {
  const whole = one(part);
  if (whole !== null) return [whole];
  for (const blank of part.matchAll(/\s/g)) {
    const [left, right] = [one(part.slice(0, blank.index)), one(part.slice(blank.index))];
    if (left !== null && right !== null) return [left, right];
  }
  return [];
}

function numbersIn(text: string, boundary: RegExp): string[] {
  const parts = text.split(boundary).flatMap((part) => part.split(/(?!^)(?=\+)/));
  return [...new Set(parts.flatMap(sideBySide))];
}

/** Every number that was typed: E.164, or a short or service number such as `*2700`. */
export function readNumbers(typed: string): string[] {
  if (typed.length > 200) return [];
  const text = addressee(plain(typed));
  const found = numbersIn(text, BOUNDARY);
  // `03/7654321` is one number.
  return found.length === 0 && text.includes('/') ? numbersIn(text.replaceAll('/', ' '), BOUNDARY) : found;
}

/** E.164 of what was typed, with Israel as the default country; null when nothing in it can be dialled from everywhere. */
export function toE164(typed: string): string | null {
  const number = readNumbers(typed)[0];
  return number?.startsWith('+') ? number : null;
}

/**
 * `+972541234567` as `054-123-4567`, `+97231234567` as `03-123-4567`; a number of
 * another country keeps its prefix and is grouped. A text with words beside the number,
 * and anything else, comes back unchanged.
 */
export function formatPhone(value: string): string {
  const [number, ...more] = readNumbers(value);
  if (number === undefined || more.length > 0 || /\p{L}/u.test(value)) return value;
  if (number.startsWith(`+${ISRAEL}`)) {
    const national = number.slice(ISRAEL.length + 1);
    if (/^[57]\d{8}$/.test(national))
      return `0${national.slice(0, 2)}-${national.slice(2, 5)}-${national.slice(5)}`;
    if (/^[23489]\d{7}$/.test(national))
      return `0${national.slice(0, 1)}-${national.slice(1, 4)}-${national.slice(4)}`;
    return number;
  }
  const service = /^(1\d{3})(\d{3})(\d{3})$/.exec(number);
  if (service) return `${number[0] ?? ''}-${number.slice(1, 4)}-${service[2] ?? ''}-${service[3] ?? ''}`;
  const north = /^\+1(\d{3})(\d{3})(\d{4})$/.exec(number);
  if (north) return `+1 ${north[1] ?? ''}-${north[2] ?? ''}-${north[3] ?? ''}`;
  return number;
}

/** What a `tel:` link dials. */
export function telHref(value: string): string {
  return `tel:${readNumbers(value)[0] ?? value.replace(/[^\d+*#]/g, '')}`;
}

/** A chat with the number in WhatsApp; null when the text is no number that WhatsApp could know. */
export function whatsappHref(value: string): string | null {
  const number = toE164(value);
  return number === null ? null : `https://wa.me/${number.slice(1)}`;
}
