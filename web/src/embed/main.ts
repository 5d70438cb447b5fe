import { mount } from 'svelte'
import { startI18n } from '../i18n/index.svelte'
import '../styles/base.css'
import './embed.css'
import Embed from './Embed.svelte'

await startI18n().catch(() => {}) // English stays when another language cannot be fetched.
const target = document.getElementById('app')
if (target) mount(Embed, { target })
