/** The HTTP server: reads a bounded body, checks the signature, answers JSON. */
import { type IncomingMessage, type Server, type ServerResponse, createServer } from 'node:http';
import { type Logger, problemOf } from '../log.js';
import type { Metrics } from '../metrics.js';
import { Verifier } from '../signing.js';
import { LeaseLost } from '../store/lease.js';
import { Problem } from './problem.js';
import { type Answer, type Routes, findRoute } from './routes.js';

const MAX_BODY_BYTES = 16 * 1024;
const REQUEST_TIMEOUT_MS = 10_000;
/** Longer than callers keep an idle connection (90 s), so that they never write into one that just closed. */
const KEEP_ALIVE_MS = 95_000;

export function makeServer(routes: Routes, secret: string, logger: Logger, metrics: Metrics): Server {
  const verifier = new Verifier(secret);
  const server = createServer((request, response) => {
    const startedAt = performance.now();
    let route = 'unknown';
    void (async () => {
      let answer: Answer;
      try {
        const found = findRoute(routes, request.method ?? 'GET', request.url ?? '/');
        route = found.name;
        const body = await readBody(request);
        if (!found.open) authenticate(verifier, request, body, metrics);
        answer = await found.handle(parseJson(body));
      } catch (error) {
        answer = failure(error, logger, route);
      }
      send(response, answer);
      const fields = {
        method: request.method ?? '',
        route,
        status: answer.status,
        duration_ms: Math.round(performance.now() - startedAt),
      };
      logger[found(answer.status)](fields, 'request');
    })();
  });
  server.requestTimeout = REQUEST_TIMEOUT_MS;
  server.headersTimeout = REQUEST_TIMEOUT_MS;
  server.keepAliveTimeout = KEEP_ALIVE_MS;
  return server;
}

function found(status: number): 'debug' | 'warn' {
  return status >= 500 || status === 401 ? 'warn' : 'debug';
}

function authenticate(verifier: Verifier, request: IncomingMessage, body: Buffer, metrics: Metrics): void {
  const refusal = verifier.verify(request.headers, {
    method: request.method ?? '',
    pathAndQuery: request.url ?? '',
    body,
  });
  if (refusal === undefined) return;
  metrics.count('requests_refused');
  if (refusal === 'busy')
    throw new Problem(503, 'Service Unavailable', 'Too many requests at once; try again.');
  throw new Problem(401, 'Unauthorized', 'The request is not signed correctly.', { reason: refusal });
}

async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    const bytes = chunk as Buffer;
    size += bytes.length;
    if (size > MAX_BODY_BYTES) throw new Problem(413, 'Content Too Large', 'The request is too large.');
    chunks.push(bytes);
  }
  return Buffer.concat(chunks);
}

function parseJson(body: Buffer): unknown {
  if (body.length === 0) return undefined;
  try {
    return JSON.parse(body.toString('utf8')) as unknown;
  } catch {
    throw new Problem(400, 'Bad Request', 'The body is not JSON.');
  }
}

function failure(error: unknown, logger: Logger, route: string): Answer {
  if (error instanceof Problem) return { status: error.status, problem: error.body() };
  if (error instanceof LeaseLost) {
    const conflict = new Problem(
      409,
      'Conflict',
      'Another process of the WhatsApp service holds this session.',
    );
    return { status: 409, problem: conflict.body() };
  }
  logger.error({ route, problem: problemOf(error) }, 'request failed');
  const internal = new Problem(
    503,
    'Service Unavailable',
    'The WhatsApp service cannot answer now; try again.',
  );
  return { status: 503, problem: internal.body() };
}

function send(response: ServerResponse, answer: Answer): void {
  if ('text' in answer) {
    response
      .writeHead(answer.status, { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' })
      .end(answer.text);
  } else if ('problem' in answer) {
    response
      .writeHead(answer.status, { 'content-type': 'application/problem+json' })
      .end(JSON.stringify(answer.problem));
  } else if (answer.json === undefined) {
    response.writeHead(answer.status).end();
  } else {
    response
      .writeHead(answer.status, { 'content-type': 'application/json', 'cache-control': 'no-store' })
      .end(JSON.stringify(answer.json));
  }
}
