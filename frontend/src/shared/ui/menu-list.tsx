import { EllipsisVertical } from 'lucide-react';
import { DropdownMenu, Direction } from 'radix-ui';
import { language } from '@/shared/i18n/language';
import { cn } from '@/shared/lib/cn';

import { IconButton } from './button';
import type { MenuProps } from './menu';

/** What can be done with one thing, behind three dots. */
export function MenuList({ label, items, start = false }: MenuProps) {
  return (
    <Direction.Provider dir={language() === 'he' ? 'rtl' : 'ltr'}>
      <DropdownMenu.Root modal={false} defaultOpen={start}>
        <DropdownMenu.Trigger asChild>
          <IconButton label={label}>
            <EllipsisVertical aria-hidden />
          </IconButton>
        </DropdownMenu.Trigger>
        <DropdownMenu.Portal>
          <DropdownMenu.Content
            align="end"
            sideOffset={4}
            className="z-50 min-w-52 animate-appear rounded-2xl border bg-raised p-1.5 shadow-xl"
          >
            {items.map((item) => (
              <DropdownMenu.Item
                key={item.label}
                // The dialog that an item opens must find the trigger focused, to give focus back to it.
                onSelect={() => setTimeout(item.onSelect)}
                className={cn(
                  'flex min-h-11 cursor-pointer items-center gap-3 rounded-xl px-3 text-sm outline-none data-highlighted:bg-hover md:min-h-10 [&_svg]:size-4.5',
                  item.danger === true && 'text-bad data-highlighted:bg-bad-tint',
                )}
              >
                {item.icon}
                {item.label}
              </DropdownMenu.Item>
            ))}
          </DropdownMenu.Content>
        </DropdownMenu.Portal>
      </DropdownMenu.Root>
    </Direction.Provider>
  );
}
