// @vitest-environment node
import { expect, it } from 'vitest'
import { apiTypes, committed } from '../../scripts/api-types.mjs'

it('the API types are those of docs/api/openapi.yaml (npm run api-types)', async () => {
  expect(committed()).toBe(await apiTypes())
})
