import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { describeMachine } from '../../../machines/describe.ts'
import { refreshMachine } from '../../../machines/index.ts'
import { failureRate } from '../../../src/inspect/page/model.ts'
import {
  createHistory,
  createPlayer,
  readRecording,
  writeRecording,
} from '../../../src/inspect/page/history.ts'
import { callersOf, isSettled, processesOf } from '../../../src/inspect/page/timeline.ts'
import { matches } from '../../../src/inspect/page/renewals.ts'
import { toneOfRenewal, wordsOf } from '../../../src/inspect/page/words.ts'
import { readRecording as readLines } from '../../../src/inspect/recording.ts'
import type { RecordedLine } from '../../../src/inspect/recording.ts'
import type { RefreshEvent } from '../../../src/runtime/events.ts'

const text = readFileSync(new URL('../sample.jsonl', import.meta.url), 'utf8')
const { lines } = readLines(text)

function historyOf(given: readonly RecordedLine[]) {
  const history = createHistory()
  history.add(given)
  return history
}

describe('the model of the page', () => {
  const { model } = historyOf(lines)
  const count = (wanted: (line: RecordedLine) => boolean): number => lines.filter(wanted).length
  const told = (type: string): number =>
    count((line) => line.kind === 'event' && line.event.type === type)

  it('counts what the lines say', () => {
    const ended = lines.filter((line) => line.kind === 'ended')
    const failed = ended.filter(({ state }) => state === 'error' || state === 'revoked')
    // Each caller is a refresh: a run has one, and those who joined it.
    const callers = (runs: typeof ended): number =>
      runs.length +
      count(
        (line) =>
          line.kind === 'joined' &&
          runs.some(({ process, run }) => line.process === process && line.run === run),
      )

    expect(model.counters).toEqual({
      refreshes: count(({ kind }) => kind === 'run' || kind === 'joined'),
      presentations: told('presented'),
      coalesced: count(({ kind }) => kind === 'joined'),
      served: told('served'),
      replays: told('reuse_detected'),
      lost: count(
        (line) =>
          line.kind === 'event' &&
          line.event.type === 'presented' &&
          line.event.outcome === 'unknown',
      ),
      revoked: ended.filter(({ state }) => state === 'revoked').length,
      ended: callers(ended),
      failed: callers(failed),
    })
    expect(model.counters.ended).toBe(model.counters.refreshes)
    expect(failureRate(model.counters)).toBe(callers(failed) / callers(ended))
    expect(model.counters.presentations).toBeGreaterThan(4)
  })

  it('puts the runs of one expiry together, whoever came, and apart those of another', () => {
    const storm = model.renewals[0]!
    const grants = new Set(model.renewals.map(({ grant }) => grant))

    expect([callersOf(storm), processesOf(storm), storm.presentations]).toEqual([20, 2, 1])
    expect(storm.lanes.map(({ outcome, wasServed }) => [outcome, wasServed])).toEqual([
      ['granted', false],
      [undefined, true],
    ])
    expect(model.renewals.length).toBeGreaterThan(grants.size)
    expect(grants).not.toContain(undefined)
    for (const { beganAtMs, lastAtMs } of model.renewals) {
      expect(lastAtMs - beganAtMs).toBeLessThan(10_000)
    }
  })

  it('finds out that a run belongs to others, and which of them presents', () => {
    const came = { v: 1, process: 'web', provider: 'oidc', mode: 'per-call' } as const
    const run = { ...came, kind: 'run', hasAudience: false, isForced: false } as const
    const call = { ...came, kind: 'call', call: 1 } as const
    const [newer, chained] = [{ token: 'B' }, { token: 'B', grant: 'G', generation: 1 }]
    const adopted = { actor: 'claim', says: 'adopted', durationMs: 1 } as const
    const presented: RefreshEvent = {
      type: 'presented',
      token: 'B',
      grant: 'G',
      generation: 1,
      outcome: 'granted',
      code: undefined,
      status: undefined,
      isSpent: true,
      times: 1,
      durationMs: 5,
      atMs: 8,
      provider: 'oidc',
    }
    // A holder of an older set, who does not know the chain; and one of the newest.
    const { model } = historyOf([
      { ...run, seq: 1, atMs: 1, run: 'r1', token: 'A' },
      { ...run, seq: 2, atMs: 2, run: 'r2', token: 'B', grant: 'G' },
      { ...call, seq: 3, atMs: 3, run: 'r2', phase: 'began', actor: 'present', ...newer },
      { ...call, seq: 4, atMs: 4, run: 'r1', phase: 'began', actor: 'claim', token: 'A' },
      { ...call, ...chained, seq: 5, atMs: 5, run: 'r1', phase: 'ended', ...adopted },
      { ...came, seq: 6, atMs: 8, kind: 'event', event: presented },
    ] as const)

    const [renewal, ...more] = model.renewals
    expect(more).toEqual([])
    expect(renewal).toMatchObject({ grant: 'G', presentations: 1, beganAtMs: 1, lastAtMs: 8 })
    expect(renewal!.lanes.map((lane) => [lane.run, lane.outcome])).toEqual([
      ['r1', undefined],
      ['r2', 'granted'],
    ])
  })

  it('presents no token of one generation of a grant twice, as long as it was not deferred', () => {
    const spent = lines.flatMap((line) =>
      line.kind === 'event' && line.event.type === 'presented' && line.event.isSpent
        ? [line.event.token]
        : [],
    )

    expect(new Set(spent).size).toBe(spent.length)
  })

  it('colours a renewal by what the authorization server said', () => {
    const tones = new Set(model.renewals.map(toneOfRenewal))

    expect(tones).toEqual(new Set(['good', 'doubt', 'bad']))
  })

  it('finds each answer of an actor where it was asked', () => {
    const spans = model.renewals.flatMap(({ lanes }) => lanes.flatMap((lane) => lane.spans))

    expect(spans.length).toBe(count((line) => line.kind === 'call' && line.phase === 'began'))
    for (const { beganAtMs, endedAtMs, says } of spans) {
      expect(endedAtMs).toBeGreaterThanOrEqual(beganAtMs)
      expect(says).toBeDefined()
    }
  })

  it('follows the rows: claimed, then live, ended at a rejection or a replay', () => {
    const after = (type: string) =>
      model.entries.flatMap(({ line, rows }) =>
        line.kind === 'event' && line.event.type === type ? [rows?.claim, rows?.grant] : [],
      )

    expect(after('claimed').slice(0, 2)).toEqual(['claim.claimed', 'grant.absent'])
    expect(after('presented').slice(0, 2)).toEqual(['claim.claimed', 'grant.live'])
    expect(after('reuse_detected')).toEqual(['claim.claimed', 'grant.ended'])
  })

  it('has a sentence for every line', () => {
    for (const line of lines) expect(wordsOf(line)).toMatch(/^[\w(].{4,}$/)
  })

  it('has a word even for an event of a later version', () => {
    const line = lines.find(({ kind }) => kind === 'event')!
    const later = { ...line, event: { type: 'foreseen', atMs: 0, provider: 'oidc' } }

    expect(wordsOf(later as unknown as RecordedLine)).toBe('foreseen')
  })
})

describe('a long-lived run', () => {
  const stamp = { v: 1, process: 'worker', provider: 'oidc', run: 'r1', token: 't' } as const
  const step = {
    ...stamp,
    kind: 'step',
    event: 'x',
    edge: 0,
    adoptions: 0,
    attempt: 0,
    presentations: 0,
  } as const
  const how = { mode: 'long-lived', hasAudience: false, isForced: false } as const
  const began: RecordedLine = { ...stamp, ...how, kind: 'run', seq: 1, atMs: 0 }
  const rounds: RecordedLine[] = [
    { ...step, from: 'fresh.judging', to: 'fresh.ageing', seq: 2, atMs: 1 },
    { ...step, from: 'fresh.ageing', to: 'expiring.claiming', seq: 3, atMs: 1_000 },
    { ...step, from: 'refreshing.settling', to: 'rotated.renewed', seq: 4, atMs: 1_100 },
    { ...step, from: 'rotated.renewed', to: 'fresh.judging', seq: 5, atMs: 1_101 },
    { ...step, from: 'fresh.judging', to: 'fresh.ageing', seq: 6, atMs: 1_102 },
    { ...step, from: 'fresh.ageing', to: 'expiring.claiming', seq: 7, atMs: 61_000 },
  ]
  const shown = (lines: readonly RecordedLine[]) =>
    historyOf(lines).model.renewals.map(({ lanes }) => lanes.map(({ key, state }) => [key, state]))

  it('is shown round by round', () => {
    expect(shown([began, ...rounds])).toEqual([
      [['worker r1 1', 'rotated']],
      [['worker r1 2', undefined]],
    ])
  })

  it('is so even to whoever came too late to see it begin', () => {
    expect(shown(rounds)).toEqual([[['worker r1', 'rotated']], [['worker r1 1', undefined]]])
  })
})

describe('the history of the page', () => {
  it('takes each line once, whatever comes again after a reconnect', () => {
    const history = historyOf(lines)
    history.add(lines.slice(50))

    expect(history.model.entries.length).toBe(lines.length)
    expect(history.missing).toBe(0)
  })

  it('says how many lines never came', () => {
    const history = historyOf(lines.filter(({ seq }) => seq !== 5))

    expect(history.missing).toBe(lines.filter(({ seq }) => seq === 5).length)
  })

  it('lets the oldest lines go when there are too many, and keeps what it counted', () => {
    const history = createHistory()
    for (let time = 0; time < 130; time += 1) {
      history.add(lines.map((line) => ({ ...line, process: `${line.process}-${time}` })))
    }

    expect(history.letGo).toBeGreaterThan(0)
    expect(history.model.entries.length).toBeLessThanOrEqual(20_000)
    expect(history.model.entries.length + history.letGo).toBe(130 * lines.length)
    expect(history.model.counters.replays).toBe(130)
  })
})

describe('the player', () => {
  const { model } = historyOf(lines.slice(0, 45))
  const steps = model.entries.flatMap(({ line }, index) => (line.kind === 'step' ? [index] : []))

  it('stops at every step for a while, transient ones included', () => {
    const player = createPlayer(() => false)
    const seen: number[] = []
    let at = -1
    for (let nowMs = 0; nowMs < 60_000; nowMs += 16) {
      const next = player.next(model.entries, at, nowMs)
      if (next !== at) seen.push(next)
      at = next
    }

    expect(seen).toEqual([...new Set([...steps, model.entries.length - 1])])
  })

  it('shows the newest at once to whoever wants nothing to move', () => {
    const player = createPlayer(() => true)

    expect(player.next(model.entries, -1, 0)).toBe(model.entries.length - 1)
  })
})

describe('the filter', () => {
  const { model } = historyOf(lines)
  const found = (grant: string, outcome: string): number =>
    model.renewals.filter((renewal) => matches(renewal, { grant, outcome })).length

  it('takes the beginning of a fingerprint, in any case, and a way to end', () => {
    const { grant, token } = model.renewals[0]!

    expect(found('', '')).toBe(model.renewals.length)
    expect(found(grant!.slice(0, 5).toLowerCase(), '')).toBeGreaterThan(1)
    expect(found(token!.toLowerCase(), '')).toBeGreaterThan(0)
    expect(found('none-such', '')).toBe(0)
    expect(found('', 'revoked')).toBeGreaterThan(0)
    expect(found('', 'running')).toBe(0)
  })
})

describe('where a run ends', () => {
  it('is where the chart is tagged `settled`, or about to be', () => {
    const { states } = describeMachine(refreshMachine)
    const innermost = states.filter(({ initial }) => initial === undefined)
    const settled = innermost.filter(({ tags }) => tags.includes('settled'))

    expect(innermost.map(({ path }) => path).filter(isSettled)).toEqual([
      'fresh.judging',
      ...settled.map(({ path }) => path),
    ])
  })
})

describe('a recording in a file', () => {
  it('comes back as it was written', async () => {
    const read = await readRecording(new Blob([writeRecording(lines)]))

    expect(read).toEqual(lines)
  })

  it.each([
    ['', 'there is no line of a recording in it'],
    ['{"v":2}\n', 'there is no line of a recording in it'],
    [`${text}nonsense\n`, `1 of its ${lines.length + 1} lines are of no recording`],
  ])('is refused when it is none, and why is said', async (given, why) => {
    await expect(readRecording(new Blob([given]))).rejects.toThrow(why)
  })
})
