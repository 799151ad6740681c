// What other features may use of leads.
export { type Lead, leadName, leadPhone, leadsQuery } from './api';
export { LeadName } from './columns';
export { DeleteLeadButton } from './delete-button';
export { useHidden as useHiddenLeads } from './hidden';
export { NewLeadDialog } from './new-lead-deferred';
export { LeadStatusBadge } from './status';
