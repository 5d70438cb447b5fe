// Every page: accessible in both themes and three widths, in both languages, with honest states.
import assert from 'node:assert/strict'
import { before, test } from 'node:test'
import { axeFindings, closePage, openPage } from './support/browser.mjs'
import { clip } from './support/clips.mjs'
import { api, browser, server } from './support/fixture.mjs'

const longName =
  'A title that goes on and on, as titles do when somebody has much to say about a meadow at dawn'
let video
let hidden
let locked

before(async () => {
  const { uuid } = await api.upload(clip('short'), { name: longName, category: 16 })
  video = await api.processed(uuid)
  hidden = await api.upload(clip('short'), { name: 'Hidden', privacy: 3 })
  locked = await api.upload(clip('short'), { name: 'Locked', privacy: 3 })
  await api.call('PUT', `videos/${locked.uuid}`, { privacy: 5, videoPasswords: ['open sesame'] })
})

const open = [
  '/',
  '/search?search=meadow',
  '/w/:video',
  '/c/:channel',
  '/a/root',
  '/login',
  '/signup',
  '/search',
  '/w/:hidden',
  '/w/:locked',
  '/nothing-here',
  '/videos/embed/:video'
]
const own = [
  '/upload',
  '/my-library/videos',
  '/my-account/settings',
  '/videos/update/:video',
  '/admin/overview',
  '/admin/users',
  '/admin/videos',
  '/admin/jobs',
  '/admin/storage',
  '/admin/cluster',
  '/admin/configuration'
]
const address = (path) =>
  path
    .replace(':video', video.shortUUID)
    .replace(':hidden', hidden.shortUUID)
    .replace(':locked', locked.shortUUID)
    .replace(':channel', video.channel.name)

for (const [theme, width] of [
  ['light', 390],
  ['dark', 820],
  ['light', 1440]
]) {
  test(`axe finds nothing serious: ${theme}, ${width} px`, async () => {
    const page = await openPage(browser, server, {
      session: api.session,
      colorScheme: theme,
      viewport: { width, height: 900 }
    })
    for (const path of [...open, ...own]) {
      await page.goto(address(path))
      await page.waitForLoadState('networkidle').catch(() => {})
      await page.locator('main').waitFor()
      assert.deepEqual(await axeFindings(page), [], `${path} at ${width} px`)
      const overflow = await page.evaluate(
        () => document.documentElement.scrollWidth - document.documentElement.clientWidth
      )
      assert.ok(overflow <= 0, `${path} scrolls sideways by ${overflow} px at ${width} px`)
      const cut = await page
        .locator('.table-wrap')
        .evaluateAll((all) => all.map((table) => table.scrollWidth - table.clientWidth))
      assert.ok(Math.max(0, ...cut) === 0, `the table of ${path} is cut at ${width} px`)
    }
    await closePage(page)
  })
}

test('axe finds nothing serious in what opens on a page', async () => {
  const page = await openPage(browser, server, { session: api.session, colorScheme: 'dark' })
  const opened = async (what, shown) => {
    await shown.waitFor()
    assert.deepEqual(await axeFindings(page), [], what)
    await page.keyboard.press('Escape')
    await shown.waitFor({ state: 'hidden' })
  }
  const button = (name) => page.getByRole('button', { name })
  const dialog = page.getByRole('dialog')
  await page.goto(address('/w/:video'))
  await page.getByRole('heading', { level: 1, name: longName }).waitFor()
  await page.getByRole('slider', { name: 'Seek' }).waitFor()
  for (const name of [/^Speed/, /^Quality/]) {
    await button(name).focus()
    await page.keyboard.press('Enter')
    await opened(`menu ${name}`, page.getByRole('menu'))
  }
  for (const name of ['Share', 'Download']) {
    await button(name).click()
    await opened(name, dialog)
  }
  await button(/^Your account/).click()
  await opened('account menu', page.getByRole('link', { name: 'My videos' }))
  await page.goto('/admin/users')
  await button('Create user').click()
  await opened('user dialog', dialog)
  await page.goto('/my-library/videos')
  await button('Delete: Hidden').click()
  await opened('delete dialog', dialog)
  await page.goto('/admin/jobs')
  await button(/^Show details/)
    .first()
    .click()
  assert.deepEqual(await axeFindings(page), [], 'an open job')
  await page.goto('/upload')
  await page.getByTestId('upload-input').setInputFiles(clip('short'))
  await page.getByTestId('upload-status').getByText('Uploaded').waitFor()
  assert.deepEqual(await axeFindings(page), [], 'a finished upload')
  await closePage(page)
})

