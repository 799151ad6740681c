import { searchOf, text } from '@/shared/lib/search';

/** The list's address. */
export const businessSearch = searchOf({ q: text(200) });
