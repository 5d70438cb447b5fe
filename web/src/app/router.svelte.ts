/** Page routes over the History API: match, navigate, restore the scroll position. */
import type { Component } from 'svelte'

export interface Route {
  name: string
  params: Record<string, string>
}
/** A page takes the address's parameters, or nothing. */
export type Page = Component<{ params: Record<string, string> }> | Component<Record<string, never>>

export interface RouteDefinition {
  name: string
  /** Path segments; `:x` is a parameter. */
  pattern: string
  load: () => Promise<{ default: Page }>
}

export function matchPath(pattern: string, path: string): Record<string, string> | null {
  const want = pattern.split('/').filter(Boolean)
  const have = path.split('/').filter(Boolean)
  if (want.length !== have.length) return null
  const params: Record<string, string> = {}
  for (const [i, part] of want.entries()) {
    const value = have[i] ?? ''
    if (part.startsWith(':')) {
      try {
        params[part.slice(1)] = decodeURIComponent(value)
      } catch {
        return null
      }
    } else if (part !== value) return null
  }
  return params
}

class Router {
  path = $state(location.pathname)
  search = $state(location.search)
  hash = $state(location.hash)
  /** Counts navigations, also those to the same address. */
  visit = $state(0)
  readonly query = $derived(new URLSearchParams(this.search))
  /** Pages with unsaved work set this; it returns false to stay. */
  guard: (() => boolean) | null = null
  private scrolls = new Map<string, number>()
  private key = ''

  start(): void {
    history.scrollRestoration = 'manual'
    this.key = history.state?.key ?? 'first'
    addEventListener('popstate', (event) => {
      if (this.guard && !this.guard()) {
        history.pushState({ key: this.key }, '', this.path + this.search + this.hash)
        return
      }
      this.remember()
      this.key = event.state?.key ?? 'first'
      this.read()
    })
    document.addEventListener('click', (event) => this.follow(event))
  }

  go(to: string, options: { replace?: boolean } = {}): void {
    if (this.guard && !this.guard()) return
    this.guard = null
    this.remember()
    if (!options.replace) this.key = Math.random().toString(36).slice(2)
    history[options.replace ? 'replaceState' : 'pushState']({ key: this.key }, '', to)
    this.read()
  }

  /** Called by a page when its content is in place. */
  restoreScroll(): void {
    scrollTo(0, this.scrolls.get(this.key) ?? 0)
  }

  private remember(): void {
    this.scrolls.set(this.key, scrollY)
    if (this.scrolls.size > 100) this.scrolls.delete(this.scrolls.keys().next().value ?? '')
  }

  private read(): void {
    this.path = location.pathname
    this.search = location.search
    this.hash = location.hash
    this.visit++
  }

  private follow(event: MouseEvent): void {
    if (event.defaultPrevented || event.button !== 0) return
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return
    const link = (event.target as Element | null)?.closest?.('a')
    if (!link || link.target || link.hasAttribute('download') || link.origin !== location.origin) {
      return
    }
    if (link.dataset.native !== undefined || link.getAttribute('href')?.startsWith('#')) return
    event.preventDefault()
    this.go(link.pathname + link.search + link.hash)
  }
}

export const router = new Router()

export const links = {
  home: '/',
  watch: (video: { shortUUID: string }) => `/w/${video.shortUUID}`,
  channel: (name: string) => `/c/${encodeURIComponent(name)}`,
  account: (name: string) => `/a/${encodeURIComponent(name)}`,
  search: (query: string) => `/search?search=${encodeURIComponent(query)}`,
  upload: '/upload',
  myVideos: '/my-library/videos',
  edit: (video: { shortUUID: string }) => `/videos/update/${video.shortUUID}`,
  settings: '/my-account/settings',
  login: (back?: string) => (back ? `/login?back=${encodeURIComponent(back)}` : '/login'),
  signup: '/signup',
  admin: '/admin/overview'
}

/** Only our own paths: a link elsewhere must not send people away after they log in. */
export function safeBack(back: string | null): string {
  return back && /^\/(?![/\\])/.test(back) ? back : '/'
}
