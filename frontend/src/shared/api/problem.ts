import type { TFunction } from 'i18next';
import { t } from 'i18next';

import { words } from '@/shared/i18n/words';
import type { Schemas } from './types';

/** A problem document (RFC 9457) as the server sends it. */
export type Problem = Schemas['Problem'];

/** An answer that is not what was asked for. */
export class ApiError extends Error {
  /** HTTP status; of a failed operation the one that its problem names. */
  readonly status: number;
  /** The problem document, where the server sent one. */
  readonly problem: Partial<Problem> | null;

  constructor(status: number, problem: Partial<Problem> | null) {
    super(problem?.error ?? `HTTP ${status}`);
    this.name = 'ApiError';
    this.status = status;
    this.problem = problem;
  }
}

/** The server was not reached. */
export class NetworkError extends Error {
  constructor(cause: unknown) {
    super('The server was not reached', { cause });
    this.name = 'NetworkError';
  }
}

/** The kind of a problem: `/problems/not-found` is `not-found`. */
export function problemKind(error: unknown): string | null {
  if (!(error instanceof ApiError)) return null;
  return error.problem?.type?.split('/').at(-1) ?? null;
}

/**
 * What went wrong, as a sentence: the catalogue's for a kind that it knows, then the
 * server's own, then one for the status.
 */
export function sentence(error: unknown, translate: TFunction = t): string {
  if (error instanceof NetworkError) return translate('common:problems.network');
  if (!(error instanceof ApiError)) return translate('common:problems.unknown');
  const kind = problemKind(error);
  const known = kind === null ? '' : words(t, `common:problems.kinds.${kind}`, '');
  if (known !== '') return known;
  if (error.problem?.error !== undefined && error.problem.error !== '') return error.problem.error;
  if (error.status === 429) return translate('common:problems.kinds.too-many-requests');
  if (error.status >= 500) return translate('common:problems.server');
  return translate('common:problems.unknown');
}

/** The request id to quote to support, where there is one. */
export function requestId(error: unknown): string | null {
  return error instanceof ApiError ? (error.problem?.request_id ?? null) : null;
}

/** What is wrong with a field: the catalogue's sentence for the code, else the server's own. */
export function fieldSentence({ code, error }: Schemas['FieldError']): string {
  return words(t, `common:fields.${code}`, error);
}
