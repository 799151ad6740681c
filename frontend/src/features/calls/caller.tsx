import { useTranslation } from 'react-i18next';

import { formatPhone } from '@/shared/lib/phone';
import { Phone, Typed } from '@/shared/ui/text';

import type { Call } from './queries';

/** The other side of a call: a number, or null where it was withheld. */
export function otherNumber(call: Pick<Call, 'direction' | 'from_e164' | 'to_e164'>): string | null {
  return call.direction?.startsWith('outbound') === true ? call.to_e164 : call.from_e164;
}

/** What the other side is called, as plain text for labels. */
export function useCallerName(): (call: Call) => string {
  const { t } = useTranslation();
  return (call) => {
    const number = otherNumber(call);
    return (
      call.lead?.name ?? call.caller_name ?? (number === null ? t('calls:withheld') : formatPhone(number))
    );
  };
}

/** What the other side is called. */
export function CallerName({ call }: { call: Call }) {
  const { t } = useTranslation();
  const name = call.lead?.name ?? call.caller_name;
  if (name) return <Typed>{name}</Typed>;
  const number = otherNumber(call);
  return number === null ? <>{t('calls:withheld')}</> : <Phone value={number} />;
}
