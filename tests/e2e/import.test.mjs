// An existing PeerTube's videos, taken over beside the running server and played from it.
import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterEach, beforeEach, test } from 'node:test'
import { frames, startOldPeertube } from './support/old-peertube.mjs'
import { program, startServer, until } from './support/server.mjs'

let server
let old

beforeEach(async () => {
  ;[server, old] = await Promise.all([startServer(), startOldPeertube()])
})
afterEach(async () => {
  await Promise.all([server?.stop(), old?.stop()])
})

const words = (...more) => ['import', 'peertube', '--url', old.url, '--data', server.data, ...more]

function shoal(...all) {
  return new Promise((resolve) => {
    const child = spawn(program, all, { stdio: ['ignore', 'pipe', 'pipe'] })
    const done = { output: '', child }
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (text) => (done.output += text))
    }
    child.once('exit', (status) => resolve({ status, output: done.output }))
  })
}

async function json(path) {
  const answer = await fetch(server.url + path)
  assert.equal(answer.status, 200, path)
  return answer.json()
}

function countFrames(url) {
  const probe = spawnSync(
    'ffprobe',
    [
      ...['-v', 'error', '-count_frames', '-select_streams', 'v:0'],
      ...['-show_entries', 'stream=nb_read_frames', '-of', 'csv=p=0', url]
    ],
    { encoding: 'utf8', timeout: 60_000 }
  )
  assert.equal(probe.stderr, '')
  return Number(probe.stdout.split('\n')[0].replace(',', ''))
}

/** Everything that a viewer asks for is there, and is what the old instance had. */
async function expectPlayable() {
  const { uuid } = old.video
  const video = await json(`/api/v1/videos/${uuid}`)
  assert.equal(video.shortUUID, old.video.shortUUID)
  assert.equal(video.name, old.video.name)
  assert.equal(video.publishedAt, old.video.publishedAt)
  assert.equal(video.channel.name, old.video.channel.name)
  const [playlist] = video.streamingPlaylists
  assert.deepEqual(
    playlist.files.map((file) => file.resolution.id),
    [480, 240]
  )
  for (const file of playlist.files) {
    const name = file.fileUrl.split('/').pop()
    const bytes = readFileSync(join(old.media, name))
    const part = await fetch(file.fileUrl, { headers: { Range: 'bytes=1000-1999' } })
    assert.equal(part.status, 206)
    assert.deepEqual(Buffer.from(await part.arrayBuffer()), bytes.subarray(1000, 2000))
    assert.equal(countFrames(file.fileUrl.replace('-fragmented.mp4', '.m3u8')), frames)
  }
  assert.equal(countFrames(playlist.playlistUrl), frames)
  for (const path of [`/w/${video.shortUUID}`, `/videos/watch/${uuid}`]) {
    assert.equal((await fetch(server.url + path)).status, 200, path)
  }
  assert.equal((await fetch(server.url + video.thumbnailPath)).status, 200)
}

test('a storage folder is taken over and plays, and a second run finds it here', async () => {
  const planned = await shoal(...words('--folder', old.storage, '--dry-run'))
  assert.equal(planned.status, 0, planned.output)
  assert.match(planned.output, /take .*First video .*folder/)
  assert.equal((await fetch(`${server.url}/api/v1/videos/${old.video.uuid}`)).status, 404)

  const done = await shoal(...words('--folder', old.storage))
  assert.equal(done.status, 0, done.output)
  assert.match(done.output, /1 taken, 0 to be processed, 0 here already, 0 not taken/)
  assert.ok(!old.asked.some(({ path }) => path.endsWith('.mp4')))
  await expectPlayable()

  const again = await shoal(...words('--folder', old.storage))
  assert.equal(again.status, 0, again.output)
  assert.match(again.output, /0 taken, 0 to be processed, 1 here already/)
})

test('an import that is killed leaves nothing to be seen, and goes on where it was', async () => {
  let held = false
  old.hold = (path) => (held = path.endsWith('-480-fragmented.mp4'))
  const child = spawn(program, words(), { stdio: 'ignore' })
  await until('half of a file is there', 20_000, () => held)
  const gone = new Promise((resolve) => child.once('exit', resolve))
  child.kill('SIGKILL')
  await gone
  assert.equal((await fetch(`${server.url}/api/v1/videos/${old.video.uuid}`)).status, 404)

  old.hold = () => false
  const done = await shoal(...words())
  assert.equal(done.status, 0, done.output)
  assert.match(done.output, /1 taken.*MB download/s)
  await expectPlayable()
})

