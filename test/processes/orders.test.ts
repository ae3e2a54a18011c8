import { describe, expect, it } from 'vitest'
import { BACKENDS } from './backends.ts'
import { backendOf, NEXT, scene, SHORT } from './scene.ts'

type Trouble = 'lost answer' | 'stale cookie' | 'crash'

const ORDERS: readonly (readonly [Trouble, Trouble, Trouble])[] = [
  ['lost answer', 'stale cookie', 'crash'],
  ['lost answer', 'crash', 'stale cookie'],
  ['stale cookie', 'lost answer', 'crash'],
  ['stale cookie', 'crash', 'lost answer'],
  ['crash', 'lost answer', 'stale cookie'],
  ['crash', 'stale cookie', 'lost answer'],
]

describe.each(BACKENDS)('troubles that come one after the other, over %s', (kind) => {
  const backend = backendOf(kind)

  it.concurrent.each(ORDERS)(
    'never make a token be presented twice: %s, %s, %s',
    async (...order) => {
      await using stage = await scene(backend(), SHORT)
      const { server, signIn, member } = stage
      const [one, other] = await stage.fleet(2)
      const old = (await one!.refresh(await signIn(), NEXT)).tokens
      const newest = (await one!.refresh(old, NEXT)).tokens
      let isLost = false
      const surprises: string[] = []
      const expected = (isSo: boolean, what: string): void => void (isSo || surprises.push(what))

      const meet: Readonly<Record<Trouble, () => Promise<void>>> = {
        async 'stale cookie'() {
          // The newest access token is another than the one that was refused, and good.
          const { accessToken } = await other!.refresh(old, NEXT)
          expected(accessToken === newest.accessToken, 'the stale holder was not served')
        },
        async 'lost answer'() {
          if (!isLost) server.faults.next({ kind: 'cut_after' })
          const { usable } = await one!.refresh(newest, NEXT)
          expected(!usable, 'a token came out of nothing')
          isLost = true
        },
        async crash() {
          const victim = await member()
          await victim.arm({ at: 'send', signal: 'SIGKILL' })
          const refreshed = victim.refresh(newest, NEXT)
          const died = await Promise.race([victim.ended.then(() => true), refreshed])
          // A lost token is not sent, so nobody dies of it.
          expected((died === true) === !isLost, 'sent although lost, or not sent at all')
          isLost = true
        },
      }
      for (const trouble of order) await meet[trouble]()

      const last = await other!.refresh(newest, NEXT)
      expect(surprises).toEqual([])
      expect(last).toMatchObject({ usable: false, needsSignIn: true })
      // Two for the first two generations. Who was killed had not sent yet.
      const isSent = order.indexOf('lost answer') < order.indexOf('crash')
      expect(server.counts().presentations).toBe(isSent ? 3 : 2)
    },
    60_000,
  )
})
