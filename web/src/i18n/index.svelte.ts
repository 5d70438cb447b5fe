/** The language in use. English is in the first load; others are fetched when chosen. */
import { en, type Messages } from './en'
import { makeTools, type Tools } from './tools'

export type LanguageCode = 'en' | 'zh'

export const languages: { code: LanguageCode; name: string }[] = [
  { code: 'en', name: 'English' },
  { code: 'zh', name: '简体中文' }
]

const storageKey = 'shoal.language'
const loaders: Record<LanguageCode, () => Promise<Messages>> = {
  en: () => Promise.resolve(en),
  zh: () => import('./zh').then((module) => module.zh)
}
const localeOf: Record<LanguageCode, string> = { en: 'en', zh: 'zh-CN' }

class I18n {
  code = $state<LanguageCode>('en')
  /** Strings of the language in use. */
  t = $state.raw<Messages>(en)
  /** Number, date and byte formats of the language in use. */
  f = $state.raw<Tools>(makeTools('en'))

  async use(code: LanguageCode, remember = true): Promise<void> {
    const messages = await loaders[code]()
    this.t = messages
    this.f = makeTools(localeOf[code])
    this.code = code
    document.documentElement.lang = localeOf[code]
    if (remember) localStorage.setItem(storageKey, code)
  }
}

export const i18n = new I18n()

/** The stored choice, else the first of the browser's languages that we have. */
export function preferredLanguage(stored: string | null, wanted: readonly string[]): LanguageCode {
  const known = (code: string): code is LanguageCode => code in loaders
  if (stored && known(stored)) return stored
  for (const tag of wanted) {
    const base = tag.toLowerCase().split('-')[0] ?? ''
    if (known(base)) return base
  }
  return 'en'
}

export function startI18n(): Promise<void> {
  const code = preferredLanguage(localStorage.getItem(storageKey), navigator.languages)
  return code === 'en' ? Promise.resolve() : i18n.use(code, false)
}
