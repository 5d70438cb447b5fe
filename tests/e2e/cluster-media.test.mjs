// Two nodes of one database and one bucket: every request of a viewer and of somebody who uploads
// may go to either, and either may die.
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { after, before, test } from 'node:test'
import { clip } from './support/clips.mjs'
import { startPostgres } from './support/postgres.mjs'
import { isInstalled, startRadosgw } from './support/radosgw.mjs'
import { Api, freePort, startServer, until } from './support/server.mjs'

const skip = isInstalled ? false : 'radosgw is not installed'
const homes = [
  ...['RENDITIONS', 'ORIGINALS', 'CAPTIONS', 'THUMBNAILS', 'STORYBOARDS', 'EXPORTS', 'RUNNING'],
  'UPLOADS'
]

let postgres
let gateway
const nodes = []
const apis = []

function environment(name, port) {
  return {
    SHOAL__DATABASE__ENGINE: 'postgresql',
    SHOAL__DATABASE__HOSTNAME: postgres.folder,
    SHOAL__DATABASE__USERNAME: 'postgres',
    SHOAL__DATABASE__NAME: 'cluster',
    SHOAL__CLUSTER__NODE__NAME: name,
    // What the balancer in front of them is called.
    SHOAL__WEBSERVER__PORT: String(port),
    SHOAL__STORES__SHARED__TYPE: 's3',
    SHOAL__STORES__SHARED__ENDPOINT: gateway.endpoint,
    SHOAL__STORES__SHARED__BUCKET: 'shared',
    SHOAL__STORES__SHARED__FORCE_PATH_STYLE: 'true',
    SHOAL__STORES__SHARED__UPLOAD_ACL__PUBLIC: 'none',
    SHOAL__STORES__SHARED__UPLOAD_ACL__PRIVATE: 'none',
    SHOAL__STORES__SHARED__SERVE_PUBLIC: 'proxy',
    SHOAL__STORES__SHARED__CREDENTIALS__ACCESS_KEY_ID: gateway.accessKey,
    SHOAL__STORES__SHARED__CREDENTIALS__SECRET_ACCESS_KEY: gateway.secretKey,
    ...Object.fromEntries(homes.map((home) => [`SHOAL__HOMES__${home}`, 'shared']))
  }
}

before(async () => {
  if (skip) return
  ;[postgres, gateway] = await Promise.all([startPostgres(), startRadosgw()])
  postgres.createDatabase('cluster')
  const port = await freePort()
  gateway.newBucket('shared', `http://127.0.0.1:${port}`)
  for (const name of ['one', 'two']) {
    nodes.push(await startServer({ environment: environment(name, port) }))
    apis.push(new Api(nodes.at(-1).url))
  }
  // Logged in on one, known on all.
  await apis[0].login()
  apis[1].token = apis[0].token
  await until('the bucket is there for both', 20_000, async () => {
    const answers = await Promise.all(apis.map((api) => api.call('GET', 'admin/storage/stores')))
    return answers.every(({ data }) => data.find(({ name }) => name === 'shared')?.online)
  })
})
after(async () => {
  for (const node of nodes) await node.stop()
  await gateway?.stop()
  await postgres?.stop()
})

/** A resumable upload whose requests go to the nodes in turn. */
class Upload {
  constructor(file) {
    this.bytes = readFileSync(file)
    this.sent = 0
    this.turn = 0
  }
  headers(more) {
    return { Authorization: `Bearer ${apis[0].token}`, ...more }
  }
  async begin(attributes) {
    const me = await apis[1].call('GET', 'users/me')
    const body = {
      ...{ filename: 'clip.mp4', channelId: me.videoChannels[0].id, privacy: 1 },
      ...attributes
    }
    const answer = await fetch(`${nodes[0].url}/api/v1/videos/upload-resumable`, {
      method: 'POST',
      headers: this.headers({
        'Content-Type': 'application/json',
        'X-Upload-Content-Length': String(this.bytes.length),
        'X-Upload-Content-Type': 'video/mp4'
      }),
      body: JSON.stringify(body)
    })
    assert.equal(answer.status, 201)
    this.path = new URL(answer.headers.get('location'), nodes[0].url)
    this.path = this.path.pathname + this.path.search
    return this
  }
  put(node, from, to) {
    const range = from === null ? '*' : `${from}-${to - 1}`
    return fetch(nodes[node].url + this.path, {
      method: 'PUT',
      headers: this.headers({ 'Content-Range': `bytes ${range}/${this.bytes.length}` }),
      body: from === null ? undefined : this.bytes.subarray(from, to)
    })
  }
  /** Sends the next bytes; true when the upload is a video. */
  async step(size, node = this.turn++ % 2) {
    const end = Math.min(this.sent + size, this.bytes.length)
    const answer = await this.put(node, this.sent, end)
    if (answer.status === 308) {
      this.sent = Number(answer.headers.get('range').split('-')[1]) + 1
      return false
    }
    assert.equal(answer.status, 200, await answer.clone().text())
    this.video = (await answer.json()).video
    return true
  }
}

