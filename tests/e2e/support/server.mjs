// Starts the real program on a data folder of its own and gives it up again.
import { spawn } from 'node:child_process'
import { createWriteStream, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const root = new URL('../../../', import.meta.url).pathname
export const program = process.env.SHOAL_PROGRAM ?? join(root, 'build/release/shoal')
const startDeadlineMs = 20_000
const stopDeadlineMs = 15_000

export const rootPassword = 'root-password-1'

export function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.on('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address()
      server.close(() => resolve(port))
    })
  })
}

/** Waits until `check` returns something true; a bound, never a fixed pause. */
export async function until(what, deadlineMs, check) {
  const end = Date.now() + deadlineMs
  for (;;) {
    const value = await check()
    if (value) return value
    if (Date.now() > end) throw new Error(`${what} did not happen within ${deadlineMs} ms`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

/** One run of the program; `exited` settles when it is gone. */
function run(data, port, log, { config, environment }) {
  const words = ['serve', '--data', data, '--listen', `127.0.0.1:${port}`]
  const child = spawn(program, [...words, ...(config ? ['--config', config] : [])], {
    env: {
      ...process.env,
      SHOAL_INITIAL_ROOT_PASSWORD: rootPassword,
      SHOAL__WEBSERVER__HOSTNAME: '127.0.0.1',
      SHOAL__WEBSERVER__PORT: String(port),
      SHOAL__STORAGE__WEB: join(root, 'web/dist'),
      // Every browser here has the same address; the limits have tests of their own.
      SHOAL__RATES_LIMIT__API__MAX: '0',
      SHOAL__RATES_LIMIT__LOGIN__MAX: '0',
      ...environment
    },
    stdio: ['ignore', 'pipe', 'pipe']
  })
  const file = createWriteStream(log, { flags: 'a' })
  child.stdout.pipe(file, { end: false })
  child.stderr.pipe(file, { end: false })
  const running = { child, gone: false }
  running.exited = new Promise((resolve) => {
    child.once('exit', resolve)
    child.once('error', (error) => {
      file.write(`${program}: ${error.message}\n`)
      resolve()
    })
  }).then(() => {
    running.gone = true
    file.end()
  })
  return running
}

/**
 * `data`: a folder that is there already and stays; `url`, `config` and `environment`: where it is
 * asked for, its shoal.yaml, and what else it is told.
 */
export async function startServer(options = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'shoal-e2e-'))
  const port = options.port ?? (await freePort())
  const url = options.url ?? `http://127.0.0.1:${port}`
  const data = options.data ?? join(folder, 'data')
  const log = join(folder, 'server.log')
  let running

  const start = async () => {
    running = run(data, port, log, options)
    await until('the server answers', startDeadlineMs, async () => {
      if (running.gone) throw new Error('the server stopped at once')
      return fetch(`${url}/api/v1/config`).then(
        (answer) => answer.ok,
        () => false
      )
    })
  }
  const end = async (signal) => {
    if (running.gone) return
    running.child.kill(signal)
    const timer = setTimeout(() => running.child.kill('SIGKILL'), stopDeadlineMs)
    await running.exited
    clearTimeout(timer)
  }
  const stop = async () => {
    await end('SIGTERM')
    rmSync(folder, { recursive: true, force: true })
  }
  try {
    await start()
  } catch (error) {
    const tail = readFileSync(log, 'utf8').split('\n').slice(-20).join('\n')
    await stop()
    throw new Error(`${error.message}\n${tail}`)
  }
  /** `kill` is what a power cut does to the process; `start` runs it again on the same data. */
  return {
    url,
    log,
    data,
    stop,
    start,
    kill: () => end('SIGKILL'),
    get child() {
      return running.child
    }
  }
}

/** What the API answers, for arranging a test and for checking what the pages did. */
export class Api {
  constructor(url) {
    this.url = url
    this.token = null
  }
  async call(method, path, body, headers = {}) {
    const json =
      body !== undefined && !(body instanceof FormData) && !(body instanceof URLSearchParams)
    const answer = await fetch(`${this.url}/api/v1/${path}`, {
      method,
      headers: {
        ...(this.token && { Authorization: `Bearer ${this.token}` }),
        ...(json && { 'Content-Type': 'application/json' }),
        ...headers
      },
      body: json ? JSON.stringify(body) : body
    })
    const text = await answer.text()
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text.slice(0, 300)}`)
    return text ? JSON.parse(text) : undefined
  }
  async login(username = 'root', password = rootPassword) {
    const client = await this.call('GET', 'oauth-clients/local')
    const form = new URLSearchParams({ ...client, grant_type: 'password', username, password })
    this.session = await this.call('POST', 'users/token', form)
    this.token = this.session.access_token
    return this
  }
  async upload(file, attributes = {}) {
    const me = await this.call('GET', 'users/me')
    const form = new FormData()
    const fields = { name: 'A video', channelId: me.videoChannels[0].id, privacy: 1, ...attributes }
    for (const [key, value] of Object.entries(fields)) form.append(key, String(value))
    form.append('videofile', new Blob([readFileSync(file)]), 'clip.mp4')
    return (await this.call('POST', 'videos/upload', form)).video
  }
  /** The video once nothing is left to process. */
  processed(id, deadlineMs = 240_000) {
    return until('processing ends', deadlineMs, async () => {
      const video = await this.call('GET', `videos/${id}`)
      return video.state.id !== 2 && !video.processing ? video : null
    })
  }
}
