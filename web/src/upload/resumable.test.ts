import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { ResumableUpload, UploadError, type Answer, type Transport } from './resumable'

const video = { id: 7, uuid: 'u', shortUUID: 's' }
const answer = (status: number, more: Partial<Answer> = {}): Answer => ({
  status,
  stored: null,
  uploadId: null,
  video: null,
  code: '',
  detail: '',
  retryAfterSeconds: 0,
  ...more
})
const limits = { minChunk: 4, maxChunk: 4, secondsPerChunk: 1 }

/** A server that keeps bytes as the recorded one does, and fails when told to. */
class FakeServer implements Transport {
  stored = new Map<string, string>()
  calls: string[] = []
  /** Taken one by one before the real answer; an Error breaks the connection. */
  faults: (Answer | Error | null)[] = []
  private next = 1
  constructor(private readonly total: number) {}

  private fault(call: string): Answer | null {
    this.calls.push(call)
    const fault = this.faults.shift() ?? null
    if (fault instanceof Error) throw fault
    return fault
  }
  async open(): Promise<Answer> {
    const fault = this.fault('open')
    if (fault) return fault
    const uploadId = `id${this.next++}`
    this.stored.set(uploadId, '')
    return answer(201, { uploadId })
  }
  async send(
    uploadId: string,
    from: number,
    chunk: Blob,
    _total: number,
    signal: AbortSignal,
    progress: (n: number) => void
  ): Promise<Answer> {
    const fault = this.fault(`send ${from}-${from + chunk.size}`)
    if (fault) return fault
    signal.throwIfAborted()
    const have = this.stored.get(uploadId)
    if (have === undefined) return answer(404)
    if (from !== have.length) return answer(409)
    progress(chunk.size)
    this.stored.set(uploadId, have + (await chunk.text()))
    return this.state(uploadId)
  }
  async query(uploadId: string): Promise<Answer> {
    const fault = this.fault('query')
    if (fault) return fault
    return this.stored.has(uploadId) ? this.state(uploadId) : answer(404)
  }
  async cancel(uploadId: string): Promise<void> {
    this.calls.push('cancel')
    this.stored.delete(uploadId)
  }
  private state(uploadId: string): Answer {
    const length = this.stored.get(uploadId)?.length ?? 0
    return length === this.total ? answer(200, { video }) : answer(308, { stored: length })
  }
}

const text = 'abcdefghij'
const file = () => new File([text], 'clip.mp4')
const events = () => ({
  session: vi.fn(),
  progress: vi.fn(),
  retrying: vi.fn(),
  finishing: vi.fn()
})
const upload = (server: FakeServer, id: string | null = null, e = events()) =>
  new ResumableUpload(file(), {}, server, e, id, limits)

