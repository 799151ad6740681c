import { Link } from '@tanstack/react-router';
import { ChevronLeft } from 'lucide-react';
import { type ReactNode, useEffect } from 'react';
import { useTranslation } from 'react-i18next';

import { cn } from '@/shared/lib/cn';

interface PageProps {
  title: string;
  /** A line below the title. */
  hint?: ReactNode;
  /** Beside the title. */
  actions?: ReactNode;
  /** Where "back" leads. */
  back?: { to: string; label: string };
  /** `narrow` for what is read rather than scanned. */
  width?: 'narrow' | 'wide';
  children: ReactNode;
}

/** A page: its title in the tab and on screen, its actions, its content. */
export function Page({ title, hint, actions, back, width = 'wide', children }: PageProps) {
  const { t } = useTranslation();
  useEffect(() => {
    document.title = `${title} · ${t('common:product')}`;
  }, [title, t]);
  return (
    <div className="mx-auto w-full max-w-6xl px-4 pt-4 pb-8 md:px-8 md:pt-8">
      {/* Narrow or wide, a title stands in the same place: nothing jumps from page to page. */}
      <div className={cn('flex flex-col gap-4 md:gap-5', width === 'narrow' && 'max-w-3xl')}>
        <header className="flex flex-wrap items-center gap-x-3 gap-y-2">
          <div className="min-w-0 grow">
            {back && (
              <Link
                to={back.to}
                className="-ms-1 mb-1 inline-flex min-h-11 items-center gap-1 pe-2 text-sm text-muted hover:text-ink md:min-h-8"
              >
                <ChevronLeft aria-hidden className="size-4.5 rtl:rotate-180" />
                {back.label}
              </Link>
            )}
            <h1 className="truncate text-2xl font-bold tracking-tight">
              <bdi>{title}</bdi>
            </h1>
            {hint !== undefined && <div className="mt-0.5 text-sm text-muted">{hint}</div>}
          </div>
          {actions !== undefined && (
            <div className="flex max-w-full shrink-0 flex-wrap items-center gap-2">{actions}</div>
          )}
        </header>
        {children}
      </div>
    </div>
  );
}
