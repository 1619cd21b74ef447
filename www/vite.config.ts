import { readFileSync } from 'node:fs';
import { type Plugin, defineConfig } from 'vite';
import { docs } from './docs-plugin.ts';
import { offline } from './offline-plugin.ts';
import { SERVICE_WORKER, precache } from './precache-plugin.ts';

const wasm = decodeURIComponent(new URL('../target/wasm', import.meta.url).pathname);

/** Where the project is, if its manifest says so. */
const manifest = readFileSync(new URL('../Cargo.toml', import.meta.url), 'utf8');
const repository = /^repository = "(.+)"$/m.exec(manifest)?.[1] ?? '';

/** Scripts that are loaded when used bring no styles and no further scripts: Vite's preloading of these would be half a kilobyte for nothing. */
const plainImports: Plugin = {
  name: 'plain-imports',
  enforce: 'pre',
  load: (id) => (id.endsWith('vite/preload-helper.js') ? 'export const __vitePreload = (load) => load();' : null),
};

/** The element's script has a name that other pages can rely on, and browsers look for a service worker where it was. */
const ELEMENT = 'systole';
const NAMED = new Set([ELEMENT, SERVICE_WORKER]);

const resolve = { alias: { 'systole-wasm': wasm } };
const define = { __REPOSITORY__: JSON.stringify(repository) };

// Relative paths throughout, so that dist/ works from any sub-path of any static host.
export default defineConfig({
  base: './',
  plugins: [
    docs(),
    plainImports,
    offline({ root: import.meta.dirname, base: './', publicDir: false, resolve, define }),
    precache(`${import.meta.dirname}/../dist`),
  ],
  resolve,
  define,
  worker: { format: 'es' },
  build: {
    outDir: '../dist',
    emptyOutDir: true,
    assetsInlineLimit: 0,
    target: 'es2022',
    modulePreload: { polyfill: false },
    rolldownOptions: {
      input: {
        embed: 'embed.html',
        [ELEMENT]: 'src/element/systole.ts',
        [SERVICE_WORKER]: 'service-worker/service-worker.ts',
      },
      output: {
        entryFileNames: ({ name }) => (NAMED.has(name) ? '[name].js' : 'assets/[name]-[hash].js'),
      },
    },
  },
});
