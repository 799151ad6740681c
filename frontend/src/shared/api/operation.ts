/**
 * Commands: sent once, waited for, and never called failed while they may still
 * succeed. A command that was not reached is repeated under the same key, so it
 * takes effect once.
 */
import { NetworkError, ApiError } from './problem';
import { client, unwrap } from './client';
import type { Schemas } from './types';

/** A command's operation. */
export type Operation = Schemas['Operation'];

/** Headers of a command; spread into `params.header`. */
export interface CommandHeaders {
  Prefer: string;
  'Idempotency-Key': string;
}

interface CommandAnswer {
  data?: Schemas['OperationAnswer'];
  error?: unknown;
  response: Response;
}

/** How long the server is asked to wait, seconds (RFC 7240). */
const WAIT_S = 8;
/** How long after that the operation is asked for, milliseconds. */
const PATIENCE_MS = 5 * 60_000;

export interface CommandOptions {
  /** Called once when it takes longer than a person expects. */
  onStillWorking?: () => void;
  /** For tests. */
  pause?: (milliseconds: number) => Promise<void>;
}

const sleep = (milliseconds: number) => new Promise<void>((resolve) => setTimeout(resolve, milliseconds));

/** The operation never said how it ended. */
export class UnknownOutcome extends Error {
  constructor() {
    super('The operation has not said how it ended');
    this.name = 'UnknownOutcome';
  }
}

function settled(operation: Operation): Operation | null {
  if (operation.state === 'succeeded') return operation;
  if (operation.state === 'failed')
    throw new ApiError(operation.problem?.status ?? 500, operation.problem ?? null);
  if (operation.state === 'unknown') throw new UnknownOutcome();
  return null;
}

/** Asks for an operation until it ended. Throws as `run` does. */
export async function follow(
  operation: Operation,
  pause: (milliseconds: number) => Promise<void> = sleep,
): Promise<Operation> {
  const ended = settled(operation);
  if (ended) return ended;
  const { id } = operation;
  let waited = 0;
  for (let delay = 500; waited < PATIENCE_MS; delay = Math.min(delay * 1.5, 5000)) {
    await pause(delay);
    waited += delay;
    try {
      const { operation: now } = await unwrap(
        client.GET('/api/operations/{operation_id}', { params: { path: { operation_id: id } } }),
      );
      const end = settled(now);
      if (end) return end;
    } catch (error) {
      // A connection that is gone for a moment says nothing about the operation.
      const passing = error instanceof NetworkError || (error instanceof ApiError && error.problem === null);
      if (!passing) throw error;
    }
  }
  throw new UnknownOutcome();
}

/**
 * Sends a command and waits for its end. Resolves with the operation that succeeded;
 * throws `ApiError` with the reason when it failed, `NetworkError` when it never
 * reached the server, `UnknownOutcome` when nobody could say after five minutes.
 */
export async function run(
  send: (headers: CommandHeaders) => Promise<CommandAnswer>,
  { onStillWorking, pause = sleep }: CommandOptions = {},
): Promise<Operation> {
  const headers: CommandHeaders = { Prefer: `wait=${WAIT_S}`, 'Idempotency-Key': crypto.randomUUID() };
  let answer: Schemas['OperationAnswer'] | undefined;
  for (let attempt = 0; answer === undefined; attempt += 1) {
    try {
      answer = await unwrap(send(headers));
    } catch (error) {
      const again = error instanceof NetworkError || (error instanceof ApiError && error.status === 503);
      if (!again || attempt === 2) throw error;
      await pause(600 * 2 ** attempt);
    }
  }
  const end = settled(answer.operation);
  if (end) return end;
  onStillWorking?.();
  return follow(answer.operation, pause);
}
