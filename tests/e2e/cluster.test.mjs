// Servers around one PostgreSQL: the list of nodes, draining, who is refused and who may start when,
// and who does what a cluster does once.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { clip } from './support/clips.mjs'
import { startPostgres } from './support/postgres.mjs'
import { Api, program, startServer, until } from './support/server.mjs'

let postgres
const servers = []

before(async () => {
  postgres = await startPostgres()
})
after(async () => {
  for (const server of servers) await server.stop()
  await postgres?.stop()
})

const homes = ['RENDITIONS', 'ORIGINALS', 'CAPTIONS', 'THUMBNAILS', 'STORYBOARDS', 'EXPORTS']

/** All that nodes keep lies in a bucket, which they start without: here nothing is put into it. */
const bucket = {
  SHOAL__STORES__BUCKET__TYPE: 's3',
  SHOAL__STORES__BUCKET__ENDPOINT: 'http://127.0.0.1:9',
  SHOAL__STORES__BUCKET__BUCKET: 'media',
  ...Object.fromEntries(
    [...homes, 'RUNNING', 'UPLOADS'].map((kind) => [`SHOAL__HOMES__${kind}`, 'bucket'])
  )
}

function environment(database, name) {
  return {
    SHOAL__DATABASE__ENGINE: 'postgresql',
    SHOAL__DATABASE__HOSTNAME: postgres.folder,
    SHOAL__DATABASE__USERNAME: 'postgres',
    SHOAL__DATABASE__NAME: database,
    SHOAL__CLUSTER__NODE__NAME: name,
    SHOAL__CLUSTER__NODE__REGION: 'here'
  }
}

async function start(database, name, { more, ...options } = {}) {
  const settings = { ...environment(database, name), ...more }
  const server = await startServer({ environment: settings, ...options })
  servers.push(server)
  return server
}

function shoal(database, ...words) {
  const env = { ...process.env, ...environment(database, '') }
  return spawnSync(program, words, { encoding: 'utf8', timeout: 30_000, env })
}

function nodes(database) {
  const listed = shoal(database, 'node', 'list', '--json')
  assert.equal(listed.status, 0, listed.stderr)
  return JSON.parse(listed.stdout).data
}

const exit = (child) => new Promise((resolve) => child.once('exit', (code) => resolve(code)))

test('a node is listed, drained, and gone', async () => {
  postgres.createDatabase('drained')
  const server = await start('drained', 'one')
  await until('the node does the duties', 10_000, () => nodes('drained')[0]?.duties)
  const [listed] = nodes('drained')
  assert.deepEqual(
    [listed.name, listed.state, listed.alive, listed.region],
    ['one', 'up', true, 'here']
  )
  const api = await new Api(server.url).login()
  const { total, data } = await api.call('GET', 'server/nodes')
  assert.equal(total, 1)
  assert.equal(data[0].id, listed.id)

  const unknown = shoal('drained', 'node', 'drain', 'two')
  assert.equal(unknown.status, 1)
  assert.match(unknown.stderr, /there is no node 'two'/)

  const ready = async () => (await fetch(`${server.url}/readyz`)).status
  assert.equal(await ready(), 200)
  assert.equal(shoal('drained', 'node', 'drain', 'one').status, 0)
  await until('the node is not ready', 10_000, async () => (await ready()) === 503)
  await until('the duties are given back', 10_000, () => !nodes('drained')[0].duties)
  assert.equal(shoal('drained', 'node', 'resume', 'one').status, 0)
  await until('the node is ready again', 10_000, async () => (await ready()) === 200)

  const code = exit(server.child)
  assert.equal(shoal('drained', 'node', 'drain', 'one').status, 0)
  await until('the node is not ready', 10_000, async () => (await ready()) === 503)
  assert.ok(await api.call('GET', 'users/me'), 'what still comes is answered')
  assert.equal(await code, 0)
  assert.deepEqual(nodes('drained'), [])
})

test('what runs when a node is drained is finished there, and what waits goes on after it', async () => {
  postgres.createDatabase('busy')
  const server = await start('busy', 'one')
  const api = await new Api(server.url).login()
  const { uuid } = await api.upload(clip('mpeg4'), { name: 'Half done' })
  await until('a job runs', 20_000, () => nodes('busy')[0].load.runningJobs > 0)
  const code = exit(server.child)
  assert.equal(shoal('busy', 'node', 'drain', 'one').status, 0)
  assert.equal(await code, 0)
  const jobs = JSON.parse(shoal('busy', 'job', 'list', '--json').stdout).data
  assert.ok(jobs.some((job) => job.state === 'completed'))
  assert.ok(jobs.some((job) => job.state === 'waiting' || job.state === 'waiting-children'))
  for (const job of jobs) assert.ok(job.attempt <= 1 && job.state !== 'active', JSON.stringify(job))
  await server.start()
  await api.processed(uuid)
})

