import { HttpResponse } from 'msw';
import { describe, expect, it, vi } from 'vitest';

import { http, problem, succeeded } from '#mock/http';

import { world } from '../../../test/world';
import { client } from './client';
import { run, UnknownOutcome } from './operation';
import { ApiError, NetworkError } from './problem';

const ID = '0198a000-0000-7000-8000-000000000001';
const send = (header: { Prefer: string; 'Idempotency-Key': string }) =>
  client.DELETE('/api/leads/{lead_id}', { params: { path: { lead_id: ID }, header } });
const pause = () => Promise.resolve();
const pending = { success: true, operation: { id: 'token', state: 'pending' as const } };

describe('a command', () => {
  it('asks the server to wait and ends at once when it can', async () => {
    let prefer: string | null = null;
    world.server.use(
      http.delete('/api/leads/{lead_id}', ({ request, response }) => {
        prefer = request.headers.get('prefer');
        return response(200).json(succeeded('lead.delete', ID));
      }),
    );
    await expect(run(send, { pause })).resolves.toMatchObject({ state: 'succeeded' });
    expect(prefer).toBe('wait=8');
  });

  it('that is still pending is followed, and called "still working", never failed', async () => {
    let asked = 0;
    world.server.use(
      http.delete('/api/leads/{lead_id}', ({ response }) => response(202).json(pending)),
      http.get('/api/operations/{operation_id}', ({ response }) => {
        asked += 1;
        return response(200).json(asked < 3 ? pending : succeeded('lead.delete', ID));
      }),
    );
    const onStillWorking = vi.fn();
    await expect(run(send, { pause, onStillWorking })).resolves.toMatchObject({ state: 'succeeded' });
    expect(onStillWorking).toHaveBeenCalledOnce();
    expect(asked).toBe(3);
  });

  it('throws the reason of an operation that failed later', async () => {
    world.server.use(
      http.delete('/api/leads/{lead_id}', ({ response }) => response(202).json(pending)),
      http.get('/api/operations/{operation_id}', ({ response }) =>
        response(200).json({
          success: true,
          operation: {
            id: 'token',
            state: 'failed',
            problem: {
              type: '/problems/forbidden',
              title: 'Forbidden',
              status: 403,
              success: false,
              error: 'No.',
            },
          },
        }),
      ),
    );
    await expect(run(send, { pause })).rejects.toMatchObject({ status: 403, message: 'No.' });
  });

  it('is repeated under the same key when the server was not reached', async () => {
    const keys: (string | null)[] = [];
    world.server.use(
      http.delete('/api/leads/{lead_id}', ({ request, response }) => {
        keys.push(request.headers.get('idempotency-key'));
        return keys.length < 3
          ? (HttpResponse.error() as never)
          : response(200).json(succeeded('lead.delete', ID));
      }),
    );
    await run(send, { pause });
    expect(keys).toHaveLength(3);
    expect(new Set(keys).size).toBe(1);
  });

  it('gives up after three tries, and is not repeated when it was refused', async () => {
    let tries = 0;
    world.server.use(
      http.delete('/api/leads/{lead_id}', () => {
        tries += 1;
        return HttpResponse.error() as never;
      }),
    );
    await expect(run(send, { pause })).rejects.toBeInstanceOf(NetworkError);
    expect(tries).toBe(3);
    tries = 0;
    world.server.use(
      http.delete('/api/leads/{lead_id}', () => {
        tries += 1;
        return problem(409, 'conflict', 'Taken.');
      }),
    );
    await expect(run(send, { pause })).rejects.toBeInstanceOf(ApiError);
    expect(tries).toBe(1);
  });

  it('that nobody knows the end of is unknown, not failed', async () => {
    world.server.use(
      http.delete('/api/leads/{lead_id}', ({ response }) =>
        response(202).json({ success: true, operation: { id: 'token', state: 'unknown' } }),
      ),
    );
    await expect(run(send, { pause })).rejects.toBeInstanceOf(UnknownOutcome);
  });
});
