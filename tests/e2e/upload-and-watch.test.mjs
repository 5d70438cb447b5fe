// The way everybody goes: upload a real file, watch it while it is processed, change it, delete it.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  closePage,
  login,
  openPage,
  playback,
  realVideo,
  untilPlaying
} from './support/browser.mjs'
import { clip } from './support/clips.mjs'
import { api, browser, server } from './support/fixture.mjs'
import { rootPassword, until } from './support/server.mjs'

test('a video can be uploaded, titled meanwhile, published and watched while it is processed', async () => {
  const page = await openPage(browser, server)
  await login(page, 'root', rootPassword)
  await page.getByRole('banner').getByRole('link', { name: 'Upload' }).click()
  await page.getByTestId('upload-input').setInputFiles(clip('mpeg4'))
  await page.getByLabel('Title').fill('The meadow in the morning')
  await page.getByLabel('Description').fill('It begins at 0:02.\nSee https://example.org/meadow')
  await page.getByRole('button', { name: /^Publish/ }).click()
  await page.getByTestId('upload-status').getByText('Published').waitFor({ timeout: 60_000 })
  await page.getByRole('main').getByRole('link', { name: 'Watch' }).click()
  await page.getByRole('heading', { level: 1, name: 'The meadow in the morning' }).waitFor()
  await untilPlaying(page, 60_000)
  const early = await api.call('GET', `videos/${page.url().split('/').at(-1)}`)
  assert.equal(early.duration, 24)
  if (early.processing) {
    await page.getByText(/^Processing: \d+% done/).waitFor()
    await page.getByRole('progressbar').waitFor()
  }
  // The end of the work changes nothing for who watches: no reload, and the notice goes.
  await api.processed(early.uuid)
  await page.getByText(/^Processing:/).waitFor({ state: 'detached' })
  const before = await playback(page)
  assert.ok(before.time > 0)
  await page.getByRole('button', { name: '0:02' }).click()
  await page.waitForFunction(() => {
    const { currentTime } = document.querySelector('video')
    return currentTime >= 2 && currentTime < 8
  })
  await closePage(page)
})

test('an upload is paused, survives a reload, and goes on where it stopped', async () => {
  const page = await openPage(browser, server, { session: api.session })
  // A slow line, so that there is something left to resume.
  const session = await page.context().newCDPSession(page)
  await session.send('Network.enable')
  const slow = (bytesPerSecond) =>
    session.send('Network.emulateNetworkConditions', {
      offline: false,
      latency: 0,
      downloadThroughput: -1,
      uploadThroughput: bytesPerSecond
    })
  const sent = []
  page.on('request', (request) => {
    const range = request.headers()['content-range']
    if (request.method() === 'PUT' && /^bytes \d/.test(range ?? '')) sent.push(range)
  })
  await page.goto('/upload')
  await slow(2_500_000)
  await page.getByTestId('upload-input').setInputFiles(realVideo)
  await page.getByLabel('Title').fill('Paused and resumed')
  await until('the first chunk is acknowledged', 60_000, () => sent.length >= 2)
  await page.getByRole('button', { name: 'Pause', exact: true }).click()
  await page
    .getByTestId('upload-status')
    .getByText(/^Paused/)
    .waitFor()
  const before = sent.length

  // Leaving warns, because the upload is not finished.
  const asked = new Promise((resolve) =>
    page.once('dialog', (dialog) => {
      resolve(dialog.type())
      void dialog.accept()
    })
  )
  await page.reload()
  assert.equal(await asked, 'beforeunload')

  await page.getByRole('heading', { name: 'Unfinished uploads' }).waitFor()
  await slow(-1)
  const chooser = page.waitForEvent('filechooser')
  await page.getByRole('button', { name: 'Continue video.mp4' }).click()
  await (await chooser).setFiles(realVideo)
  await page.getByTestId('upload-status').getByText('Uploaded').waitFor({ timeout: 60_000 })
  assert.equal(await page.getByLabel('Title').inputValue(), 'Paused and resumed')
  assert.notEqual(sent[before]?.split('-')[0], 'bytes 0', 'what was acknowledged is not sent again')
  await closePage(page)
  // What was typed is kept although nobody pressed Publish, and nobody else sees it.
  const kept = await until('the details are kept', 10_000, async () => {
    const mine = await api.call('GET', 'users/me/videos?search=resumed')
    return mine.data[0]
  })
  assert.deepEqual([kept.name, kept.privacy.id], ['Paused and resumed', 3])
  await api.call('DELETE', `videos/${kept.uuid}`)
})

