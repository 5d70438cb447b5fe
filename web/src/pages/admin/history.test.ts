import { describe, expect, it } from 'vitest'
import type { Overview } from '../../api'
import { markFailedJobsSeen, unseenFailedJobs, verdict } from './history.svelte'

const calm: Overview = {
  version: '1',
  uptimeSeconds: 1,
  cpu: { percent: 5 },
  memory: { residentBytes: 1 },
  disk: { totalBytes: 100, freeBytes: 50, usedByShoalBytes: 10 },
  http: { requestsPerSecond: 0, bytesPerSecond: 0, openConnections: 0 },
  jobs: { waiting: 0, running: 0, failed: 0, oldestWaitSeconds: 0 },
  viewers: 0,
  videos: 0,
  users: 0
}

describe('verdict', () => {
  it('is good when nothing is wrong', () => {
    expect(verdict(calm, 5, 0)).toEqual({ kind: 'good' })
    expect(
      verdict({ ...calm, disk: { totalBytes: 0, freeBytes: 0, usedByShoalBytes: 0 } }, 5, 0)
    ).toEqual({
      kind: 'good'
    })
  })
  it('names the worst thing first', () => {
    const jobs = { waiting: 3, running: 0, failed: 2, oldestWaitSeconds: 900 }
    const disk = { totalBytes: 100, freeBytes: 4, usedByShoalBytes: 10 }
    expect(verdict({ ...calm, jobs, disk }, 99, 2)).toEqual({ kind: 'disk', freeBytes: 4 })
    expect(verdict({ ...calm, jobs }, 99, 2)).toEqual({ kind: 'backlog', seconds: 900 })
    expect(verdict({ ...calm, jobs: { ...jobs, oldestWaitSeconds: 0 } }, 99, 2)).toEqual({
      kind: 'failed',
      count: 2
    })
    expect(verdict(calm, 99, 0)).toEqual({ kind: 'cpu' })
    const working = { ...calm, jobs: { ...calm.jobs, running: 2 } }
    expect(verdict(working, 99, 0)).toEqual({ kind: 'good' })
  })
})

describe('failed jobs', () => {
  it('are news until they were looked at', () => {
    localStorage.clear()
    expect(unseenFailedJobs(3)).toBe(3)
    markFailedJobsSeen(3)
    expect(unseenFailedJobs(3)).toBe(0)
    expect(unseenFailedJobs(5)).toBe(2)
    // The history was cleaned since: what is there now was not seen.
    expect(unseenFailedJobs(1)).toBe(1)
  })
})
