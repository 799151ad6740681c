/** What callers may choose: a tree of digits. The limits are the server's (`call_config/menu.rs`). */

import type { Schemas } from '@/shared/api/types';

export type Menu = Schemas['Menu'];
export type MenuOption = Schemas['MenuOption'];
export type Then = Schemas['Then'];

/** Deepest menu inside a menu; the first is 1. */
export const MAX_DEPTH = 3;
/** Most menus and options of a business together. */
export const MAX_NODES = 40;
/** Largest menu as JSON, bytes. */
export const MAX_BYTES = 64_000;
/** Longest label of an option. */
export const MAX_LABEL = 60;

/** The keys, as people read a telephone. */
export const KEYS = ['1', '2', '3', '4', '5', '6', '7', '8', '9', '0'] as const;

/** A menu's options, as people read a telephone. */
export function optionsOf(menu: Menu): [string, MenuOption][] {
  return KEYS.flatMap((key) => {
    const option = menu.options?.[key];
    return option === undefined ? [] : [[key, option]];
  });
}

/** The menu itself, every option in it, and what they open. */
export function nodes(menu: Menu): number {
  return (
    1 + optionsOf(menu).reduce((sum, [, { then }]) => sum + (then.do === 'menu' ? nodes(then.menu) : 1), 0)
  );
}

/** A menu as the server writes it, with what it adds. */
function written({ prompt, options, silent_limit = 2, wrong_limit = 2 }: Menu): object {
  const inside = Object.entries(options ?? {}).map(([key, { label, then }]) => [
    key,
    { label, then: then.do === 'menu' ? { do: 'menu', menu: written(then.menu) } : then },
  ]);
  return {
    ...(prompt == null ? {} : { prompt }),
    options: Object.fromEntries(inside) as object,
    silent_limit,
    wrong_limit,
  };
}

/** Its size as the server counts it. */
export function bytes(menu: Menu): number {
  return new TextEncoder().encode(JSON.stringify(written(menu))).length;
}

/** Whether somebody is rung from it. */
export function forwards(menu: Menu): boolean {
  return optionsOf(menu).some(
    ([, { then }]) => then.do === 'forward' || (then.do === 'menu' && forwards(then.menu)),
  );
}

/** Whether there is something in a choice that somebody would miss. */
export function isFilled(then: Then): boolean {
  switch (then.do) {
    case 'forward':
      return then.targets.length > 0;
    case 'say':
      return then.text.trim() !== '';
    case 'menu':
      return optionsOf(then.menu).length > 0;
    case 'record':
      return false;
  }
}

/** The next key that leads nowhere yet. */
export function freeKey(menu: Menu): string | undefined {
  return KEYS.find((key) => menu.options?.[key] === undefined);
}

/** The menu with that option at that key. */
export function withOption(menu: Menu, key: string, option: MenuOption): Menu {
  return { ...menu, options: { ...menu.options, [key]: option } };
}

/** The menu without what is at that key. */
export function withoutOption(menu: Menu, key: string): Menu {
  return { ...menu, options: Object.fromEntries(optionsOf(menu).filter(([at]) => at !== key)) };
}

/** The menu with an option at another key, which was free. */
export function rekeyed(menu: Menu, from: string, to: string): Menu {
  const option = menu.options?.[from];
  return option === undefined ? menu : withOption(withoutOption(menu, from), to, option);
}

/** A choice that does this, before anything more is said of it. */
export function fresh(does: Then['do']): Then {
  switch (does) {
    case 'forward':
      return { do: 'forward', targets: [] };
    case 'say':
      return { do: 'say', text: '' };
    case 'menu':
      return { do: 'menu', menu: { options: {} } };
    case 'record':
      return { do: 'record' };
  }
}
