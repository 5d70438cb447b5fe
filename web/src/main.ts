import { mount } from 'svelte'
import App from './app/App.svelte'
import { router } from './app/router.svelte'
import { me } from './app/session.svelte'
import { theme } from './app/theme.svelte'
import { startI18n } from './i18n/index.svelte'
import './styles/base.css'

theme.start()
router.start()
void me.start()
await startI18n().catch(() => {}) // English stays when another language cannot be fetched.
const target = document.getElementById('app')
if (target) mount(App, { target })