test('a second server is refused while the first lives, and starts soon after its kill', async () => {
  postgres.createDatabase('sole')
  const first = await start('sole', 'first')
  await assert.rejects(start('sole', 'second'), (error) => {
    assert.match(error.message, /another Shoal works with this database \(node first\)/)
    assert.match(error.message, /homes\.renditions/)
    return true
  })
  const stopped = exit(first.child)
  first.child.kill('SIGTERM')
  assert.equal(await stopped, 0)
  await assert.rejects(start('sole', 'second'), /store local is offline/)
  assert.deepEqual(nodes('sole'), [], 'one that could not start is in nobody\'s way')
  await first.start()
  await first.kill()
  const killed = Date.now()
  // As on another machine, with the same media.
  rmSync(join(first.data, 'node.id'))
  const second = await until('the second server starts', 20_000, () =>
    start('sole', 'second', { data: first.data }).catch(() => null)
  )
  await until('it does the duties', 20_000, () =>
    nodes('sole').some((node) => node.name === 'second' && node.duties)
  )
  assert.ok(Date.now() - killed < 15_000)
  assert.equal(nodes('sole').length, 1)
  const code = exit(second.child)
  assert.equal(shoal('sole', 'node', 'remove', 'second').status, 0)
  assert.equal(await code, 1, 'who is removed stops, and its supervisor sees that it did not mean to')
})

test('a restart after a kill does not wait, and SIGTERM leaves at once', async () => {
  postgres.createDatabase('restarted')
  const server = await start('restarted', 'one')
  const [before] = nodes('restarted')
  await server.kill()
  await server.start()
  const [again] = nodes('restarted')
  assert.equal(again.id, before.id)
  const code = exit(server.child)
  server.child.kill('SIGTERM')
  assert.equal(await code, 0)
  assert.deepEqual(nodes('restarted'), [])
})

test('a database that is away for longer than a node may be silent stops no node', async () => {
  postgres.createDatabase('away')
  const server = await start('away', 'one')
  const [before] = nodes('away')
  const status = async (path) => (await fetch(`${server.url}${path}`)).status
  await postgres.halt()
  await until('the node is not ready', 20_000, async () => (await status('/readyz')) === 503)
  const end = Date.now() + 10_000
  await until('some time passes', 20_000, async () => {
    assert.equal(await status('/healthz'), 200)
    return Date.now() > end
  })
  await postgres.start()
  await until('the node is ready again', 20_000, async () => (await status('/readyz')) === 200)
  const again = await until('it beats and does the duties again', 20_000, () =>
    nodes('away').find((node) => node.alive && node.duties)
  )
  assert.equal(again.startedAt, before.startedAt, 'it never left')
  assert.equal(server.child.exitCode, null)
})

test('of two equal nodes one does the duties, until it is killed or drained', async () => {
  postgres.createDatabase('shared')
  const servers = {}
  for (const name of ['one', 'two']) servers[name] = await start('shared', name, { more: bucket })
  const names = () => nodes('shared').map((node) => node.name)
  const holder = () => nodes('shared').find((node) => node.alive && node.duties)?.name
  const other = (name) => (name === 'one' ? 'two' : 'one')
  assert.deepEqual(names(), ['one', 'two'])
  await assert.rejects(
    start('shared', 'two', { more: bucket }),
    /another node is called two and lives/
  )
  await assert.rejects(start('shared', 'three'), /this one keeps what no other machine reaches/)
  assert.deepEqual(names(), ['one', 'two'])

  const killed = await until('one does the duties', 10_000, holder)
  await servers[killed].kill()
  const begin = Date.now()
  await until('the other does the duties', 20_000, () => holder() === other(killed))
  assert.ok(Date.now() - begin <= 10_000, `${Date.now() - begin} ms`)
  await servers[killed].start()
  assert.equal(holder(), other(killed), 'who comes back takes nothing away')

  const code = exit(servers[other(killed)].child)
  assert.equal(shoal('shared', 'node', 'drain', other(killed)).status, 0)
  await until('the duties go back', 10_000, () => holder() === killed)
  assert.equal(await code, 0)
  assert.deepEqual(names(), [killed])
  assert.equal((await fetch(`${servers[killed].url}/readyz`)).status, 200)
})
