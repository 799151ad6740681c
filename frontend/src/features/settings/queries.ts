import { queryOptions } from '@tanstack/react-query';

import { client, unwrap } from '@/shared/api/client';
import { keyOf } from '@/shared/api/query';
import type { Schemas } from '@/shared/api/types';

/** How a business answers its calls. */
export type CallSettings = Schemas['CallSettings'];
/** That, with what surrounds it. */
export type BusinessSettings = Schemas['BusinessSettings'];

/** Where and when somebody takes calls. */
export type Availability = Schemas['Availability'];

/** Where and when I take calls of a business. */
export const availabilityQuery = (businessId: string) =>
  queryOptions({
    queryKey: keyOf('/api/businesses/{business_id}/availability', { businessId }),
    queryFn: ({ signal }) =>
      unwrap(
        client.GET('/api/businesses/{business_id}/availability', {
          params: { path: { business_id: businessId } },
          signal,
        }),
      ),
  });

/** The settings of a business. */
export const settingsQuery = (businessId: string) =>
  queryOptions({
    queryKey: keyOf('/api/businesses/{business_id}/settings', { businessId }),
    queryFn: ({ signal }) =>
      unwrap(
        client.GET('/api/businesses/{business_id}/settings', {
          params: { path: { business_id: businessId } },
          signal,
        }),
      ),
  });

/** What a caller would hear with these settings. */
export const previewQuery = (businessId: string, settings: CallSettings) =>
  queryOptions({
    queryKey: keyOf('/api/businesses/{business_id}/settings/preview', { businessId, settings }),
    queryFn: ({ signal }) =>
      unwrap(
        client.POST('/api/businesses/{business_id}/settings/preview', {
          params: { path: { business_id: businessId } },
          body: { settings },
          signal,
        }),
      ),
    retry: false,
  });

/** Where the person is logged in. */
export const sessionsQuery = queryOptions({
  queryKey: keyOf('/api/auth/sessions'),
  queryFn: ({ signal }) => unwrap(client.GET('/api/auth/sessions', { signal })),
});
