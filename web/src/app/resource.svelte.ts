/** Loading state for pages: one value, or a list that grows page by page. */
import { untrack } from 'svelte'
import type { Page } from '../api'

const aborted = (error: unknown) => error instanceof DOMException && error.name === 'AbortError'

/** The last call wins: an earlier one is aborted and its answer ignored. */
export class Resource<T> {
  value = $state.raw<T | null>(null)
  error = $state.raw<unknown>(null)
  loading = $state(false)
  private controller: AbortController | null = null

  async load(fetcher: (signal: AbortSignal) => Promise<T>, keep = false): Promise<void> {
    this.controller?.abort()
    const controller = (this.controller = new AbortController())
    if (!keep) this.value = null
    this.error = null
    this.loading = true
    try {
      const value = await fetcher(controller.signal)
      if (this.controller === controller) this.value = value
    } catch (error) {
      if (this.controller === controller && !aborted(error)) this.error = error
    } finally {
      if (this.controller === controller) this.loading = false
    }
  }

  cancel(): void {
    this.controller?.abort()
    this.controller = null
  }
}

export class PagedList<T extends { id: number | string }> {
  items = $state.raw<T[]>([])
  total = $state(-1)
  error = $state.raw<unknown>(null)
  loading = $state(false)
  readonly complete = $derived(this.total >= 0 && this.items.length >= this.total)
  private controller: AbortController | null = null
  private fetcher: ((start: number, signal: AbortSignal) => Promise<Page<T>>) | null = null

  /** Safe inside an effect: the list's own state does not become the effect's dependency. */
  reset(fetcher: (start: number, signal: AbortSignal) => Promise<Page<T>>): Promise<void> {
    return untrack(() => {
      this.controller?.abort()
      this.fetcher = fetcher
      this.items = []
      this.total = -1
      this.loading = false
      return this.more()
    })
  }

  async more(): Promise<void> {
    if (this.loading || this.complete || !this.fetcher) return
    const controller = (this.controller = new AbortController())
    this.loading = true
    this.error = null
    try {
      const page = await this.fetcher(this.items.length, controller.signal)
      if (this.controller !== controller) return
      // Something published meanwhile shifts the pages: never show one item twice.
      const known = new Set(this.items.map((item) => item.id))
      const fresh = page.data.filter((item) => !known.has(item.id))
      this.items = [...this.items, ...fresh]
      this.total = page.data.length === 0 ? this.items.length : page.total
    } catch (error) {
      if (this.controller === controller && !aborted(error)) this.error = error
    } finally {
      if (this.controller === controller) this.loading = false
    }
  }

  remove(id: T['id']): void {
    const rest = this.items.filter((item) => item.id !== id)
    if (rest.length === this.items.length) return
    this.items = rest
    this.total = Math.max(0, this.total - 1)
  }

  cancel(): void {
    this.controller?.abort()
    this.controller = null
  }
}
