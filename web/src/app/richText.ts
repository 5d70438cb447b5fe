/** Splits plain text into text, links and times. Nothing is ever parsed as HTML. */
export type Piece =
  | { kind: 'text'; text: string }
  | { kind: 'link'; text: string; href: string }
  | { kind: 'time'; text: string; seconds: number }

const pattern = /(https?:\/\/[^\s<>"']+)|(?<![\d:.])((?:\d{1,2}:)?[0-5]?\d:[0-5]\d)(?![\d:])/g

export function richText(text: string): Piece[] {
  const pieces: Piece[] = []
  let from = 0
  for (const match of text.matchAll(pattern)) {
    let found = match[0]
    // A full stop or bracket after an address belongs to the sentence.
    if (match[1]) found = found.replace(/[.,;:!?)\]]+$/, '')
    if (match.index > from) pieces.push({ kind: 'text', text: text.slice(from, match.index) })
    if (match[1]) pieces.push({ kind: 'link', text: found, href: found })
    else pieces.push({ kind: 'time', text: found, seconds: parseTime(found) ?? 0 })
    from = match.index + found.length
  }
  if (from < text.length) pieces.push({ kind: 'text', text: text.slice(from) })
  return pieces
}

/** An address that a description may lead to; null for every other scheme. */
export function safeAddress(address: string): string | null {
  return /^(?:https?:\/\/|mailto:)/i.test(address) ? address : null
}

/** "1:23", "1:02:03" or plain seconds; null when it is none of them. */
export function parseTime(text: string): number | null {
  if (!/^(?:\d+|\d{1,2}(?::\d{1,2}){1,2}|(?:\d+h)?(?:\d+m)?(?:\d+s)?)$/.test(text) || text === '') {
    return null
  }
  const named = /^(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?$/.exec(text)
  if (named) {
    return Number(named[1] ?? 0) * 3600 + Number(named[2] ?? 0) * 60 + Number(named[3] ?? 0)
  }
  return text.split(':').reduce((sum, part) => sum * 60 + Number(part), 0)
}
