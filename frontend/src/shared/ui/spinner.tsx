import { LoaderCircle } from 'lucide-react';

import { cn } from '@/shared/lib/cn';

/** Something is under way; the words beside it say what. */
export function Spinner({ className }: { className?: string }) {
  return <LoaderCircle aria-hidden className={cn('size-5 animate-spin', className)} />;
}
