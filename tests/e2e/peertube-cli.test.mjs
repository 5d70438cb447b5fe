// npm's @peertube/peertube-cli logs in and uploads.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { clip } from './support/clips.mjs'
import { Api, rootPassword, startServer } from './support/server.mjs'

const cli = new URL(
  '../../web/node_modules/@peertube/peertube-cli/dist/peertube.js',
  import.meta.url
)

let server
let home

before(async () => {
  home = mkdtempSync(join(tmpdir(), 'shoal-peertube-cli-'))
  // The client asks again and again until its upload is there, within PeerTube's rate limit.
  server = await startServer({ environment: { SHOAL__RATES_LIMIT__API__MAX: '50' } })
})
after(async () => {
  await server?.stop()
  rmSync(home, { recursive: true, force: true })
})

function peertube(...words) {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [cli.pathname, ...words], {
      env: { ...process.env, HOME: home, XDG_CONFIG_HOME: join(home, '.config') },
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: 60_000
    })
    let output = ''
    child.stdout.on('data', (text) => (output += text))
    child.stderr.on('data', (text) => (output += text))
    child.once('close', (status) => resolve({ status, output }))
  })
}
async function works(...words) {
  const { status, output } = await peertube(...words)
  assert.equal(status, 0, output)
  return output
}

test('it remembers an account, refuses a wrong password and gets a token', async () => {
  const account = ['-u', server.url, '-U', 'root']
  const wrong = await peertube('auth', 'add', ...account, '-p', 'not-the-password')
  assert.notEqual(wrong.status, 0)
  assert.match(wrong.output, /user credentials are invalid/)
  await works('auth', 'add', ...account, '-p', rootPassword)
  assert.ok((await works('auth', 'list')).includes(server.url))
  const token = await works('token', '-u', server.url, '-n', 'root', '-p', rootPassword)
  assert.match(token.trim(), /^\S{20,}$/)
})

test('it uploads a file with its details', async () => {
  const output = await works(
    ...['upload', '--file', clip('short'), '--video-name', 'From a script', '--privacy', '1'],
    ...['--category', '2', '--licence', '1', '--language', 'en', '--tags', 'meadow,rabbit'],
    ...['--video-description', 'By the command line', '--no-wait-transcoding']
  )
  assert.match(output, /Video From a script uploaded/)
  const api = await new Api(server.url).login()
  const { data } = await api.call('GET', 'users/me/videos')
  assert.deepEqual(
    data.map((video) => [video.name, video.category.id, video.licence.id, video.language.id]),
    [['From a script', 2, 1, 'en']]
  )
  const video = await api.call('GET', `videos/${data[0].uuid}`)
  assert.deepEqual(video.tags.sort(), ['meadow', 'rabbit'])
})
