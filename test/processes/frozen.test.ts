import { describe, expect, it } from 'vitest'
import { BACKENDS } from './backends.ts'
import { backendOf, NEXT, scene, SHORT } from './scene.ts'

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
    expect(await other!.refresh(tokens, NEXT)).toMatchObject({ usable: false, code: 'lost' })
    expect(server.counts().presentations).toBe(1)
    sleeper!.wake()

    // It finds that it is too late, gives its claim back, and starts anew.
    const woken = await slept
    expect(woken).toMatchObject({ state: 'rotated', usable: true })
    expect(server.counts().presentations).toBe(2)
    expect(await other!.refresh(tokens, NEXT)).toMatchObject({
      usable: true,
      accessToken: woken.accessToken,
    })
  }, 60_000)

  it('settles late what it received, and nobody loses it', async () => {
    await using stage = await scene(backend(), SHORT)
    const { server, signIn } = stage
    const [sleeper, other] = await stage.fleet(2)
    const { tokens } = await other!.refresh(await signIn(), NEXT)
    await sleeper!.arm({ at: 'answered', signal: 'SIGSTOP' })
    const slept = sleeper!.refresh(tokens, NEXT)
    await sleeper!.frozen()
    expect(await other!.refresh(tokens, NEXT)).toMatchObject({ usable: false, code: 'lost' })

    sleeper!.wake()
    await slept

    const outcome = await other!.refresh(tokens, NEXT)
    expect(outcome).toMatchObject({ usable: true, needsSignIn: false })
    expect(await server.isLive(outcome.accessToken!)).toBe(true)
    expect(server.counts().presentations).toBe(2)
    expect(await other!.refresh(outcome.tokens, NEXT)).toMatchObject({ state: 'rotated' })
  }, 60_000)

  it('sends once at most when it wakes while sending, and the token is lost', async () => {
    await using stage = await scene(backend(), SHORT)
    const { server, signIn } = stage
    const [sleeper, other] = await stage.fleet(2)
    const { tokens } = await other!.refresh(await signIn(), NEXT)
    await sleeper!.arm({ at: 'send', signal: 'SIGSTOP' })
    const slept = sleeper!.refresh(tokens, NEXT)
    await sleeper!.frozen()
    expect(await other!.refresh(tokens, NEXT)).toMatchObject({ usable: false, code: 'lost' })

    sleeper!.wake()

    // Its time was over before it woke: what left until it noticed is answered to nobody.
    expect(await slept).toMatchObject({ usable: false, needsSignIn: true, code: 'unknown' })
    expect(await other!.refresh(tokens, NEXT)).toMatchObject({ usable: false, code: 'lost' })
    expect(server.counts().presentations).toBeLessThanOrEqual(2)
  }, 60_000)
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
        expect(outcome).toMatchObject({ usable: false, needsSignIn: true })
        expect(['unknown', 'lost']).toContain(outcome.code)
      }
      expect(server.counts().presentations).toBe(2)
    }, 60_000)
  },
)