describe('ResumableUpload', () => {
  beforeEach(() => void vi.useFakeTimers())
  afterEach(() => void vi.useRealTimers())
  const never = new AbortController().signal
  async function finish<T>(promise: Promise<T>): Promise<T> {
    promise.catch(() => {})
    await vi.runAllTimersAsync()
    return promise
  }

  it('sends every byte once and returns the video', async () => {
    const server = new FakeServer(text.length)
    const e = events()
    expect(await finish(upload(server, null, e).run(never))).toEqual(video)
    expect(server.stored.get('id1')).toBe(text)
    expect(server.calls).toEqual(['open', 'send 0-4', 'send 4-8', 'send 8-10'])
    expect(e.session).toHaveBeenCalledWith('id1')
    expect(e.progress).toHaveBeenLastCalledWith(10)
    expect(e.finishing).toHaveBeenCalledTimes(1)
  })

  it('asks how far the server got before going on after a reload', async () => {
    const server = new FakeServer(text.length)
    server.stored.set('old', 'abcdef')
    expect(await finish(upload(server, 'old').run(never))).toEqual(video)
    expect(server.calls).toEqual(['query', 'send 6-10'])
    expect(server.stored.get('old')).toBe(text)
  })

  it('starts over when the server forgot the session', async () => {
    const server = new FakeServer(text.length)
    expect(await finish(upload(server, 'gone').run(never))).toEqual(video)
    expect(server.calls.slice(0, 2)).toEqual(['query', 'open'])
    expect(server.stored.get('id1')).toBe(text)
  })

  it('asks again after a lost connection and loses nothing acknowledged', async () => {
    const server = new FakeServer(text.length)
    server.faults = [null, null, new TypeError('connection lost'), new TypeError('still')]
    expect(await finish(upload(server).run(never))).toEqual(video)
    expect(server.calls).toEqual([
      'open',
      'send 0-4',
      'send 4-8',
      'query',
      'query',
      'send 4-8',
      'send 8-10'
    ])
    expect(server.stored.get('id1')).toBe(text)
  })

  it('takes the offset of the server on a conflict', async () => {
    const server = new FakeServer(text.length)
    server.faults = [null, answer(409)]
    server.stored.set('id1', 'abc')
    expect(await finish(upload(server).run(never))).toEqual(video)
    expect(server.calls[2]).toBe('query')
    expect(server.stored.get('id1')).toBe(text)
  })

  it('waits as long as the server says when it is busy', async () => {
    const server = new FakeServer(text.length)
    server.faults = [null, answer(429, { retryAfterSeconds: 90 })]
    const run = upload(server).run(never)
    await vi.advanceTimersByTimeAsync(89_000)
    expect(server.calls).toEqual(['open', 'send 0-4'])
    await vi.advanceTimersByTimeAsync(2_000)
    expect(await finish(run)).toEqual(video)
  })

  it.each([
    [413, 'quota_reached', 'quota'],
    [413, 'max_file_size_reached', 'tooLarge'],
    [415, '', 'unsupported'],
    [422, '', 'unsupported'],
    [403, '', 'forbidden'],
    [400, '', 'other']
  ])('ends with a reason on %i %s', async (status, code, kind) => {
    const server = new FakeServer(text.length)
    server.faults = [answer(status, { code })]
    const error: unknown = await finish(upload(server).run(never)).catch((e: unknown) => e)
    expect(error).toBeInstanceOf(UploadError)
    expect((error as UploadError).kind).toBe(kind)
    expect(server.calls).toEqual(['open'])
  })

  it('refuses an empty file before it asks the server', async () => {
    const server = new FakeServer(0)
    const empty = new ResumableUpload(new File([], 'x.mp4'), {}, server, events())
    await expect(finish(empty.run(never))).rejects.toMatchObject({ kind: 'empty' })
    expect(server.calls).toEqual([])
  })

  it('pauses while it waits and goes on from the acknowledged byte', async () => {
    const server = new FakeServer(text.length)
    server.faults = [null, null, new TypeError('lost')]
    const one = upload(server)
    const pause = new AbortController()
    const first = one.run(pause.signal)
    first.catch(() => {})
    await vi.advanceTimersByTimeAsync(10)
    pause.abort()
    await expect(first).rejects.toMatchObject({ name: 'AbortError' })
    expect(await finish(one.run(never))).toEqual(video)
    expect(server.stored.get('id1')).toBe(text)
  })

  it('cuts the wait short when the network is back', async () => {
    const server = new FakeServer(text.length)
    server.faults = [null, answer(503, { retryAfterSeconds: 300 })]
    const one = upload(server)
    const run = one.run(never)
    await vi.advanceTimersByTimeAsync(10)
    one.retryNow()
    await vi.advanceTimersByTimeAsync(10)
    expect(await run).toEqual(video)
  })

  it('cancels the session', async () => {
    const server = new FakeServer(text.length)
    server.stored.set('old', 'abc')
    await upload(server, 'old').cancel()
    expect(server.stored.has('old')).toBe(false)
  })
})
