// After one visit the whole site is in the browser: each page is answered from there, and works without a network.
//
// A version of the site is answered whole or not at all. The next one is fetched beside it, only what has changed, and takes
// its place when the last page of this one has been closed; then what it does not need is let go.

export {};

declare const self: ServiceWorkerGlobalScope;

/** Every file of this version, by its path from where the site lies, and a sum of what is in it. Put in by precache-plugin.ts. */
const FILES = JSON.parse('__FILES__') as Record<string, string>;

/** Sites may lie side by side on one host, and have one storage between them. */
const CACHE = `systole ${self.registration.scope}`;
/** Files that are fetched at a time: whoever is looking goes first. */
const AT_A_TIME = 3;

self.addEventListener('install', (event) => event.waitUntil(install()));
self.addEventListener('activate', (event) => event.waitUntil(activate()));
self.addEventListener('fetch', (event) => {
  const key = event.request.method === 'GET' ? keyOf(event.request.url) : null;
  if (key !== null) event.respondWith(answer(event.request, key));
});

/** Where a file of this version is kept, if the address is one; without query and hash, which pages read themselves. */
function keyOf(address: string): string | null {
  const { origin, pathname } = new URL(address);
  const whole = origin + pathname;
  if (!whole.startsWith(self.registration.scope)) return null;
  const path = decodeURI(whole.slice(self.registration.scope.length));
  const file = path === '' || path.endsWith('/') ? `${path}index.html` : path;
  const sum = Object.hasOwn(FILES, file) ? FILES[file] : undefined;
  return sum === undefined ? null : addressOf(file, sum);
}

function addressOf(file: string, sum: string): string {
  return `${self.registration.scope}${encodeURI(file)}?${sum}`;
}

async function answer(request: Request, key: string): Promise<Response> {
  const kept = await (await caches.open(CACHE)).match(key);
  return kept ?? fetch(request);
}

async function install(): Promise<void> {
  const cache = await caches.open(CACHE);
  const missing: [string, string][] = [];
  for (const [file, sum] of Object.entries(FILES)) {
    if (!(await cache.match(addressOf(file, sum)))) missing.push([file, sum]);
  }
  await Promise.all(Array.from({ length: AT_A_TIME }, () => bring(cache, missing)));
}

async function bring(cache: Cache, missing: [string, string][]): Promise<void> {
  for (let next = missing.pop(); next; next = missing.pop()) {
    const [file, sum] = next;
    const address = addressOf(file, sum);
    // What a cache on the way still has of the version before has another sum.
    const response = await fetch(address, { cache: 'no-cache', priority: 'low' });
    if (!response.ok) throw new Error(`${file}: ${response.status}`);
    const bytes = await response.arrayBuffer();
    if ((await sumOf(bytes)) !== sum) throw new Error(`${file} is of another version`);
    await cache.put(address, new Response(bytes, { headers: response.headers }));
  }
}

/** As in precache-plugin.ts. */
async function sumOf(bytes: ArrayBuffer): Promise<string> {
  const sum = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes)).slice(0, 8);
  return [...sum].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}

async function activate(): Promise<void> {
  const cache = await caches.open(CACHE);
  const kept = new Set(Object.entries(FILES).map(([file, sum]) => addressOf(file, sum)));
  for (const { url } of await cache.keys()) if (!kept.has(url)) await cache.delete(url);
}
