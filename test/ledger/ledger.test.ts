import { describe, expect, it, vi } from 'vitest'
import { Secret } from '../../src/core/secret.ts'
import type { StoredTokenSet } from '../../src/ledger/stored-token-set.ts'
import type { ChainTokens } from '../../src/ledger/keyring.ts'
import { createLedger, type Ledger, type LedgerParts } from '../../src/ledger/ledger.ts'
import {
  claim,
  settle,
  UNSEEN,
  type ClaimAnswer,
  type ClaimRequest,
  type ChainName,
  type SettleAnswer,
  type SettleRequest,
  type LedgerView,
} from '../../src/ledger/protocol/index.ts'
import { createSealer, type Sealer } from '../../src/ledger/sealer.ts'
import type { Store } from '../../src/ledger/store.ts'
import { memoryStore } from '../../src/stores/memory.ts'
import { manualClock, type ManualClock } from './manual-clock.ts'

const DAY_MS = 86_400_000
const GRANT = `${'g'.repeat(42)}A`
const OTHER_GRANT = `${'h'.repeat(42)}A`
const policy = {
  claimMs: 20_000,
  staleMs: 3_600_000,
  staleHolders: 'revoke',
  takeOver: { type: 'never' },
  mayEvict: false,
} as const
const set = (generation: number): StoredTokenSet => ({
  refreshToken: `refresh-token-${generation}`,
  access: [['', { token: `access-token-${generation}`, grantedAtMs: 1, lifetimeMs: 60_000 }]],
})
const chainOf = (generation = 0): ChainTokens => ({
  refreshToken: new Secret(`refresh-token-${generation}`),
})
const toClaim = (
  claimId: string,
  more: Partial<ClaimRequest<StoredTokenSet>> = {},
): ClaimRequest<StoredTokenSet> => ({
  claimId,
  newGrant: claimId === 'one' ? GRANT : OTHER_GRANT,
  policy,
  meetsDemand: () => true,
  ...more,
})
const toSettle = (
  claimId: string,
  more: Partial<SettleRequest<StoredTokenSet>> = {},
): SettleRequest<StoredTokenSet> => ({
  claimId,
  position: { grant: GRANT, generation: 0 },
  isCallersToken: true,
  hasGrantField: false,
  policy,
  merge: (_, received) => received,
  ...more,
})

let names = 0
interface World {
  readonly clock: ManualClock
  readonly store: Store
  worker(store?: Store, more?: Partial<LedgerParts>): Worker
}
interface Worker extends Ledger {
  claim(
    id: string,
    more?: Partial<ClaimRequest<StoredTokenSet>>,
    chain?: ChainTokens,
  ): Promise<Seen<ClaimAnswer<StoredTokenSet>>>
  settle(
    id: string,
    view: LedgerView<StoredTokenSet>,
    more?: Partial<SettleRequest<StoredTokenSet>>,
  ): Promise<Seen<SettleAnswer<StoredTokenSet>>>
}
interface Seen<A> {
  readonly answer: A
  readonly view: LedgerView<StoredTokenSet>
}

function world(): World {
  const clock = manualClock()
  const store = memoryStore({ name: `ledger test ${(names += 1)}`, clock })
  return {
    clock,
    store,
    worker(through = store, { sealer = createSealer(), ...more } = {}) {
      const ledger = createLedger({
        store: through,
        sealer: watched(sealer, clock),
        identity: { issuer: 'https://id.example.com', clientId: 'client-7' },
        clock,
        ...more,
      })
      return {
        ...ledger,
        claim: (id, request, chain = chainOf()) =>
          clock.until(ledger.run(chain, (view) => claim(toClaim(id, request), view))),
        settle: (id, view, request) =>
          clock.until(
            ledger.run(
              { ...chainOf(), successor: new Secret('refresh-token-1') },
              (seen) => settle(toSettle(id, request), granted, seen),
              { view },
            ),
          ),
      }
    },
  }
}

/** A store that has room for one row, and has it. */
async function fullStore(clock: ManualClock): Promise<Store> {
  const full = memoryStore({ name: 'full', rowsMax: 1, clock })
  await full.swap('a row', 0, new Uint8Array([1]), 60_000)
  return full
}

