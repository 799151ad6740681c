import { Trash2 } from 'lucide-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';

import { Button, IconButton } from '@/shared/ui/button';
import { ConfirmDialog } from '@/shared/ui/dialog';

import { deleteLeads } from './delete-lead';

interface DeleteLeadButtonProps {
  id: string;
  /** What the lead is called. */
  name: string;
  /** With a word beside the icon. */
  labelled?: boolean;
  /** Called as soon as the person has confirmed. */
  onConfirmed?: () => void;
}

/** The trash can beside a lead: asks, then deletes. The same wherever a lead shows. */
export function DeleteLeadButton({ id, name, labelled = false, onConfirmed }: DeleteLeadButtonProps) {
  const { t } = useTranslation();
  const [asking, setAsking] = useState(false);
  const ask = () => setAsking(true);
  return (
    <>
      {labelled ? (
        <Button variant="quietDanger" onClick={ask}>
          <Trash2 aria-hidden />
          {t('leads:delete.action')}
        </Button>
      ) : (
        <IconButton label={t('leads:delete.label', { name })} variant="quietDanger" onClick={ask}>
          <Trash2 aria-hidden />
        </IconButton>
      )}
      <ConfirmDialog
        open={asking}
        onClose={() => setAsking(false)}
        onConfirm={() => {
          setAsking(false);
          void deleteLeads({ ids: [id] });
          onConfirmed?.();
        }}
        title={t('leads:delete.confirm')}
        description={t('leads:delete.explain', { name })}
        confirm={t('leads:delete.action')}
        danger
      />
    </>
  );
}