async function digest(url) {
  const answer = await fetch(url)
  assert.equal(answer.status, 200, url)
  return createHash('sha256')
    .update(Buffer.from(await answer.arrayBuffer()))
    .digest('hex')
}

/** What a node sends for a file that the API names by the balancer's address. */
const at = (node, url) => nodes[node].url + new URL(url).pathname

test('chunks that alternate between the nodes become a video that both play', { skip }, async () => {
  const upload = await new Upload(clip('short')).begin({ name: 'On two feet' })
  while (!(await upload.step(150_000)));
  const video = await apis[1].processed(upload.video.uuid)
  assert.equal(video.name, 'On two feet')
  const [playlist] = video.streamingPlaylists
  for (const url of [playlist.playlistUrl, ...playlist.files.map(({ fileUrl }) => fileUrl)]) {
    assert.equal(await digest(at(0, url)), await digest(at(1, url)))
  }
  assert.equal((await fetch(nodes[1].url + video.thumbnailPath)).status, 200)
})

test('a node that dies in the middle of an upload takes none of it along', { skip }, async () => {
  const upload = await new Upload(clip('mpeg4')).begin({ name: 'Across a death' })
  await upload.step(700_000, 0)
  // It has half of the next chunk when it dies.
  const half = upload.put(0, upload.sent, upload.sent + 700_000).catch(() => null)
  await nodes[0].kill()
  await half
  const answer = await upload.put(1, null)
  assert.equal(answer.status, 308)
  assert.ok(Number(answer.headers.get('range').split('-')[1]) + 1 >= 700_000)
  upload.sent = Number(answer.headers.get('range').split('-')[1]) + 1
  while (!(await upload.step(2_000_000, 1)));
  await nodes[0].start()
  const video = await apis[0].processed(upload.video.uuid)
  assert.equal(video.state.id, 1)
  assert.equal(Math.round(video.duration), 24)
})

test('what an administrator changes on one node is seen on the other', { skip }, async () => {
  const upload = await new Upload(clip('short')).begin({ name: 'Soon gone' })
  while (!(await upload.step(1_000_000)));
  const { uuid } = await apis[1].processed(upload.video.uuid)
  const listed = async (node) => {
    const { data } = await apis[node].call('GET', 'videos?sort=-trending&count=50')
    return data.some((video) => video.uuid === uuid)
  }
  await until('the other node lists it', 15_000, () => listed(1))
  const changed = Date.now()
  const config = await apis[0].call('GET', 'config/custom')
  config.instance.name = 'Renamed on one node'
  await apis[0].call('PUT', 'config/custom', config)
  await apis[0].call('DELETE', `videos/${uuid}`)
  await until('the other node knows', 15_000, async () => {
    const { instance } = await apis[1].call('GET', 'config')
    return instance.name === 'Renamed on one node' && !(await listed(1))
  })
  const took = Date.now() - changed
  assert.ok(took < 2_000, `it took ${took} ms`)
})

test('a node that dies while it transcodes costs its leases, and nothing else', { skip }, async () => {
  const { uuid } = await apis[1].upload(clip('mpeg4'), { name: 'Half made' })
  await until('it is being worked on', 30_000, async () => {
    const video = await apis[1].call('GET', `videos/${uuid}`)
    return video.processing?.percent > 0
  })
  await nodes[0].kill()
  const video = await apis[1].processed(uuid)
  assert.equal(video.state.id, 1)
  const [playlist] = video.streamingPlaylists
  for (const { fileUrl } of playlist.files) await digest(at(1, fileUrl))
  await nodes[0].start()
})
