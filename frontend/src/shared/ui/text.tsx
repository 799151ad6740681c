import type { ReactNode } from 'react';

import { cn } from '@/shared/lib/cn';
import { formatExact, formatWhen } from '@/shared/lib/format';
import { formatPhone, telHref } from '@/shared/lib/phone';

/** Numbers, phones and ids: left to right in either language. */
export function Ltr({ children, className }: { children: ReactNode; className?: string }) {
  return (
    <bdi dir="ltr" className={className}>
      {children}
    </bdi>
  );
}

/** What people typed, in the direction of its own first letter. */
export function Typed({ children, className }: { children: string; className?: string }) {
  return (
    <bdi dir="auto" className={className}>
      {children}
    </bdi>
  );
}

/** A phone number as people write it, that can be called. */
export function Phone({
  value,
  link = false,
  className,
}: {
  value: string;
  link?: boolean;
  className?: string;
}) {
  const text = <Ltr className={cn(!link && className)}>{formatPhone(value)}</Ltr>;
  if (!link) return text;
  return (
    <a
      href={telHref(value)}
      className={cn(
        'inline-flex min-h-11 min-w-11 items-center text-on-tint underline-offset-4 hover:underline md:min-h-0',
        className,
      )}
    >
      {text}
    </a>
  );
}

/** A moment in words, the exact time for those who ask. */
export function When({ at, className }: { at: string; className?: string }) {
  return (
    <time dateTime={at} title={formatExact(at)} className={cn('whitespace-nowrap', className)}>
      {formatWhen(at)}
    </time>
  );
}
