import { beforeEach, describe, expect, it, vi } from 'vitest'
import { AnsweringChannel } from './channel'
import { readParams } from './params'

describe('readParams', () => {
  it("has PeerTube's defaults", () => {
    expect(readParams('')).toMatchObject({
      start: 0,
      stop: null,
      autoplay: false,
      controls: true,
      title: true,
      api: false
    })
  })
  it('reads what the address says', () => {
    expect(
      readParams('?start=1m5s&stop=90&autoplay=1&muted=1&controls=0&api=1&playbackRate=1.5')
    ).toMatchObject({
      start: 65,
      stop: 90,
      autoplay: true,
      muted: true,
      controls: false,
      api: true,
      playbackRate: 1.5
    })
  })
})

describe('AnsweringChannel', () => {
  const sent: unknown[] = []
  const peer = { postMessage: (text: string) => void sent.push(JSON.parse(text)) }
  let channel: AnsweringChannel
  beforeEach(() => {
    sent.length = 0
    channel = new AnsweringChannel(peer as unknown as Window, 'peertube')
  })
  const call = (id: number, name: string, params?: unknown) =>
    channel.receive(JSON.stringify({ id, method: `peertube::${name}`, params }))

  it('answers a call with what the method returns', async () => {
    channel.bind('double', (value) => Number(value) * 2)
    await call(4, 'double', 21)
    expect(sent).toEqual([{ id: 4, result: 42 }])
  })
  it('reports what a method throws and what it does not know', async () => {
    channel.bind('fail', () => {
      throw new Error('no')
    })
    await call(1, 'fail')
    await call(2, 'nothing')
    expect(sent).toMatchObject([
      { id: 1, error: 'runtime_error', message: 'no' },
      { id: 2, error: 'method_not_found' }
    ])
  })
  it('replies to the opening of the other side', async () => {
    await channel.receive(
      JSON.stringify({
        method: 'peertube::__ready',
        params: { type: 'publish-request', publish: [] }
      })
    )
    expect(sent).toEqual([
      { method: 'peertube::__ready', params: { type: 'publish-reply', publish: [] } }
    ])
  })
  it('ignores other scopes, other traffic and damaged messages', async () => {
    const method = vi.fn()
    channel.bind('x', method)
    await channel.receive(JSON.stringify({ id: 1, method: 'other::x' }))
    await channel.receive('{')
    await channel.receive({ id: 1, method: 'peertube::x' })
    await channel.receive('null')
    expect(method).not.toHaveBeenCalled()
    expect(sent).toEqual([])
  })
})
