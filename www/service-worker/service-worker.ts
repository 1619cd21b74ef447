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
  const path = event.request.method === 'GET' ? pathOf(event.request.url) : null;
  if (path === null) return;
  const key = keyOf(path);
  if (key !== null) event.respondWith(answer(event.request, key));
  // What a folder's page refers to is beside it.
  else if (keyOf(`${path}/`) !== null) event.respondWith(Response.redirect(`${self.registration.scope}${path}/`));
});

/** Within the site, if an address is there; without query and hash, which pages read themselves. */
function pathOf(address: string): string | null {
  const { origin, pathname } = new URL(address);
  const whole = origin + pathname;
  return whole.startsWith(self.registration.scope) ? decodeURI(whole.slice(self.registration.scope.length)) : null;
}

/** Where the file of this version is kept that a path means. Hosts may have a folder's page under the folder's name alone, and any page under its name without an ending. */
function keyOf(path: string): string | null {
  const names = path === '' || path.endsWith('/') ? [`${path}index.html`] : [path, `${path}.html`];
  const file = names.find((name) => Object.hasOwn(FILES, name));
  return file === undefined ? null : addressOf(file, FILES[file]!);
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