test('the pages speak Chinese to who reads Chinese, and remember another choice', async () => {
  const page = await openPage(browser, server, { locale: 'zh-CN' })
  await page.goto('/')
  await page.getByRole('link', { name: '最新发布' }).waitFor()
  assert.equal(await page.evaluate(() => document.documentElement.lang), 'zh-CN')
  await page.getByRole('button', { name: '设置' }).click()
  await page.getByRole('radio', { name: 'English' }).check()
  await page.getByRole('link', { name: 'Recently added' }).waitFor()
  await page.reload()
  await page.getByRole('link', { name: 'Recently added' }).waitFor()
  await closePage(page)
})

test('search finds parts of words and typos, and says honestly when it finds nothing', async () => {
  const page = await openPage(browser, server)
  await page.goto('/')
  await page.getByRole('searchbox').waitFor()
  await page.keyboard.press('/')
  await page.keyboard.type('meadwo')
  await page.keyboard.press('Enter')
  await page.getByRole('heading', { level: 2, name: longName }).waitFor()
  await page.goto('/search?search=zebracrossing')
  await page.getByText('Nothing found for “zebracrossing”').waitFor()
  await closePage(page)
})

test('a lost server is said plainly and the page comes back when asked', async () => {
  const page = await openPage(browser, server)
  await page.goto('/login')
  await page.route('**/api/v1/videos?**', (route) => route.abort())
  await page.getByRole('link', { name: /Home$/ }).click()
  await page.getByText('The server cannot be reached').waitFor()
  await page.unroute('**/api/v1/videos?**')
  await page.getByRole('button', { name: 'Try again' }).click()
  await page.getByRole('heading', { level: 2, name: longName }).waitFor()
  await closePage(page)
})

test('names are shown as written and descriptions as Markdown, neither is run', async () => {
  const hostile = '<img src=x onerror="window.hacked=1">'
  const { uuid, shortUUID } = await api.upload(clip('short'), {
    name: hostile,
    description: `${hostile}\n\n**bold** [site](https://example.org/) [bad](javascript:window.hacked=1)`
  })
  const page = await openPage(browser, server)
  await page.goto(`/w/${shortUUID}`)
  await page.getByRole('heading', { level: 1, name: hostile }).waitFor()
  await page.locator('strong', { hasText: /^bold$/ }).waitFor()
  await page.getByText(hostile).nth(1).waitFor()
  const site = page.getByRole('link', { name: 'site', exact: true })
  assert.equal(await site.getAttribute('href'), 'https://example.org/')
  assert.equal(await page.getByRole('link', { name: 'bad', exact: true }).count(), 0)
  await page.getByText('bad', { exact: true }).click()
  assert.equal(await page.evaluate(() => window.hacked), undefined)
  await closePage(page)
  await api.call('DELETE', `videos/${uuid}`)
})

test('nothing moves while the home page loads, and the player is not part of it', async () => {
  const page = await openPage(browser, server)
  const scripts = []
  page.on('response', (answer) => {
    if (answer.url().endsWith('.js')) scripts.push(answer.url().split('/').at(-1))
  })
  await page.addInitScript(() => {
    window.shift = 0
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) window.shift += entry.value
    }).observe({ type: 'layout-shift', buffered: true })
  })
  await page.goto('/')
  await page.getByRole('heading', { level: 2, name: longName }).waitFor()
  await page.waitForLoadState('networkidle')
  const shift = await page.evaluate(() => window.shift)
  assert.ok(shift < 0.02, `layout shift ${shift}`)
  assert.deepEqual(
    scripts.filter((name) => name.startsWith('player')),
    []
  )
  await closePage(page)
})
