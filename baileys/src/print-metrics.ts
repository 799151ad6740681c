/**
 * Prints `/metrics` of the service that runs with this environment, for collectors that cannot
 * sign: `docker exec prosaas-baileys node dist/print-metrics.js > whatsapp.prom`.
 */
import { readConfig } from './config.js';
import { signedHeaders } from './signing.js';

const config = readConfig();
const { host, port } = config.listen;
const pathAndQuery = '/metrics';
const reached = host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host;
const answer = await fetch(
  `http://${reached.includes(':') ? `[${reached}]` : reached}:${port}${pathAndQuery}`,
  {
    headers: signedHeaders(config.internalSecret, { method: 'GET', pathAndQuery, body: Buffer.alloc(0) }),
  },
);
const text = await answer.text();
if (answer.ok) process.stdout.write(text);
else {
  process.stderr.write(`${answer.status} ${text}\n`);
  process.exitCode = 1;
}
