/**
 * What a page's address holds. Nonsense in an address is dropped, never an error: people
 * paste and edit addresses. By hand, because a schema library would weigh on every first load.
 */

type Read<T> = (value: unknown) => T | undefined;

/** One of a few words. */
export function oneOf<const T extends string>(...words: readonly T[]): Read<T> {
  return (value) => words.find((word) => word === value);
}

/** A text of at most `max` characters. Numbers count as text: the router reads `?q=5` as a number. */
export function text(max: number): Read<string> {
  return (value) => {
    const written = typeof value === 'number' ? String(value) : value;
    return typeof written === 'string' && written !== '' && written.length <= max ? written : undefined;
  };
}

/** A text of a form. */
export function like(form: RegExp): Read<string> {
  return (value) => (typeof value === 'string' && form.test(value) ? value : undefined);
}

/** Present and true, or absent. */
export const flag: Read<true> = (value) => (value === true ? true : undefined);

/** Reads an address's search by a reader a name. */
export function searchOf<Readers extends Record<string, Read<unknown>>>(readers: Readers) {
  type Search = { [Name in keyof Readers]?: ReturnType<Readers[Name]> };
  return (raw: Record<string, unknown>): Search => {
    const search: Search = {};
    for (const name of Object.keys(readers) as (keyof Readers & string)[]) {
      const value = readers[name]?.(raw[name]);
      if (value !== undefined) search[name] = value as Search[typeof name];
    }
    return search;
  };
}
