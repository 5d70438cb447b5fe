/** Who is logged in, and the server's public configuration. */
import { ApiError, onSessionEnd, Role, server, session, type ServerConfig, type User } from '../api'
import { bootConfig } from './boot'

class Session {
  user = $state.raw<User | null>(null)
  /** False until the first answer about the stored token. */
  known = $state(false)
  ended = $state(false)
  config = $state.raw<ServerConfig | null>(null)
  readonly isAdmin = $derived(this.user?.role.id === Role.administrator)
  readonly isStaff = $derived(this.user != null && this.user.role.id !== Role.user)
  readonly name = $derived(this.config?.instance.name ?? 'Shoal')

  async start(): Promise<void> {
    onSessionEnd(() => {
      this.user = null
      this.ended = true
    })
    // Another tab logged in or out.
    addEventListener('storage', (event) => {
      if (event.key === 'shoal.session') void this.load()
    })
    this.config = bootConfig()
    if (!this.config) void this.loadConfig()
    await this.load()
  }

  async load(): Promise<void> {
    try {
      this.user = session.has() ? await session.me() : null
    } catch (error) {
      // Unreachable: stay as we are; the pages show their own error with a way to try again.
      if (error instanceof ApiError && error.status === 401) this.user = null
    }
    this.known = true
  }

  async loadConfig(): Promise<void> {
    try {
      this.config = await server.config()
    } catch {
      // Only names and limits come from it: pages work with their defaults.
    }
  }

  async login(username: string, password: string): Promise<void> {
    await session.login(username, password)
    this.ended = false
    this.user = await session.me()
  }

  async logout(): Promise<void> {
    await session.logout().catch(() => {})
    this.user = null
  }
}

export const me = new Session()
