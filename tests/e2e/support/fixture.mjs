// A server, a browser and an administrator's session for one file of tests: importing this starts
// them before its tests and ends them after. What a file prepares in a `before` of its own comes later.
import { after, before } from 'node:test'
import { launch } from './browser.mjs'
import { Api, startServer } from './server.mjs'

export let server
export let browser
export let api

before(async () => {
  server = await startServer()
  browser = await launch()
  api = await new Api(server.url).login()
})
after(async () => {
  await browser?.close()
  await server?.stop()
})
