// The player on a finished video: keys, menus, seek preview, download, and the embed API.
import assert from 'node:assert/strict'
import { before, test } from 'node:test'
import { closePage, embedApiSource, openPage, playback, untilPlaying } from './support/browser.mjs'
import { clip } from './support/clips.mjs'
import { api, browser, server } from './support/fixture.mjs'

let video

before(async () => {
  const { uuid } = await api.upload(clip('mpeg4'), { name: 'The chase' })
  video = await api.processed(uuid)
})

async function watch(options) {
  const page = await openPage(browser, server, options)
  await page.goto(`/w/${video.shortUUID}`)
  await untilPlaying(page)
  return page
}

test('the keys everybody knows work', async () => {
  const page = await watch()
  const state = () => playback(page)
  await page.keyboard.press('k')
  await page.waitForFunction(() => document.querySelector('video').paused)
  const start = (await state()).time
  await page.keyboard.press('l')
  assert.ok(Math.abs((await state()).time - start - 10) < 1)
  await page.keyboard.press('ArrowLeft')
  assert.ok(Math.abs((await state()).time - start - 5) < 1)
  await page.keyboard.press('j')
  assert.equal((await state()).time, 0)
  await page.keyboard.press('5')
  assert.ok(Math.abs((await state()).time - 12) < 1)
  await page.keyboard.press('m')
  assert.equal((await state()).volume, 0)
  await page.keyboard.press('m')
  assert.equal((await state()).volume, 1)
  await page.keyboard.press('f')
  await page.waitForFunction(() => document.fullscreenElement !== null)
  await page.keyboard.press('f')
  await page.waitForFunction(() => document.fullscreenElement === null)
  await page.keyboard.press('>')
  assert.equal((await state()).rate, 1.25)
  await page.keyboard.press('k')
  await page.waitForFunction(() => !document.querySelector('video').paused)
  await closePage(page)
})

test('keys typed into the search field are text, not commands', async () => {
  const page = await watch()
  await page.getByRole('searchbox').fill('')
  await page.getByRole('searchbox').pressSequentially('mk 5')
  const { volume, paused } = await playback(page)
  assert.deepEqual({ volume, paused }, { volume: 1, paused: false })
  await closePage(page)
})

test('the quality can be chosen and is shown', async () => {
  const page = await watch()
  await page.getByRole('region', { name: /^Video player/ }).hover()
  await page.getByRole('button', { name: /^Quality/ }).click()
  await page.getByRole('menuitemradio', { name: '240p' }).click()
  await page.waitForFunction(() => document.querySelector('video').videoHeight === 240)
  await page.getByRole('region', { name: /^Video player/ }).hover()
  await page.getByRole('button', { name: 'Quality: 240p' }).click()
  await page.getByRole('menuitemradio', { name: '720p' }).click()
  await page.waitForFunction(() => document.querySelector('video').videoHeight === 720)
  await closePage(page)
})

test('seeking with the bar plays from there, and hovering previews a picture', async () => {
  const page = await watch()
  const bar = page.getByRole('slider', { name: 'Seek' })
  const box = await bar.boundingBox()
  await page.mouse.move(box.x + box.width * 0.5, box.y + box.height / 2)
  const sprite = page.locator('.sprite')
  await sprite.waitFor()
  const image = await sprite.evaluate((node) => getComputedStyle(node).backgroundImage)
  const address = /url\("(.+)"\)/.exec(image)?.[1] ?? ''
  assert.equal((await fetch(address)).status, 200)
  await page.mouse.click(box.x + box.width * 0.5, box.y + box.height / 2)
  await page.waitForFunction(() => {
    const { currentTime, seeking } = document.querySelector('video')
    return !seeking && currentTime > 11.5 && currentTime < 16
  })
  await closePage(page)
})

test('the download dialog offers every quality as a file with picture and sound', async () => {
  const page = await watch()
  await page.getByRole('button', { name: 'Download' }).click()
  const links = page.getByRole('dialog').getByRole('link')
  await links.first().waitFor()
  assert.ok((await links.count()) >= 3)
  const file = await fetch(await links.first().evaluate((link) => link.href))
  assert.equal(file.status, 200)
  const start = new Uint8Array(await file.arrayBuffer()).subarray(4, 8)
  assert.equal(Buffer.from(start).toString(), 'ftyp')
  await closePage(page)
})

test('a password protects a video, and the password opens it', async () => {
  const { uuid, shortUUID } = await api.upload(clip('short'), { name: 'Secret meadow' })
  await api.call('PUT', `videos/${uuid}`, { privacy: 5, videoPasswords: ['open sesame'] })
  await api.processed(uuid)
  const page = await openPage(browser, server)
  await page.goto(`/w/${shortUUID}`)
  await page.getByLabel('Video password').fill('wrong one')
  await page.getByRole('button', { name: 'Watch' }).click()
  await page.getByText('That is not the password of this video.').waitFor()
  await page.getByLabel('Video password').fill('open sesame')
  await page.getByRole('button', { name: 'Watch' }).click()
  await untilPlaying(page)
  await closePage(page)
})

test('a private video plays for its owner and is hidden from everybody else', async () => {
  const { uuid, shortUUID } = await api.upload(clip('short'), { name: 'Mine', privacy: 3 })
  await api.processed(uuid)
  const stranger = await openPage(browser, server)
  await stranger.goto(`/w/${shortUUID}`)
  await stranger.getByRole('heading', { name: 'This video is private' }).waitFor()
  await closePage(stranger)
  const owner = await openPage(browser, server, { session: api.session })
  await owner.goto(`/w/${shortUUID}`)
  await untilPlaying(owner)
  await closePage(owner)
})

test("PeerTube's embed API drives the embed", async () => {
  const page = await openPage(browser, server)
  await page.route('**/host.html', (route) =>
    route.fulfill({
      contentType: 'text/html',
      body: `<!doctype html><iframe id="frame" width="640" height="360" allow="autoplay"
        src="/videos/embed/${video.uuid}?api=1&muted=1"></iframe>
        <script>${embedApiSource}</script>`
    })
  )
  await page.goto('/host.html')
  const seen = await page.evaluate(async () => {
    const Player = window.PeerTubePlayer.PeerTubePlayer ?? window.PeerTubePlayer
    const player = new Player(document.getElementById('frame'))
    const states = []
    player.addEventListener('playbackStatusChange', (state) => states.push(state))
    const moved = new Promise((resolve) =>
      player.addEventListener('playbackStatusUpdate', (update) => {
        if (update.position > 12 && update.playbackState === 'playing') resolve(update)
      })
    )
    await player.ready
    await player.play()
    await player.seek(12)
    const update = await moved
    await player.setVolume(0.3)
    await player.setPlaybackRate(1.5)
    const facts = {
      duration: Math.round(update.duration),
      playing: await player.isPlaying(),
      volume: await player.getVolume(),
      rate: await player.getPlaybackRate(),
      heights: (await player.getResolutions()).map((one) => one.height)
    }
    await player.pause()
    return { ...facts, after: await player.isPlaying(), states }
  })
  assert.equal(seen.duration, 24)
  assert.equal(seen.playing, true)
  assert.equal(seen.volume, 0.3)
  assert.equal(seen.rate, 1.5)
  assert.ok(seen.heights.includes(720) && seen.heights.includes(240))
  assert.equal(seen.after, false)
  assert.ok(seen.states.includes('playing') && seen.states.includes('paused'))
  await closePage(page)
})
