import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { App } from './next-start.ts'
import { BUILD_MS, stage, type Stage } from './stage.ts'
import { signIn, type Visitor } from './visitor.ts'
import { NOTICE, watched, type Watched } from './watched.ts'

const MINUTE_MS = 60_000

let world: Stage
let app: App

beforeAll(async () => {
  world = await stage({
    accessTokenMs: MINUTE_MS,
    apps: [{ callbacks: 'ours', client: 'public' }],
  })
  app = world.apps[0]!
}, BUILD_MS)
afterAll(() => world?.stop())

interface Scene extends Watched {
  readonly who: Visitor
  readonly tabs: readonly Page[]
  /** Resolves when all tabs show the notice, or none does. */
  until(isShown: boolean): Promise<unknown>
}

/** Three tabs of one session, whose grant the authorization server then revokes. */
async function revoked(): Promise<Scene> {
  const who = await world.visitor(app)
  const seen = await watched(who.context)
  const others = [await who.context.newPage(), await who.context.newPage()]
  const tabs = [who.page, ...others]
  for (const tab of tabs) expect(await who.in(tab).open('/')).toMatch(/^Hello, user-/)
  world.server.endGrant((await who.token())!.refresh_token)
  await world.expire(who)

  // One of them learns of it, and tells the others.
  expect(await who.open('/')).toBe('No name: sign in again')

  const until = (isShown: boolean) =>
    Promise.all(
      tabs.map((tab) => tab.getByText(NOTICE).waitFor({ state: isShown ? 'visible' : 'detached' })),
    )
  await until(true)
  return { ...seen, who, tabs, until }
}

/** Somebody signs in at a tab, as a new user. */
async function signInAgain({ who, tabs }: Scene): Promise<void> {
  await who.context.clearCookies({ domain: '127.0.0.1' })
  await signIn(tabs[1]!, app)
}

describe('useSessionGuard when the authorization server has revoked the grant', () => {
  it('tells every tab once, and signs out once when the time is over', async () => {
    const scene = await revoked()
    const { who, tabs, notices, signOuts, pass, until } = scene
    expect(signOuts()).toBe(0)

    // The rest of the minute passes in all tabs by itself.
    await pass(MINUTE_MS - 5_000)
    await until(false)

    expect(await who.cookie()).toBe('')
    expect(tabs.map((tab) => notices.get(tab))).toEqual([1, 1, 1])
    expect(signOuts()).toBe(1)
    await signInAgain(scene)
    await pass(5 * MINUTE_MS)
    for (const tab of tabs) expect(await who.in(tab).open('/')).toMatch(/^Hello, user-/)
    expect(tabs.map((tab) => notices.get(tab))).toEqual([1, 1, 1])
    expect(signOuts()).toBe(1)
    await who.close()
  })

  it('signs out at once, and once, when the user says so', async () => {
    const { who, tabs, signOuts, pass, until } = await revoked()

    await tabs[2]!.getByRole('alert').getByRole('button').click()
    await until(false)
    await pass(5 * MINUTE_MS)

    expect(await who.cookie()).toBe('')
    expect(signOuts()).toBe(1)
    await who.close()
  })

  it('lets whoever signs in meanwhile stay, in every tab', async () => {
    const scene = await revoked()
    const { who, tabs, notices, signOuts, pass, until } = scene

    await signInAgain(scene)
    await until(false)
    await pass(5 * MINUTE_MS)

    for (const tab of tabs) expect(await who.in(tab).open('/')).toMatch(/^Hello, user-/)
    expect(tabs.map((tab) => notices.get(tab))).toEqual([1, 1, 1])
    expect(signOuts()).toBe(0)
    await who.close()
  })
})
