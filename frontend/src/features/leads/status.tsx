import { useTranslation } from 'react-i18next';

import { Badge, type Tone } from '@/shared/ui/badge';

import type { LeadStatus } from './queries';

const TONES: Record<LeadStatus, Tone> = {
  new: 'primary',
  contacted: 'warn',
  qualified: 'neutral',
  won: 'good',
  lost: 'neutral',
};

/** How far a lead has come, in a word. */
export function LeadStatusBadge({ status }: { status: LeadStatus }) {
  const { t } = useTranslation();
  return <Badge tone={TONES[status]}>{t(`leads:status.${status}`)}</Badge>;
}
