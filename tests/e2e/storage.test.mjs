// What an administrator sees and does on the page of stores: two folders, so that it needs no S3.
import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { axeFindings, closePage, launch, openPage, untilPlaying } from './support/browser.mjs'
import { clip } from './support/clips.mjs'
import { Api, startServer, until } from './support/server.mjs'

const disks = mkdtempSync(join(tmpdir(), 'shoal-disks-'))
const archive = join(disks, 'archive')
const cold = join(disks, 'cold')
let server
let browser
let api
let video

before(async () => {
  mkdirSync(archive)
  mkdirSync(cold)
  writeFileSync(join(cold, 'holiday.jpg'), 'not ours')
  server = await startServer({
    environment: {
      SHOAL__STORES__ARCHIVE__TYPE: 'local',
      SHOAL__STORES__ARCHIVE__PATH: archive,
      SHOAL__STORES__ARCHIVE__PRICE__STORAGE_GB_MONTH: '20',
      SHOAL__STORES__ARCHIVE__PRICE__PUT_1000: '5',
      SHOAL__STORES__COLD__TYPE: 'local',
      SHOAL__STORES__COLD__PATH: cold
    }
  })
  browser = await launch()
  api = await new Api(server.url).login()
  const { uuid } = await api.upload(clip('short'), { name: 'Off to the archive' })
  video = await api.processed(uuid)
  // The last of its files is made when it plays already.
  await until('all files are there', 30_000, async () =>
    (await copies()).some((file) => file.kind === 'storyboard')
  )
})
after(async () => {
  await browser?.close()
  await server?.stop()
  rmSync(disks, { recursive: true, force: true })
})

const copies = async () => (await api.call('GET', `admin/storage/videos/${video.uuid}`)).files
const storesOf = (files) => new Set(files.flatMap((file) => file.copies.map((copy) => copy.store)))
/** The newest first. */
const move = (page, n = 0) =>
  page.getByRole('region', { name: 'Moves' }).getByRole('listitem').nth(n)

test("a folder that is somebody else's is away and says why, until it is ours", async () => {
  const page = await openPage(browser, server, { session: api.session })
  await page.goto('/admin/storage')
  await page.getByRole('heading', { name: 'Away: cold' }).waitFor()
  const store = page.getByRole('region', { name: 'cold', exact: true })
  await store.getByText('Away', { exact: true }).waitFor()
  await store.getByText(/ · since /).waitFor()
  assert.deepEqual(await axeFindings(page), [])
  rmSync(join(cold, 'holiday.jpg'))
  await page.getByRole('heading', { name: 'All stores are online' }).waitFor()
  await closePage(page)
})

test('a move is planned, started, and seen to its end', async () => {
  const page = await openPage(browser, server, { session: api.session })
  await page.goto('/admin/storage')
  const local = page.getByRole('region', { name: 'local', exact: true })
  const far = page.getByRole('region', { name: 'archive', exact: true })
  await local.getByText('Online').waitFor()
  await far.getByText('Online').waitFor()
  await far.getByText('0 files').waitFor()
  const before = await copies()
  assert.ok(before.some((file) => file.kind === 'rendition'))
  assert.deepEqual(storesOf(before), new Set(['local']))

  await page.getByRole('button', { name: 'Move files' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel('From').selectOption('local')
  await dialog.getByLabel('To', { exact: true }).selectOption('archive')
  await dialog.getByLabel('Only of these videos').fill(`${server.url}/w/${video.shortUUID}`)
  await dialog.getByRole('button', { name: 'Change' }).waitFor({ state: 'detached' })
  assert.deepEqual(await axeFindings(page), [])
  await dialog.getByRole('button', { name: 'See what it takes' }).click()
  await dialog.getByText('Nothing has moved yet.').waitFor()
  await dialog.getByText(`${before.length} files, `).waitFor()
  await dialog.getByText(/^0\.00 now, then \d/).waitFor()
  assert.deepEqual(storesOf(await copies()), new Set(['local']))

  await dialog.getByRole('button', { name: 'Start the move' }).click()
  await page.getByText('The move has started.').waitFor()
  await move(page).getByText('local → archive').waitFor()
  await move(page).getByText('Done', { exact: true }).waitFor()
  await move(page).getByText(`${before.length} of ${before.length} files`).waitFor()
  await far.getByText(`${before.length} files`, { exact: true }).waitFor()
  assert.deepEqual(storesOf(await copies()), new Set(['archive']))
  assert.ok(readdirSync(archive).length > 1, 'the folder holds more than its marker')
  await closePage(page)
})

test('what has moved plays, and the list of videos says where it is', async () => {
  const page = await openPage(browser, server, { session: api.session })
  await page.goto(`/w/${video.shortUUID}`)
  await untilPlaying(page)
  await page.goto('/admin/videos')
  await page.getByRole('button', { name: 'Where its copies are: Off to the archive' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByText('Copies of “Off to the archive”').waitFor()
  const rendition = dialog.getByRole('row').filter({ hasText: 'Videos, 360p' })
  await rendition.getByText('archive').waitFor()
  await rendition.getByText(/^checked /).waitFor()
  assert.equal(await rendition.getByText('local').count(), 0)
  await dialog.getByRole('button', { name: 'Move this video' }).click()
  assert.equal(await dialog.getByLabel('Only of these videos').inputValue(), video.shortUUID)
  await closePage(page)
})

test('a move is paused, resumed, and cancelled when one is asked again', async () => {
  const page = await openPage(browser, server, { session: api.session })
  await page.goto('/admin/storage')
  await page.getByRole('button', { name: 'Move files' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel('From').selectOption('archive')
  await dialog.getByLabel('To', { exact: true }).selectOption('local')
  // The video itself is on its way for minutes, so that what follows happens meanwhile; the first
  // file waits for nobody, and tiny ones not for long.
  await dialog.getByLabel('At most').fill('0.001')
  await dialog.getByLabel('Files at once').fill('1')
  await dialog.getByRole('button', { name: 'See what it takes' }).click()
  await dialog.getByRole('button', { name: 'Start the move' }).click()
  await move(page).getByRole('button', { name: 'Pause' }).click()
  await move(page).getByText('Paused').waitFor()
  await move(page).getByRole('button', { name: 'Resume' }).click()
  await move(page).getByText('Running').waitFor()
  await move(page).getByRole('button', { name: 'Cancel' }).click()
  await dialog.getByText('A cancelled move cannot be resumed.').waitFor()
  await dialog.getByRole('button', { name: 'Keep it going' }).click()
  await move(page).getByText('Running').waitFor()
  await move(page).getByRole('button', { name: 'Cancel' }).click()
  await dialog.getByRole('button', { name: 'Cancel the move' }).click()
  await move(page).getByText('Cancelled').waitFor()
  await move(page, 1).getByText('Done', { exact: true }).waitFor()
  const [cancelled] = (await api.call('GET', 'admin/storage/moves')).data
  assert.equal(cancelled.state, 'cancelled')
  assert.equal(cancelled.failed.files, 0)
  assert.ok(storesOf(await copies()).has('archive'))
  await closePage(page)
})
