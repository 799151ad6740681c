// What other features may use of leads.
export { leadName, leadPhone } from './api';
export { type Lead, newLeadsQuery } from './queries';
export { LeadName } from './columns';
export { DeleteLeadButton } from './delete-button';
export { useHidden as useHiddenLeads } from './hidden';
export { NewLeadDialog } from './new-lead-deferred';
export { LeadStatusBadge } from './status';
