// Clips cut from the real film, made once per machine and kept in build/clips.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { realVideo } from './browser.mjs'

const folder = new URL('../../../build/clips/', import.meta.url).pathname

const recipes = {
  // Short enough to be processed in seconds on two cores.
  short: ['-t', '12', '-vf', 'scale=640:360', '-c:v', 'libx264', '-preset', 'veryfast', '-g', '48'],
  sound: ['-t', '9', '-vn'],
  // Must be transcoded, and long enough that it can be watched meanwhile.
  mpeg4: ['-t', '24', '-vf', 'scale=1280:720', '-c:v', 'mpeg4', '-q:v', '4']
}

export function clip(kind) {
  const file = join(folder, `e2e-${kind}.mp4`)
  if (existsSync(file)) return file
  mkdirSync(folder, { recursive: true })
  const part = join(folder, `e2e-${kind}.part.mp4`)
  const arguments_ = ['-y', '-loglevel', 'error', '-i', realVideo, ...recipes[kind]]
  const made = spawnSync('ffmpeg', [...arguments_, '-c:a', 'aac', part], { encoding: 'utf8' })
  if (made.status !== 0) throw new Error(`ffmpeg: ${made.stderr}`)
  renameSync(part, file)
  return file
}
