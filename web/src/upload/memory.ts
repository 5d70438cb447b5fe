/** Unfinished uploads, remembered in this browser so that a reload can go on with them. */
import type { VideoAttributes } from '../api'

export interface Remembered {
  fingerprint: string
  uploadId: string
  fileName: string
  size: number
  sent: number
  attributes: VideoAttributes
  publish: boolean
  userId: number
  updatedAt: number
}

const storageKey = 'shoal.uploads'
const maxRemembered = 50
const maxAgeMs = 24 * 3600 * 1000

export function remembered(userId: number, now = Date.now()): Remembered[] {
  return readAll().filter((one) => one.userId === userId && now - one.updatedAt < maxAgeMs)
}
export function remember(record: Remembered): void {
  writeAll([record, ...readAll().filter((one) => one.fingerprint !== record.fingerprint)])
}
export function forget(fingerprint: string): void {
  writeAll(readAll().filter((one) => one.fingerprint !== fingerprint))
}

function readAll(): Remembered[] {
  try {
    const value: unknown = JSON.parse(localStorage.getItem(storageKey) ?? '[]')
    if (!Array.isArray(value)) return []
    return value.filter((one) => typeof one?.uploadId === 'string' && one.attributes)
  } catch {
    return []
  }
}
function writeAll(records: Remembered[]): void {
  try {
    localStorage.setItem(storageKey, JSON.stringify(records.slice(0, maxRemembered)))
  } catch {
    // Storage is full or forbidden: this upload cannot be resumed after a reload.
  }
}

const sampleBytes = 64 * 1024

/**
 * Tells files apart without reading them whole: name, size, date and a hash of both ends. No Web
 * Crypto: it is absent on plain-HTTP pages. A mistake costs nothing worse than a failed upload.
 */
export async function fingerprintOf(file: File): Promise<string> {
  const ends = await new Blob([
    file.slice(0, sampleBytes),
    file.slice(Math.max(0, file.size - sampleBytes))
  ]).arrayBuffer()
  return `${file.size.toString(36)}-${file.lastModified.toString(36)}-${hash(new Uint8Array(ends))}`
}

function hash(bytes: Uint8Array): string {
  let a = 0xdeadbeef
  let b = 0x41c6ce57
  for (const byte of bytes) {
    a = Math.imul(a ^ byte, 2654435761)
    b = Math.imul(b ^ byte, 1597334677)
  }
  a = Math.imul(a ^ (a >>> 16), 2246822507) ^ Math.imul(b ^ (b >>> 13), 3266489909)
  b = Math.imul(b ^ (b >>> 16), 2246822507) ^ Math.imul(a ^ (a >>> 13), 3266489909)
  return (b >>> 0).toString(36) + (a >>> 0).toString(36)
}
