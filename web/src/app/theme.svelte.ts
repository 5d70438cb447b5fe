/** Dark, light, or as the system says. */
export type ThemeChoice = 'auto' | 'dark' | 'light'
const storageKey = 'shoal.theme'

class Theme {
  choice = $state<ThemeChoice>('auto')

  start(): void {
    const stored = localStorage.getItem(storageKey)
    this.set(stored === 'dark' || stored === 'light' ? stored : 'auto')
  }
  set(choice: ThemeChoice): void {
    this.choice = choice
    if (choice === 'auto') {
      delete document.documentElement.dataset.theme
      localStorage.removeItem(storageKey)
    } else {
      document.documentElement.dataset.theme = choice
      localStorage.setItem(storageKey, choice)
    }
  }
}
export const theme = new Theme()