/** Refreshes the first token of a chain, and says how the set that came is named. */
async function settledOnce(one: Worker): Promise<{ chain: ChainTokens; name: ChainName }> {
  const named = { hasGrantField: true }
  const { answer } = await one.settle('one', (await one.claim('one')).view, named)
  if (answer.type !== 'settled') throw new Error(answer.type)
  const { refreshToken } = chainOf(1)
  const proof = await createSealer().prove('one', answer.position.generation, refreshToken)
  const name = { ...answer.position, proof }
  return { name, chain: { refreshToken, name } }
}

/** A sealer whose work the clock waits for. */
function watched(sealer: Sealer, clock: ManualClock): Sealer {
  return {
    configuration: () => clock.work(sealer.configuration()),
    prove: (...about) => clock.work(sealer.prove(...about)),
    async derive(domain, secret) {
      const keys = await clock.work(sealer.derive(domain, secret))
      return {
        ...keys,
        seal: (...call) => clock.work(keys.seal(...call)),
        open: (...call) => clock.work(keys.open(...call)),
      }
    },
  }
}

const granted = { type: 'granted', set: set(1), rotated: true, hasSuccessor: true } as const

/** The keys of the rows. */
async function keysOf(chain: ChainTokens = chainOf()): Promise<Record<string, string>> {
  const sealer = createSealer()
  return {
    claim: (await sealer.derive('claim', chain.refreshToken)).key,
    successor: (await sealer.derive('claim', new Secret('refresh-token-1'))).key,
    grant: (await sealer.derive('grant', new Secret(GRANT))).key,
  }
}

/** A store whose swaps take effect, or not, and then fail. */
function failing(store: Store, times: number, { effect }: { effect: boolean }): Store {
  let left = times
  return {
    ...store,
    async swap(...call) {
      if (left <= 0) return store.swap(...call)
      left -= 1
      if (effect) await store.swap(...call)
      throw new Error('ECONNRESET')
    },
  }
}

/** A store that never answers, and notes how often it was asked. */
function silent(store: Store, effect = false): Store & { calls: number } {
  const never = (): Promise<never> => new Promise(() => undefined)
  return {
    ...store,
    calls: 0,
    read() {
      this.calls += 1
      return never()
    },
    async swap(...call) {
      this.calls += 1
      if (effect) await store.swap(...call)
      return never()
    },
  }
}

describe('createLedger().run', () => {
  it('lets one of two workers win a token', async () => {
    const { worker } = world()

    const answers = await Promise.all([worker().claim('one'), worker().claim('two')])

    expect(answers.map(({ answer }) => answer.type).toSorted()).toEqual(['busy', 'won'])
  })

  it('hands the newest set to whoever comes with the spent token', async () => {
    const { worker } = world()
    const one = worker()
    const won = await one.claim('one')
    const settled = await one.settle('one', won.view)

    const late = await worker().claim('two')

    expect(settled.answer).toMatchObject({ type: 'settled', set: set(1) })
    expect(late.answer).toMatchObject({ type: 'adopted', position: { generation: 1 }, set: set(1) })
  })

  it('finds the chain by the successor, for a holder that dropped its grant', async () => {
    const { worker } = world()
    const one = worker()
    await one.settle('one', (await one.claim('one')).view)

    const next = await worker().claim('two', { meetsDemand: () => false }, chainOf(1))

    expect(next.answer).toEqual({ type: 'won', position: { grant: GRANT, generation: 1 } })
  })

  it('carries operations out at the same time', async () => {
    const { worker, store } = world()
    const calls: string[] = []
    const release: (() => void)[] = []
    const gate = <T>(name: string, call: () => Promise<T>): Promise<T> => {
      calls.push(name)
      return new Promise<void>((opened) => {
        release.push(opened)
        if (release.length === 2) for (const open of release) open()
      }).then(call)
    }
    const gated: Store = {
      ...store,
      read: (...call) => gate('read', () => store.read(...call)),
      swap: (...call) => gate('swap', () => store.swap(...call)),
    }

    const { chain, name } = await settledOnce(worker())
    const won = await worker(gated).claim('two', { name, meetsDemand: () => false }, chain)

    expect(won.answer.type).toBe('won')
    expect(calls.toSorted()).toEqual(['read', 'swap'])
  })

  it('derives the keys of each row once', async () => {
    const { worker } = world()
    const sealer = createSealer()
    const derive = vi.spyOn(sealer, 'derive')
    const one = worker(undefined, { sealer })
    await one.settle('one', (await one.claim('one')).view)
    derive.mockClear()

    await one.claim('two', { meetsDemand: () => false }, chainOf(1))

    expect(derive.mock.calls.map(([domain]) => domain)).toEqual(['claim', 'grant'])
  })

  it('reads the grant again after a claim is won, where rows may vanish', async () => {
    const { worker, store } = world()
    const evicting: Store = { ...store, mayEvict: true }
    const read = vi.spyOn(evicting, 'read')

    const won = await worker(evicting).claim('one', {
      name: { grant: OTHER_GRANT, generation: 0 },
    })

    expect(won.answer.type).toBe('won')
    expect(read).toHaveBeenCalledTimes(2)
  })

  it('gives up a procedure that does not end', async () => {
    const { worker, clock } = world()
    const run = worker().run(chainOf(), () => ({
      type: 'operations',
      operations: [{ on: 'claim', do: 'read' }],
    }))

    await expect(clock.until(run)).rejects.toMatchObject({ code: 'internal' })
  })

  it('asks a procedure with what the caller has seen', async () => {
    const { worker } = world()
    const view = { ...UNSEEN, nowMs: 7 }

    const asked = await worker().run(chainOf(), (seen) => ({ type: 'answer', answer: seen }), {
      view,
    })

    expect(asked).toEqual({ answer: view, view })
  })
})

