import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';
import { brotli } from '../build/brotli.mjs';

const output = fileURLToPath(new URL('../dist', import.meta.url));

export default defineConfig({
  plugins: [brotli(output, /^gate\.js$/)],
  build: {
    outDir: output,
    emptyOutDir: false, // the surface is built into a folder beside it
    target: ['es2022', 'safari16'],
    lib: {
      entry: fileURLToPath(new URL('src/global.ts', import.meta.url)),
      formats: ['iife'],
      name: 'GateJS',
      fileName: () => 'gate.js',
    },
  },
});
