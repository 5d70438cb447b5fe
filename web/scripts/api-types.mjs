// Writes src/api/generated/schema.ts from docs/api/openapi.yaml. `npm run api-types`; a unit test
// (src/api/schema.test.ts) fails when the file is not what this makes.
import { readFileSync, writeFileSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import openapi, { astToString } from 'openapi-typescript'

const document = new URL('../../docs/api/openapi.yaml', import.meta.url)
const target = new URL('../src/api/generated/schema.ts', import.meta.url)
const head = '/* Generated from docs/api/openapi.yaml by `npm run api-types`: do not edit. */\n'

/** The schemas alone: which path answers with which is what src/api/index.ts says. */
export async function apiTypes() {
  const nodes = await openapi(document)
  const schemas = nodes.filter((node) => node.name?.text === 'components')
  if (schemas.length !== 1) throw new Error('openapi-typescript gave no components')
  return head + astToString(schemas)
}
export const committed = () => readFileSync(target, 'utf8')

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  writeFileSync(target, await apiTypes())
}
