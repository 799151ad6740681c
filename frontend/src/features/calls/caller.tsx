import { useTranslation } from 'react-i18next';

import { formatPhone } from '@/shared/lib/phone';
import { Phone, Typed } from '@/shared/ui/text';

import type { Call } from './api';

/** The other side of a call: a number, or null where it was withheld. */
export function otherNumber(call: Pick<Call, 'direction' | 'from' | 'to'>): string | null {
  const number = call.direction?.startsWith('outbound') === true ? call.to : call.from;
  return number !== null && number !== undefined && /^\+?\d{4,}$/.test(number) ? number : null;
}

/** What the other side is called, as plain text for labels. */
export function useCallerName(): (call: Call) => string {
  const { t } = useTranslation();
  return (call) => {
    const number = otherNumber(call);
    return call.lead_name ?? (number === null ? t('calls.withheld') : formatPhone(number));
  };
}

/** What the other side is called. */
export function CallerName({ call }: { call: Call }) {
  const { t } = useTranslation();
  if (call.lead_name) return <Typed>{call.lead_name}</Typed>;
  const number = otherNumber(call);
  return number === null ? <>{t('calls.withheld')}</> : <Phone value={number} />;
}
