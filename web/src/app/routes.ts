/** Each page is its own chunk; Home is in the first load because most visits start there. */
import Home from '../pages/Home.svelte'
import type { RouteDefinition } from './router.svelte'

const home = () => Promise.resolve({ default: Home })
const watch = () => import('../pages/Watch.svelte')
const channel = () => import('../pages/Channel.svelte')
const account = () => import('../pages/Account.svelte')
const upload = () => import('../pages/Upload.svelte')
const admin = () => import('../pages/admin/Admin.svelte')

const definitions: RouteDefinition[] = [
  { name: 'home', pattern: '/', load: home },
  { name: 'home', pattern: '/home', load: home },
  { name: 'home', pattern: '/videos/:list', load: home },
  { name: 'watch', pattern: '/w/:id', load: watch },
  { name: 'watch', pattern: '/videos/watch/:id', load: watch },
  { name: 'search', pattern: '/search', load: () => import('../pages/Search.svelte') },
  { name: 'channel', pattern: '/c/:name', load: channel },
  { name: 'channel', pattern: '/c/:name/:tab', load: channel },
  { name: 'channel', pattern: '/video-channels/:name', load: channel },
  { name: 'account', pattern: '/a/:name', load: account },
  { name: 'account', pattern: '/a/:name/:tab', load: account },
  { name: 'account', pattern: '/accounts/:name', load: account },
  { name: 'login', pattern: '/login', load: () => import('../pages/Login.svelte') },
  { name: 'signup', pattern: '/signup', load: () => import('../pages/Signup.svelte') },
  { name: 'upload', pattern: '/upload', load: upload },
  { name: 'upload', pattern: '/videos/upload', load: upload },
  {
    name: 'myVideos',
    pattern: '/my-library/videos',
    load: () => import('../pages/MyVideos.svelte')
  },
  {
    name: 'settings',
    pattern: '/my-account/settings',
    load: () => import('../pages/Settings.svelte')
  },
  {
    name: 'edit',
    pattern: '/videos/update/:id',
    load: () => import('../pages/Edit.svelte')
  },
  { name: 'admin', pattern: '/admin', load: admin },
  { name: 'admin', pattern: '/admin/:tab', load: admin }
]
export const routes = definitions.sort((a, b) => score(b.pattern) - score(a.pattern))

/** Fixed segments before parameters: /videos/upload wins over /videos/:list. */
function score(pattern: string): number {
  return pattern.split('/').reduce((sum, part) => sum + (part.startsWith(':') ? 0 : 1), 0)
}
