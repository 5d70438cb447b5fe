// Videos that lie in object storage, played in a browser: from the store at its public address, from
// the store at signed addresses, and through the server. One video is moved from door to door.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { closePage, launch, openPage, playback, untilPlaying } from './support/browser.mjs'
import { clip } from './support/clips.mjs'
import { isInstalled, startRadosgw } from './support/radosgw.mjs'
import { Api, freePort, startServer, until } from './support/server.mjs'

const skip = isInstalled ? false : 'radosgw is not installed'
const media = /-fragmented\.mp4/

let gateway
let server
let browser
let api
let open
let hidden

before(async () => {
  if (skip) return
  gateway = await startRadosgw()
  const port = await freePort()
  const origin = `http://127.0.0.1:${port}`
  gateway.newBucket('public', origin, true)
  gateway.newBucket('signed', origin)
  gateway.newBucket('behind', origin)
  server = await startServer({
    port,
    environment: {
      ...gateway.settings('public', {
        SERVE_PUBLIC: 'redirect',
        BASE_URLS: `${gateway.endpoint}/public`
      }),
      ...gateway.settings('signed', { SERVE_PUBLIC: 'presigned', SERVE_PRIVATE: 'presigned' }),
      ...gateway.settings('behind', { SERVE_PUBLIC: 'proxy' }),
      SHOAL__HOMES__RENDITIONS: 'signed',
      SHOAL__TRANSCODING__RESOLUTIONS__240P: 'false'
    }
  })
  browser = await launch()
  api = await new Api(server.url).login()
  const [first, second] = await Promise.all([
    api.upload(clip('short'), { name: 'For everybody' }),
    api.upload(clip('short'), { name: 'For its owner', privacy: 3 })
  ])
  open = await api.processed(first.uuid)
  hidden = await api.processed(second.uuid)
})
after(async () => {
  await browser?.close()
  await server?.stop()
  await gateway?.stop()
})

/** Plays a video for a while; where its bytes came from. */
async function watch(video, options = {}) {
  const page = await openPage(browser, server, options)
  const sources = []
  page.on('response', (answer) => {
    if (media.test(answer.url()) && (answer.status() === 200 || answer.status() === 206))
      sources.push(new URL(answer.url()))
  })
  await page.goto(`/w/${video.shortUUID}`)
  await untilPlaying(page)
  const then = await playback(page)
  await page.waitForFunction(
    ([time, frames]) => {
      const shown = document.querySelector('video')
      return (
        shown.currentTime > time + 0.5 &&
        shown.getVideoPlaybackQuality().totalVideoFrames > frames + 5
      )
    },
    [then.time, then.frames]
  )
  assert.ok(then.width > 0)
  await closePage(page)
  assert.ok(sources.length > 0, 'no media were asked for')
  return sources
}
const isSigned = (url) => url.searchParams.has('X-Amz-Signature')
const isIn = (bucket) => (url) =>
  url.origin === gateway.endpoint && url.pathname.startsWith(`/${bucket}/`)
const isOurs = (url) => url.origin === server.url
const all = (urls, check) => assert.ok(urls.every(check), urls.map(String).join('\n'))

async function moveTo(store, from, video, keepSource = false) {
  const { move } = await api.call('POST', 'admin/storage/moves', {
    from,
    to: store,
    keepSource,
    videos: [video.uuid],
    kinds: ['rendition', 'playlist', 'segments-sha256']
  })
  await until('the move is done', 20_000, async () => {
    const { data } = await api.call('GET', 'admin/storage/moves')
    return data.find((one) => one.id === move.id).state === 'done'
  })
  const { files } = await api.call('GET', `admin/storage/videos/${video.uuid}`)
  const renditions = files.filter((file) => file.kind === 'rendition')
  assert.deepEqual(
    renditions.map((file) => file.copies.map((copy) => copy.store).sort()),
    renditions.map(() => (keepSource ? [from, store].sort() : [store]))
  )
}

test('signed addresses: an open video comes from the store', { skip }, async () => {
  const sources = await watch(open)
  all(sources, isIn('signed'))
  all(sources, isSigned)
})

