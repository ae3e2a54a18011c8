import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { startOidcServer, type ClientId } from '../../oidc/oidc-server.ts'
import { LOGTO, OIDC, SPOTIFY, SPOTIFY_REPLACING, type Product } from '../../providers/products.ts'
import { DAY_MS } from '../../providers/timed-world.ts'
import { startApp } from './app.ts'
import { browser } from './browser.ts'
import { authJs5, nextAuth4Handler, type Framework } from './frameworks.ts'
import { guideCallbacks, type CopyOptions } from './guide.ts'
import { atOnce, HOUR_MS } from './stage.ts'

const REQUESTS = 20

interface Copy extends CopyOptions {
  readonly name: string
  readonly product: Product
  readonly client: ClientId
  /** The one at which the grant or the token is lost, milliseconds after the last. */
  readonly expiryMs: number
}

/** Where a token that was replaced comes again, and the server ends the grant for it. */
const REUSED: readonly Copy[] = [
  { name: 'any server', product: OIDC, client: 'post', expiryMs: HOUR_MS },
  { name: 'Logto, public', product: LOGTO, client: 'public', expiryMs: HOUR_MS },
  { name: 'Logto, confidential', product: LOGTO, client: 'post', expiryMs: 10 * DAY_MS },
  { name: 'Spotify, PKCE', product: SPOTIFY_REPLACING, client: 'public', expiryMs: HOUR_MS },
]

/** Where a token that is kept is not sent again, and the callback takes that for none. */
const DROPPED: readonly Copy[] = (['public', 'post'] as const).map((client) => ({
  name: `Spotify, ${client}`,
  product: SPOTIFY,
  client,
  expiryMs: HOUR_MS,
  fallsBack: false,
}))

/** Signs in, crosses an expiry with many requests, and the next one with one. */
async function crossed(framework: Framework, { product, client, expiryMs, ...copy }: Copy) {
  vi.spyOn(console, 'error').mockImplementation(() => {})
  vi.useFakeTimers({ toFake: ['Date'] })
  onTestFinished(() => void vi.useRealTimers())
  const app = await startApp()
  const server = await startOidcServer({
    accessTokenMs: HOUR_MS,
    ...product.server,
    redirectUris: [`${app.origin}/api/auth/callback/oidc`],
  })
  onTestFinished(async () => void (await Promise.all([app.stop(), server.stop()])))
  app.handler = framework.handler({
    issuer: server.issuer,
    client,
    callbacks: guideCallbacks(server.tokenEndpoint, server.clients[client], copy),
    onError: () => {},
  })
  const user = browser(app.origin)
  await user.signIn()
  expect(await user.session()).not.toHaveProperty('error')

  vi.advanceTimersByTime(expiryMs)
  await atOnce(REQUESTS, () => user.session())
  vi.advanceTimersByTime(HOUR_MS)
  return { server, last: await user.session() }
}

// Without this the tests of ours would prove nothing: here the same requests lose the grant.
describe.each([authJs5, nextAuth4Handler])('hand-written callbacks in $name', (framework) => {
  it.each(REUSED)(
    'as the guide has them lose the grant at an expiry, and the session at the next: $name',
    async (copy) => {
      const { server, last } = await crossed(framework, copy)

      expect(server.counts().reuses).toBeGreaterThan(0)
      expect(server.counts()).toMatchObject({ presentedTwice: 1, grants: { live: 0, dead: 1 } })
      expect(last).toMatchObject({ error: 'RefreshTokenError' })
    },
  )

  it.each(DROPPED)(
    'as tutorials have them lose the token at an expiry, and the session at the next: $name',
    async (copy) => {
      const { server, last } = await crossed(framework, copy)

      expect(server.counts()).toMatchObject({ presentations: REQUESTS, presentedTokens: 1 })
      expect(last).toBeNull()
    },
  )
})
