import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { oidc } from '../../../providers/oidc.ts'
import { systemClock } from '../../../src/core/clock.ts'
import { createRefresher } from '../../../src/index.ts'
import type { TokenSet } from '../../../src/index.ts'
import { pageInspector } from '../../../src/inspect/index.ts'
import { pageFile } from '../../../src/inspect/page/files.ts'
import { startPageServer } from '../../../src/inspect/server.ts'
import type { PageServer, PageServerOptions } from '../../../src/inspect/server.ts'
import { memoryStore } from '../../../src/stores/memory.ts'
import { startOidcServer, tokenSetOf } from '../../oidc/oidc-server.ts'
import type { OidcServer } from '../../oidc/oidc-server.ts'
import { startChromium } from '../../servers/chromium.ts'
import { builtPage } from './built.ts'
import type { MemberSetup } from './member.ts'

/** Past the life of an access token, milliseconds. */
export const OVER_MS = 61_000

/** By it every token set is due at once. */
const late = { ...systemClock, now: () => systemClock.now() + OVER_MS }

export interface Stage extends AsyncDisposable {
  readonly authorization: OidcServer
  readonly browser: Browser
  /** The page's server; another one once it was started again. */
  readonly server: PageServer
  /** Another server at the same address, which has seen nothing. */
  restart(): Promise<void>
  /** A token set whose access token is over for `late` clocks. */
  signIn(): Promise<TokenSet>
  /** All tokens that were handed out at sign-in, or came of them. */
  readonly secrets: readonly string[]
  /** A refresher in this process that the page looks at. Answers with how a call ended. */
  refresher(label: string): (tokens: TokenSet) => Promise<string>
}

/** A real authorization server, a real browser, and the page's own server. */
export async function startStage(): Promise<Stage> {
  const folder = await builtPage()
  const file: PageServerOptions['file'] = (path) => pageFile(path, folder)
  const authorization = await startOidcServer({ latency: { before: 60, after: 60 } })
  const browser = await startChromium()
  let server = await startPageServer({ file })
  const secrets: string[] = []
  const hide = (tokens: TokenSet): TokenSet => {
    const { accessToken, refreshToken, idToken, grant } = tokens
    secrets.push(
      ...[accessToken, refreshToken, idToken, grant].filter((text) => text !== undefined),
    )
    return tokens
  }
  return {
    secrets,
    authorization,
    browser,
    get server() {
      return server
    },
    async restart() {
      const { port, secret } = server.address
      await server.stop()
      server = await startPageServer({ file, port, secret })
    },
    signIn: async () => hide(tokenSetOf(await authorization.signIn())),
    refresher(label) {
      const refresher = createRefresher({
        provider: oidc({ issuer: authorization.issuer, rotation: 'always' }),
        client: authorization.clients.public,
        ledger: { store: memoryStore({ name: label }) },
        clock: late,
        onEvent() {},
        inspect: pageInspector({ url: server.address.url, process: label }),
      })
      return async (tokens) => {
        const outcome = await refresher.refresh(tokens)
        hide(outcome.tokens)
        return outcome.state
      }
    },
    async [Symbol.asyncDispose]() {
      await browser.close()
      await server.stop()
      await authorization[Symbol.asyncDispose]()
    },
  }
}

/** A browser window that looks at the page, and what it did there. */
export interface Look {
  readonly page: Page
  /** Addresses that were asked for. */
  readonly requests: string[]
  /** What broke: errors of scripts, and what the policy forbade. */
  readonly faults: string[]
}

export async function look(
  { browser, server }: Stage,
  options: BrowserContextOptions = {},
): Promise<Look> {
  const context = await browser.newContext({ viewport: { width: 1440, height: 1100 }, ...options })
  context.setDefaultTimeout(60_000)
  const page = await context.newPage()
  const [requests, faults]: [string[], string[]] = [[], []]
  context.on('request', (request) => requests.push(request.url()))
  page.on('pageerror', (error) => faults.push(String(error)))
  // A connection that is refused while the server is away is no fault, and said by the browser.
  page.on('console', (message) => {
    if (message.type() === 'error' && !message.text().includes('net::ERR_'))
      faults.push(message.text())
  })
  await page.goto(server.address.url)
  return { page, requests, faults }
}

/** Waits until an element says just this. */
export async function until({ page }: Look, selector: string, text: string): Promise<void> {
  await page.waitForFunction(
    ([at, wanted]) => document.querySelector(at!)?.textContent === wanted,
    [selector, text],
  )
}

/** What the counters say, by the ends of their ids. */
export function counted({ page }: Look): Promise<Record<string, string>> {
  return page
    .locator('dd')
    .evaluateAll((all) =>
      Object.fromEntries(
        all.map(({ id, textContent }) => [id.slice('count-'.length), textContent]),
      ),
    )
}

/** All that the list of renewals shows, but for what is selected. */
export function listed({ page }: Look): Promise<string> {
  return page.locator('#renewals').evaluate((list) => {
    const copy = list.cloneNode(true) as Element
    for (const head of copy.querySelectorAll('.playhead')) head.remove()
    for (const lane of copy.querySelectorAll('.lane')) lane.setAttribute('aria-pressed', '')
    return copy.innerHTML.replaceAll(/lane (?:selected)?/g, 'lane')
  })
}

/** A process of its own with callers who come at once. */
export interface Member {
  /** The states in which its calls ended. */
  storm(): Promise<readonly string[]>
  end(): void
}

export async function startMember(setup: MemberSetup): Promise<Member> {
  const child = fork(fileURLToPath(new URL('member.ts', import.meta.url)), {
    execArgv: ['--import', 'tsx'],
    env: { ...process.env, MEMBER: JSON.stringify(setup) },
  })
  await once(child, 'message')
  return {
    async storm() {
      const answered = once(child, 'message')
      child.send('go')
      return (await answered)[0] as string[]
    },
    end: () => void child.kill(),
  }
}
