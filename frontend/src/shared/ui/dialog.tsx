import { type ReactNode, useRef } from 'react';
import { useTranslation } from 'react-i18next';

import { deferred, whenIdle } from '@/shared/lib/deferred';

import { Button } from './button';
import type { DialogProps } from './dialog-window';

const load = async () => (await import('./dialog-window')).DialogWindow;

/** The one dialog. Its code comes after the page's own. */
export const Dialog = deferred<DialogProps>(load);
if (import.meta.env.MODE !== 'test') whenIdle(() => void load());

interface ConfirmProps {
  open: boolean;
  onClose: () => void;
  onConfirm: () => void;
  title: string;
  description: string;
  /** What the button that does it says. */
  confirm: string;
  /** It removes something. */
  danger?: boolean;
  busy?: boolean;
  children?: ReactNode;
}

/** Asks before something is done. The safe button has the focus. */
export function ConfirmDialog({
  open,
  onClose,
  onConfirm,
  title,
  description,
  confirm,
  danger = false,
  busy = false,
  children,
}: ConfirmProps) {
  const { t } = useTranslation();
  const safe = useRef<HTMLButtonElement>(null);
  return (
    <Dialog
      open={open}
      onClose={onClose}
      title={title}
      description={description}
      role="alertdialog"
      focusFirst={() => safe.current}
      footer={
        <>
          <Button ref={safe} variant="secondary" onClick={onClose}>
            {t('common:cancel')}
          </Button>
          <Button variant={danger ? 'danger' : 'primary'} busy={busy} onClick={onConfirm}>
            {confirm}
          </Button>
        </>
      }
    >
      {children}
    </Dialog>
  );
}
