/** Moments and ids of the pretended data. */
const NOW = Date.now();

/** So many minutes ago. */
export const ago = (minutes: number) => new Date(NOW - minutes * 60_000).toISOString();
/** In so many minutes. */
export const ahead = (minutes: number) => ago(-minutes);
export const uuid = (n: number) => `0198a000-0000-7000-8000-${String(n).padStart(12, '0')}`;
export const sid = (kind: string, n: number) => `${kind}${String(n).padStart(32, '0')}`;

/** The business of whoever is logged in. */
export const BUSINESS = uuid(900);
