/** The resumable protocol over XMLHttpRequest, which (unlike fetch) reports upload progress. */
import { refreshSession, storedTokens, toApiError } from '../api/http'
import type { Answer, Transport } from './resumable'

const endpoint = '/api/v1/videos/upload-resumable'

interface Call {
  method: string
  url: string
  headers: Record<string, string>
  body: Blob | string | null
  signal?: AbortSignal
  progress?: (sent: number) => void
}

function once(call: Call): Promise<XMLHttpRequest> {
  return new Promise((resolve, reject) => {
    const xhr = new XMLHttpRequest()
    xhr.open(call.method, call.url)
    for (const [name, value] of Object.entries(call.headers)) xhr.setRequestHeader(name, value)
    const tokens = storedTokens()
    if (tokens) xhr.setRequestHeader('Authorization', `Bearer ${tokens.access}`)
    const abort = () => xhr.abort()
    const leave = () => call.signal?.removeEventListener('abort', abort)
    xhr.onload = () => {
      leave()
      resolve(xhr)
    }
    xhr.onerror = xhr.ontimeout = () => {
      leave()
      reject(new TypeError('connection lost'))
    }
    xhr.onabort = () => {
      leave()
      reject(new DOMException('aborted', 'AbortError'))
    }
    const { progress } = call
    if (progress) xhr.upload.onprogress = (event) => progress(event.loaded)
    if (call.signal?.aborted) return reject(new DOMException('aborted', 'AbortError'))
    call.signal?.addEventListener('abort', abort)
    xhr.send(call.body)
  })
}

async function perform(call: Call): Promise<Answer> {
  let xhr = await once(call)
  if (xhr.status === 401 && (await refreshSession())) xhr = await once(call)
  return readAnswer(xhr.status, (name) => xhr.getResponseHeader(name), xhr.responseText)
}

export function readAnswer(
  status: number,
  header: (name: string) => string | null,
  text: string
): Answer {
  // "bytes=0--1" is how an empty upload shows its range.
  const range = /^bytes=0-(-?\d+)$/.exec(header('Range') ?? '')
  const location = /[?&]upload_id=([^&]+)/.exec(header('Location') ?? '')
  const answer: Answer = {
    status,
    stored: range ? Number(range[1]) + 1 : null,
    uploadId: location?.[1] ? decodeURIComponent(location[1]) : null,
    video: null,
    code: '',
    detail: '',
    retryAfterSeconds: Number(header('Retry-After') ?? 0) || 0
  }
  if (status === 200 && text) {
    try {
      answer.video = JSON.parse(text)?.video ?? null
    } catch {
      answer.video = null
    }
  } else if (status >= 400) {
    const error = toApiError(status, new Headers(), text)
    answer.code = error.code
    answer.detail = error.detail
  }
  return answer
}

const address = (uploadId: string) => `${endpoint}?upload_id=${encodeURIComponent(uploadId)}`

export const transport: Transport = {
  open: (file, metadata) =>
    perform({
      method: 'POST',
      url: endpoint,
      headers: {
        'Content-Type': 'application/json',
        'X-Upload-Content-Length': String(file.size),
        'X-Upload-Content-Type': file.type || 'application/octet-stream'
      },
      body: JSON.stringify({ ...metadata, filename: file.name })
    }),
  send: (uploadId, from, chunk, total, signal, progress) =>
    perform({
      method: 'PUT',
      url: address(uploadId),
      headers: {
        'Content-Type': 'application/octet-stream',
        'Content-Range': `bytes ${from}-${from + chunk.size - 1}/${total}`
      },
      body: chunk,
      signal,
      progress
    }),
  query: (uploadId, total) =>
    perform({
      method: 'PUT',
      url: address(uploadId),
      headers: { 'Content-Range': `bytes */${total}` },
      body: null
    }),
  async cancel(uploadId) {
    await perform({ method: 'DELETE', url: address(uploadId), headers: {}, body: null })
  }
}
