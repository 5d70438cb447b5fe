// A PostgreSQL of its own: a folder, a Unix socket, nobody else. As root it runs as user postgres,
// because PostgreSQL refuses root.
import { execFileSync, spawn } from 'node:child_process'
import { chownSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { until } from './server.mjs'

const startDeadlineMs = 30_000
const versions = '/usr/lib/postgresql'

/** `folder` is its socket's, which is what Shoal calls its hostname. */
export async function startPostgres() {
  const programs = join(versions, readdirSync(versions).sort().at(-1), 'bin')
  const folder = mkdtempSync(join(tmpdir(), 'shoal-pg-'))
  const user = {}
  if (process.getuid() === 0) {
    const number = (option) => Number(execFileSync('id', [option, 'postgres']).toString())
    user.uid = number('-u')
    user.gid = number('-g')
    chownSync(folder, user.uid, user.gid)
  }
  const data = join(folder, 'data')
  const settings = { ...user, cwd: folder, stdio: 'ignore' }
  const initial = ['-D', data, '-U', 'postgres', '-A', 'trust', '--no-sync', '-E', 'UTF8']
  execFileSync(join(programs, 'initdb'), initial, settings)
  const client = (name, ...more) =>
    execFileSync(join(programs, name), ['-h', folder, '-U', 'postgres', ...more], {
      stdio: 'ignore'
    })
  let child
  let exited
  const start = async () => {
    const words = ['-D', data, '-F', '-k', folder, '-c', 'listen_addresses=']
    child = spawn(join(programs, 'postgres'), words, settings)
    exited = new Promise((resolve) => child.once('exit', resolve))
    await until('PostgreSQL answers', startDeadlineMs, () => {
      try {
        client('pg_isready')
        return true
      } catch {
        return false
      }
    })
  }
  /** Cuts every connection; `start` has all that was committed. */
  const halt = async () => {
    child.kill('SIGINT')
    await exited
  }
  await start()
  return {
    folder,
    createDatabase: (name) => client('createdb', name),
    start,
    halt,
    stop: async () => {
      await halt()
      rmSync(folder, { recursive: true, force: true })
    }
  }
}