test('a file that is no video is refused with a reason, and the next one still works', async () => {
  const page = await openPage(browser, server, { session: api.session })
  await page.goto('/upload')
  await page.getByTestId('upload-input').setInputFiles({
    name: 'letter.mp4',
    mimeType: 'video/mp4',
    buffer: Buffer.from('Dear reader, this is only text.\n'.repeat(200))
  })
  await page.getByRole('alert').waitFor()
  await page.getByTestId('upload-status').getByText('Upload failed').waitFor()
  await closePage(page)
})

test('captions, chapters and details are edited and seen by viewers; then the video is deleted', async () => {
  const { uuid, shortUUID } = await api.upload(clip('short'), { name: 'To be edited' })
  await api.processed(uuid)
  const page = await openPage(browser, server, { session: api.session })
  await page.goto(`/videos/update/${shortUUID}`)
  await page.getByLabel('Title').fill('Edited title')
  await page.getByLabel('Tags').fill('meadow, morning')
  await page.getByLabel('Category').selectOption({ label: 'Animals' })
  await page.getByRole('button', { name: 'Save' }).first().click()
  await page.getByText('Saved', { exact: true }).waitFor()

  await page.getByRole('tab', { name: 'Captions' }).click()
  await page.getByRole('tabpanel').getByLabel('Language').selectOption('en')
  await page.getByLabel('File (.vtt or .srt)').setInputFiles({
    name: 'en.srt',
    mimeType: 'application/x-subrip',
    buffer: Buffer.from('1\n00:00:00,200 --> 00:00:11,000\nGood morning, meadow\n')
  })
  await page.getByRole('button', { name: 'Add captions' }).click()
  await page.getByRole('button', { name: 'Delete the English captions' }).waitFor()

  await page.getByRole('tab', { name: 'Chapters' }).click()
  await page.getByRole('textbox', { name: 'Chapters' }).fill('0:00 Fog\n0:09 Sun\n0:04 Rain')
  await page.getByText('Line 3 is not later than the line before.').waitFor()
  await page.getByRole('textbox', { name: 'Chapters' }).fill('0:00 Fog\n0:06 Sun')
  await page.getByRole('tabpanel').getByRole('button', { name: 'Save' }).click()
  await page.getByText('Saved', { exact: true }).last().waitFor()

  await page.goto(`/w/${shortUUID}`)
  await page.getByRole('heading', { level: 1, name: 'Edited title' }).waitFor()
  await page.getByRole('link', { name: '#meadow' }).waitFor()
  await untilPlaying(page)
  await page.getByRole('slider', { name: 'Seek' }).waitFor()
  await page.keyboard.press('c')
  await page.getByTestId('captions').getByText('Good morning, meadow').waitFor()
  await page.getByRole('button', { name: /^0:06\s*Sun$/ }).click()
  await page.waitForFunction(() => document.querySelector('video').currentTime >= 6)

  await page.goto('/my-library/videos')
  await page.getByRole('button', { name: 'Delete: Edited title' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click()
  await page.getByText('“Edited title” was deleted.').waitFor()
  await page.goto(`/w/${shortUUID}`)
  await page.getByText('This video does not exist or has been deleted.').waitFor()
  await closePage(page)
})
