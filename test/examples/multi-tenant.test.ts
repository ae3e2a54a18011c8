import { describe, expect, it, onTestFinished } from 'vitest'
import { tenantRefreshers } from '../../docs/examples/multi-tenant/tenants.ts'
import type { Tenant } from '../../docs/examples/multi-tenant/tenants.ts'
import type { TokenSet } from '../../src/index.ts'
import { memoryStore } from '../../src/stores/memory.ts'
import { startOidcServer, tokenSetOf } from '../oidc/oidc-server.ts'
import { handClock } from '../runtime/clock.ts'

const HOUR_MS = 3_600_000

let names = 0

async function world() {
  const clock = handClock()
  const [acme, evil] = [
    await startOidcServer({ accessTokenMs: HOUR_MS }),
    await startOidcServer({ accessTokenMs: HOUR_MS }),
  ]
  onTestFinished(async () => {
    await Promise.all([acme.stop(), evil.stop()])
  })
  const tenants = new Map<string, Tenant>()
  for (const [id, server] of Object.entries({ acme, evil })) {
    tenants.set(id, { id, issuer: server.issuer, clientId: server.clients.public.id })
  }
  let asked = 0
  const refreshers = tenantRefreshers({
    store: memoryStore({ name: `tenants-${(names += 1)}`, clock }),
    clock,
    onEvent: () => {},
    async find(id) {
      asked += 1
      return tenants.get(id)
    },
  })
  const signIn = async (server: typeof acme): Promise<TokenSet> =>
    tokenSetOf(await server.signIn(), clock)
  return { acme, evil, refreshers, tenants, clock, signIn, asked: () => asked }
}

describe('docs/examples/multi-tenant', () => {
  it('renews each set at its own tenant’s authorization server', async () => {
    const { acme, evil, refreshers, clock, signIn, asked } = await world()
    const sets = { acme: await signIn(acme), evil: await signIn(evil) }
    clock.advance(HOUR_MS)

    const outcomes = await Promise.all(
      (['acme', 'evil', 'acme', 'evil'] as const).map(async (id) =>
        (await refreshers.of(id)).refresh(sets[id]),
      ),
    )

    for (const outcome of outcomes) expect(outcome).toMatchObject({ state: 'rotated' })
    expect(await acme.isLive(outcomes[0]!.accessToken!)).toBe(true)
    expect(await evil.isLive(outcomes[1]!.accessToken!)).toBe(true)
    expect([acme.counts().presentations, evil.counts().presentations]).toEqual([1, 1])
    expect(asked()).toBe(2)
  })

  it('sends no tenant’s refresh token to another', async () => {
    const { acme, evil, refreshers, clock, signIn } = await world()
    const own = await refreshers.of('acme')
    const first = await signIn(acme)
    clock.advance(HOUR_MS)
    const { tokens } = await own.refresh(first)
    clock.advance(HOUR_MS)

    const outcome = await (await refreshers.of('evil')).refresh(tokens)

    expect(outcome).toMatchObject({ usable: false, error: { code: 'provider_mismatch' } })
    expect(evil.counts().presentations).toBe(0)
    expect(await own.refresh(tokens)).toMatchObject({ state: 'rotated' })
  })

  it('remembers neither who is not there nor who was changed, and drains everybody', async () => {
    const { refreshers, tenants, clock, signIn, acme } = await world()
    const { id, ...rest } = tenants.get('acme')!

    await expect(refreshers.of('later')).rejects.toThrow('no such tenant')
    await expect(refreshers.of('__proto__')).rejects.toThrow('no such tenant')
    tenants.set('later', { ...rest, id: 'later' })
    const before = await refreshers.of('later')
    expect(await refreshers.of('later')).toBe(before)
    refreshers.forget('later')
    expect(await refreshers.of('later')).not.toBe(before)

    await refreshers.drain()
    const tokens = await signIn(acme)
    clock.advance(HOUR_MS)
    expect(id).toBe('acme')
    expect(await before.refresh(tokens)).toMatchObject({ error: { code: 'draining' } })
  })
})
