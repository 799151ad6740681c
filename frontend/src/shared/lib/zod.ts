import * as z from 'zod/mini';

// Zod would try `new Function` to see whether it may compile schemas, and a strict
// CSP reports that attempt in the console.
z.config({ jitless: true });

export { z };
