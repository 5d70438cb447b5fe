// Workers elsewhere: a server that encodes no pictures itself, and `shoal worker`s that do.
import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { createWriteStream, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, afterEach, before, test } from 'node:test'
import { clip } from './support/clips.mjs'
import { isInstalled, startRadosgw } from './support/radosgw.mjs'
import { Api, program, startServer, until } from './support/server.mjs'

const segmentType = 'shoal-segment-transcoding'
const processing = 2
// A lease, and the half minute in which nobody looks.
const leaseDeadlineMs = 90_000

let server
let api
let folder
let token
let count = 0
const workers = []

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'shoal-workers-'))
  const environment = {
    SHOAL__TRANSCODING__CONCURRENCY: '0',
    SHOAL__TRANSCODING__RESOLUTIONS__144P: 'true'
  }
  server = await startServer({ environment })
  api = await new Api(server.url).login()
  token = await newToken(api)
})
afterEach(async () => {
  for (const worker of workers.splice(0)) await worker.end('SIGKILL')
})
after(async () => {
  await server?.stop()
  rmSync(folder, { recursive: true, force: true })
})

async function newToken(of) {
  await of.call('POST', 'runners/registration-tokens/generate')
  const { data } = await of.call('GET', 'runners/registration-tokens')
  return data[0].registrationToken
}

/** A worker with a folder of its own; `ended` is its exit status or signal. */
function startWorker(name, words = ['--token', token]) {
  const data = join(folder, `${name}-${(count += 1)}`)
  return runWorker(data, ['--name', `${name}-${count}`, ...words])
}
function runWorker(data, words = [], url = server.url) {
  const child = spawn(program, ['worker', '--server', url, '--data', data, ...words], {
    stdio: ['ignore', 'pipe', 'pipe']
  })
  const log = `${data}.log`
  for (const stream of [child.stdout, child.stderr]) stream.pipe(createWriteStream(log, { flags: 'a' }))
  const worker = { data, child, log: () => readFileSync(log, 'utf8') }
  worker.ended = new Promise((resolve) => {
    child.once('close', (status, signal) => resolve(signal ?? status))
  })
  worker.end = (signal) => {
    child.kill(signal)
    return worker.ended
  }
  workers.push(worker)
  return worker
}

async function segmentJobs(uuid, from = api) {
  const { data } = await from.call('GET', 'runners/jobs?count=100')
  return data.filter(({ privatePayload }) => privatePayload.videoUUID === uuid)
}
function untilRunning(uuid, jobs) {
  return until(`${jobs} segments are being made`, 60_000, async () => {
    const running = (await segmentJobs(uuid)).filter(({ state }) => state.id === processing)
    return running.length >= jobs ? running : null
  })
}

/** All renditions are there and decode without an error, each with every frame of the source. */
async function checkPlayable(uuid, frames, from = api) {
  const video = await from.processed(uuid)
  assert.equal(video.state.id, 1)
  const [playlist] = video.streamingPlaylists
  assert.ok(playlist.files.length >= 2)
  for (const { fileUrl, resolution } of playlist.files) {
    const file = join(folder, 'rendition.mp4')
    writeFileSync(file, Buffer.from(await (await fetch(fileUrl)).arrayBuffer()))
    const decoded = spawnSync('ffmpeg', ['-v', 'error', '-xerror', '-i', file, '-f', 'null', '-'])
    assert.equal(String(decoded.stderr), '', `${resolution.id}p`)
    const counted = spawnSync('ffprobe', [
      ...['-v', 'error', '-select_streams', 'v:0', '-count_packets'],
      ...['-show_entries', 'stream=nb_read_packets', '-of', 'csv=p=0', file]
    ])
    assert.equal(Number.parseInt(String(counted.stdout), 10), frames, `${resolution.id}p`)
  }
}
function framesOf(file) {
  const counted = spawnSync('ffprobe', [
    ...['-v', 'error', '-select_streams', 'v:0', '-count_packets'],
    ...['-show_entries', 'stream=nb_read_packets', '-of', 'csv=p=0', file]
  ])
  return Number.parseInt(String(counted.stdout), 10)
}
/** But for one job, whose holder may have died. */
async function expectEachDoneOnce(uuid, lost) {
  const jobs = await segmentJobs(uuid)
  assert.ok(jobs.length > 0)
  assert.ok(jobs.every(({ state }) => state.label === 'Completed'))
  for (const job of jobs) assert.ok(job.failures <= (job.uuid === lost ? 1 : 0))
}

test('an upload ends playable though its server encodes nothing, made by two workers', async () => {
  const file = clip('mpeg4')
  const { uuid } = await api.upload(file, { name: 'Made elsewhere' })
  await until('the server is done with its part', 60_000, async () => {
    const jobs = await segmentJobs(uuid)
    return jobs.length > 1 && jobs.every(({ state }) => state.label === 'Pending')
  })
  const both = [startWorker('one'), startWorker('two')]
  await untilRunning(uuid, 2)
  await checkPlayable(uuid, framesOf(file))
  await expectEachDoneOnce(uuid)
  for (const worker of both) assert.match(worker.log(), /a segment is made/)
  for (const worker of both) assert.equal(await worker.end('SIGTERM'), 0)
})

