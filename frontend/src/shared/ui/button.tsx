import { cva, type VariantProps } from 'class-variance-authority';
import { Slot } from 'radix-ui';
import type { ComponentProps } from 'react';

import { cn } from '@/shared/lib/cn';

import { Spinner } from './spinner';

// 44 px on phones, where a thumb aims; a little denser at a desk.
const variants = cva(
  'inline-flex shrink-0 items-center justify-center gap-2 rounded-xl font-medium whitespace-nowrap transition-colors select-none disabled:opacity-60 aria-busy:cursor-progress [&_svg]:size-5 [&_svg]:shrink-0',
  {
    variants: {
      variant: {
        primary: 'bg-primary text-on-primary hover:bg-primary-hover',
        secondary: 'border border-control/60 bg-card text-ink hover:bg-hover',
        tint: 'bg-tint text-on-tint hover:bg-tint/70',
        ghost: 'text-ink hover:bg-hover',
        danger: 'bg-bad text-on-bad hover:bg-bad-hover',
        quietDanger: 'text-bad hover:bg-bad-tint',
        good: 'bg-good-tint text-good hover:bg-good-tint/70',
      },
      size: {
        normal: 'min-h-11 px-4 text-base md:min-h-10 md:text-sm',
        large: 'min-h-12 px-5 text-base',
        small: 'min-h-11 px-3 text-sm md:min-h-9',
        icon: 'size-11 md:size-10',
      },
    },
    defaultVariants: { variant: 'primary', size: 'normal' },
  },
);

interface ButtonProps extends ComponentProps<'button'>, VariantProps<typeof variants> {
  /** Renders the child, a link say, in the button's looks. */
  asChild?: boolean;
  /** Work is under way: shows it, and takes no second press. */
  busy?: boolean;
}

/** A button, or a link that looks like one. */
export function Button({
  className,
  variant,
  size,
  asChild = false,
  busy = false,
  children,
  onClick,
  type = 'button',
  ...props
}: ButtonProps) {
  const classes = cn(variants({ variant, size }), className);
  if (asChild) {
    return (
      <Slot.Root className={classes} {...props}>
        {children}
      </Slot.Root>
    );
  }
  return (
    <button
      type={type}
      className={classes}
      aria-busy={busy || undefined}
      aria-disabled={busy || undefined}
      onClick={(event) => {
        if (busy) event.preventDefault();
        else onClick?.(event);
      }}
      {...props}
    >
      {busy && <Spinner />}
      {children}
    </button>
  );
}

interface IconButtonProps extends Omit<ButtonProps, 'children' | 'size'> {
  /** What it does, for those who cannot see the icon. */
  label: string;
  children: ButtonProps['children'];
}

/** A button that shows only an icon. */
export function IconButton({ label, variant = 'ghost', ...props }: IconButtonProps) {
  return <Button size="icon" variant={variant} aria-label={label} title={label} {...props} />;
}
