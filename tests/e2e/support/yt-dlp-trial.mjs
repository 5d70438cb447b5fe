// Run by yt-dlp.test.mjs in a network of its own, where port 443 is free: a server with a
// certificate, a video, and yt-dlp with nothing but its watch address.
// usage: yt-dlp-trial.mjs FOLDER, which holds ca.pem, server.pem and server.key
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { clip } from './clips.mjs'
import { Api, startServer } from './server.mjs'

const folder = process.argv[2]
const server = await startServer({
  port: 443,
  url: 'https://localhost',
  environment: {
    SHOAL__WEBSERVER__HTTPS: 'true',
    SHOAL__WEBSERVER__HOSTNAME: 'localhost',
    SHOAL__TLS__CERTIFICATE_FILE: join(folder, 'server.pem'),
    SHOAL__TLS__KEY_FILE: join(folder, 'server.key')
  }
})
try {
  const api = await new Api(server.url).login()
  const { uuid } = await api.upload(clip('short'), { name: 'A short chase' })
  const { shortUUID } = await api.processed(uuid)

  const downloads = join(folder, 'downloads')
  const got = spawnSync(
    'yt-dlp',
    ['--compat-options', 'no-certifi', '--paths', downloads, `https://localhost/w/${shortUUID}`],
    {
      encoding: 'utf8',
      env: { ...process.env, SSL_CERT_FILE: join(folder, 'ca.pem'), HOME: folder }
    }
  )
  assert.equal(got.status, 0, got.stdout + got.stderr)
  assert.match(got.stdout, /\[PeerTube\]/)
  const files = readdirSync(downloads)
  assert.deepEqual(files, [`A short chase [${shortUUID}].mp4`])

  const probed = spawnSync(
    'ffprobe',
    ['-v', 'error', '-show_streams', '-show_format', '-of', 'json', join(downloads, files[0])],
    { encoding: 'utf8' }
  )
  assert.equal(probed.stderr, '')
  const { streams, format } = JSON.parse(probed.stdout)
  assert.deepEqual(streams.map((stream) => stream.codec_type).sort(), ['audio', 'video'])
  assert.ok(Math.abs(Number(format.duration) - 12) < 0.5, `${format.duration} s`)
} finally {
  await server.stop()
}
