import { defineConfig } from 'vite';
import { docs } from './docs-plugin.ts';

const wasm = decodeURIComponent(new URL('../target/wasm', import.meta.url).pathname);

// Relative paths throughout, so that dist/ works from any sub-path of any static host.
export default defineConfig({
  base: './',
  plugins: [docs()],
  resolve: { alias: { 'systole-wasm': wasm } },
  worker: { format: 'es' },
  build: {
    outDir: '../dist',
    emptyOutDir: true,
    assetsInlineLimit: 0,
    target: 'es2022',
    modulePreload: { polyfill: false },
  },
});
