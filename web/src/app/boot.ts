/** The public configuration that the server writes into the page, or null (a development server). */
import type { ServerConfig } from '../api'

export function bootConfig(): ServerConfig | null {
  const text = document.getElementById('shoal-boot')?.textContent
  if (!text) return null
  try {
    const config = JSON.parse(text)?.config
    return config?.instance?.name ? (config as ServerConfig) : null
  } catch {
    return null
  }
}
