import { CheckCheck } from 'lucide-react';
import { announce, toast } from '@/shared/ui/toast';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';

import { sentence } from '@/shared/api/problem';
import { ContactButtons } from '@/shared/ui/contact';
import { Button, IconButton } from '@/shared/ui/button';

import { markCalledBack } from './api';
import { type Call } from './queries';
import { otherNumber, useCallerName } from './caller';

/** One tap to return a call, and one to say that it was returned. */
export function CallBackButtons({ call, compact = false }: { call: Call; compact?: boolean }) {
  const { t } = useTranslation();
  const name = useCallerName()(call);
  const number = otherNumber(call);
  const [busy, setBusy] = useState(false);
  const open = call.callback_needed && !call.called_back_at;
  const mark = async () => {
    setBusy(true);
    try {
      await markCalledBack(call.call_sid);
      announce(t('calls:markedCalledBack', { name }));
    } catch (error) {
      toast.error(t('calls:markFailed'), { description: sentence(error, t) });
    } finally {
      setBusy(false);
    }
  };
  return (
    <span className={compact ? 'flex items-center gap-1.5' : 'contents'}>
      {/* Not every row has it: first, it leaves the others one below the other. */}
      {open && compact && (
        <IconButton
          label={t('calls:markCalledBack', { name })}
          busy={busy}
          onClick={() => void mark()}
          className="max-sm:hidden"
        >
          {!busy && <CheckCheck aria-hidden />}
        </IconButton>
      )}
      {number !== null && <ContactButtons phone={number} name={name} labelled={!compact} />}
      {open && !compact && (
        <Button variant="secondary" busy={busy} onClick={() => void mark()}>
          {!busy && <CheckCheck aria-hidden />}
          {t('calls:markShort')}
        </Button>
      )}
    </span>
  );
}
