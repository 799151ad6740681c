import { useTranslation } from 'react-i18next';

import { sentence } from '@/shared/api/problem';

import { WhatsappRefusal } from './api';

/** What went wrong, in words: the server's own where it spoke of WhatsApp. */
export function useRefusal(): (error: unknown) => string {
  const { t } = useTranslation();
  return (error) => {
    if (error instanceof WhatsappRefusal) return error.message === '' ? t('whatsapp:failed') : error.message;
    return sentence(error, t);
  };
}