describe('a store that fails', () => {
  it('an acknowledgement of a claim that got lost is made up for', async () => {
    const { worker, store } = world()

    const one = await worker(failing(store, 1, { effect: true })).claim('one')
    const two = await worker().claim('two')

    expect(one.answer.type).toBe('won')
    expect(two.answer.type).toBe('busy')
  })

  it('an acknowledgement of a settling that got lost is made up for', async () => {
    const { worker, store } = world()
    const won = await worker().claim('one')
    const named = { hasGrantField: true }

    const settled = await worker(failing(store, 1, { effect: true })).settle('one', won.view, named)

    expect(settled.answer).toMatchObject({ type: 'settled', position: { generation: 1 } })
    const { grant } = await keysOf()
    expect(await store.read(grant!)).toMatchObject({ version: 1 })
  })

  it('one that another won meanwhile is not taken for ours', async () => {
    const { worker, store } = world()
    let isFirst = true
    const overtaken: Store = {
      ...store,
      async swap(...call) {
        if (!isFirst) return store.swap(...call)
        isFirst = false
        await worker().claim('two')
        throw new Error('ECONNRESET')
      },
    }

    expect((await worker(overtaken).claim('one')).answer.type).toBe('busy')
  })

  it('keeps what the calls found that did not fail', async () => {
    const { worker, store } = world()
    const reads = vi.fn<Store['read']>()
    const half: Store = {
      ...store,
      read: reads
        .mockRejectedValueOnce(new Error('ECONNRESET'))
        .mockImplementation((key) => store.read(key)),
    }
    const swap = vi.spyOn(half, 'swap')
    const { chain, name } = await settledOnce(worker())

    const won = await worker(half).claim('two', { name, meetsDemand: () => false }, chain)

    expect(won.answer.type).toBe('won')
    expect(swap).toHaveBeenCalledTimes(1)
    expect(reads).toHaveBeenCalledTimes(2)
  })

  it('is store_unavailable, after two tries, with nothing of what it said', async () => {
    const { worker, store } = world()
    const down = failing(store, Infinity, { effect: false })
    const swap = vi.spyOn(down, 'swap')

    const claiming = worker(down).claim('one')

    await expect(claiming).rejects.toMatchObject({ code: 'store_unavailable', store: 'memory' })
    await expect(claiming).rejects.not.toThrow(/ECONNRESET/)
    expect(swap).toHaveBeenCalledTimes(2)
  })

  it('is given up when it does not answer in time, and leaves no timer', async () => {
    const { worker, store, clock } = world()
    const down = silent(store)

    const claiming = worker(down, { storeTimeoutMs: 300 }).claim('one')

    await expect(claiming).rejects.toMatchObject({ code: 'store_unavailable' })
    expect(down.calls).toBe(2)
    expect(clock.monotonic()).toBe(300 + 25 + 300)
    expect(clock.timers).toBe(0)
  })

  it('is borne with for as long as the caller says', async () => {
    const { worker, store, clock } = world()
    const down = silent(store)
    const procedure = (view: LedgerView<StoredTokenSet>) => claim(toClaim('one'), view)

    const run = worker(down).run(chainOf(), procedure, { patienceMs: 15_000 })

    await expect(clock.until(run)).rejects.toMatchObject({ code: 'store_unavailable' })
    expect(clock.monotonic()).toBeGreaterThanOrEqual(15_000)
    expect(clock.monotonic()).toBeLessThan(15_000 + 3_000)
    expect(down.calls).toBeLessThan(15)
  })

  it('is heard as soon as it is up again', async () => {
    const { worker, store, clock } = world()
    const shaky = failing(store, 60, { effect: false })
    const procedure = (view: LedgerView<StoredTokenSet>) => claim(toClaim('one'), view)

    const run = worker(shaky).run(chainOf(), procedure, { patienceMs: 120_000 })

    expect((await clock.until(run)).answer.type).toBe('won')
  })

  it('passes on the failure that lasts, when there is one that may not', async () => {
    const { worker, clock } = world()
    const full = await fullStore(clock)
    const half: Store = { ...full, read: () => Promise.reject(new Error('ECONNRESET')) }

    const name = { grant: GRANT, generation: 0, proof: 'made up' }
    const claiming = worker(half).claim('one', { name })

    await expect(claiming).rejects.toMatchObject({ code: 'store_full' })
  })

  it('says at once that it is full', async () => {
    const { worker, clock } = world()
    const full = await fullStore(clock)
    const swap = vi.spyOn(full, 'swap')

    await expect(worker(full).claim('one')).rejects.toMatchObject({ code: 'store_full' })
    expect(swap).toHaveBeenCalledTimes(1)
  })

  it('cannot say that a grant is dead', async () => {
    const { worker, store } = world()
    const { RefreshError } = await import('../../src/core/errors.ts')
    const liar: Store = { ...store, swap: () => Promise.reject(new RefreshError('rejected')) }

    await expect(worker(liar).claim('one')).rejects.toMatchObject({ code: 'store_unavailable' })
  })

  it.each([
    { version: '1' },
    { version: 0.5 },
    { nowMs: '5' },
    { nowMs: NaN },
    { writtenAtMs: undefined },
    { value: null },
    { value: 'text' },
    { value: undefined },
    { version: 0 },
  ])('is not believed when it answers with $version $nowMs $writtenAtMs $value', async (wrong) => {
    const { worker, store } = world()
    const sloppy = {
      ...store,
      swap: async (...call: Parameters<Store['swap']>) => ({
        ...(await store.swap(...call)),
        ...wrong,
      }),
    } as Store

    await expect(worker(sloppy).claim('one')).rejects.toMatchObject({ code: 'store_unavailable' })
  })
})

