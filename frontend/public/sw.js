// Caches the static shell and nothing else: hashed assets and index.html. What /api
// answers is never read, kept or written here, so no personal data stays on a device.
const CACHE = 'shell-1';

self.addEventListener('install', (event) => {
  event.waitUntil(
    caches
      .open(CACHE)
      .then((cache) => cache.add('/index.html'))
      .then(() => self.skipWaiting()),
  );
});

self.addEventListener('activate', (event) => {
  event.waitUntil(
    caches
      .keys()
      .then((names) => Promise.all(names.filter((name) => name !== CACHE).map((name) => caches.delete(name))))
      .then(() => self.clients.claim()),
  );
});

// A page: from the network, so that a new release is seen at once; the shell when there is none.
async function page(request) {
  try {
    const answer = await fetch(request);
    if (answer.ok && (answer.headers.get('content-type') || '').startsWith('text/html')) {
      const cache = await caches.open(CACHE);
      await cache.put('/index.html', answer.clone());
    }
    return answer;
  } catch (error) {
    const shell = await caches.match('/index.html');
    if (shell) return shell;
    throw error;
  }
}

// An asset carries its content's hash in its name: once here, it is right for ever.
async function asset(request) {
  const known = await caches.match(request);
  if (known) return known;
  const answer = await fetch(request);
  if (answer.ok) {
    const cache = await caches.open(CACHE);
    await cache.put(request, answer.clone());
  }
  return answer;
}

self.addEventListener('fetch', (event) => {
  const url = new URL(event.request.url);
  if (event.request.method !== 'GET' || url.origin !== self.location.origin) return;
  if (/^\/(api|webhook|internal|n8n|health|ready)(\/|$)/.test(url.pathname)) return;
  if (event.request.mode === 'navigate') event.respondWith(page(event.request));
  else if (url.pathname.startsWith('/assets/')) event.respondWith(asset(event.request));
});
