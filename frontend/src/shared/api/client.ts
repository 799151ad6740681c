import createClient from 'openapi-fetch';

import { loginAgain } from './gate';
import { ApiError, NetworkError } from './problem';
import { scope } from './scope';
import type { Paths } from './types';

// What the OpenAPI document says of its paths, in two lines that weigh little; document.test.ts compares them.
/** Paths of a business's own data: a system admin names the business in the query. */
export const SCOPED = /^\/api\/(leads|calls|summary|recordings|whatsapp)(\/|$|\?)/;

/** Paths that need no session: their 401 speaks of what was sent. */
export const OPEN = /^\/api\/auth\/(login|logout|password-reset|invitations)(\/|$)/;

function scoped(request: Request): Request {
  const business = scope.get();
  const url = new URL(request.url);
  if (business === null || !SCOPED.test(url.pathname)) return request;
  url.searchParams.set('business_id', business);
  return new Request(url, request);
}

async function send(request: Request): Promise<Response> {
  try {
    return await globalThis.fetch(request);
  } catch (cause) {
    if (request.signal.aborted) throw cause;
    throw new NetworkError(cause);
  }
}

/** fetch that names the business and outlives the end of a session. */
export async function guardedFetch(original: Request): Promise<Response> {
  const request = scoped(original);
  const again = request.clone();
  const answer = await send(request);
  const refused = answer.status === 401 && !OPEN.test(new URL(request.url).pathname);
  if (refused && (await loginAgain())) return send(again);
  return answer;
}

/** The typed client. `baseUrl` is absolute because tests run outside a browser's origin rules. */
export const client = createClient<Paths>({ baseUrl: location.origin, fetch: guardedFetch });

interface Answer<T> {
  data?: T;
  error?: unknown;
  response: Response;
}

/** The data of an answer; anything but success is thrown as `ApiError`. */
export async function unwrap<T>(pending: Promise<Answer<T>>): Promise<NonNullable<T>> {
  const { data, error, response } = await pending;
  if (!response.ok) {
    throw new ApiError(response.status, typeof error === 'object' ? error : null);
  }
  return data as NonNullable<T>;
}

/** Waits for an answer without a body; anything but success is thrown. */
export async function done(pending: Promise<Answer<unknown>>): Promise<void> {
  await unwrap(pending);
}
