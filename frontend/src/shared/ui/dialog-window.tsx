import { X } from 'lucide-react';
import { Dialog as Radix } from 'radix-ui';
import { type ReactNode, useRef } from 'react';
import { useTranslation } from 'react-i18next';

import { useBack } from '@/shared/lib/back';
import { cn } from '@/shared/lib/cn';

import { IconButton } from './button';
import { useDragDown } from './drag';

export interface DialogProps {
  open: boolean;
  onClose: () => void;
  /** What Back and a pull at the handle do; they close it otherwise. */
  onDismiss?: () => void;
  title: string;
  /** What this is about, for everybody and for screen readers. */
  description: string;
  children?: ReactNode;
  /** Buttons, at the foot. */
  footer?: ReactNode;
  /** `alertdialog` where something is to be confirmed. */
  role?: 'dialog' | 'alertdialog';
  /** The element that has focus first; the first field otherwise. */
  focusFirst?: () => HTMLElement | null;
  size?: 'small' | 'large';
}

/**
 * The one dialog: a drawer at the bottom of a phone, a window at a desk. Focus moves
 * in, stays in, and returns to where it came from. Escape, Back and, on a phone, a pull
 * at the handle close it.
 */
export function DialogWindow({
  open,
  onClose,
  onDismiss = onClose,
  title,
  description,
  children,
  footer,
  role = 'dialog',
  focusFirst,
  size = 'small',
}: DialogProps) {
  const { t } = useTranslation();
  const cameFrom = useRef<Element | null>(null);
  const { sheet, handle } = useDragDown(onDismiss);
  useBack(onDismiss);
  return (
    <Radix.Root open={open} onOpenChange={(next) => !next && onClose()}>
      <Radix.Portal>
        <Radix.Overlay className="fixed inset-0 z-40 animate-appear bg-shade" />
        <Radix.Content
          ref={sheet}
          role={role}
          onOpenAutoFocus={(event) => {
            cameFrom.current = document.activeElement;
            const target = focusFirst?.();
            if (target) {
              event.preventDefault();
              target.focus();
            }
          }}
          onCloseAutoFocus={(event) => {
            // Dialogs opened from state have no trigger that Radix knows.
            event.preventDefault();
            const back = cameFrom.current;
            if (back instanceof HTMLElement && back.isConnected && back !== document.body) back.focus();
            else document.querySelector<HTMLElement>('main')?.focus();
          }}
          className={cn(
            'fixed inset-x-0 bottom-0 z-50 flex max-h-[92dvh] animate-rise flex-col rounded-t-3xl bg-raised shadow-2xl transition-[translate] duration-200 outline-none',
            'md:inset-0 md:m-auto md:h-fit md:max-h-[86dvh] md:rounded-2xl',
            size === 'large' ? 'md:max-w-2xl' : 'md:max-w-md',
          )}
        >
          <div
            aria-hidden
            {...handle}
            className="flex h-7 shrink-0 cursor-grab touch-none justify-center pt-2.5 md:hidden"
          >
            <div className="h-1.5 w-10 rounded-full bg-control/40" />
          </div>
          <header className="flex items-start gap-3 px-5 md:pt-5">
            <div className="min-w-0 grow">
              <Radix.Title className="text-lg font-semibold">{title}</Radix.Title>
              <Radix.Description className="mt-1 text-sm text-muted">{description}</Radix.Description>
            </div>
            <IconButton label={t('common:close')} onClick={onClose} className="-me-2 -mt-1">
              <X aria-hidden />
            </IconButton>
          </header>
          {children !== undefined && <div className="min-h-0 grow overflow-y-auto px-5 py-4">{children}</div>}
          {footer !== undefined && (
            <footer className="flex flex-col-reverse gap-2 px-5 pt-3 pb-[max(1.25rem,env(safe-area-inset-bottom))] md:flex-row md:justify-end">
              {footer}
            </footer>
          )}
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}
