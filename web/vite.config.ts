/// <reference types="vitest/config" />
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { brotliCompressSync, constants, gzipSync } from 'node:zlib'
import { svelte } from '@sveltejs/vite-plugin-svelte'
import { defineConfig } from 'vite'

// The server hands out index.html on every page route and embed.html on /videos/embed/:id; everything
// else below /client/ carries its content hash in its name and may be cached for ever.
const api = process.env.SHOAL_API ?? 'http://127.0.0.1:9000'

const compressible = /\.(js|css|svg)$/
const worthCompressingBytes = 1024

/** Compressed once here, so that the server never compresses: name.js.br and name.js.gz. */
function precompress() {
  let folder = ''
  return {
    name: 'shoal:precompress',
    apply: 'build' as const,
    configResolved(config: { root: string; build: { outDir: string } }) {
      folder = join(config.root, config.build.outDir, 'assets')
    },
    closeBundle() {
      for (const name of readdirSync(folder).filter((one) => compressible.test(one))) {
        const bytes = readFileSync(join(folder, name))
        if (bytes.length < worthCompressingBytes) continue
        const params = { [constants.BROTLI_PARAM_QUALITY]: 9 }
        writeFileSync(join(folder, `${name}.br`), brotliCompressSync(bytes, { params }))
        writeFileSync(join(folder, `${name}.gz`), gzipSync(bytes, { level: 9 }))
      }
    }
  }
}

export default defineConfig({
  base: '/client/',
  plugins: [svelte(), precompress()],
  build: {
    target: ['chrome123', 'firefox120', 'safari17.5'],
    cssTarget: ['chrome123', 'firefox120', 'safari17.5'],
    modulePreload: { polyfill: false },
    // hls.js alone is above Vite's default; `npm run budget` is the limit that counts.
    chunkSizeWarningLimit: 700,
    rollupOptions: { input: { index: 'index.html', embed: 'embed.html' } }
  },
  server: {
    proxy: Object.fromEntries(
      ['/api', '/static', '/lazy-static', '/download', '/feeds'].map((path) => [path, api])
    )
  },
  resolve: process.env.VITEST ? { conditions: ['browser'] } : {},
  test: {
    environment: 'happy-dom',
    include: ['src/**/*.test.ts'],
    restoreMocks: true
  }
})
