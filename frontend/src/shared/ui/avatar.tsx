import { cn } from '@/shared/lib/cn';

const HUES = ['bg-tint text-on-tint', 'bg-good-tint text-good', 'bg-warn-tint text-warn', 'bg-hover text-ink'];

/** A person's initials; decoration beside their name. */
export function Avatar({ name, className }: { name: string; className?: string }) {
  const letters = name.trim().split(/\s+/).slice(0, 2).map((word) => word.at(0) ?? '').join('');
  const hue = [...name].reduce((sum, letter) => sum + (letter.codePointAt(0) ?? 0), 0) % HUES.length;
  const isName = /\p{L}/u.test(letters);
  return (
    <span aria-hidden className={cn('grid size-11 shrink-0 place-items-center rounded-full text-sm font-semibold', HUES[hue], className)}>
      {isName ? letters : '#'}
    </span>
  );
}
