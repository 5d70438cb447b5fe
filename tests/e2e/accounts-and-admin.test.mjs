// Signing up, logging in, and what an administrator does.
import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { closePage, login, openPage, realVideo } from './support/browser.mjs'
import { clip } from './support/clips.mjs'
import { api, browser, server } from './support/fixture.mjs'
import { rootPassword } from './support/server.mjs'

test('a wrong password says so and a right one leads back to the page one came from', async () => {
  const page = await openPage(browser, server)
  await page.goto('/upload')
  await page.getByRole('main').getByRole('link', { name: 'Log in' }).click()
  await page.getByLabel('User name or e-mail').fill('root')
  await page.getByLabel('Password', { exact: true }).fill('not the password')
  await page.getByRole('main').getByRole('button', { name: 'Log in' }).click()
  await page.getByText('User name and password do not match.').waitFor()
  await page.getByLabel('Password', { exact: true }).fill(rootPassword)
  await page.getByRole('main').getByRole('button', { name: 'Log in' }).click()
  await page.waitForURL('**/upload')
  await page.getByText('Drop videos here').waitFor()
  await closePage(page)
})

test('the administrator opens registration, and somebody signs up and logs out', async () => {
  const admin = await openPage(browser, server, { session: api.session })
  await admin.goto('/admin/configuration')
  await admin.getByLabel('Name', { exact: true }).fill('Meadow TV')
  await admin.getByLabel('Anybody may sign up').check()
  await admin.getByLabel('An administrator approves each account').uncheck()
  await admin.getByRole('button', { name: 'Save' }).click()
  await admin.getByText('The configuration is saved and applies now.').waitFor()
  await closePage(admin)

  const page = await openPage(browser, server)
  await page.goto('/')
  await page.getByRole('link', { name: 'Meadow TV' }).waitFor()
  await page.goto('/signup')
  await page.getByLabel('User name').fill('clover')
  await page.getByLabel('E-mail').fill('clover@example.org')
  await page.getByLabel('Password', { exact: true }).fill('clover-password')
  await page.getByRole('button', { name: 'Sign up' }).click()
  await page.getByRole('button', { name: 'Your account: clover' }).click()
  await page.getByRole('button', { name: 'Log out' }).click()
  await page.getByRole('banner').getByRole('link', { name: 'Log in' }).waitFor()
  await closePage(page)
})

test('users are created, given a role and a quota, blocked, unblocked and deleted', async () => {
  const page = await openPage(browser, server, { session: api.session })
  await page.goto('/admin/users')
  await page.getByRole('button', { name: 'Create user' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel('User', { exact: true }).fill('daisy')
  await dialog.getByLabel('E-mail').fill('daisy@example.org')
  await dialog.getByLabel('Password').first().fill('daisy-password')
  await dialog.getByLabel('Quota', { exact: true }).fill('2.5')
  await dialog.getByRole('button', { name: 'Create user' }).click()
  const row = page.getByRole('row').filter({ hasText: 'daisy@example.org' })
  await row.getByText('of 2.5 GB').waitFor()

  await row.getByRole('button', { name: 'Edit daisy' }).click()
  await dialog.getByLabel('Role').selectOption({ label: 'Moderator' })
  await dialog.getByRole('button', { name: 'Save' }).click()
  await row.getByText('Moderator').waitFor()

  await row.getByRole('button', { name: 'Block daisy' }).click()
  await dialog.getByLabel(/^Reason/).fill('weeds')
  await dialog.getByRole('button', { name: 'Block' }).click()
  await row.getByText('Blocked').waitFor()
  const blocked = await openPage(browser, server)
  await blocked.goto('/login')
  await blocked.getByLabel('User name or e-mail').fill('daisy')
  await blocked.getByLabel('Password', { exact: true }).fill('daisy-password')
  await blocked.getByRole('main').getByRole('button', { name: 'Log in' }).click()
  await blocked.getByRole('alert').waitFor()
  await closePage(blocked)
  await row.getByRole('button', { name: 'Unblock daisy' }).click()
  await row.getByText('Active').waitFor()

  await row.getByRole('button', { name: 'Delete: daisy' }).click()
  await dialog.getByRole('button', { name: 'Delete' }).click()
  await row.waitFor({ state: 'detached' })
  await closePage(page)
})

test('the overview is live, and jobs tell their story', async () => {
  await api.upload(clip('short'), { name: 'Something to do' })
  const page = await openPage(browser, server, { session: api.session })
  await page.goto('/admin/overview')
  await page.getByRole('img', { name: /^Processor/ }).waitFor()
  const polled = await page.waitForResponse((answer) => answer.url().endsWith('/admin/overview'))
  const overview = await polled.json()
  assert.ok(overview.memory.residentBytes > 1_000_000)
  assert.ok(overview.disk.totalBytes >= overview.disk.freeBytes)
  await page.locator('canvas').first().waitFor()

  await page.getByRole('link', { name: 'Jobs' }).first().click()
  await page
    .getByRole('button', { name: /^Show details/ })
    .first()
    .click()
  await page.getByText('Created', { exact: true }).last().waitFor()
  await page
    .getByRole('navigation', { name: 'State' })
    .getByRole('link', { name: 'Failed' })
    .click()
  await page.getByText('No jobs in this state.').waitFor()

  await page.getByRole('link', { name: 'Videos' }).click()
  await page.getByRole('row').filter({ hasText: 'Something to do' }).waitFor()
  await closePage(page)
})

test('an administrator has a video processed again that failed', async () => {
  const broken = join(mkdtempSync(join(tmpdir(), 'shoal-clip-')), 'broken.mp4')
  // The index of this kind of file is at its end: without it, nothing can be read.
  writeFileSync(broken, readFileSync(realVideo).subarray(0, 200_000))
  const { uuid, shortUUID } = await api.upload(broken, { name: 'Cut off' })
  await api.processed(uuid)
  const page = await openPage(browser, server, { session: api.session })
  await page.goto('/admin/videos')
  const row = page.getByRole('row').filter({ hasText: 'Cut off' })
  await row.getByText('Processing failed').waitFor()
  await row.getByRole('button', { name: 'Process again' }).click()
  await page.getByText('“Cut off” is processed again.').waitFor()
  await api.processed(uuid)
  await page.goto(`/w/${shortUUID}`)
  await page.getByText('This video could not be processed').first().waitFor()
  await page.getByText(/^Nothing of it can be played.*Reason: /).waitFor()
  const asked = page.waitForResponse((answer) => answer.url().endsWith('/transcoding'))
  await page.getByRole('button', { name: 'Process again' }).click()
  assert.equal((await asked).status(), 204)
  await closePage(page)
  rmSync(dirname(broken), { recursive: true })
})

test('the administration is closed to everybody else', async () => {
  const page = await openPage(browser, server)
  await login(page, 'clover', 'clover-password')
  await page.goto('/admin/users')
  await page.getByText('Your account has no access to this page.').waitFor()
  await closePage(page)
})
