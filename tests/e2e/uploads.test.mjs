// Uploads that meet trouble: several at once, a full quota, a server that dies in the middle.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { closePage, openPage, realVideo } from './support/browser.mjs'
import { clip } from './support/clips.mjs'
import { api, browser, server } from './support/fixture.mjs'
import { Api, until } from './support/server.mjs'

async function uploadPage(session = api.session) {
  const page = await openPage(browser, server, { session })
  await page.goto('/upload')
  return page
}
/** A line slow enough that there is a middle; -1 takes the limit away. */
async function line(page) {
  const session = await page.context().newCDPSession(page)
  await session.send('Network.enable')
  return (bytesPerSecond) =>
    session.send('Network.emulateNetworkConditions', {
      offline: false,
      latency: 0,
      downloadThroughput: -1,
      uploadThroughput: bytesPerSecond
    })
}

test('several files upload side by side, each with its own title', async () => {
  const page = await uploadPage()
  await page.getByTestId('upload-input').setInputFiles([clip('short'), clip('mpeg4')])
  const titles = page.getByLabel('Title')
  await titles.nth(1).waitFor()
  await titles.nth(0).fill('First of two')
  await titles.nth(1).fill('Second of two')
  for (const i of [0, 1]) {
    await page
      .getByRole('button', { name: /^Publish/ })
      .first()
      .click()
    await page
      .getByTestId('upload-status')
      .nth(i)
      .getByText('Published')
      .waitFor({ timeout: 60_000 })
  }
  const { data } = await api.call('GET', 'users/me/videos?search=of two')
  assert.deepEqual(data.map(({ name }) => name).sort(), ['First of two', 'Second of two'])
  await closePage(page)
  for (const { uuid } of data) await api.call('DELETE', `videos/${uuid}`)
})

test('a file that does not fit into the quota is refused before it is sent', async () => {
  await api.call('POST', 'users', {
    username: 'thrifty',
    email: 'thrifty@example.org',
    password: 'thrifty-password',
    videoQuota: 1_000_000
  })
  const thrifty = await new Api(server.url).login('thrifty', 'thrifty-password')
  const page = await uploadPage(thrifty.session)
  const sent = []
  page.on('request', (request) => {
    if (request.method() === 'PUT' && request.url().includes('upload-resumable')) sent.push(request)
  })
  await page.getByTestId('upload-input').setInputFiles(realVideo)
  await page.getByRole('alert').getByText('This file does not fit into your quota.').waitFor()
  assert.equal(sent.length, 0)
  await closePage(page)
})

test('an upload outlives the server being killed and started again', async () => {
  const page = await uploadPage()
  const speed = await line(page)
  const ranges = []
  page.on('request', (request) => {
    const range = request.headers()['content-range'] ?? ''
    if (request.method() === 'PUT' && /^bytes \d/.test(range)) ranges.push(range)
  })
  await speed(3_000_000)
  await page.getByTestId('upload-input').setInputFiles(realVideo)
  await page.getByLabel('Title').fill('Through thick and thin')
  await until('a chunk is acknowledged', 60_000, () => ranges.length >= 2)
  await server.kill()
  await page
    .getByTestId('upload-status')
    .getByText(/^Connection lost/)
    .waitFor()
  const before = ranges.length
  await server.start()
  await speed(-1)
  await page.getByTestId('upload-status').getByText('Uploaded').waitFor({ timeout: 60_000 })
  assert.ok(ranges.length > before)
  assert.doesNotMatch(ranges[before], /^bytes 0-/, 'what was acknowledged is not sent again')
  await closePage(page)
  const kept = await until('the details are kept', 10_000, async () => {
    const { data } = await api.call('GET', 'users/me/videos?search=thick')
    return data[0]
  })
  await until('the whole file is understood', 30_000, async () => {
    const { duration } = await api.call('GET', `videos/${kept.uuid}`)
    return duration === 30
  })
  await api.call('DELETE', `videos/${kept.uuid}`)
})
