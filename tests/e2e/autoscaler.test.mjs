// The autoscaler: a server that encodes nothing itself, and workers that come with the load and go.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { clip } from './support/clips.mjs'
import { Api, program, startServer, until } from './support/server.mjs'

const quick = {
  SHOAL__TRANSCODING__CONCURRENCY: '0',
  SHOAL__TRANSCODING__RESOLUTIONS__144P: 'true',
  SHOAL__AUTOSCALER__ENABLED: 'true',
  SHOAL__AUTOSCALER__MAX: '2',
  SHOAL__AUTOSCALER__INTERVAL: '1 second',
  SHOAL__AUTOSCALER__TARGET_WAIT: '5 seconds',
  SHOAL__AUTOSCALER__START_TIME: '1 second',
  SHOAL__AUTOSCALER__DOWN_WINDOW: '5 seconds',
  SHOAL__AUTOSCALER__WORKER__CONCURRENCY: '1'
}

let folder
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'shoal-autoscaler-'))
})
after(() => rmSync(folder, { recursive: true, force: true }))

/** The workers of a server, by their command lines. */
function workersOf(url) {
  const listed = spawnSync('ps', ['-eo', 'pid,stat,args']).stdout.toString().split('\n')
  return listed
    .map((line) => line.trim().split(/\s+/))
    .filter(([, stat, , command, option, server]) => {
      return (
        !stat?.startsWith('Z') && command === 'worker' && option === '--server' && server === url
      )
    })
    .map(([pid]) => Number(pid))
}
async function status(api) {
  const { enabled, data } = await api.call('GET', 'server/autoscaler')
  assert.equal(enabled, true)
  return data
}

test('workers come when videos wait, one that is killed is followed, and all go when none do', async () => {
  const server = await startServer({ environment: quick })
  try {
    const api = await new Api(server.url).login()
    assert.deepEqual(workersOf(server.url), [])
    const uploads = [await api.upload(clip('mpeg4'), { name: 'One' })]
    uploads.push(await api.upload(clip('mpeg4'), { name: 'Two' }))
    const both = await until('two workers run', 60_000, () => {
      const pids = workersOf(server.url)
      return pids.length === 2 ? pids : null
    })
    await until('one of them is at work', 60_000, async () => {
      const [now] = await status(api)
      return now?.workers.busy > 0
    })
    process.kill(both[0], 'SIGKILL')
    await until('another one runs', 60_000, () => {
      const pids = workersOf(server.url)
      return pids.length === 2 && !pids.includes(both[0])
    })
    for (const { uuid } of uploads) await api.processed(uuid, 420_000)
    const { data: jobs } = await api.call('GET', 'runners/jobs?count=100')
    assert.ok(jobs.every(({ state }) => state.label === 'Completed'))
    const killed = jobs.filter(({ failures }) => failures > 0)
    assert.ok(killed.length <= 1, 'one was killed')
    // What came in the last quarter of an hour is expected to come again, but not of these.
    for (const { uuid } of uploads) await api.call('DELETE', `videos/${uuid}`)
    await until('all workers are gone', 90_000, () => workersOf(server.url).length === 0)
    await until('the list of workers is empty again', 30_000, async () => {
      return (await api.call('GET', 'runners')).total === 0
    })
    const decisions = await status(api)
    assert.ok(decisions.some(({ workers }) => workers.started > 0))
    assert.ok(decisions.some(({ workers }) => workers.drained > 0))
    assert.ok(decisions.every(({ reasons }) => reasons.length > 0))
    const shown = spawnSync(program, ['autoscaler', 'status', '--data', server.data])
    assert.equal(shown.status, 0, String(shown.stderr))
    assert.match(String(shown.stdout), /workers {6}0 \(0 busy\), 0 wanted/)
  } finally {
    await server.stop()
  }
})

test('its workers give their jobs back and end with the server', async () => {
  const server = await startServer({
    environment: { ...quick, SHOAL__AUTOSCALER__MIN: '1' }
  })
  const api = await new Api(server.url).login()
  await until('the minimum runs', 60_000, () => workersOf(server.url).length === 1)
  await api.upload(clip('mpeg4'), { name: 'Begun' })
  await until('a worker is at work', 60_000, async () => (await status(api))[0]?.workers.busy > 0)
  await server.stop()
  assert.deepEqual(workersOf(server.url), [])
})

