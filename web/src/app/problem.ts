/** What to tell people about a failure: what happened, what is safe, what to do. */
import { ApiError } from '../api'
import type { Messages } from '../i18n/en'

export interface Problem {
  title: string
  text: string
}

export function describe(error: unknown, t: Messages, gone?: string): Problem {
  if (!(error instanceof ApiError)) return { title: t.errors.title, text: String(error) }
  if (error.status === 0) return { title: t.errors.offlineTitle, text: t.errors.offline }
  if (error.status === 404 || (gone && error.status === 400)) {
    return { title: t.errors.notFoundTitle, text: gone ?? t.errors.notFound }
  }
  if (error.status === 401) return { title: t.errors.forbiddenTitle, text: t.errors.sessionOver }
  if (error.status === 403) {
    return { title: t.errors.forbiddenTitle, text: error.detail || t.errors.forbidden }
  }
  if (error.status === 429) {
    return { title: t.errors.title, text: t.errors.rateLimited(error.retryAfterSeconds || 10) }
  }
  return { title: t.errors.title, text: t.errors.server(error.detail || `HTTP ${error.status}`) }
}

/** One line, for toasts and form footers. */
export function oneLine(error: unknown, t: Messages): string {
  const problem = describe(error, t)
  if (!(error instanceof ApiError)) return problem.text
  const fields = Object.entries(error.fields).map(([name, text]) =>
    text ? `${name}: ${text}` : name
  )
  if (fields.length > 0) return fields.join('; ')
  return error.status === 0 ? `${problem.title}. ${problem.text}` : error.detail || problem.text
}
