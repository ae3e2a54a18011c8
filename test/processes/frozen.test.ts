import { describe, expect, it } from 'vitest'
import { BACKENDS } from './backends.ts'
import type { MemberOutcome } from './fleet.ts'
import { backendOf, NEXT, scene, SHORT } from './scene.ts'

/** A failure names the code. */
function says(outcome: MemberOutcome, expected: { [K in keyof MemberOutcome]?: unknown }): void {
  expect(outcome, outcome.code).toMatchObject(expected)
}

describe.concurrent.each(BACKENDS)('a holder that is frozen past its deadline, over %s', (kind) => {
  const backend = backendOf(kind)

  it('sends nothing when it wakes before it has sent, and the chain goes on', async () => {
    await using stage = await scene(backend(), SHORT)
    const { server, signIn } = stage
    const [sleeper, other] = await stage.fleet(2)
    const { tokens } = await other!.refresh(await signIn(), NEXT)
    await sleeper!.arm({ at: 'swapped', signal: 'SIGSTOP' })
    const slept = sleeper!.refresh(tokens, NEXT)
    await sleeper!.frozen()
    // Who follows a holder gives up when its claim is overdue.
    says(await other!.refresh(tokens, NEXT), { usable: false, code: 'lost' })
    expect(server.counts().presentations).toBe(1)
    sleeper!.wake()

    // It finds that it is too late, gives its claim back, and starts anew.
    const woken = await slept
    says(woken, { state: 'rotated', usable: true })
    expect(server.counts().presentations).toBe(2)
    says(await other!.refresh(tokens, NEXT), {
      usable: true,
      accessToken: woken.accessToken,
    })
  }, 120_000)

  it('settles late what it received, and nobody loses it', async () => {
    await using stage = await scene(backend(), SHORT)
    const { server, signIn } = stage
    const [sleeper, other] = await stage.fleet(2)
    const { tokens } = await other!.refresh(await signIn(), NEXT)
    await sleeper!.arm({ at: 'answered', signal: 'SIGSTOP' })
    const slept = sleeper!.refresh(tokens, NEXT)
    await sleeper!.frozen()
    says(await other!.refresh(tokens, NEXT), { usable: false, code: 'lost' })

    sleeper!.wake()
    await slept

    const outcome = await other!.refresh(tokens, NEXT)
    says(outcome, { usable: true, needsSignIn: false })
    expect(await server.isLive(outcome.accessToken!)).toBe(true)
    expect(server.counts().presentations).toBe(2)
    says(await other!.refresh(outcome.tokens, NEXT), { state: 'rotated' })
  }, 120_000)

  it('sends once at most when it wakes while sending, and the token is lost', async () => {
    await using stage = await scene(backend(), SHORT)
    const { server, signIn } = stage
    const [sleeper, other] = await stage.fleet(2)
    const { tokens } = await other!.refresh(await signIn(), NEXT)
    await sleeper!.arm({ at: 'send', signal: 'SIGSTOP' })
    const slept = sleeper!.refresh(tokens, NEXT)
    await sleeper!.frozen()
    says(await other!.refresh(tokens, NEXT), { usable: false, code: 'lost' })

    sleeper!.wake()

    // Its time was over before it woke: what left until it noticed is answered to nobody.
    says(await slept, { usable: false, needsSignIn: true, code: 'unknown' })
    says(await other!.refresh(tokens, NEXT), { usable: false, code: 'lost' })
    expect(server.counts().presentations).toBeLessThanOrEqual(2)
  }, 120_000)
})

describe.concurrent.each(BACKENDS)(
  'a token endpoint slower than every deadline, over %s',
  (kind) => {
    const backend = backendOf(kind)

    it('is asked once, and says nothing to those who come later', async () => {
      await using stage = await scene(backend(), SHORT)
      const { server, signIn } = stage
      const fleet = await stage.fleet(3)
      const { tokens } = await fleet[0]!.refresh(await signIn(), NEXT)
      server.faults.next({ kind: 'delay', before: SHORT.claimMs + 1_000 })

      const outcomes = await Promise.all(fleet.map((member) => member.refresh(tokens, NEXT)))
      const later = await Promise.all(fleet.map((member) => member.refresh(tokens, NEXT)))

      for (const outcome of [...outcomes, ...later]) {
        says(outcome, { usable: false, needsSignIn: true })
        expect(['unknown', 'lost']).toContain(outcome.code)
      }
      expect(server.counts().presentations).toBe(2)
    }, 120_000)
  },
)
