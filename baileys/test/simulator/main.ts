/** `node …/simulator/main.js --port 3399`: the simulated WhatsApp as a process of its own. */
import { parseArgs } from 'node:util';
import { Simulator } from './server.js';

const { values } = parseArgs({ options: { port: { type: 'string', default: '0' } } });
const simulator = new Simulator();
const port = await simulator.start(Number(values.port));
// One line, for whoever started it.
console.log(JSON.stringify({ listening: port, url: `ws://127.0.0.1:${port}/ws/chat` }));
for (const signal of ['SIGTERM', 'SIGINT'] as const)
  process.once(signal, () => void simulator.stop().then(() => process.exit(0)));
