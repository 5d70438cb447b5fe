// Ceph's gateway, by the script that the other tests start it with; it ends with this process.
import { spawn, spawnSync } from 'node:child_process'
import { createInterface } from 'node:readline'

const script = new URL('../../support/s3_servers/radosgw.sh', import.meta.url).pathname

export const isInstalled = spawnSync('sh', ['-c', 'command -v radosgw']).status === 0

export async function startRadosgw() {
  const child = spawn(script, { stdio: ['pipe', 'pipe', 'inherit'] })
  const exited = new Promise((resolve) => child.once('exit', resolve))
  const lines = createInterface({ input: child.stdout })
  const [word, endpoint, accessKey, secretKey] = await new Promise((resolve, reject) => {
    lines.once('line', (line) => resolve(line.split(' ')))
    void exited.then(() => reject(new Error('radosgw did not start')))
  })
  if (word !== 'ready') throw new Error(`radosgw said ${word}`)

  /** Signed by curl, whose signatures are none of ours. */
  const put = (path, body = '') => {
    const arguments_ = ['-sS', '--fail-with-body', '--noproxy', '*', '-X', 'PUT']
    arguments_.push('-H', 'x-amz-content-sha256: UNSIGNED-PAYLOAD', '--data-binary', '@-')
    arguments_.push('--aws-sigv4', 'aws:amz:us-east-1:s3', '--user', `${accessKey}:${secretKey}`)
    const done = spawnSync('curl', [...arguments_, `${endpoint}/${path}`], {
      input: body,
      encoding: 'utf8'
    })
    if (done.status !== 0) throw new Error(`PUT ${path}: ${done.stdout} ${done.stderr}`)
  }
  return {
    endpoint,
    accessKey,
    secretKey,
    /** Pages of `origin` may read what they are let; with `isPublic` anybody may read all of it. */
    newBucket(name, origin, isPublic = false) {
      put(name)
      const methods = ['GET', 'HEAD'].map((method) => `<AllowedMethod>${method}</AllowedMethod>`)
      put(
        `${name}?cors=`,
        `<CORSConfiguration><CORSRule><AllowedOrigin>${origin}</AllowedOrigin>${methods.join('')}` +
          '<AllowedHeader>Range</AllowedHeader></CORSRule></CORSConfiguration>'
      )
      if (!isPublic) return
      const Statement = [
        {
          Effect: 'Allow',
          Principal: '*',
          Action: 's3:GetObject',
          Resource: `arn:aws:s3:::${name}/*`
        }
      ]
      put(`${name}?policy=`, JSON.stringify({ Version: '2012-10-17', Statement }))
    },
    /** The environment of a store `name` in the bucket of that name. */
    settings(name, more = {}) {
      const prefix = `SHOAL__STORES__${name.toUpperCase()}__`
      const all = {
        TYPE: 's3',
        ENDPOINT: endpoint,
        BUCKET: name,
        FORCE_PATH_STYLE: 'true',
        UPLOAD_ACL__PUBLIC: 'none',
        UPLOAD_ACL__PRIVATE: 'none',
        CREDENTIALS__ACCESS_KEY_ID: accessKey,
        CREDENTIALS__SECRET_ACCESS_KEY: secretKey,
        ...more
      }
      return Object.fromEntries(Object.entries(all).map(([key, value]) => [prefix + key, value]))
    },
    async stop() {
      child.stdin.end()
      await exited
    }
  }
}
