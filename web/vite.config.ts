import { svelte } from '@sveltejs/vite-plugin-svelte'
import { defineConfig } from 'vitest/config'

// The server hands out index.html on every page route and embed.html on /videos/embed/:id; everything
// else below /client/ carries its content hash in its name and may be cached for ever.
const api = process.env.SHOAL_API ?? 'http://127.0.0.1:9000'

export default defineConfig({
  base: '/client/',
  plugins: [svelte()],
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
