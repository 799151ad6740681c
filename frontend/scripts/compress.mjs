// Compresses what was built, once and not for every visitor: nginx serves the `.gz` (gzip_static), the ingress either.
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';

// Smaller ones travel in one packet anyway.
const LEAST = 1000;
const dist = fileURLToPath(new URL('../dist/', import.meta.url));
const files = readdirSync(dist, { recursive: true })
  .filter((name) => /\.(js|css|html|svg|json|webmanifest)$/.test(name) && !name.startsWith('.vite'))
  .map((name) => dist + name)
  .filter((file) => statSync(file).size > LEAST);
for (const file of files) {
  const content = readFileSync(file);
  writeFileSync(`${file}.gz`, gzipSync(content, { level: 9 }));
  const params = {
    [constants.BROTLI_PARAM_QUALITY]: 11,
    [constants.BROTLI_PARAM_SIZE_HINT]: content.length,
  };
  writeFileSync(`${file}.br`, brotliCompressSync(content, { params }));
}
console.log(`${files.length} files compressed`);
