/** What the app knows of the API by heart, compared with the OpenAPI document. */
import { readFileSync } from 'node:fs';

import { describe, expect, it } from 'vitest';

import { PATHS } from '@/shared/live/live';

import { OPEN, SCOPED } from './client';

interface Operation {
  parameters?: { name: string; in: string }[];
  security?: object[];
}

const METHODS = ['get', 'post', 'put', 'patch', 'delete'] as const;
const { paths } = JSON.parse(readFileSync('../docs/openapi.json', 'utf8')) as {
  paths: Record<string, Partial<Record<(typeof METHODS)[number], Operation>>>;
};
const operations = Object.entries(paths).flatMap(([path, methods]) =>
  METHODS.flatMap((method) => {
    const operation = methods[method];
    return operation === undefined ? [] : [{ path, method, ...operation }];
  }),
);
const namesBusiness = ({ parameters = [] }: Operation) =>
  parameters.some((parameter) => parameter.name === 'business_id' && parameter.in === 'query');
/** The path as a request has it. */
const filled = (path: string) => path.replace(/\{\w+\}/g, '0198a000');

describe('the OpenAPI document', () => {
  it('lets exactly those paths name a business to which the app adds the one on screen', () => {
    // The live stream names it itself; lists of all businesses are only narrowed by it.
    const own = operations.filter(({ path }) => path !== '/api/live' && !path.startsWith('/api/admin/'));
    expect(own.filter(namesBusiness).length).toBeGreaterThan(10);
    for (const operation of own) {
      const { method, path } = operation;
      expect([method, path, SCOPED.test(filled(path))]).toEqual([method, path, namesBusiness(operation)]);
    }
    expect(
      operations.filter(({ path }) => path.startsWith('/api/admin/') && SCOPED.test(filled(path))),
    ).toEqual([]);
  });

  it('asks for a session exactly where the app takes a refusal for the end of one', () => {
    expect(operations.filter(({ security }) => security?.length === 0).length).toBeGreaterThan(3);
    for (const { method, path, security } of operations) {
      expect([method, path, OPEN.test(filled(path))]).toEqual([method, path, security?.length === 0]);
    }
  });

  /** What no live update speaks of, and why nothing is missed. */
  const QUIET = new Set([
    // The stream itself, and what is asked for until it has ended.
    '/api/live',
    '/api/operations/{operation_id}',
    // Sound never changes.
    '/api/recordings/{recording_sid}/audio',
    // Read as of a moment; each visit asks anew.
    '/api/admin/audit',
    '/api/admin/twilio-errors',
    '/api/businesses/{business_id}/audit',
    '/api/auth/sessions',
    // Not on any page.
    '/api/businesses/{business_id}',
  ]);

  it('has every path that a live update makes out of date, and no further one that could be', () => {
    const read = operations.filter(({ method }) => method === 'get').map(({ path }) => path);
    const live = new Set<string>(Object.values(PATHS).flatMap((changed) => changed ?? []));
    expect([...live].filter((path) => !read.includes(path))).toEqual([]);
    expect([...QUIET].filter((path) => !read.includes(path) || live.has(path))).toEqual([]);
    expect(read.filter((path) => !live.has(path) && !QUIET.has(path))).toEqual([]);
  });
});
