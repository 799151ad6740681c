import { useTranslation } from 'react-i18next';

import { Badge, type Tone } from '@/shared/ui/badge';

import type { DeadLetter } from './queries';

const TONES: Record<DeadLetter['state'], Tone> = {
  new: 'bad',
  replaying: 'primary',
  replayed: 'good',
  discarded: 'neutral',
};

/** What became of a failed event. */
export function DeadLetterBadge({ state }: { state: DeadLetter['state'] }) {
  const { t } = useTranslation();
  return <Badge tone={TONES[state]}>{t(`operations:failed.stateOf.${state}`)}</Badge>;
}
