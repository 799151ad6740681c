import { oneOf, searchOf, text } from '@/shared/lib/search';

/** The list's address. */
export const callSearch = searchOf({ show: oneOf('missed', 'answered'), number: text(40) });

/** What it holds. */
export type CallSearch = ReturnType<typeof callSearch>;
