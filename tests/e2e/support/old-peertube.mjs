// A PeerTube to import from: it answers as the recorded one did, over media that ffmpeg makes in
// PeerTube's own layout. One public video of 12 s at 25 frames a second, in two sizes.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const recordings = new URL('../../recordings/rest/', import.meta.url)
export const frames = 300

function recorded(name) {
  return JSON.parse(readFileSync(new URL(`${name}.http.json`, recordings), 'utf8')).response.body
}

function ffmpeg(cwd, ...words) {
  const made = spawnSync('ffmpeg', ['-v', 'error', '-y', ...words], { cwd, encoding: 'utf8' })
  if (made.status !== 0) throw new Error(`ffmpeg: ${made.stderr}`)
}

/** The media of one file of the streaming playlist; returns what the hash list says of it. */
function makeRendition(folder, source, file, name) {
  const list = name.replace('-fragmented.mp4', '.m3u8')
  const hls = ['-hls_time', '4', '-hls_list_size', '0', '-hls_playlist_type', 'vod']
  const single = ['-hls_segment_type', 'fmp4', '-f', 'hls', '-hls_flags', 'single_file']
  const codecs = ['-c:v', 'libx264', '-preset', 'ultrafast', '-g', '50', '-c:a', 'aac']
  const scale = ['-vf', `scale=${file.width}:${file.height}`]
  ffmpeg(
    folder,
    ...['-i', source, ...scale, ...codecs, ...hls],
    ...['-hls_segment_filename', name, ...single, list]
  )
  const bytes = readFileSync(join(folder, name))
  const hashes = {}
  for (const [, size, at] of readFileSync(join(folder, list), 'utf8').matchAll(
    /#EXT-X-BYTERANGE:(\d+)@(\d+)/g
  )) {
    const [first, end] = [Number(at), Number(at) + Number(size)]
    hashes[`${first}-${end - 1}`] = createHash('sha256')
      .update(bytes.subarray(first, end))
      .digest('hex')
  }
  return hashes
}

/** `hold`: whether an answer with a media file stops after its first bytes, for the path. */
export async function startOldPeertube() {
  const folder = mkdtempSync(join(tmpdir(), 'shoal-old-'))
  const storage = join(folder, 'storage')
  const video = recorded('064-video-get-by-uuid')
  const media = join(storage, 'streaming-playlists', 'hls', video.uuid)
  mkdirSync(media, { recursive: true })
  const source = join(folder, 'source.mp4')
  const picture = ['-f', 'lavfi', '-i', 'testsrc2=s=640x480:r=25:d=12']
  const sound = ['-f', 'lavfi', '-i', 'sine=f=440:r=48000:d=12']
  const codecs = ['-c:v', 'libx264', '-preset', 'ultrafast', '-g', '50', '-pix_fmt', 'yuv420p']
  ffmpeg(folder, ...picture, ...sound, ...codecs, '-c:a', 'aac', source)
  ffmpeg(folder, '-i', source, '-frames:v', '1', '-vf', 'scale=280:157', 'picture.jpg')
  const [playlist] = video.streamingPlaylists
  const hashes = {}
  for (const file of playlist.files) {
    const name = file.fileUrl.split('/').pop()
    hashes[name] = makeRendition(media, source, file, name)
    file.size = statSync(join(media, name)).size
  }
  writeFileSync(
    join(media, playlist.segmentsSha256Url.split('/').pop()),
    JSON.stringify(hashes)
  )
  mkdirSync(join(storage, 'web-videos'))
  for (const file of video.files) {
    const path = join(storage, 'web-videos', file.fileUrl.split('/').pop())
    copyFileSync(source, path)
    file.size = statSync(path).size
  }
  const old = { video, storage, media, asked: [], hold: () => false }
  const api = {
    config: recorded('014-config'),
    videos: { total: 1, data: [video] },
    [`videos/${video.uuid}`]: video,
    [`videos/${video.uuid}/captions`]: { total: 0, data: [] },
    [`videos/${video.uuid}/chapters`]: recorded('120-chapters-get'),
    [`videos/${video.uuid}/storyboards`]: { storyboards: [] }
  }
  const sendFile = (request, response, path) => {
    let bytes
    try {
      bytes = readFileSync(path)
    } catch {
      return response.writeHead(404).end()
    }
    const whole = bytes.length
    const range = /^bytes=(\d+)-$/.exec(request.headers.range ?? '')
    if (range) bytes = bytes.subarray(Number(range[1]))
    response.writeHead(range ? 206 : 200, {
      'Content-Length': bytes.length,
      ...(range && { 'Content-Range': `bytes ${range[1]}-${whole - 1}/${whole}` })
    })
    if (old.hold(request.url)) return response.write(bytes.subarray(0, bytes.length / 2))
    return response.end(bytes)
  }
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url, 'http://localhost')
    old.asked.push({ path: pathname, range: request.headers.range })
    if (pathname.startsWith('/api/v1/')) {
      const body = api[pathname.slice('/api/v1/'.length)]
      response.writeHead(body ? 200 : 404, { 'Content-Type': 'application/json' })
      return response.end(JSON.stringify(body ?? {}))
    }
    if (pathname.startsWith('/lazy-static/')) {
      return sendFile(request, response, join(folder, 'picture.jpg'))
    }
    return sendFile(request, response, join(storage, pathname.slice('/static/'.length)))
  })
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  old.url = `http://127.0.0.1:${server.address().port}`
  old.stop = async () => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
    rmSync(folder, { recursive: true, force: true })
  }
  return old
}
