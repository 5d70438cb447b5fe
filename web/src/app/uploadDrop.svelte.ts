/** Files dropped on any page go to the upload page. The queue itself loads only when needed. */
import { links, router } from './router.svelte'
import { me } from './session.svelte'

class UploadDrop {
  active = $state(false)
  private depth = 0

  enter(event: DragEvent): void {
    if (!carriesFiles(event)) return
    this.depth++
    this.active = true
  }
  over(event: DragEvent): void {
    if (carriesFiles(event)) event.preventDefault()
  }
  leave(event: DragEvent): void {
    if (!carriesFiles(event)) return
    this.depth = Math.max(0, this.depth - 1)
    this.active = this.depth > 0
  }
  drop(event: DragEvent): void {
    this.depth = 0
    this.active = false
    // A zone of its own (thumbnail, captions) has taken it already.
    if (event.defaultPrevented || !carriesFiles(event)) return
    event.preventDefault()
    const files = [...(event.dataTransfer?.files ?? [])]
    if (!me.user) return router.go(links.login(links.upload))
    if (files.length === 0) return
    void import('../upload/queue.svelte').then(({ queue }) => {
      queue.add(files)
      if (router.path !== links.upload) router.go(links.upload)
    })
  }
}

function carriesFiles(event: DragEvent): boolean {
  return event.dataTransfer?.types.includes('Files') ?? false
}

export const uploadDrop = new UploadDrop()
