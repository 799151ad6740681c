import { useTranslation } from 'react-i18next';

import { sentence } from '@/shared/api/problem';
import { words } from '@/shared/i18n/words';

import { WhatsappRefusal } from './api';

/** What a code says to people, be it of a reason, of a state that stands in the way or of a problem; '' where nobody knows it. */
export function useWhy(): (code: string) => string {
  const { t } = useTranslation();
  return (code) =>
    words(t, `linking:why.${code}`, '') ||
    words(t, `linking:next.${code}`, '') ||
    words(t, `common:problems.kinds.${code}`, '');
}

/** What went wrong, in the reader's language. */
export function useRefusal(): (error: unknown) => string {
  const { t } = useTranslation();
  const why = useWhy();
  return (error) =>
    error instanceof WhatsappRefusal ? why(error.code) || t('linking:failed') : sentence(error, t);
}
