import { describe, expect, it } from 'vitest'
import { parseMarkdown } from './markdown'
import { parseTime, richText, safeAddress } from './richText'
import { matchPath, safeBack } from './router.svelte'

describe('matchPath', () => {
  it('takes parameters out of the address', () => {
    expect(matchPath('/w/:id', '/w/ab%20c/')).toEqual({ id: 'ab c' })
    expect(matchPath('/w/:id', '/w')).toBeNull()
    expect(matchPath('/w/:id', '/c/x')).toBeNull()
    expect(matchPath('/', '/')).toEqual({})
  })
  it('does not throw on a broken escape', () => {
    expect(matchPath('/w/:id', '/w/%E0%A4%A')).toBeNull()
  })
})

describe('safeBack', () => {
  it('stays on this server', () => {
    expect(safeBack('/upload?x=1')).toBe('/upload?x=1')
    for (const bad of [
      '//evil.example',
      'https://evil.example',
      '/\\evil.example',
      'javascript:1',
      null
    ]) {
      expect(safeBack(bad)).toBe('/')
    }
  })
})

describe('richText', () => {
  it('finds links and times and leaves everything else as text', () => {
    expect(richText('See https://a.example/x. At 1:23 <b>now</b>')).toEqual([
      { kind: 'text', text: 'See ' },
      { kind: 'link', text: 'https://a.example/x', href: 'https://a.example/x' },
      { kind: 'text', text: '. At ' },
      { kind: 'time', text: '1:23', seconds: 83 },
      { kind: 'text', text: ' <b>now</b>' }
    ])
  })
  it('never makes a link of another scheme', () => {
    expect(richText('javascript:alert(1) data:text/html,x').every((p) => p.kind === 'text')).toBe(
      true
    )
  })
  it('does not take clock times with seconds fractions or ratios apart', () => {
    expect(richText('16:9').filter((p) => p.kind === 'time')).toEqual([])
    expect(richText('1:02:03').find((p) => p.kind === 'time')).toMatchObject({ seconds: 3723 })
  })
})

describe('parseMarkdown', () => {
  const kinds = (text: string) => {
    const first = parseMarkdown(text)?.children[0]
    return first && 'children' in first ? first.children.map((node) => node.type) : first?.type
  }
  it('knows emphasis, links, lists, quotes and code', () => {
    expect(kinds('a *b* **c** [d](https://e.example) `f`')).toEqual([
      'text',
      'emphasis',
      'text',
      'strong',
      'text',
      'link',
      'text',
      'inlineCode'
    ])
    expect(parseMarkdown('- a\n- b')?.children[0]).toMatchObject({ type: 'list', ordered: false })
    expect(parseMarkdown('> a')?.children[0]).toMatchObject({ type: 'blockquote' })
  })
  it('leaves HTML, pictures and headings as they were written', () => {
    for (const text of [
      '<b>now</b>',
      '<script>1</script>',
      '# not big',
      '    indented',
      'a\n---'
    ]) {
      expect(kinds(text), text).toEqual(['text'])
    }
    expect(JSON.stringify(parseMarkdown('![x](https://a.example/x.png)'))).not.toContain('"image"')
  })
  it('gives up on what is nested for its own sake', () => {
    for (const piece of [
      '> ',
      '* ',
      '*a ',
      '**a ',
      '[',
      '![',
      '`',
      '_a',
      '- ',
      '1. ',
      '&',
      '\\',
      '<'
    ]) {
      const root = parseMarkdown(piece.repeat(10_000 / piece.length))
      expect(JSON.stringify(root).length).toBeLessThan(10_000_000)
    }
    expect(parseMarkdown('_a *b '.repeat(30) + 'c* c_ '.repeat(30))).toBeNull()
    expect(parseMarkdown('_a *b '.repeat(5) + 'c* c_ '.repeat(5))).not.toBeNull()
  })
  it('follows only addresses of the web and of mail', () => {
    for (const bad of [
      'javascript:alert(1)',
      'data:text/html,x',
      '//a.example',
      'vbscript:x',
      '/x'
    ]) {
      expect(safeAddress(bad), bad).toBeNull()
    }
    expect(safeAddress('HTTPS://a.example')).toBe('HTTPS://a.example')
  })
})

describe('parseTime', () => {
  it('reads the forms people write', () => {
    expect(parseTime('90')).toBe(90)
    expect(parseTime('1:30')).toBe(90)
    expect(parseTime('1h2m3s')).toBe(3723)
    expect(parseTime('2m')).toBe(120)
    expect(parseTime('')).toBeNull()
    expect(parseTime('abc')).toBeNull()
  })
})
