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

      for (const trouble of order) {
        if (trouble === 'stale cookie') {
          // The newest access token is another than the one that was refused, and good.
          const outcome = await other!.refresh(old, NEXT)
          expect(outcome).toMatchObject({ usable: true, accessToken: newest.accessToken })
        } else if (trouble === 'lost answer') {
          if (!isLost) server.faults.next({ kind: 'cut_after' })
          const outcome = await one!.refresh(newest, NEXT)
          expect(outcome.usable).toBe(false)
          isLost = true
        } else {
          const victim = await member()
          await victim.arm({ at: 'send', signal: 'SIGKILL' })
          const refreshed = victim.refresh(newest, NEXT)
          const died = await Promise.race([victim.ended.then(() => true), refreshed])
          // A lost token is not sent, so nobody dies of it.
          expect(died === true).toBe(!isLost)
          isLost = true
        }
      }

      const last = await other!.refresh(newest, NEXT)
      expect(last).toMatchObject({ usable: false, signIn: true })
      // Two for the first two generations. Who was killed had not sent yet.
      const isSent = order.indexOf('lost answer') < order.indexOf('crash')
      expect(server.counts().presentations).toBe(isSent ? 3 : 2)
    },
    60_000,
  )
})
