import { decode } from '@auth/core/jwt'
import { decode as decode4 } from 'next-auth/jwt'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import type { OidcServer } from '../oidc/oidc-server.ts'
import { sessionCookies } from '../../src/integrations/next/session-cookie.ts'
import { SECRET, type App } from './next-start.ts'

/** What a route handler of the example answers. */
interface Profile {
  readonly name?: string
  readonly trouble?: string
}

/** The token in the session cookie. */
export interface CookieToken {
  readonly access_token: string
  readonly refresh_token: string
  readonly grant?: string
}

/** What a sign-in form asks for, by the name of the field. */
export type Form = Readonly<Record<string, string>>

/** Somebody with a browser profile of their own, and one tab. */
export interface Visitor {
  readonly app: App
  readonly context: BrowserContext
  readonly page: Page
  /** The number of their grant at the authorization server. */
  readonly grant: number
  /** Opens a page in the tab, with all that it loads, and says what its heading is. */
  open(path: string): Promise<string>
  /** Asks route handlers from the page in the tab, at the same time. */
  ask(paths: readonly string[]): Promise<string[]>
  /** The `Cookie` header of the session. */
  cookie(): Promise<string>
  /** The same one in another tab. */
  in(tab: Page): Visitor
  token(): Promise<CookieToken | undefined>
  close(): Promise<void>
}

const { has, sessionIn } = sessionCookies()

export async function visitor(
  browser: Browser,
  server: OidcServer,
  app: App,
  form?: Form,
): Promise<Visitor> {
  const context = await browser.newContext()
  const page = await context.newPage()
  await signIn(page, app, form)
  const { live, dead } = server.counts().grants
  return visitorIn(context, page, app, live + dead)
}

/** Signs in at a tab, as a new user or as the form says. */
export async function signIn(page: Page, app: App, form: Form = {}): Promise<void> {
  await tryToSignIn(page, app, form)
  await page.getByRole('heading', { name: 'Hello, ' }).waitFor()
  await page.waitForLoadState('networkidle')
}

export async function tryToSignIn(page: Page, app: App, form: Form): Promise<void> {
  await page.goto(app.origin)
  await page.getByRole('button', { name: 'Sign in' }).click()
  for (const [name, value] of Object.entries(form)) {
    await page.locator(`input[name=${name}]`).fill(value)
  }
  await page.getByRole('button', { name: 'Sign in with ' }).click()
}

/** Whoever sits at a browser profile that is there already. */
export function visitorIn(context: BrowserContext, page: Page, app: App, grant: number): Visitor {
  const cookie = async (): Promise<string> => {
    const all = await context.cookies(app.origin)
    const session = all.filter(({ name }) => has(name))
    return session.map(({ name, value }) => `${name}=${value}`).join('; ')
  }
  return {
    app,
    context,
    page,
    grant,
    async open(path) {
      await page.goto(app.origin + path)
      const heading = await page.getByRole('heading').innerText()
      await page.waitForLoadState('networkidle')
      return heading
    },
    async ask(paths) {
      const answers = await page.evaluate(
        (all) => Promise.all(all.map(async (path) => (await fetch(path)).json())),
        paths,
      )
      return (answers as Profile[]).map(shown)
    },
    cookie,
    in: (tab) => visitorIn(context, tab, app, grant),
    async token() {
      const { name: salt, value: token } = sessionIn(await cookie()) ?? {}
      if (salt === undefined || token === undefined) return undefined
      const isFour = salt.startsWith('next-auth')
      const params = { token, secret: SECRET }
      const found = await (isFour ? decode4(params) : decode<CookieToken>({ ...params, salt }))
      return (found ?? undefined) as CookieToken | undefined
    },
    close: () => context.close(),
  }
}

/** Asks route handlers at the same time with the cookie as it is; new ones are dropped. */
export async function together(who: Visitor, paths: readonly string[]): Promise<string[]> {
  const cookie = await who.cookie()
  const answers = paths.map(async (path) => {
    const answer = await fetch(who.app.origin + path, { headers: { cookie } })
    return shown((await answer.json()) as Profile)
  })
  return Promise.all(answers)
}

function shown({ name, trouble }: Profile): string {
  return name ?? `No name: ${trouble}`
}
