/**
 * `node --import …/preload.js dist/main.js`: points the unmodified library at the simulator.
 * SIM_URL is its WebSocket address.
 */
import { DEFAULT_CONNECTION_CONFIG, WA_CERT_DETAILS } from 'baileys';
import { ROOT } from './root.js';

const url = process.env['SIM_URL'];
if (!url) throw new Error('SIM_URL is not set');
if (!/^(127\.0\.0\.1|localhost|\[::1\])$/.test(new URL(url).hostname))
  throw new Error('SIM_URL is not on this machine');

WA_CERT_DETAILS.PUBLIC_KEY = Buffer.from(ROOT.public);
DEFAULT_CONNECTION_CONFIG.waWebSocketUrl = url;

// What asks WhatsApp's web site gets the simulator; anything else outside is an error.
const realFetch = globalThis.fetch;
globalThis.fetch = async (input, init) => {
  const asked = new URL(input instanceof Request ? input.url : input);
  if (asked.hostname === 'web.whatsapp.com') {
    const local = new URL(asked.pathname, url.replace(/^ws/, 'http'));
    return realFetch(local, init);
  }
  if (!/^(127\.0\.0\.1|localhost|\[::1\])$/.test(asked.hostname))
    throw new Error(`request to the outside: ${asked.hostname}`);
  return realFetch(input, init);
};
