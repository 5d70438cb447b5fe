// The administration commands beside the running server: users, videos, jobs, backup, restore.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { clip } from './support/clips.mjs'
import { Api, program, startServer, until } from './support/server.mjs'

let server
let api
let folder
const extra = []

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'shoal-commands-'))
  server = await startServer()
  api = await new Api(server.url).login()
})
after(async () => {
  for (const one of extra) await one.stop()
  await server?.stop()
  rmSync(folder, { recursive: true, force: true })
})

function shoal(...words) {
  return spawnSync(program, words, { encoding: 'utf8', cwd: folder, timeout: 60_000 })
}
/** The command on the server's own folder; it must work. */
function admin(...words) {
  const done = shoal(...words, '--data', server.data)
  assert.equal(done.status, 0, `shoal ${words.join(' ')}: ${done.stdout}${done.stderr}`)
  return done.stdout
}

/** What another process changed is seen once the server's memory of it ends, seconds later. */
function refused(status, call) {
  return until('the server notices', 15_000, () =>
    call().then(
      () => false,
      (error) => status.test(error.message)
    )
  )
}

test('every command explains itself, and wrong usage ends with 2', () => {
  const commands = [
    [],
    ['serve'],
    ['config'],
    ['user'],
    ['user', 'create'],
    ['video'],
    ['video', 'delete'],
    ['job', 'list'],
    ['storage'],
    ['storage', 'move'],
    ['import'],
    ['import', 'peertube'],
    ['backup'],
    ['restore'],
    ['doctor']
  ]
  for (const command of commands) {
    const { status, stdout } = shoal(...command, '--help')
    assert.equal(status, 0, command.join(' '))
    assert.match(stdout, /Usage: shoal/)
  }
  const wrong = [
    [[], /subcommand is required/],
    [['usr'], /no command 'shoal usr'; did you mean 'shoal user'\?/],
    [['user', 'lst'], /did you mean 'shoal user list'/],
    [['user', 'create', 'eve'], /--email is required/],
    [['user', 'create', 'eve', '--email', 'e@x', '--role', 'king'], /king not in/],
    [['user', 'list', '--jsn'], /no option --jsn/],
    [['job', 'cancel', 'one'], /id/],
    [['video', 'list', '--count', '0'], /--count/],
    [['--config', '/nonexistent', 'doctor'], /\/nonexistent/]
  ]
  for (const [words, message] of wrong) {
    const { status, stderr } = shoal(...words)
    assert.equal(status, 2, `${words.join(' ')}: ${stderr}`)
    assert.match(stderr, message)
  }
})

test('a command makes no instance where there is none', () => {
  const { status, stderr } = shoal('user', 'list', '--data', join(folder, 'nothing'))
  assert.equal(status, 1)
  assert.match(stderr, /no instance in .*nothing.*--data.*--config/)
  assert.ok(!existsSync(join(folder, 'nothing')))
})

test('a user that a command makes can log in until a command blocks them', async () => {
  const made = admin('user', 'create', 'carol', '--email', 'carol@example.com')
  const password = /password: (\S+)/.exec(made)[1]
  const carol = await new Api(server.url).login('carol', password)
  const { account } = await carol.call('GET', 'users/me')
  assert.ok(account.url.startsWith(`${server.url}/`), account.url)
  const listed = JSON.parse(admin('user', 'list', '--json'))
  assert.deepEqual(
    listed.map((user) => [user.username, user.role, user.blocked]),
    [
      ['root', 'Administrator', false],
      ['carol', 'User', false]
    ]
  )
  admin('user', 'block', 'carol@example.com')
  await refused(/401/, () => carol.call('GET', 'users/me'))
  await assert.rejects(new Api(server.url).login('carol', password), /400/)
  admin('user', 'unblock', 'carol')
  await new Api(server.url).login('carol', password)
  const { status, stderr } = shoal('user', 'block', 'nobody', '--data', server.data)
  assert.deepEqual([status, stderr], [1, "shoal: there is no user 'nobody'\n"])
})

test('videos are listed, shown and deleted, whatever their privacy', async () => {
  const { uuid, shortUUID } = await api.upload(clip('short'), { name: 'Mine alone', privacy: 3 })
  await api.processed(uuid)
  const { total, data } = JSON.parse(admin('video', 'list', '--json'))
  assert.equal(total, 1)
  assert.deepEqual(
    [data[0].uuid, data[0].name, data[0].privacy, data[0].state],
    [uuid, 'Mine alone', 'Private', 'Published']
  )
  const shown = JSON.parse(admin('video', 'show', shortUUID, '--json'))
  assert.equal(shown.url, `${server.url}/w/${shortUUID}`)
  assert.ok(shown.files.some((file) => file.kind === 'rendition' && file.size > 0))
  assert.ok(shown.jobs.some((job) => job.type === 'video-publish' && job.state === 'completed'))
  assert.match(admin('video', 'show', uuid), /name: +Mine alone/)
  assert.match(admin('job', 'list'), /video-prepare +completed/)

  assert.equal(admin('video', 'delete', uuid), 'deleted: Mine alone\n')
  await refused(/404/, () => api.call('GET', `videos/${uuid}`))
  const { status, stderr } = shoal('video', 'show', uuid, '--data', server.data)
  assert.deepEqual([status, stderr], [1, `shoal: there is no video '${uuid}'\n`])
})

test('what was backed up from a running server plays after a restore', async () => {
  const { uuid } = await api.upload(clip('short'), { name: 'To be kept' })
  const before = await api.processed(uuid)
  assert.match(admin('doctor', '--checksums'), /with the content that was recorded/)
  const backup = join(folder, 'backup')
  assert.match(admin('backup', '--to', backup), /^backed up \d+ files/)
  assert.equal(shoal('backup', '--to', backup, '--data', server.data).status, 1)
  for (const path of [server.data, join(server.data, 'shoal.db'), join(backup, 'shoal.db')])
    assert.equal(statSync(path).mode & 0o007, 0, `${path} is open to every user of the machine`)

  const data = join(folder, 'restored')
  const restored = shoal('restore', '--from', backup, '--data', data)
  assert.equal(restored.status, 0, restored.stderr)
  assert.equal(shoal('restore', '--from', backup, '--data', data).status, 1)
  assert.equal(shoal('doctor', '--checksums', '--data', data).status, 0)

  const second = await startServer({ data })
  extra.push(second)
  const twin = await new Api(second.url).login()
  const video = await twin.call('GET', `videos/${uuid}`)
  assert.equal(video.name, 'To be kept')
  const file = video.streamingPlaylists[0].files[0]
  assert.equal(file.size, before.streamingPlaylists[0].files[0].size)
  const probed = spawnSync(
    'ffprobe',
    ['-v', 'error', '-show_entries', 'stream=codec_type', '-of', 'csv=p=0', file.fileUrl],
    { encoding: 'utf8' }
  )
  assert.deepEqual(probed.stdout.trim().split('\n').sort(), ['audio', 'video'], probed.stderr)
})
