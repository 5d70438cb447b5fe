// A server, a browser and an administrator's session for one file of tests: importing this starts
// them, and they end with the file's tests.
import { after } from 'node:test'
import { launch } from './browser.mjs'
import { Api, startServer } from './server.mjs'

export const server = await startServer()
export const browser = await launch().catch(async (error) => {
  await server.stop()
  throw error
})
export const api = await new Api(server.url).login()

after(async () => {
  await browser.close()
  await server.stop()
})
