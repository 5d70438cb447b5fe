/**
 * The answering side of jschannel, the JSON-over-postMessage protocol of PeerTube's embed API:
 * calls are `{id, method: "scope::name", params}` and are answered `{id, result}` or
 * `{id, error, message}`; notifications have no id. Both sides open with `__ready`.
 */
export type Method = (params: unknown) => unknown

interface Message {
  id?: number
  method?: string
  params?: unknown
}

export class AnsweringChannel {
  private readonly methods = new Map<string, Method>()

  constructor(
    private readonly peer: Pick<Window, 'postMessage'>,
    private readonly scope: string
  ) {}

  bind(name: string, method: Method): void {
    this.methods.set(name, method)
  }

  start(): () => void {
    const listener = (event: MessageEvent) => {
      if (event.source === this.peer) void this.receive(event.data)
    }
    addEventListener('message', listener)
    // The page may have opened its side before this document existed: ask it to answer now.
    this.post({
      method: this.full('__ready'),
      params: { type: 'publish-request', publish: [] }
    })
    return () => removeEventListener('message', listener)
  }

  notify(name: string, params?: unknown): void {
    this.post({ method: this.full(name), params })
  }

  async receive(data: unknown): Promise<void> {
    const message = parse(data)
    const prefix = `${this.scope}::`
    if (!message?.method?.startsWith(prefix)) return
    const name = message.method.slice(prefix.length)
    if (name === '__ready') {
      const type = (message.params as { type?: string } | undefined)?.type
      if (type === 'publish-request') {
        this.post({
          method: this.full('__ready'),
          params: { type: 'publish-reply', publish: [] }
        })
      }
      return
    }
    if (message.id === undefined) return
    const method = this.methods.get(name)
    if (!method) {
      const text = `No method '${name}' was (yet) bound by the provider`
      return this.post({ id: message.id, error: 'method_not_found', message: text })
    }
    try {
      this.post({ id: message.id, result: await method(message.params) })
    } catch (error) {
      const text = error instanceof Error ? error.message : String(error)
      this.post({ id: message.id, error: 'runtime_error', message: text })
    }
  }

  private full(name: string): string {
    return `${this.scope}::${name}`
  }
  private post(message: Record<string, unknown>): void {
    // What is said is what any page that embeds the player may know; '*' because it may be anyone.
    this.peer.postMessage(JSON.stringify(message), '*')
  }
}

function parse(data: unknown): Message | null {
  if (typeof data !== 'string') return null
  try {
    const value: unknown = JSON.parse(data)
    return typeof value === 'object' && value !== null ? (value as Message) : null
  } catch {
    return null
  }
}