test('a worker that is killed loses only what it held', async () => {
  const file = clip('mpeg4')
  const single = ['--token', token, '--concurrency', '1']
  const [killed] = [startWorker('killed', single), startWorker('other', single)]
  const { uuid } = await api.upload(file, { name: 'One less' })
  const running = await untilRunning(uuid, 2)
  await killed.end('SIGKILL')
  await api.processed(uuid, leaseDeadlineMs + 240_000)
  await checkPlayable(uuid, framesOf(file))
  const held = running.find(({ runner }) => runner.name.startsWith('killed'))
  // Its lease ran out, or the other, with nothing else to do, made the same before that.
  await expectEachDoneOnce(uuid, held.uuid)
})

/** A process and all below it. */
function familyOf(pid) {
  const found = spawnSync('pgrep', ['-P', String(pid)])
  const children = String(found.stdout).split('\n').filter(Boolean)
  return [pid, ...children.flatMap((child) => familyOf(Number(child)))]
}

test('a worker whose encoder hangs holds no video up: another makes its segment too', async () => {
  const file = clip('mpeg4')
  const single = ['--token', token, '--concurrency', '1']
  const [slow] = [startWorker('slow', single), startWorker('quick', single)]
  const { uuid } = await api.upload(file, { name: 'Made twice' })
  await untilRunning(uuid, 2)
  const encoder = await until('the slow one encodes', 60_000, () => {
    const [, ...children] = familyOf(slow.child.pid)
    return children.length > 0 && children
  })
  for (const pid of encoder) process.kill(pid, 'SIGSTOP')
  await checkPlayable(uuid, framesOf(file))
  await expectEachDoneOnce(uuid)
  await until('the slow one was told', 60_000, () => /a job was taken from us/.test(slow.log()))
  // And its encoder is gone, so that it works on.
  await until('its encoder ended', 60_000, () => familyOf(slow.child.pid).length === 1)
})

test('a worker without the labels that its job needs is offered none, and the list says why', async () => {
  const refused = runWorker(join(folder, 'refused'), ['--token', token, '--label', 'two words'])
  assert.notEqual(await refused.ended, 0)
  assert.match(refused.log(), /'two words' is no label/)
  const choosy = await startServer({
    environment: {
      SHOAL__TRANSCODING__CONCURRENCY: '0',
      SHOAL__JOBS__NEEDS__ENCODE: 'gpu,region:eu'
    }
  })
  try {
    const admin = await new Api(choosy.url).login()
    const entry = await newToken(admin)
    const start = (name, labels) =>
      runWorker(
        join(folder, name),
        ['--token', entry, '--name', name, ...labels],
        choosy.url
      )
    const { uuid } = await admin.upload(clip('short'), { name: 'Choosy' })
    const waits = await until('the segments say why they wait', 60_000, async () => {
      const jobs = await admin.call('GET', 'jobs/waiting?jobType=video-encode&count=10')
      return jobs.data.length > 0 && jobs.data
    })
    assert.match(waits[0].waitsFor, /needs the labels gpu region:eu/)
    start('plain', ['--label', 'gpu'])
    const runners = await until('the plain one is there', 60_000, async () => {
      const listed = await admin.call('GET', 'runners')
      return listed.data[0]?.labels.length > 0 && listed.data
    })
    assert.deepEqual(runners[0].labels, ['gpu'])
    const still = await admin.call('GET', 'jobs/waiting?jobType=video-encode&count=10')
    assert.match(still.data[0].waitsFor, /needs the labels/)
    start('able', ['--label', 'region:eu', '--label', 'gpu'])
    await admin.processed(uuid)
  } finally {
    await choosy.stop()
  }
})

test('a worker that may drain ends what it has begun and takes nothing new', async () => {
  const words = ['--token', token, '--concurrency', '1', '--drain-timeout', '240']
  const worker = startWorker('drained', words)
  const { uuid } = await api.upload(clip('mpeg4'), { name: 'Drained' })
  const [{ uuid: job }] = await untilRunning(uuid, 1)
  assert.equal(await worker.end('SIGTERM'), 0)
  const jobs = await segmentJobs(uuid)
  assert.equal(jobs.find((one) => one.uuid === job).state.label, 'Completed')
  assert.equal(jobs.filter(({ state }) => state.id === processing).length, 0)
  assert.ok(jobs.some(({ state }) => state.label === 'Pending'), 'another segment was there to take')
  runWorker(worker.data)
  await api.processed(uuid)
  await expectEachDoneOnce(uuid)
})

test('a worker that is told to stop gives its job back at once and knows its server later', async () => {
  const worker = startWorker('stopped')
  const { uuid } = await api.upload(clip('mpeg4'), { name: 'Given back' })
  const [{ uuid: job }] = await untilRunning(uuid, 1)
  assert.equal(await worker.end('SIGTERM'), 0)
  const given = (await segmentJobs(uuid)).find((one) => one.uuid === job)
  assert.equal(given.state.label, 'Pending')
  assert.equal(given.failures, 0)
  // Without a token: it is registered.
  runWorker(worker.data)
  await api.processed(uuid)
  await expectEachDoneOnce(uuid)
})

