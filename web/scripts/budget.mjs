// Fails when the first load of a page is heavier than promised. Run after `npm run build`.
// First load = index.html, its scripts, styles and preloads, and everything they import statically.
import { readdirSync, readFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import { dirname, join, normalize } from 'node:path'

const limitBytes = 150_000
const dist = new URL('../dist/', import.meta.url).pathname

function references(file, text) {
  const found = new Set()
  const add = (path) => found.add(normalize(path))
  if (file.endsWith('.html')) {
    for (const [, url] of text.matchAll(/(?:src|href)="\/client\/([^"]+)"/g)) add(url)
  } else if (file.endsWith('.js')) {
    // Static imports only: `import(...)` is loaded later, when a page asks for it.
    const statics = /(?:^|[;}\n])\s*(?:import|export)[^;()]*?["'](\.[^"']+\.js)["']/g
    for (const [, path] of text.matchAll(statics)) add(join(dirname(file), path))
  }
  return found
}

function firstLoad(entry) {
  const sizes = new Map()
  const visit = (file) => {
    if (sizes.has(file)) return
    const bytes = readFileSync(join(dist, file))
    sizes.set(file, gzipSync(bytes, { level: 9 }).length)
    for (const next of references(file, bytes.toString())) visit(next)
  }
  visit(entry)
  return sizes
}

const sizes = firstLoad('index.html')
const total = [...sizes.values()].reduce((sum, size) => sum + size, 0)
for (const [file, size] of [...sizes].sort((a, b) => b[1] - a[1])) {
  console.log(`${String(size).padStart(8)}  ${file}`)
}
console.log(`${String(total).padStart(8)}  first load, gzip (limit ${limitBytes})`)

const problems = []
if (total > limitBytes) problems.push(`the first load is ${total - limitBytes} bytes too heavy`)
const player = readdirSync(join(dist, 'assets')).filter((name) => /^player-.*\.js$/.test(name))
if (player.length === 0) problems.push('the player is not a chunk of its own')
for (const name of player) {
  if (sizes.has(`assets/${name}`)) problems.push('the player is part of the first load')
}
for (const problem of problems) console.error(`budget: ${problem}`)
process.exit(problems.length > 0 ? 1 : 0)