test('a script is asked and told, a dry run tells it nothing', async () => {
  const script = join(folder, 'scale.sh')
  const calls = join(folder, 'calls')
  writeFileSync(calls, '')
  writeFileSync(script, `#!/bin/sh\n[ "$1" = count ] && echo 0 || echo "$*" >> ${calls}\n`)
  chmodSync(script, 0o755)
  const environment = {
    ...quick,
    SHOAL__AUTOSCALER__DRIVER: 'exec',
    SHOAL__AUTOSCALER__EXEC__SCRIPT: script,
    SHOAL__AUTOSCALER__MIN: '2',
    SHOAL__AUTOSCALER__DRY_RUN: 'true'
  }
  const dry = await startServer({ environment })
  try {
    const api = await new Api(dry.url).login()
    const [now] = await until('it has decided', 30_000, async () => {
      const data = await status(api)
      return data.length > 0 ? data : null
    })
    assert.equal(now.dryRun, true)
    assert.equal(now.workers.started, 2)
    assert.equal(readFileSync(calls, 'utf8'), '')
  } finally {
    await dry.stop()
  }
  const real = await startServer({
    environment: { ...environment, SHOAL__AUTOSCALER__DRY_RUN: 'false' }
  })
  try {
    await until('the script is told', 30_000, () => readFileSync(calls, 'utf8') !== '')
    assert.match(readFileSync(calls, 'utf8'), /^(scale 2\n)+$/)
    const api = await new Api(real.url).login()
    writeFileSync(script, '#!/bin/sh\necho plenty\n')
    const failed = await until('the lie is told', 30_000, async () => {
      return (await status(api)).find(({ error }) => error !== null)
    })
    assert.match(failed.error, /printed 'plenty', which is no number/)
  } finally {
    await real.stop()
  }
})

test('a Deployment is scaled with the credentials of the pod', async () => {
  const credentials = join(folder, 'serviceaccount')
  mkdirSync(credentials)
  writeFileSync(join(credentials, 'token'), 'of-the-pod\n')
  writeFileSync(join(credentials, 'namespace'), 'media')
  const asked = []
  let replicas = 0
  const kubernetes = createServer((request, answer) => {
    let body = ''
    request.on('data', (bytes) => (body += bytes))
    request.on('end', () => {
      asked.push(`${request.method} ${request.url} ${request.headers.authorization} ${body}`)
      if (request.method === 'PATCH') replicas = JSON.parse(body).spec.replicas
      answer.setHeader('Content-Type', 'application/json')
      answer.end(JSON.stringify({ kind: 'Scale', spec: { replicas } }))
    })
  })
  await new Promise((resolve) => kubernetes.listen(0, '127.0.0.1', resolve))
  const server = await startServer({
    environment: {
      ...quick,
      SHOAL__AUTOSCALER__DRIVER: 'kubernetes',
      SHOAL__AUTOSCALER__MIN: '2',
      SHOAL__AUTOSCALER__KUBERNETES__API: `http://127.0.0.1:${kubernetes.address().port}/`,
      SHOAL__AUTOSCALER__KUBERNETES__DEPLOYMENT: 'encoders',
      SHOAL__AUTOSCALER__KUBERNETES__CREDENTIALS: credentials
    }
  })
  try {
    await until('two pods are asked for', 30_000, () => replicas === 2)
    const path = '/apis/apps/v1/namespaces/media/deployments/encoders/scale Bearer of-the-pod'
    assert.equal(asked[0], `GET ${path} `)
    assert.equal(asked[1], `PATCH ${path} {"spec":{"replicas":2}}`)
    const api = await new Api(server.url).login()
    await until(
      'they are counted',
      30_000,
      async () => (await status(api))[0]?.workers.active === 2
    )
  } finally {
    await server.stop()
    kubernetes.close()
  }
})