describe('a row that was not written for where it stands', () => {
  async function spent(): Promise<World & { keys: Record<string, string> }> {
    const its = world()
    const one = its.worker()
    await one.settle('one', (await one.claim('one')).view)
    return { ...its, keys: await keysOf() }
  }
  /** The store with the value of a key replaced, as somebody might who can write to it. */
  function forged(
    store: Store,
    key: string,
    forge: (value: Uint8Array) => Uint8Array,
    newer = 0,
  ): Store {
    const change = <S extends Awaited<ReturnType<Store['read']>>>(found: S): S =>
      found.value === undefined
        ? found
        : { ...found, value: forge(found.value), version: found.version + newer }
    return {
      ...store,
      read: async (at) => (at === key ? change(await store.read(at)) : store.read(at)),
      swap: async (at, ...call) =>
        at === key ? change(await store.swap(at, ...call)) : store.swap(at, ...call),
    }
  }

  it.each(['claim', 'grant'])('is unreadable with any byte changed: %s', async (row) => {
    const { store, worker, keys } = await spent()
    const { length } = (await store.read(keys[row]!)).value!

    for (let at = 0; at < length; at += 1) {
      const flip = (value: Uint8Array): Uint8Array => value.with(at, value[at]! ^ 0x55)
      const reading = worker(forged(store, keys[row]!, flip)).claim('two')
      await expect(reading).rejects.toMatchObject({ code: 'row_unreadable' })
    }
  })

  it('is unreadable when it stood under another key, and stays as it is', async () => {
    const { store, worker, keys } = await spent()
    const other = (await store.read(keys['successor']!)).value!
    const before = await store.read(keys['claim']!)

    const reading = worker(forged(store, keys['claim']!, () => other)).claim('two')

    await expect(reading).rejects.toMatchObject({ code: 'row_unreadable' })
    expect(await store.read(keys['claim']!)).toEqual(before)
  })

  it('is unreadable when it is an old value under a newer version', async () => {
    const { store, worker, keys } = await spent()
    const old = (await store.read(keys['grant']!)).value!
    await store.swap(keys['grant']!, 1, old, DAY_MS)

    await expect(worker().claim('two')).rejects.toMatchObject({ code: 'row_unreadable' })
    expect(await store.read(keys['grant']!)).toMatchObject({ version: 2, value: old })
  })

  it('is wrong_issuer for a refresher of another issuer or client', async () => {
    const { worker, store, keys } = await spent()
    const before = await store.read(keys['claim']!)

    for (const identity of [
      { issuer: 'https://other.example.com', clientId: 'client-7' },
      { issuer: 'https://id.example.com', clientId: 'client-8' },
    ]) {
      const claiming = worker(undefined, { identity }).claim('two')
      await expect(claiming).rejects.toMatchObject({ code: 'wrong_issuer' })
    }
    expect(await store.read(keys['claim']!)).toEqual(before)
  })
})

