import { Languages } from 'lucide-react';
import { type ReactNode, useEffect } from 'react';
import { useTranslation } from 'react-i18next';
import { Link } from '@tanstack/react-router';

import { changeLanguage } from '@/shared/i18n';
import { language } from '@/shared/i18n/language';
import { Button } from '@/shared/ui/button';
import { Logo } from '@/shared/ui/logo';

/** The frame of pages for people who are not logged in. */
export function AuthFrame({
  title,
  hint,
  children,
}: {
  title: string;
  hint?: string | undefined;
  children: ReactNode;
}) {
  const { t } = useTranslation();
  useEffect(() => {
    document.title = `${title} · ${t('common:product')}`;
  }, [title, t]);
  const other = language() === 'he' ? 'en' : 'he';
  return (
    <div className="flex min-h-dvh flex-col items-center justify-center gap-6 px-4 py-8">
      <main tabIndex={-1} className="flex w-full max-w-md flex-col gap-6 outline-none">
        <div className="flex flex-col items-center gap-3 text-center">
          <Logo className="size-14" />
          <h1 className="text-2xl font-bold tracking-tight">{title}</h1>
          {hint !== undefined && <p className="text-muted">{hint}</p>}
        </div>
        <div className="rounded-3xl border bg-card p-5 shadow-sm md:p-7">{children}</div>
      </main>
      <footer className="flex items-center gap-2 text-sm text-muted">
        <Button variant="ghost" size="small" lang={other} onClick={() => void changeLanguage(other)}>
          <Languages aria-hidden />
          {t('auth:otherLanguage')}
        </Button>
        <Link
          to="/accessibility"
          className="inline-flex min-h-11 items-center rounded-xl px-3 hover:bg-hover hover:text-ink md:min-h-9"
        >
          {t('auth:accessibility')}
        </Link>
      </footer>
    </div>
  );
}
