import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { BACKENDS } from './backends.ts'
import type { MemberOutcome } from './fleet.ts'
import { backendOf, NEXT, scene, SHORT } from './scene.ts'

const TEN_MINUTES_MS = 600_000

describe.concurrent.each(BACKENDS)('hosts whose clocks differ by ten minutes, over %s', (kind) => {
  const backend = backendOf(kind)

  it('present each token once, and do not refresh all the time', async () => {
    const lifetimeMs = 4_000
    await using stage = await scene(backend(), SHORT, { accessTokenMs: lifetimeMs })
    const { server, signIn, member } = stage
    const hosts = await Promise.all(
      [-TEN_MINUTES_MS, 0, TEN_MINUTES_MS].map((skewMs) => member({ skewMs })),
    )
    const held = hosts.map((): MemberOutcome | undefined => undefined)
    const first = await signIn()
    const beganAt = performance.now()

    while (performance.now() - beganAt < 3 * lifetimeMs) {
      await Promise.all(
        hosts.map(async (host, index) => {
          const outcome = await host.refresh(held[index]?.tokens ?? first)
          expect(outcome.needsSignIn).toBe(false)
          if (outcome.usable) held[index] = outcome
        }),
      )
      await sleep(100)
    }

    const tookMs = performance.now() - beganAt
    const halves = Math.ceil(tookMs / (lifetimeMs / 2))
    const { presentations } = server.counts()
    expect(presentations).toBeGreaterThan(1)
    expect(presentations).toBeLessThanOrEqual(halves + 1)
    // Whoever's clock is right holds a token that works: asked for one that lives until the server,
    // busy as it may be, has been asked about it.
    const minValidMs = lifetimeMs / 2
    const { usable, accessToken } = await hosts[1]!.refresh(held[1]!.tokens, { minValidMs })
    expect(usable).toBe(true)
    expect(await server.isLive(accessToken!)).toBe(true)
  }, 60_000)
})

describe.concurrent.each(BACKENDS)('processes that are not configured alike, over %s', (kind) => {
  const backend = backendOf(kind)

  it.each([
    { what: 'issuer', spelled: 'wrong_issuer', other: 'slash' },
    { what: 'client', spelled: 'wrong_issuer', other: { clientId: 'another' } },
    { what: 'release format', spelled: 'ledger_mismatch', other: { format: 2 } },
    { what: 'pepper', spelled: 'ledger_mismatch', other: { options: { pepper: 'p'.repeat(32) } } },
  ] as const)(
    'of another $what: one presentation, and $spelled for the other',
    async ({ spelled, other }) => {
      const ledger = `ledger ${kind} ${spelled} ${JSON.stringify(other)}`
      await using stage = await scene(backend(), { ...SHORT, ledger })
      const { server, signIn, member } = stage
      const one = await member()
      const odd = await member(other === 'slash' ? { issuer: `${server.issuer}/` } : other)
      const tokens = await signIn()

      const refreshed = await one.refresh(tokens, NEXT)
      const refused = await odd.refresh(tokens, NEXT)

      expect(refreshed).toMatchObject({ state: 'rotated', usable: true })
      expect(refused).toMatchObject({ usable: false, code: spelled })
      expect(server.counts().presentations).toBe(1)
    },
    30_000,
  )

  it('of another provider id: the set says whose it is, and nothing is presented', async () => {
    await using stage = await scene(backend(), SHORT)
    const { server, signIn, member } = stage
    const one = await member()
    const odd = await member({ providerId: 'another' })

    const { tokens } = await one.refresh(await signIn(), NEXT)

    expect(await odd.refresh(tokens, NEXT)).toMatchObject({ code: 'provider_mismatch' })
    expect(server.counts().presentations).toBe(1)
  }, 30_000)

  it('of another provider id, with sets that do not say whose they are: one presents', async () => {
    await using stage = await scene(backend(), SHORT)
    const { server, signIn, member } = stage
    const both = await Promise.all([member(), member({ providerId: 'another' })])
    const tokens = await signIn()

    const [one, odd] = await Promise.all(both.map((each) => each.refresh(tokens, NEXT)))

    expect(one).toMatchObject({ usable: true })
    expect(odd).toMatchObject({ usable: true, accessToken: one!.accessToken })
    expect(server.counts().presentations).toBe(1)
  }, 30_000)
})

describe.concurrent.each(BACKENDS)('a sign-out while four processes refresh, over %s', (kind) => {
  const backend = backendOf(kind)

  it('leaves no token alive, and hands none out afterwards', async () => {
    await using stage = await scene(backend(), SHORT)
    const { server, signIn } = stage
    const fleet = await stage.fleet(4)

    for (let round = 0; round < 5; round += 1) {
      const first = await signIn()
      const old = (await fleet[0]!.refresh(first, NEXT)).tokens
      const [ended, ...outcomes] = await Promise.all([
        sleep(round * 7).then(() => fleet[round % 4]!.revoke(first)),
        ...fleet.flatMap((member) => [member.refresh(old, NEXT), member.refresh(old, NEXT)]),
      ])

      expect(ended).toMatchObject({ ended: true, revoked: true })
      const after = await Promise.all(fleet.map((member) => member.refresh(old, NEXT)))
      for (const outcome of after) {
        expect(outcome).toMatchObject({ state: 'revoked', usable: false, needsSignIn: true })
      }
      for (const { tokens } of [...outcomes, ...after]) {
        expect(await server.isLive(tokens.refreshToken!)).toBe(false)
      }
    }
  }, 60_000)
})
