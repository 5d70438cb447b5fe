// Debian's yt-dlp downloads by watch address. It takes an unknown host for a PeerTube by
// `og:platform` alone, and asks its API by https on port 443, which is free only in a network
// namespace of one's own.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'

const namespace = [
  ...(process.getuid() === 0 ? [] : ['--map-root-user']),
  '--net',
  'sh',
  '-c',
  'ip link set lo up && exec "$@"',
  'sh'
]
const tried = spawnSync('unshare', [...namespace, 'true'], { encoding: 'utf8' })
const noNamespace =
  tried.status === 0 ? false : `no network namespace may be made here: ${tried.stderr}`

function openssl(folder, ...words) {
  const made = spawnSync('openssl', words, { cwd: folder, encoding: 'utf8' })
  assert.equal(made.status, 0, made.stderr)
}

/** A certificate authority of our own and what it says of localhost. */
function makeCertificates(folder) {
  const fresh = ['req', '-newkey', 'rsa:2048', '-nodes']
  openssl(
    folder,
    ...fresh,
    '-x509',
    '-days',
    '2',
    '-subj',
    '/CN=Test CA',
    '-keyout',
    'ca.key',
    '-out',
    'ca.pem'
  )
  openssl(
    folder,
    ...fresh,
    '-subj',
    '/CN=localhost',
    ...['-keyout', 'server.key', '-out', 'server.csr']
  )
  writeFileSync(join(folder, 'names'), 'subjectAltName=DNS:localhost\n')
  openssl(
    folder,
    ...['x509', '-req', '-in', 'server.csr', '-CA', 'ca.pem', '-CAkey', 'ca.key'],
    ...['-CAcreateserial', '-days', '2', '-extfile', 'names', '-out', 'server.pem']
  )
}

test("Debian's yt-dlp downloads picture and sound by watch address", { skip: noNamespace }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'shoal-yt-dlp-'))
  try {
    makeCertificates(folder)
    const trial = new URL('support/yt-dlp-trial.mjs', import.meta.url).pathname
    const done = spawnSync('unshare', [...namespace, process.execPath, trial, folder], {
      encoding: 'utf8',
      timeout: 120_000,
      env: { ...process.env, NODE_EXTRA_CA_CERTS: join(folder, 'ca.pem') }
    })
    assert.equal(done.status, 0, done.stdout + done.stderr)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})