test('signed addresses: a private video comes from the store to its owner', { skip }, async () => {
  const sources = await watch(hidden, { session: api.session })
  all(sources, isIn('signed'))
  all(sources, isSigned)

  const bare = new URL(sources[0])
  bare.search = ''
  assert.equal((await fetch(bare)).status, 403, 'the object itself is closed')
})

test('signed addresses that have ended are asked for again, and it plays on', { skip }, async () => {
  const page = await openPage(browser, server, { session: api.session })
  const lists = []
  let given = 0
  let refused = 0
  page.on('response', (answer) => {
    const { pathname } = new URL(answer.url())
    if (pathname.endsWith('.m3u8') && !pathname.endsWith('master.m3u8')) lists.push(pathname)
  })
  // As a store does whose addresses have ended: after the first segment, without a word of CORS.
  const isRenewed = () => lists.some((path, at) => lists.indexOf(path) < at)
  await page.route(
    (url) => isIn('signed')(url) && media.test(url.pathname),
    (route) => {
      if (given < 2 || isRenewed()) {
        given++
        return route.continue()
      }
      refused++
      return route.fulfill({ status: 403, body: '<Error><Code>AccessDenied</Code></Error>' })
    }
  )
  await page.goto(`/w/${hidden.shortUUID}`)
  await untilPlaying(page)
  const positions = await page.locator('video').evaluate(async (video) => {
    const seen = []
    const end = Date.now() + 30_000
    while (video.currentTime < 8 && Date.now() < end) {
      seen.push(video.currentTime)
      await new Promise((done) => setTimeout(done, 100))
    }
    return seen
  })
  assert.ok(refused > 0, 'nothing was refused')
  assert.ok(positions.at(-1) > 7.5, `it came to ${positions.at(-1)} s`)
  assert.ok(isRenewed(), lists.join('\n'))
  for (let i = 1; i < positions.length; i++)
    assert.ok(positions[i] >= positions[i - 1], 'it jumped back')
  // As long as it plays: it has not stood still for more than a moment.
  const longest = positions.reduce(
    ({ run, most }, time, i) => {
      const still = i > 0 && time === positions[i - 1] ? run + 1 : 0
      return { run: still, most: Math.max(most, still) }
    },
    { run: 0, most: 0 }
  ).most
  assert.ok(longest < 25, `it stood still for ${longest / 10} s`)
  assert.equal(await page.getByRole('alert').count(), 0)
  await closePage(page)
})

test('signed addresses: nobody else gets a private video', { skip }, async () => {
  const page = await openPage(browser, server)
  const asked = []
  page.on('request', (request) => media.test(request.url()) && asked.push(request.url()))
  await page.goto(`/w/${hidden.shortUUID}`)
  await page.getByRole('alert').or(page.getByText(/private|log in/i)).first().waitFor()
  assert.deepEqual(asked, [])
  assert.equal(await page.locator('video').count(), 0)
  await closePage(page)

  const details = await api.call('GET', `videos/${hidden.uuid}`)
  const [playlist] = details.streamingPlaylists
  for (const url of [playlist.playlistUrl, playlist.files[0].fileUrl]) {
    const answer = await fetch(url, { redirect: 'manual' })
    assert.ok([401, 403].includes(answer.status), `${url} answers ${answer.status}`)
    assert.equal(answer.headers.get('location'), null)
  }
})

test('redirect: an open video comes from the public address', { skip }, async () => {
  await moveTo('public', 'signed', open)
  const [playlist] = open.streamingPlaylists
  await until('viewers are sent to the store', 20_000, async () => {
    const answer = await fetch(playlist.files[0].fileUrl, { redirect: 'manual' })
    return answer.headers.get('location')?.startsWith(`${gateway.endpoint}/public/`)
  })
  const sources = await watch(open)
  all(sources, isIn('public'))
  all(sources, (url) => !isSigned(url))
})

test('proxy: an open video comes through the server', { skip }, async () => {
  await moveTo('behind', 'public', open)
  const sources = await watch(open)
  all(sources, isOurs)
})

test('a video with a second copy plays when the store of the first is gone', { skip }, async () => {
  await moveTo('local', 'behind', open, true)
  await gateway.stop()
  const sources = await watch(open)
  all(sources, isOurs)
})
