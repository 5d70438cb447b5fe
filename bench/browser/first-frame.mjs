// usage: first-frame.mjs URL. Prints "ready" once a browser is open, reads short UUIDs line by line,
// opens each watch page and prints "playing" when a decoded frame was painted and time moves.
import { createInterface } from 'node:readline';
import { createRequire } from 'node:module';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const require = createRequire(new URL('../../web/package.json', import.meta.url));
const { chromium } = require('playwright-core');

const base = process.argv[2];
const profile = mkdtempSync(join(tmpdir(), 'shoal-browser-'));
const context = await chromium.launchPersistentContext(profile, {
  executablePath: '/usr/bin/chromium',
  headless: true,
  args: [
    '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--mute-audio',
    '--disable-background-networking', '--disable-component-update', '--disable-sync',
    '--autoplay-policy=no-user-gesture-required',
  ],
});
const page = await context.newPage();
await page.goto(base + '/', { waitUntil: 'load' });
console.log('ready');

for await (const id of createInterface({ input: process.stdin })) {
  try {
    await page.goto(`${base}/w/${id.trim()}?autoplay=1`, { waitUntil: 'commit' });
    await page.waitForFunction(
      () => {
        const video = document.querySelector('video');
        if (!video) return false;
        if (video.paused) video.play().catch(() => undefined);
        return video.currentTime > 0 && video.getVideoPlaybackQuality().totalVideoFrames > 0;
      },
      undefined,
      { timeout: 120_000, polling: 20 },
    );
    console.log('playing');
  } catch (error) {
    console.log(`failed: ${String(error).split('\n')[0]}`);
  }
}
await context.close();
rmSync(profile, { recursive: true, force: true });
