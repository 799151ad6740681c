import type { ComponentProps, ReactNode } from 'react';

import { cn } from '@/shared/lib/cn';

/** A surface. */
export function Card({ className, ...props }: ComponentProps<'div'>) {
  return <div className={cn('rounded-2xl border bg-card shadow-xs', className)} {...props} />;
}

interface SectionProps {
  title: string;
  /** A sentence below the title. */
  hint?: string | undefined;
  /** A link or button beside the title. */
  action?: ReactNode;
  children: ReactNode;
  className?: string;
}

/** A titled surface. */
export function Section({ title, hint, action, children, className }: SectionProps) {
  return (
    <section className={cn('rounded-2xl border bg-card shadow-xs', className)}>
      <div className="flex items-start justify-between gap-3 px-4 pt-4 md:px-5">
        <div className="min-w-0">
          <h2 className="text-base font-semibold">{title}</h2>
          {hint !== undefined && <p className="mt-0.5 text-sm text-muted">{hint}</p>}
        </div>
        {action}
      </div>
      <div className="p-4 md:p-5">{children}</div>
    </section>
  );
}