describe('what reaches the store', () => {
  it('shows nothing of tokens, grants, claims, issuer or client', async () => {
    const { store, worker, clock } = world()
    const written: string[] = []
    const seen: Store = {
      ...store,
      swap(key, expected, value, ttlMs) {
        written.push(key, Buffer.from(value).toString('latin1'))
        return store.swap(key, expected, value, ttlMs)
      },
    }
    const one = worker(seen, { sealer: createSealer({ pepper: 'pepper'.repeat(6) }) })
    await clock.until(one.ready())
    await one.settle('claim-one', (await one.claim('claim-one')).view)
    const all = written.join('\n')

    expect(written.length).toBe(4 * 2)
    const secrets = ['refresh-token', 'access-token', GRANT, 'claim-one', 'example', 'client-7']
    for (const secret of [...secrets, 'pepperpepper', 'generation', 'claimed']) {
      expect(all).not.toContain(secret)
      expect(all).not.toContain(Buffer.from(secret).toString('base64').slice(0, 8))
      expect(all).not.toContain(Buffer.from(secret).toString('hex'))
    }
  })

  it.each([
    { hasGrantField: true, claimMs: 20_000, claimDays: 7 },
    { hasGrantField: false, claimMs: 20_000, claimDays: 30 },
    { hasGrantField: true, claimMs: 10 * DAY_MS, claimDays: 20 },
  ])(
    'lives as long as somebody depends on it: %j',
    async ({ hasGrantField, claimMs, claimDays }) => {
      const { store, worker, clock } = world()
      const ttls = new Map<string, number>()
      const seen: Store = {
        ...store,
        swap(key, expected, value, ttlMs) {
          ttls.set(key, ttlMs / DAY_MS)
          return store.swap(key, expected, value, ttlMs)
        },
      }
      const one = worker(seen)
      const chain = { ...chainOf(), hasGrantField }
      const { view } = await one.claim('one', { policy: { ...policy, claimMs } }, chain)
      await one.settle('one', view)
      const { claim: claimKey, successor, grant } = await keysOf()

      expect(ttls.get(claimKey!)).toBe(claimDays)
      expect(ttls.get(successor!)).toBe(30)
      expect(ttls.get(grant!)).toBe(30)
      expect(clock.timers).toBe(0)
    },
  )

  it('lives past the time for which the authorization server asked to wait', async () => {
    const { store, worker, clock } = world()
    const swap = vi.spyOn(store, 'swap')
    const one = worker()
    const won = await one.claim('one')
    const ended = { type: 'unspent', delayMs: 90 * DAY_MS } as const

    const settling = (view: LedgerView<StoredTokenSet>) => settle(toSettle('one'), ended, view)
    await clock.until(one.run(chainOf(), settling, won))

    expect(swap.mock.lastCall?.[3]).toBe(90 * DAY_MS)
  })
})

