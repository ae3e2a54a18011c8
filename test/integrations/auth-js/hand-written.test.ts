import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { startOidcServer } from '../../../src/testing/oidc-server.ts'
import { startApp } from './app.ts'
import { browser } from './browser.ts'
import { authJs5, nextAuth4Handler } from './frameworks.ts'
import { guideCallbacks } from './guide.ts'
import { atOnce, HOUR_MS } from './stage.ts'

const REQUESTS = 20

// Without this the tests of ours would prove nothing: here the same requests lose the grant.
describe.each([authJs5, nextAuth4Handler])('the callbacks of the guide in $name', (framework) => {
  it('lose the grant at the first expiry, and the session at the second', async () => {
    vi.spyOn(console, 'error').mockImplementation(() => {})
    vi.useFakeTimers({ toFake: ['Date'] })
    onTestFinished(() => void vi.useRealTimers())
    const app = await startApp()
    const server = await startOidcServer({
      accessTokenMs: HOUR_MS,
      redirectUris: [`${app.origin}/api/auth/callback/oidc`],
    })
    onTestFinished(async () => void (await Promise.all([app.stop(), server.stop()])))
    app.handler = framework.handler({
      issuer: server.issuer,
      client: 'post',
      callbacks: guideCallbacks(server.tokenEndpoint, server.clients.post),
      onError: () => {},
    })
    const user = browser(app.origin)
    await user.signIn()
    expect(await user.session()).not.toHaveProperty('error')

    vi.setSystemTime(Date.parse(new Date(vi.getMockedSystemTime()!).toISOString()) + HOUR_MS)
    await atOnce(REQUESTS, () => user.session())
    vi.setSystemTime(Date.parse(new Date(vi.getMockedSystemTime()!).toISOString()) + HOUR_MS)
    const last = await user.session()

    expect(server.counts().reuses).toBeGreaterThan(0)
    expect(server.counts()).toMatchObject({ presentedTwice: 1, grants: { live: 0, dead: 1 } })
    expect(last).toMatchObject({ error: 'RefreshTokenError' })
  })
})
