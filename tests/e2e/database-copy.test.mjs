// An instance moves from SQLite to PostgreSQL: `shoal db copy`, and the server goes on there.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { clip } from './support/clips.mjs'
import { startPostgres } from './support/postgres.mjs'
import { Api, program, startServer } from './support/server.mjs'

let postgres
let folder
let data
const servers = []

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'shoal-db-copy-'))
  data = join(folder, 'data')
  postgres = await startPostgres()
  postgres.createDatabase('shoal')
})
after(async () => {
  for (const server of servers) await server.stop()
  await postgres?.stop()
  rmSync(folder, { recursive: true, force: true })
})

async function start(environment) {
  const server = await startServer({ data, environment })
  servers.push(server)
  return server
}

function copy() {
  const host = encodeURIComponent(postgres.folder)
  const words = ['db', 'copy', '--data', data, '--to', `postgresql://postgres@${host}/shoal`]
  return spawnSync(program, words, { encoding: 'utf8', cwd: folder, timeout: 60_000 })
}

test('an instance goes on in PostgreSQL with all that it had', async () => {
  const first = await start()
  let api = await new Api(first.url).login()
  const { uuid } = await api.upload(clip('short'), { name: 'Moves house' })
  await api.processed(uuid)

  const running = copy()
  assert.equal(running.status, 1, running.stdout)
  assert.match(running.stderr, /in use by another Shoal/)
  await first.stop()

  const copied = copy()
  assert.equal(copied.status, 0, copied.stdout + copied.stderr)
  assert.match(copied.stdout, /^video +1 rows {2}the same$/m)
  assert.match(copied.stdout, /engine: postgresql/)
  const again = copy()
  assert.equal(again.status, 1)
  assert.match(again.stderr, /nothing is ever overwritten/)

  const second = await start({
    SHOAL__DATABASE__ENGINE: 'postgresql',
    SHOAL__DATABASE__HOSTNAME: postgres.folder,
    SHOAL__DATABASE__USERNAME: 'postgres'
  })
  api = await new Api(second.url).login()
  const found = await api.call('GET', 'search/videos?search=house')
  assert.deepEqual(
    found.data.map((video) => video.uuid),
    [uuid]
  )
  const video = await api.call('GET', `videos/${uuid}`)
  const { playlistUrl } = video.streamingPlaylists[0]
  const playlist = await fetch(new URL(new URL(playlistUrl).pathname, second.url))
  assert.equal(playlist.status, 200)
  assert.match(await playlist.text(), /#EXT-X-STREAM-INF/)
  const next = await api.upload(clip('short'), { name: 'Another' })
  assert.ok(next.id > video.id, 'a new row has a number of its own')
})