describe('createLedger().ready', () => {
  const pepper = 'p'.repeat(32)

  it('is good for all of one configuration', async () => {
    const { worker, clock } = world()
    const sealers = [createSealer({ pepper }), createSealer({ pepper })]

    for (const sealer of sealers) {
      const ready = worker(undefined, { sealer }).ready()
      await expect(clock.until(ready)).resolves.toBeUndefined()
    }
  })

  it.each([{ pepper: `${pepper}!` }, {}])(
    'is ledger_mismatch for another pepper: %j',
    async (other) => {
      const { worker, clock } = world()
      await clock.until(worker(undefined, { sealer: createSealer({ pepper }) }).ready())

      const ready = worker(undefined, { sealer: createSealer(other) }).ready()

      await expect(clock.until(ready)).rejects.toMatchObject({ code: 'ledger_mismatch' })
    },
  )

  it.each(['{"format":2}', 'null', '1', '{', ''])('is ledger_mismatch for %s', async (found) => {
    const { worker, store, clock } = world()
    const { key } = await createSealer().configuration()
    await store.swap(key, 0, new TextEncoder().encode(found), DAY_MS)

    await expect(clock.until(worker().ready())).rejects.toMatchObject({ code: 'ledger_mismatch' })
  })

  it('is ledger_mismatch for another format', async () => {
    const { worker, store, clock } = world()
    const { key, check } = await createSealer().configuration()
    const later = new TextEncoder().encode(JSON.stringify({ format: 2, check }))
    await store.swap(key, 0, later, DAY_MS)

    await expect(clock.until(worker().ready())).rejects.toMatchObject({ code: 'ledger_mismatch' })
  })

  it('keeps ledgers of different names apart', async () => {
    const { worker, clock } = world()
    const sealers = [createSealer({ pepper }), createSealer({ ledger: 'other' })]

    for (const sealer of sealers) {
      const ready = worker(undefined, { sealer }).ready()
      await expect(clock.until(ready)).resolves.toBeUndefined()
    }
  })

  it('asks the store until it was good once, and then no more', async () => {
    const { worker, store, clock } = world()
    const shaky = failing(store, 2, { effect: false })
    const swap = vi.spyOn(shaky, 'swap')
    const { ready } = worker(shaky)

    await expect(clock.until(ready())).rejects.toMatchObject({ code: 'store_unavailable' })
    await clock.until(Promise.all([ready(), ready()]))
    await clock.until(ready())

    expect(swap).toHaveBeenCalledTimes(3)
  })
})

describe('createLedger().watch', () => {
  const position = { grant: GRANT, generation: 0 }

  it('resolves when the claim row changes, and stops watching the grant row', async () => {
    const { worker, store, clock } = world()
    const won = await worker().claim('one')
    const busy = await worker().claim('two')
    const signals: AbortSignal[] = []
    const seen: Store = {
      ...store,
      changed(key, version, signal) {
        signals.push(signal)
        return store.changed(key, version, signal)
      },
    }
    const watching = worker(seen).watch(
      chainOf(),
      busy.view,
      position,
      new AbortController().signal,
    )

    await clock.until(
      worker().run(chainOf(), (view) => settle(toSettle('one'), { type: 'unspent' }, view), won),
    )
    await watching

    expect(signals.map(({ aborted }) => aborted)).toEqual([true, true])
  })

  it('resolves when the grant row changes', async () => {
    const { worker } = world()
    const won = await worker().claim('one')
    const busy = await worker().claim('two')
    const watching = worker().watch(chainOf(), busy.view, position, new AbortController().signal)

    await worker().settle('one', won.view)

    await expect(watching).resolves.toBeUndefined()
  })

  it('resolves at once when a row is another than seen', async () => {
    const { worker } = world()
    const won = await worker().claim('one')
    const busy = await worker().claim('two')
    await worker().settle('one', won.view)

    const watching = worker().watch(chainOf(), busy.view, position, new AbortController().signal)

    await expect(watching).resolves.toBeUndefined()
  })

  it('resolves when the signal aborts', async () => {
    const { worker, store } = world()
    const { view } = await worker().claim('one')
    const controller = new AbortController()
    const aborting: Store = {
      ...store,
      changed(...call) {
        queueMicrotask(() => controller.abort())
        return store.changed(...call)
      },
    }

    const watching = worker(aborting).watch(chainOf(), view, position, controller.signal)

    await expect(watching).resolves.toBeUndefined()
  })

  it('does not begin when the signal has aborted', async () => {
    const { worker, store } = world()
    const changed = vi.spyOn(store, 'changed')

    await worker().watch(chainOf(), UNSEEN, position, AbortSignal.abort())

    expect(changed).not.toHaveBeenCalled()
  })

  it('has the rows looked at again after a while, when the store cannot say', async () => {
    const { worker, store, clock } = world()
    const { view } = await worker().claim('one')
    const mute: Store = { ...store, changed: () => Promise.reject(new Error('NOPERM')) }

    await clock.until(worker(mute).watch(chainOf(), view, position, new AbortController().signal))

    expect(clock.monotonic()).toBe(1_000)
    expect(clock.timers).toBe(0)
  })
})