test('a video of whole files alone is published without encoding it', async () => {
  old.video.streamingPlaylists = []
  const done = await shoal(...words('--folder', old.storage))
  assert.equal(done.status, 0, done.output)
  assert.match(done.output, /1 taken, 0 to be processed, 0 here already, 0 not taken/)
  const video = await json(`/api/v1/videos/${old.video.uuid}`)
  assert.equal(video.state.id, 1)
  const [playlist] = video.streamingPlaylists
  assert.deepEqual(
    playlist.files.map((file) => file.resolution.id),
    [480, 240]
  )
  for (const file of playlist.files) {
    assert.equal(countFrames(file.fileUrl.replace('-fragmented.mp4', '.m3u8')), frames)
  }
  assert.equal(countFrames(playlist.playlistUrl), frames)
})

test('a video that cannot be taken is told, and the command ends with 1', async () => {
  old.video.isLive = true
  const done = await shoal(...words())
  assert.equal(done.status, 1)
  assert.match(done.output, /NOT TAKEN .*First video .*live broadcast/)
})

/** Ceph's gateway; `put` sends an object as anybody with its keys would. */
async function startBucket(bucket) {
  const script = new URL('../support/s3_servers/radosgw.sh', import.meta.url).pathname
  const child = spawn('bash', [script], { stdio: ['pipe', 'pipe', 'inherit'] })
  const gone = new Promise((resolve) => child.once('exit', resolve))
  const ready = await new Promise((resolve, reject) => {
    createInterface({ input: child.stdout }).once('line', resolve)
    gone.then(() => reject(new Error('the S3 server did not start')))
  })
  const [, endpoint, key, secret] = ready.split(' ')
  const put = (path, file) => {
    const signed = ['--aws-sigv4', 'aws:amz:us-east-1:s3', '--user', `${key}:${secret}`]
    const body = file ? ['--upload-file', file] : ['--request', 'PUT']
    const words = ['--silent', '--show-error', '--fail', ...signed, ...body, `${endpoint}/${path}`]
    const done = spawnSync('curl', ['-H', 'x-amz-content-sha256: UNSIGNED-PAYLOAD', ...words])
    assert.equal(done.status, 0, String(done.stderr))
  }
  put(bucket)
  const stop = async () => {
    child.stdin.end()
    await gone
  }
  return { endpoint, key, secret, put, stop }
}

test('files of the old bucket are taken over where they are, and play from there', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'shoal-import-'))
  const s3 = await startBucket('old-media')
  const mine = server
  let own
  try {
    const { uuid } = old.video
    for (const name of readdirSync(old.media)) {
      s3.put(`old-media/streaming/hls/${uuid}/${name}`, join(old.media, name))
    }
    const config = join(folder, 'shoal.yaml')
    const store = {
      ...{ type: 's3', endpoint: s3.endpoint, bucket: 'old-media', prefix: 'streaming/' },
      ...{ force_path_style: true, serve_public: 'proxy' },
      credentials: { access_key_id: s3.key, secret_access_key: s3.secret }
    }
    writeFileSync(config, JSON.stringify({ stores: { old: store } }))
    own = await startServer({ config })
    server = own
    const command = (...more) => shoal(...more, '--config', config, '--data', own.data)

    const refused = await command('import', 'peertube', '--url', old.url, '--store', 'old')
    assert.equal(refused.status, 1)
    assert.match(refused.output, /shoal store accept old/)
    const accepted = await command('store', 'accept', 'old')
    assert.equal(accepted.status, 0, accepted.output)
    const done = await command('import', 'peertube', '--url', old.url, '--store', 'old')
    assert.equal(done.status, 0, done.output)
    assert.match(done.output, /1 taken.* MB in place\n/s)
    assert.ok(!old.asked.some(({ path }) => path.endsWith('.mp4')))
    const copies = JSON.parse((await command('video', 'show', uuid, '--json')).output)
    const places = JSON.stringify(copies)
    for (const name of readdirSync(old.media).filter((one) => one.endsWith('.mp4'))) {
      assert.ok(places.includes(`"hls/${uuid}/${name}"`), places)
    }
    // The server finds the bucket by itself now that it is ours.
    const file = old.video.streamingPlaylists[0].files[0].fileUrl.split('/').pop()
    const media = `${own.url}/static/streaming-playlists/hls/${uuid}/${file}`
    await until('the store is online', 15_000, async () => {
      const answer = await fetch(media, { headers: { Range: 'bytes=0-0' } })
      return answer.status === 206
    })
    await expectPlayable()
  } finally {
    server = mine
    await own?.stop()
    await s3.stop()
    rmSync(folder, { recursive: true, force: true })
  }
})
