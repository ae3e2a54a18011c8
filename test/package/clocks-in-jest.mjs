// The memory store in jest, in a project in which the packed package is installed: fake timers and
// MockDate move the time as they like.
import { jest } from '@jest/globals'
import MockDate from 'mockdate'
import { createRefresher, defineProvider } from 'refresh-once'
import { memoryStore } from 'refresh-once/stores/memory'

const HOUR_MS = 3_600_000
let names = 0
const serving = () => {
  const presented = []
  const refresher = createRefresher({
    provider: defineProvider({ id: 'acme', tokenEndpoint: 'https://id.acme.example/token' }),
    client: { id: `app-${names}` },
    ledger: { store: memoryStore({ name: `clocks-${(names += 1)}` }) },
    onEvent: () => {},
    fetch: async (_url, { body }) => {
      presented.push(new URLSearchParams(body).get('refresh_token'))
      const n = presented.length
      return Response.json({
        access_token: `at-${n}`,
        refresh_token: `rt-${n}`,
        token_type: 'Bearer',
        expires_in: 3600,
      })
    },
  })
  return { presented, refresher }
}
const first = () => ({ accessToken: 'at-0', refreshToken: 'rt-0', expiresAtMs: Date.now() - 1_000 })
const bare = (tokens) => ({ ...tokens, grant: undefined, expiresAtMs: Date.now() - 1_000 })

afterEach(() => {
  jest.useRealTimers()
  MockDate.reset()
})

describe.each([
  ['fake timers', () => jest.useFakeTimers(), (ms) => jest.setSystemTime(Date.now() + ms)],
  [
    'fake timers that are advanced',
    () => jest.useFakeTimers(),
    (ms) => jest.advanceTimersByTime(ms),
  ],
  [
    'fake timers at a time',
    () => jest.useFakeTimers({ now: new Date('2031-01-01') }),
    (ms) => jest.setSystemTime(Date.now() + ms),
  ],
  [
    'legacy fake timers',
    () => {
      jest.useFakeTimers({ legacyFakeTimers: true })
      MockDate.set(Date.now())
    },
    (ms) => MockDate.set(Date.now() + ms),
  ],
  [
    'fake Date only',
    () =>
      jest.useFakeTimers({
        doNotFake: ['performance', 'setTimeout', 'clearTimeout', 'queueMicrotask', 'nextTick'],
      }),
    (ms) => jest.setSystemTime(Date.now() + ms),
  ],
  ['MockDate', () => MockDate.set(Date.now()), (ms) => MockDate.set(Date.now() + ms)],
  [
    'Date.now spied',
    () => jest.spyOn(Date, 'now'),
    (ms) => {
      const t = Date.now() + ms
      jest.spyOn(Date, 'now').mockReturnValue(t)
    },
  ],
])('%s', (_name, install, move) => {
  test('a dead token is renewed and not handed out, also to a holder without grant', async () => {
    install()
    const { refresher, presented } = serving()
    const { tokens } = await refresher.refresh(first())
    move(2 * HOUR_MS)
    const one = await refresher.refresh(tokens)
    move(2 * HOUR_MS)
    const other = await refresher.refresh(bare(one.tokens))
    const back = await refresher.refresh({ ...tokens, expiresAtMs: Date.now() - 1 })
    expect([one, other].map(({ accessToken }) => accessToken)).toEqual(['at-2', 'at-3'])
    expect(back.accessToken).toBe('at-3')
    expect(presented).toEqual(['rt-0', 'rt-1', 'rt-2'])
    jest.restoreAllMocks()
  })
  test('nothing is presented twice when the time goes back', async () => {
    const real = Date.now()
    install()
    const { refresher, presented } = serving()
    const { tokens } = await refresher.refresh(first())
    move(50 * HOUR_MS)
    const far = await refresher.refresh(tokens)
    jest.useRealTimers()
    MockDate.reset()
    jest.restoreAllMocks()
    const again = await refresher.refresh({ ...tokens, expiresAtMs: real - 1 })
    const later = await refresher.refresh({ ...far.tokens, expiresAtMs: real - 1 })
    expect(new Set(presented).size).toBe(presented.length)
    expect([again, later].every(({ usable }) => usable)).toBe(true)
  })
})