test('workers outlive a restart of their server', async () => {
  const file = clip('mpeg4')
  startWorker('patient', ['--token', token, '--concurrency', '2'])
  const { uuid } = await api.upload(file, { name: 'Interrupted' })
  await untilRunning(uuid, 2)
  await server.kill()
  await server.start()
  await checkPlayable(uuid, framesOf(file))
  await expectEachDoneOnce(uuid)
})

test('a result that is none is refused, and an honest worker does the work', async () => {
  const { uuid } = await api.upload(clip('short'), { name: 'Attacked' })
  const { runnerToken } = await api.call('POST', 'runners/register', {
    registrationToken: token,
    name: 'liar'
  })
  const jobs = await until('there is work', 60_000, async () => {
    const answer = { runnerToken, jobTypes: [segmentType] }
    const { availableJobs } = await api.call('POST', 'runners/jobs/request', answer)
    return availableJobs.length > 0 && availableJobs
  })
  const path = `runners/jobs/${jobs[0].uuid}`
  const { job } = await api.call('POST', `${path}/accept`, { runnerToken })
  await assert.rejects(api.call('POST', `${path}/accept`, { runnerToken }), /400 .*pending state/)
  const form = new FormData()
  form.append('runnerToken', runnerToken)
  form.append('jobToken', job.jobToken)
  for (const { resolution, video } of job.payload.plan.renditions) {
    if (video !== 2) continue
    form.append(`payload[videoFiles][${resolution}]`, new Blob(['#!/bin/sh\n']), 'piece.mp4')
  }
  await assert.rejects(api.call('POST', `${path}/success`, form), /400 .*The result was refused/)
  await assert.rejects(
    api.call('POST', `${path}/update`, { runnerToken, jobToken: job.jobToken }),
    /runner_job_not_in_processing_state/
  )
  startWorker('honest')
  await api.processed(uuid)
  await expectEachDoneOnce(uuid, jobs[0].uuid)
  const attacked = (await segmentJobs(uuid)).find((one) => one.uuid === jobs[0].uuid)
  assert.equal(attacked.failures, 1)
})

test('a worker that its server does not know, or no more, ends and says so', async () => {
  const stranger = startWorker('stranger', ['--token', 'ptrrt-00000000-0000-4000-8000-000000000000'])
  assert.equal(await stranger.ended, 1)
  assert.match(stranger.log(), /Registration token is invalid/)
  const worker = startWorker('removed')
  const known = await until('it is registered', 20_000, async () => {
    const { data } = await api.call('GET', 'runners?count=100')
    return data.find(({ name }) => name.startsWith('removed'))
  })
  await api.call('DELETE', `runners/${known.id}`)
  assert.equal(await worker.ended, 1)
  assert.match(worker.log(), /does not know this worker any more/)
})

const skip = isInstalled ? false : 'radosgw is not installed'
test('pieces and the source go between workers and the bucket itself', { skip }, async () => {
  const gateway = await startRadosgw()
  gateway.newBucket('media', '*')
  const other = await startServer({
    environment: {
      ...gateway.settings('media', { SERVE_PUBLIC: 'presigned', SERVE_PRIVATE: 'presigned' }),
      SHOAL__HOMES__RENDITIONS: 'media',
      SHOAL__HOMES__RUNNING: 'media',
      SHOAL__HOMES__ORIGINALS: 'media',
      SHOAL__HOMES__UPLOADS: 'media',
      SHOAL__TRANSCODING__CONCURRENCY: '0',
      SHOAL__TRANSCODING__RESOLUTIONS__144P: 'true'
    }
  })
  try {
    await until('it knows its bucket', 10_000, async () => (await fetch(`${other.url}/readyz`)).ok)
    const administrator = await new Api(other.url).login()
    const file = clip('mpeg4')
    const { uuid } = await administrator.upload(file, { name: 'Straight into the bucket' })
    const words = ['--token', await newToken(administrator)]
    const worker = runWorker(join(folder, 'straight'), words, other.url)
    await checkPlayable(uuid, framesOf(file), administrator)
    assert.doesNotMatch(worker.log(), /goes by the server/)
    const metrics = await (await fetch(`${other.url}/metrics`)).text()
    const asked = (what, status) => {
      const route = `/api/v1/runners/jobs/:jobUUID/${what}`
      const name = `shoal_http_requests_total{method="POST",route="${route}",status="${status}"} `
      const line = metrics.split('\n').find((text) => text.startsWith(name))
      return line ? Number(line.slice(name.length)) : 0
    }
    const jobs = await segmentJobs(uuid, administrator)
    assert.ok(jobs.length > 0)
    assert.equal(asked('result-urls', 200), jobs.length)
    assert.equal(asked('success', 204), jobs.length)
    assert.equal(asked('files/videos/:videoId/max-quality', 303), 1)
  } finally {
    for (const worker of workers.splice(0)) await worker.end('SIGKILL')
    await other.stop()
    await gateway.stop()
  }
})
