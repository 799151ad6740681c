// Signs requests with Twilio's official Node SDK.
//
// Reads one JSON object a line, `{url, params: [[key, value], …] | body, token}`, and
// prints one signature a line, in the same order, as soon as it is known. For a `body`
// (JSON text) the URL must already carry its `bodySHA256`: the URL alone is signed.
// Without both it is a GET. The Node SDK knows HMAC-SHA1 only.
//
// Install: npm ci --ignore-scripts --prefix tests/sdk
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { realpathSync } from "node:fs";

import twilio from "twilio";

/** One property a key; a key that comes several times holds an array, as Express gives it. */
function grouped(pairs) {
  const params = Object.create(null);
  for (const [key, value] of pairs) {
    params[key] = key in params ? [params[key], value].flat() : value;
  }
  return params;
}

export function signature({ url, params, body, token }) {
  const fields = body === undefined || body === null ? grouped(params ?? []) : {};
  return twilio.getExpectedTwilioSignature(token, url, fields);
}

if (process.argv[1] && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  for await (const line of createInterface({ input: process.stdin })) {
    if (line.trim() !== "") {
      process.stdout.write(`${signature(JSON.parse(line))}\n`);
    }
  }
}
