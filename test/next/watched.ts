import type { BrowserContext, Page } from 'playwright-core'

/** What the tabs of a browser were told, and did. */
export interface Watched {
  /** How often the notice came up, by tab. */
  readonly notices: ReadonlyMap<Page, number>
  /** How often somebody was signed out. */
  signOuts(): number
  /** Lets time pass in all tabs, milliseconds. */
  pass(ms: number): Promise<void>
}

export const NOTICE = 'Your session has ended.'

/** Of the pages that are opened from now on. */
export async function watched(context: BrowserContext): Promise<Watched> {
  const notices = new Map<Page, number>()
  let signOuts = 0
  context.on('request', (request) => {
    const isSignOut = request.method() === 'POST' && request.url().endsWith('/api/auth/signout')
    if (isSignOut) signOuts += 1
  })
  await context.exposeBinding('told', ({ page }) => {
    notices.set(page, (notices.get(page) ?? 0) + 1)
  })
  await context.addInitScript((notice) => {
    let isShown = false
    const look = (): void => {
      const isThere = document.body?.innerText.includes(notice) ?? false
      if (isThere && !isShown) void (globalThis as unknown as { told(): Promise<void> }).told()
      isShown = isThere
    }
    new MutationObserver(look).observe(document, { childList: true, subtree: true })
  }, NOTICE)
  await context.clock.install()
  return { notices, signOuts: () => signOuts, pass: (ms) => context.clock.fastForward(ms) }
}
