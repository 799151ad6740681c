import type { TFunction } from 'i18next';

/** The words of a key that holds a name of the server's, or `otherwise`: the types cannot know such a key. */
export function words(t: TFunction, key: string, otherwise: string): string {
  return (t as unknown as (key: string, options: { defaultValue: string }) => string)(key, {
    defaultValue: otherwise,
  });
}
