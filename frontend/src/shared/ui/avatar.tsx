import { cn } from '@/shared/lib/cn';

const HUES = [
  'bg-tint text-on-tint',
  'bg-good-tint text-good',
  'bg-warn-tint text-warn',
  'bg-hover text-ink',
];

/** The first letter or digit of each of the first two words that have one: quotes, brackets and invisible marks are passed over. */
export function initials(name: string): string {
  return name
    .split(/\s+/)
    .flatMap((word) => /[\p{L}\p{N}]/u.exec(word) ?? [])
    .slice(0, 2)
    .join('');
}

/** A person's initials; decoration beside their name. */
export function Avatar({ name, className }: { name: string; className?: string }) {
  const letters = initials(name);
  const hue = [...name].reduce((sum, letter) => sum + (letter.codePointAt(0) ?? 0), 0) % HUES.length;
  // A lead without a name is shown by its number.
  const isName = letters !== '' && !/^[\d\s+*()-]{5,}$/.test(name);
  return (
    <span
      aria-hidden
      className={cn(
        'grid size-11 shrink-0 place-items-center rounded-full text-sm font-semibold',
        HUES[hue],
        className,
      )}
    >
      {isName ? letters : '#'}
    </span>
  );
}
