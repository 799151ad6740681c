import { createStore, useStore } from './store';

/** What a person can choose. */
export const THEMES = ['system', 'light', 'dark'] as const;
/** One of them. */
export type Theme = (typeof THEMES)[number];

const KEY = 'prosaas.theme';

function stored(): Theme {
  try {
    const value = localStorage.getItem(KEY);
    return value === 'dark' || value === 'light' ? value : 'system';
  } catch {
    return 'system';
  }
}

const chosen = createStore<Theme>('system');

function show(theme: Theme): void {
  const dark = theme === 'dark' || (theme === 'system' && matchMedia('(prefers-color-scheme: dark)').matches);
  document.documentElement.classList.toggle('dark', dark);
  document.querySelector('meta[name="theme-color"]')?.setAttribute('content', dark ? '#0c1019' : '#f6f7fb');
}

/** Follows the system's theme from now on where the person chose that. */
export function startTheme(): void {
  chosen.set(stored());
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => show(chosen.get()));
}

/** The theme chosen, and how to choose another. */
export function useTheme(): [Theme, (next: Theme) => void] {
  return [
    useStore(chosen),
    (next) => {
      chosen.set(next);
      try {
        localStorage.setItem(KEY, next);
      } catch {
        // Storage is off: the choice lasts as long as the page.
      }
      show(next);
    },
  ];
}
