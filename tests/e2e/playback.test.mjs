// What happens to who watches: the end, coming back, a lost line, a deleted video, reports.
import assert from 'node:assert/strict'
import { before, test } from 'node:test'
import { closePage, openPage, playback, untilPlaying } from './support/browser.mjs'
import { clip } from './support/clips.mjs'
import { api, browser, server } from './support/fixture.mjs'
import { until } from './support/server.mjs'

let video

before(async () => {
  const { uuid } = await api.upload(clip('mpeg4'), { name: 'The chase' })
  video = await api.processed(uuid)
})

const media = /-fragmented\.mp4/
const error = 'The connection to the server was lost.'

async function watch(shown = video, options = {}) {
  const page = await openPage(browser, server, options)
  await page.goto(`/w/${shown.shortUUID}`)
  return page
}
const seekTo = (page, seconds) =>
  page.locator('video').evaluate((media, to) => (media.currentTime = to), seconds)

test('one comes back to where one stopped, and an address with a time wins', async () => {
  const page = await watch()
  await untilPlaying(page)
  await seekTo(page, 12)
  await page.waitForFunction(() => document.querySelector('video').currentTime > 12.2)
  await page.getByRole('link', { name: /Home$/ }).click()
  await page.getByRole('heading', { level: 2, name: 'The chase' }).waitFor()
  await page.goto(`/w/${video.shortUUID}`)
  await untilPlaying(page)
  const back = (await playback(page)).time
  assert.ok(back >= 11.5 && back < 16, `came back to ${back}`)
  await page.goto(`/w/${video.shortUUID}?start=3`)
  await untilPlaying(page)
  const asked = (await playback(page)).time
  assert.ok(asked >= 2.5 && asked < 8, `started at ${asked}`)
  await closePage(page)
})

test('the next video starts by itself after the end, unless one says no', async () => {
  const { uuid } = await api.upload(clip('short'), { name: 'The next one' })
  await api.processed(uuid)
  const page = await watch()
  await untilPlaying(page)
  await page.locator('aside').getByRole('link', { name: 'The next one' }).waitFor()
  await seekTo(page, 23.5)
  await page.getByText(/^Next video in \d s$/).waitFor()
  await page.getByRole('button', { name: 'Cancel' }).click()
  await page.getByRole('button', { name: 'Play again' }).first().waitFor()
  await page.keyboard.press('k')
  await page.waitForFunction(() => document.querySelector('video').currentTime < 5)
  await seekTo(page, 23.5)
  await page.getByRole('button', { name: 'Play now' }).click()
  await page.getByRole('heading', { level: 1, name: 'The next one' }).waitFor()
  await untilPlaying(page)
  await closePage(page)
  await api.call('DELETE', `videos/${uuid}`)
})

test('a lost line is said, and playback goes on from the same place when it is back', async () => {
  const page = await openPage(browser, server)
  let lost = true
  await page.route(media, (route) => (lost ? route.abort() : route.continue()))
  await page.goto(`/w/${video.shortUUID}?start=6`)
  await page.getByRole('alert').getByText(error).waitFor({ timeout: 60_000 })
  lost = false
  await page.evaluate(() => dispatchEvent(new Event('online')))
  await untilPlaying(page, 15_000)
  await page.getByText(error).waitFor({ state: 'detached' })
  const { time } = await playback(page)
  assert.ok(time >= 5.5 && time < 15, `went on at ${time}`)
  await closePage(page)
})

test('a token that ran out is renewed while one watches', async () => {
  const { uuid, shortUUID } = await api.upload(clip('short'), { name: 'Mine', privacy: 3 })
  await api.processed(uuid)
  const page = await openPage(browser, server, { session: api.session })
  const tokens = new Set()
  await page.route(media, (route) => {
    const token = new URL(route.request().url()).searchParams.get('videoFileToken')
    tokens.add(token)
    return tokens.size === 1 ? route.fulfill({ status: 403, body: '' }) : route.continue()
  })
  await page.goto(`/w/${shortUUID}`)
  await untilPlaying(page, 30_000)
  assert.equal(tokens.size, 2)
  await closePage(page)
  await api.call('DELETE', `videos/${uuid}`)
})

test('a video that is deleted while it is watched says so', async () => {
  const { uuid, shortUUID } = await api.upload(clip('short'), { name: 'Soon gone' })
  await api.processed(uuid)
  const page = await openPage(browser, server)
  // The first pieces play; then the owner deletes it before the rest is fetched.
  let asked = 0
  let release
  const deleted = new Promise((resolve) => (release = resolve))
  await page.route(media, async (route) => {
    if (++asked > 3) await deleted
    await route.continue()
  })
  await page.goto(`/w/${shortUUID}`)
  await page.getByRole('heading', { level: 1, name: 'Soon gone' }).waitFor()
  await until('some media are asked for', 20_000, () => asked > 3)
  await api.call('DELETE', `videos/${uuid}`)
  release()
  await page.getByText('This video does not exist or has been deleted.').waitFor()
  await closePage(page)
})

test('a video deleted while it is processed says so', async () => {
  const { uuid, shortUUID } = await api.upload(clip('mpeg4'), { name: 'Never finished' })
  const page = await openPage(browser, server)
  await page.goto(`/w/${shortUUID}`)
  await page.getByRole('heading', { level: 1, name: 'Never finished' }).waitFor()
  await api.call('DELETE', `videos/${uuid}`)
  await page.getByText('This video does not exist or has been deleted.').waitFor()
  await closePage(page)
})

