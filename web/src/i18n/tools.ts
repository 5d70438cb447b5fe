/** Locale-bound formatting. One instance per language; every formatter is built once. */

export type PluralForms = Partial<Record<Intl.LDMLPluralRule, string>> & { other: string }

const units: [Intl.RelativeTimeFormatUnit, number][] = [
  ['year', 31_557_600],
  ['month', 2_629_800],
  ['week', 604_800],
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60]
]

export interface Tools {
  locale: string
  number(value: number): string
  compact(value: number): string
  percent(fraction: number): string
  /** `#` in the form is replaced by the number as this language writes it. */
  plural(value: number, forms: PluralForms): string
  pluralCompact(value: number, forms: PluralForms): string
  date(iso: string): string
  dateTime(iso: string): string
  ago(iso: string, now?: number): string
  bytes(value: number): string
  bitsPerSecond(bytesPerSecond: number): string
  /** A price in millionths of whatever currency it was configured in. */
  price(micros: number): string
  list(items: string[]): string
  /** A language's name; the given one where this browser has no better. */
  language(code: string, fallback: string): string
  /** Codes with their names in this language, sorted as its readers expect. */
  languages(all: [code: string, label: string][]): [string, string][]
}

export function makeTools(locale: string): Tools {
  const number = new Intl.NumberFormat(locale, { maximumFractionDigits: 1 })
  const compact = new Intl.NumberFormat(locale, { notation: 'compact', maximumFractionDigits: 1 })
  const percent = new Intl.NumberFormat(locale, { style: 'percent', maximumFractionDigits: 0 })
  const rules = new Intl.PluralRules(locale)
  const date = new Intl.DateTimeFormat(locale, { dateStyle: 'medium' })
  const dateTime = new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'short' })
  const relative = new Intl.RelativeTimeFormat(locale, { numeric: 'auto' })
  const lists = new Intl.ListFormat(locale, { type: 'conjunction' })
  const names = new Intl.DisplayNames(locale, { type: 'language', fallback: 'none' })
  const collator = new Intl.Collator(locale)

  const language = (code: string, fallback: string) => {
    try {
      return names.of(code) ?? fallback
    } catch {
      return fallback // Not a code that Intl accepts.
    }
  }

  const fill = (value: number, text: string, forms: PluralForms) =>
    (forms[rules.select(value)] ?? forms.other).replace('#', text)
  const scaled = (value: number, base: number, names: string[]) => {
    let index = 0
    while (value >= base && index < names.length - 1) {
      value /= base
      index++
    }
    const digits = value >= 100 || index === 0 ? 0 : 1
    const text = new Intl.NumberFormat(locale, { maximumFractionDigits: digits }).format(value)
    return `${text} ${names[index]}`
  }

  return {
    locale,
    number: (value) => number.format(value),
    compact: (value) => compact.format(value),
    percent: (fraction) => percent.format(fraction),
    plural: (value, forms) => fill(value, number.format(value), forms),
    pluralCompact: (value, forms) => fill(value, compact.format(value), forms),
    date: (iso) => date.format(new Date(iso)),
    dateTime: (iso) => dateTime.format(new Date(iso)),
    ago(iso, now = Date.now()) {
      const seconds = Math.round((Date.parse(iso) - now) / 1000)
      for (const [unit, size] of units) {
        if (Math.abs(seconds) >= size) return relative.format(Math.trunc(seconds / size), unit)
      }
      return relative.format(0, 'second')
    },
    bytes: (value) => scaled(value, 1000, ['B', 'kB', 'MB', 'GB', 'TB', 'PB']),
    bitsPerSecond: (value) => scaled(value * 8, 1000, ['bit/s', 'kbit/s', 'Mbit/s', 'Gbit/s']),
    price(micros) {
      // Cents are what a person pays; below one, what a file costs must not read as nothing.
      const digits = micros > 0 && micros < 100_000 ? 4 : 2
      const format = { minimumFractionDigits: digits, maximumFractionDigits: digits }
      return new Intl.NumberFormat(locale, format).format(micros / 1e6)
    },
    list: (items) => lists.format(items),
    language,
    languages: (all) =>
      all
        .map(([code, label]): [string, string] => [code, language(code, label)])
        .sort((a, b) => collator.compare(a[1], b[1]))
  }
}

/** 75 -> "1:15", 3675 -> "1:01:15". The same in every language. */
export function clock(seconds: number): string {
  const whole = Number.isFinite(seconds) ? Math.max(0, Math.floor(seconds)) : 0
  const s = String(whole % 60).padStart(2, '0')
  const m = Math.floor(whole / 60) % 60
  const h = Math.floor(whole / 3600)
  return h > 0 ? `${h}:${String(m).padStart(2, '0')}:${s}` : `${m}:${s}`
}

/** Rough on purpose: an estimate should not tick. "40 s", "3 min", "1 h 5 min", "2 d 3 h". */
export function makeDuration(s: string, min: string, h: string, d: string) {
  return (seconds: number): string => {
    if (seconds < 60) return `${Math.max(1, Math.round(seconds))}${s}`
    if (seconds < 3600) return `${Math.round(seconds / 60)}${min}`
    const hours = Math.floor(seconds / 3600)
    if (hours < 24) return `${hours}${h} ${Math.floor((seconds % 3600) / 60)}${min}`
    return `${Math.floor(hours / 24)}${d} ${hours % 24}${h}`
  }
}
