import { describe, expect, it, onTestFinished } from 'vitest'
import { createRefresher, defineProvider } from '../../src/index.ts'
import type { Refresher, RefreshEvent, Store } from '../../src/index.ts'
import { memoryStore } from '../../src/stores/memory.ts'
import { authorizationServer } from '../../src/testing/authorization-server.ts'
import type { AuthorizationServer, ServerDescription } from '../../src/testing/index.ts'

async function serving(description: Partial<ServerDescription>): Promise<AuthorizationServer> {
  const server = await authorizationServer({ name: 'described', ...description })
  onTestFinished(() => server.stop())
  return server
}

/** A refresher, and what it tells. */
function listening(
  { tokenEndpoint, revocationEndpoint }: AuthorizationServer,
  store: Store,
  acceptedForMs?: number,
): { readonly refresher: Refresher; readonly events: RefreshEvent[] } {
  const events: RefreshEvent[] = []
  const reuse = acceptedForMs === undefined ? {} : { reuse: { acceptedForMs } }
  const refresher = createRefresher({
    refusedFloorMs: 0,
    provider: defineProvider({ id: 'test', tokenEndpoint, revocationEndpoint, ...reuse }),
    client: { id: 'app' },
    ledger: { store },
    onEvent: (event) => void events.push(event),
    timeouts: { requestMs: 8_000 },
  })
  return { refresher, events }
}

const told = <T extends RefreshEvent['type']>(
  events: readonly RefreshEvent[],
  type: T,
): readonly Extract<RefreshEvent, { type: T }>[] =>
  events.filter((event): event is Extract<RefreshEvent, { type: T }> => event.type === type)

describe('events', () => {
  it('name the chain alike in every process, also for a holder who does not carry it', async () => {
    const server = await serving({ rotation: 'always' })
    const store = memoryStore()
    const one = listening(server, store)
    const other = listening(server, store)
    const first = server.signIn()

    const { tokens } = await one.refresher.refresh(first, { refused: true })
    const { grant: _, ...bare } = tokens
    await other.refresher.refresh(bare, { refused: true })
    await one.refresher.refresh(first, { refused: first.accessToken })

    const [claimed] = told(one.events, 'claimed')
    expect(claimed).toMatchObject({ generation: 0, grant: expect.stringMatching(/^[\w-]{8}$/) })
    expect(told(other.events, 'claimed')).toMatchObject([{ generation: 1, grant: claimed!.grant }])
    expect(told(one.events, 'served')).toMatchObject([{ generation: 2, grant: claimed!.grant }])
    expect(told(one.events, 'ended')).toMatchObject([{ grant: claimed!.grant }, {}])
    expect(JSON.stringify([one.events, other.events])).not.toContain(tokens.grant!.split('.')[0])
  })

  it('say of a replaced token that it is spent, and of a kept one that it is not', async () => {
    const server = await serving({ rotation: 'sometimes', keptAs: 'absent' })
    const { refresher, events } = listening(server, memoryStore())

    const { tokens } = await refresher.refresh(server.signIn(), { refused: true })
    await refresher.refresh(tokens, { refused: true })

    const presented = told(events, 'presented')
    expect(presented).toMatchObject([
      { isSpent: true, generation: 0, times: 1 },
      { isSpent: false, generation: 1, times: 1 },
    ])
    expect(presented[1]!.grant).toBe(presented[0]!.grant)
  })

  it('count the presentations of one claim', async () => {
    const server = await serving({ rotation: 'always', reuseWindow: { ms: 60_000 } })
    const { refresher, events } = listening(server, memoryStore(), 60_000)
    server.failNext({ kind: 'reset', when: 'after_consuming' })

    await refresher.refresh(server.signIn(), { refused: true })

    expect(told(events, 'claimed')).toHaveLength(1)
    expect(told(events, 'presented')).toMatchObject([
      { outcome: 'unknown', isSpent: true, times: 1 },
      { outcome: 'granted', isSpent: true, times: 2 },
    ])
  })

  it('tell of a revocation, and of what was buried for it', async () => {
    const server = await serving({ rotation: 'always' })
    const { refresher, events } = listening(server, memoryStore())
    const { tokens } = await refresher.refresh(server.signIn(), { refused: true })

    await refresher.revoke(tokens)

    const [claimed] = told(events, 'claimed')
    expect(told(events, 'revoked')).toMatchObject([{ grant: claimed!.grant }])
    expect(told(events, 'tokens_revoked')).toMatchObject([{ grant: claimed!.grant, revoked: true }])
    expect(server.isLive(tokens.refreshToken)).toBe(false)
  })
})
