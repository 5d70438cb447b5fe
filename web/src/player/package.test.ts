import { expect, it } from 'vitest'

const files = import.meta.glob<string>(['./*.ts', './*.svelte', '!./*.test.ts'], {
  query: '?raw',
  import: 'default',
  eager: true
})

it('the player knows nothing of pages, the API or the session', () => {
  const allowed = /^(?:\.\/|svelte$|hls\.js$|\.\.\/i18n\/(?:tools|en)$)/
  const offending = Object.entries(files).flatMap(([name, text]) =>
    [...text.matchAll(/from '([^']+)'/g)]
      .map(([, path]) => path ?? '')
      .filter((path) => !allowed.test(path))
      .map((path) => `${name}: ${path}`)
  )
  expect(Object.keys(files).length).toBeGreaterThan(5)
  expect(offending).toEqual([])
})
