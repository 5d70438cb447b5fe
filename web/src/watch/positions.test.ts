import { beforeEach, expect, it } from 'vitest'
import { remember, stoppedAt, watchedFraction } from './positions'

beforeEach(() => localStorage.clear())

it('comes back to where one stopped, and to the start after the end', () => {
  remember('a', 61.7, 120)
  expect(stoppedAt('a')).toBe(61)
  expect(watchedFraction('a')).toBeCloseTo(0.51, 1)
  remember('a', 119, 120)
  expect(stoppedAt('a')).toBe(0)
})
it('does not remember the first seconds', () => {
  remember('a', 3, 120)
  expect(stoppedAt('a')).toBe(0)
})
it('forgets the oldest, and survives what somebody else wrote', () => {
  for (let i = 0; i < 250; i++) remember(`v${i}`, 60, 120)
  expect(stoppedAt('v49')).toBe(0)
  expect(stoppedAt('v50')).toBe(60)
  localStorage.setItem('shoal.positions', '{"a":1}')
  expect(stoppedAt('v249')).toBe(0)
  localStorage.setItem('shoal.positions', 'nonsense')
  expect(stoppedAt('v249')).toBe(0)
})
