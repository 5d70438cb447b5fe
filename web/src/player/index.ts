export { PlayerController } from './controller.svelte'
export { speeds, withToken } from './logic'
export { default as Player } from './Player.svelte'
export type * from './types'
