// The administration commands beside the running server: users, videos, jobs, backup, restore.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync
} from 'node:fs'
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
    ['storage', 'verify'],
    ['storage', 'repair'],
    ['storage', 'gc'],
    ['storage', 'trash'],
    ['storage', 'take-back'],
    ['storage', 'confirm'],
    ['store', 'accept'],
    ['import'],
    ['import', 'peertube'],
    ['backup'],
    ['restore'],
    ['db'],
    ['db', 'copy'],
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
    [['db', 'copy'], /--to is required/],
    [['storage', 'verify', '--full', '--sample', '5%'], /excludes/],
    [['storage', 'take-back', 'key'], /--store is required/],
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

/** Each line of what a command printed. */
function lines(text) {
  return text.trim().split('\n').map(JSON.parse)
}

test('damage is found, the only copy goes on being served, and what is brought back is cured', async () => {
  const { uuid } = await api.upload(clip('short'), { name: 'Damaged one day' })
  const video = await api.processed(uuid)
  const [whole] = lines(admin('storage', 'verify', '--full', '--json'))
  assert.deepEqual([whole.store, whole.bad, whole.stopped], ['local', 0, null])
  assert.ok(whole.looked > 5 && whole.looked === whole.copies && whole.bytesRead > 0)

  const { fileUrl } = video.streamingPlaylists[0].files[0]
  const name = fileUrl.split('/').at(-1)
  const media = join(server.data, 'media')
  const path = join(
    media,
    readdirSync(media, { recursive: true }).find((one) => one.endsWith(name))
  )
  const bytes = readFileSync(path)
  const damaged = Buffer.from(bytes)
  damaged[damaged.length >> 1] ^= 1
  writeFileSync(path, damaged)
  const found = shoal('storage', 'verify', '--full', '--json', '--data', server.data)
  assert.equal(found.status, 1, found.stderr)
  const [bad, sum] = lines(found.stdout)
  assert.deepEqual([bad.file, bad.hasGoodCopy, sum.bad], [name, false, 1])
  assert.equal((await fetch(fileUrl)).status, 200)
  const repair = shoal('storage', 'repair', '--data', server.data)
  assert.equal(repair.status, 1, repair.stderr)
  assert.match(repair.stdout, /NO GOOD COPY of .*\(Damaged one day\)/)
  assert.match(shoal('doctor', '--data', server.data).stdout, /1 copies in store local are bad/)

  writeFileSync(path, bytes)
  assert.match(admin('storage', 'verify', '--bad'), /1 right again/)
  assert.match(admin('storage', 'repair'), /0 have no good copy/)
})

test('an object that nobody knows goes to the trash for days, and is taken back from it', () => {
  const [clean] = lines(admin('storage', 'gc', '--json'))
  assert.deepEqual([clean.orphans, clean.badCopies], [0, 0])
  const path = join(server.data, 'media', 'stray', 'object')
  mkdirSync(join(server.data, 'media', 'stray'))
  writeFileSync(path, 'bytes')
  assert.equal(lines(admin('storage', 'gc', '--json')).at(-1).tooYoung, clean.tooYoung + 1)
  utimesSync(path, new Date(0), new Date(Date.now() - 3 * 24 * 3600_000))
  const [stray, seen] = lines(admin('storage', 'gc', '--json'))
  assert.deepEqual([stray.key, stray.bytes, seen.scheduled], ['stray/object', 5, 0])
  assert.equal(admin('storage', 'trash'), '')
  assert.match(admin('storage', 'gc', '--delete'), /local: 1 are in the trash now/)
  const [trashed] = lines(admin('storage', 'trash', '--json'))
  assert.equal(trashed.key, 'stray/object')
  assert.ok(Date.parse(trashed.dueAt) > Date.now() + 6 * 24 * 3600_000)
  assert.equal(admin('storage', 'take-back', '--store', 'local', 'stray/object'), '1 taken back\n')
  assert.equal(admin('storage', 'trash'), '')
  assert.ok(existsSync(path))
})