test('views and playback are reported as the server expects, and 429 disturbs nobody', async () => {
  const page = await openPage(browser, server)
  const reports = []
  const refused = new Set()
  await page.route(/\/(?:views|metrics\/playback)$/, async (route) => {
    const kind = route.request().url().split('/').at(-1)
    const report = { kind, body: route.request().postDataJSON() }
    reports.push(report)
    if (!refused.has(kind)) {
      refused.add(kind)
      return route.fulfill({ status: 429, headers: { 'Retry-After': '1' }, body: 'Too many' })
    }
    const answer = await route.fetch()
    report.status = answer.status()
    await route.fulfill({ response: answer })
  })
  await page.goto(`/w/${video.shortUUID}`)
  await untilPlaying(page)
  // The first of each is refused; playback is reported every 15 seconds.
  for (const kind of ['views', 'playback']) {
    await until(`${kind} arrived`, 60_000, () =>
      reports.some((one) => one.kind === kind && one.status)
    ).catch((error) => assert.fail(`${error.message}: ${JSON.stringify(reports)}`))
  }
  for (const one of reports.filter(({ status }) => status)) assert.equal(one.status, 204)
  const playing = reports.find((one) => one.kind === 'playback' && one.status).body
  assert.equal(playing.videoId, video.uuid)
  assert.ok(playing.downloadedBytesHTTP > 10_000, 'the refused report is not lost')
  assert.ok([240, 360, 480, 720].includes(playing.resolution))
  assert.equal(await page.getByRole('alert').count(), 0)
  await closePage(page)
  const metrics = await (await fetch(`${server.url}/metrics`)).text()
  assert.match(metrics, /peertube_playback_http_downloaded_bytes\S* [1-9]/)
  const counted = await until('the view is counted', 60_000, async () => {
    const { views } = await api.call('GET', `videos/${video.uuid}`)
    return views > 0 ? views : null
  })
  assert.ok(counted >= 1)
})

test('the embed reports too', async () => {
  const page = await openPage(browser, server)
  const seen = page.waitForRequest((request) => request.url().endsWith(`${video.uuid}/views`))
  await page.goto(`/videos/embed/${video.uuid}?autoplay=1&muted=1`)
  await untilPlaying(page)
  assert.equal((await seen).postDataJSON().currentTime >= 0, true)
  await closePage(page)
})

test('everything can be done with the keyboard alone', async () => {
  const captions = new FormData()
  captions.append('captionfile', new Blob(['WEBVTT\n\n00:00.000 --> 00:20.000\nRun!\n']), 'en.vtt')
  await api.call('PUT', `videos/${video.uuid}/captions/en`, captions)
  const page = await watch()
  await untilPlaying(page)
  await page.keyboard.press('k')
  const press = async (name) => {
    for (let i = 0; i < 40; i++) {
      await page.keyboard.press('Tab')
      const here = await page.evaluate(() => document.activeElement.getAttribute('aria-label'))
      if (name.test(here ?? '')) return page.keyboard.press('Enter')
    }
    assert.fail(`${name} cannot be reached with Tab`)
  }
  await press(/^Captions/)
  await page.keyboard.press('ArrowDown')
  await page.keyboard.press('Enter')
  await page.getByTestId('captions').getByText('Run!').waitFor()
  await press(/^Speed/)
  await page.keyboard.press('End')
  await page.keyboard.press('Enter')
  assert.equal((await playback(page)).rate, 2)
  await press(/^Quality/)
  await page.keyboard.press('End')
  await page.keyboard.press('Enter')
  await page.getByRole('button', { name: 'Quality: 240p' }).waitFor()
  // Escape closes a menu and gives the focus back.
  await page.keyboard.press('Enter')
  await page.getByRole('menu', { name: 'Quality' }).waitFor()
  await page.keyboard.press('Escape')
  await page.getByRole('menu').waitFor({ state: 'detached' })
  const focused = await page.evaluate(() => document.activeElement.getAttribute('aria-label'))
  assert.match(focused, /^Quality/)
  await closePage(page)
})

test('the picture can leave the page', async () => {
  const page = await watch()
  await untilPlaying(page)
  await page.keyboard.press('i')
  await page.waitForFunction(() => document.pictureInPictureElement !== null)
  await page.keyboard.press('i')
  await page.waitForFunction(() => document.pictureInPictureElement === null)
  await closePage(page)
})

test('sound alone plays', async () => {
  const { uuid } = await api.upload(clip('sound'), { name: 'Only the music' })
  const sound = await api.processed(uuid)
  assert.equal(sound.state.id, 1)
  const page = await watch(sound)
  await page.waitForFunction(() => {
    const media = document.querySelector('video')
    return media && !media.paused && media.currentTime > 1
  })
  assert.equal(await page.getByRole('alert').count(), 0)
  await closePage(page)
  await api.call('DELETE', `videos/${uuid}`)
})

test('watching goes on without a gap when the processing ends', async () => {
  const { uuid, shortUUID } = await api.upload(clip('mpeg4'), { name: 'Still running' })
  const page = await openPage(browser, server)
  await page.goto(`/w/${shortUUID}`)
  await untilPlaying(page)
  await page.locator('video').evaluate((media) => {
    window.seen = { emptied: 0, errors: 0, back: 0 }
    let last = 0
    media.addEventListener('emptied', () => window.seen.emptied++)
    media.addEventListener('error', () => window.seen.errors++)
    media.addEventListener('timeupdate', () => {
      if (media.currentTime < last - 0.5) window.seen.back++
      last = media.currentTime
    })
  })
  await api.processed(uuid)
  await page.getByText(/^Processing:/).waitFor({ state: 'detached' })
  await page.waitForFunction(() => document.querySelector('video').ended, undefined, {
    timeout: 60_000
  })
  assert.deepEqual(await page.evaluate(() => window.seen), { emptied: 0, errors: 0, back: 0 })
  const { time } = await playback(page)
  assert.ok(Math.abs(time - 24) < 0.5, `ended at ${time}`)
  await closePage(page)
})
