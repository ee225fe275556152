import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';
import { brotli } from '../build/brotli.mjs';

const output = fileURLToPath(new URL('../dist/surface', import.meta.url));
const api = 'http://127.0.0.1:4180'; // dev/mock.mjs

export default defineConfig({
  base: '/',
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  plugins: [brotli(output)],
  build: {
    outDir: output,
    emptyOutDir: true,
    target: ['es2022', 'safari16'],
    // The policy allows no data: scripts or styles, and small files gain nothing from inlining.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  server: { host: '127.0.0.1', proxy: { '/v1': api } },
});
