import { HttpResponse } from 'msw';
import { createOpenApiHttp } from 'openapi-msw';

import type { Paths, Schemas } from '@/shared/api/types';

/** MSW's `http`, typed by the OpenAPI document: a handler that drifts from it does not compile. */
export const http = createOpenApiHttp<Paths>({ baseUrl: location.origin });

/** A problem document. */
export function problem(status: number, kind: string, error: string, errors?: Schemas['FieldError'][]) {
  const body: Schemas['Problem'] = {
    type: `/problems/${kind}`,
    title: kind,
    status,
    success: false,
    error,
    request_id: 'req-0001',
    ...(errors ? { errors } : {}),
  };
  return HttpResponse.json(body, {
    status,
    headers: { 'content-type': 'application/problem+json' },
  }) as never;
}

/** A command that succeeded at once. */
export function succeeded(action: string, entity: string, result?: object): Schemas['OperationAnswer'] {
  return {
    success: true,
    operation: {
      id: `op-${entity}`,
      state: 'succeeded',
      action,
      entity_id: entity,
      ...(result ? { result } : {}),
    } as Schemas['Operation'],
  };
}
