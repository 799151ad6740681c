import { Link } from '@tanstack/react-router';
import { useEffect } from 'react';
import { useTranslation } from 'react-i18next';

import { mayHaveSession } from '@/shared/api/gate';
import { Button } from '@/shared/ui/button';
import { Card } from '@/shared/ui/card';

/** The accessibility statement that Israeli law asks for (IS 5568, WCAG 2.1 AA). */
export function AccessibilityPage() {
  const { t } = useTranslation();
  const title = t('accessibility:title');
  useEffect(() => {
    document.title = `${title} · ${t('common:product')}`;
  }, [title, t]);
  return (
    <main className="mx-auto flex max-w-3xl flex-col gap-5 px-4 py-8 md:px-8">
      <h1 className="text-2xl font-bold tracking-tight">{title}</h1>
      <Card className="flex flex-col gap-5 p-5 md:p-7">
        <p>{t('accessibility:intro')}</p>
        {(['standard', 'done', 'limits', 'contact'] as const).map((part) => (
          <section key={part} className="flex flex-col gap-1.5">
            <h2 className="text-lg font-semibold">{t(`accessibility:${part}.title`)}</h2>
            <p className="whitespace-pre-line text-muted">{t(`accessibility:${part}.text`)}</p>
          </section>
        ))}
        <p className="text-sm text-muted">{t('accessibility:updated')}</p>
      </Card>
      <Button asChild variant="secondary" className="self-start">
        <Link to={mayHaveSession() ? '/' : '/login'}>{t('accessibility:back')}</Link>
      </Button>
    </main>
  );
}
