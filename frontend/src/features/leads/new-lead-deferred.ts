import { deferred } from '@/shared/lib/deferred';

/** The form for a new lead, fetched when it is first opened. */
export const NewLeadDialog = deferred(async () => (await import('./new-lead')).NewLeadDialog);
