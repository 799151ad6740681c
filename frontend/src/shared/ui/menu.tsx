import { EllipsisVertical } from 'lucide-react';
import { lazy, type ReactNode, Suspense, useState } from 'react';

import { IconButton } from './button';

/** One thing that can be done. */
export interface MenuItem {
  label: string;
  icon: ReactNode;
  onSelect: () => void;
  danger?: boolean;
}

export interface MenuProps {
  /** What the three dots are for. */
  label: string;
  items: MenuItem[];
  /** Open from the start. */
  start?: boolean;
}

const MenuList = lazy(async () => ({ default: (await import('./menu-list')).MenuList }));

/** What can be done with one thing, behind three dots. Its code comes with the first press. */
export function Menu(props: MenuProps) {
  const [wanted, setWanted] = useState(false);
  const dots = (
    <IconButton
      label={props.label}
      aria-haspopup="menu"
      aria-expanded={false}
      onClick={() => setWanted(true)}
    >
      <EllipsisVertical aria-hidden />
    </IconButton>
  );
  if (!wanted) return dots;
  return (
    <Suspense fallback={dots}>
      <MenuList {...props} start />
    </Suspense>
  );
}
