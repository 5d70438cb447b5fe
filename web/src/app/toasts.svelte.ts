/** Short messages at the edge of the screen; announced politely. */
export interface Toast {
  id: number
  text: string
  tone: 'plain' | 'bad'
}
const lifetimeMs = 6000

class Toasts {
  items = $state<Toast[]>([])
  private next = 1

  show(text: string, tone: Toast['tone'] = 'plain'): void {
    const id = this.next++
    this.items = [...this.items.slice(-2), { id, text, tone }]
    setTimeout(() => this.dismiss(id), lifetimeMs)
  }
  dismiss(id: number): void {
    this.items = this.items.filter((item) => item.id !== id)
  }
}
export const toasts = new Toasts()
