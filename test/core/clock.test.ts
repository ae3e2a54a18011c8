import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { sleep, systemClock, TIMEOUT_MAX_MS } from '../../src/core/clock.ts'

describe('systemClock', () => {
  beforeEach(() => {
    vi.useFakeTimers({ now: 1_760_000_000_000 })
  })
  afterEach(() => {
    vi.useRealTimers()
  })

  it('says the wall time, and a monotonic one', () => {
    const before = systemClock.monotonic()

    vi.advanceTimersByTime(5)

    expect(systemClock.now()).toBe(1_760_000_000_005)
    expect(systemClock.monotonic() - before).toBe(5)
  })

  it('does not run backwards when fake timers end, or others begin', () => {
    vi.advanceTimersByTime(60_000)
    const before = systemClock.monotonic()

    vi.useRealTimers()
    const after = systemClock.monotonic()
    vi.useFakeTimers()

    expect(after).toBeGreaterThanOrEqual(before)
    expect(systemClock.monotonic()).toBeGreaterThanOrEqual(after)
  })

  it('does not run backwards when the wall clock does', () => {
    const before = systemClock.monotonic()

    vi.setSystemTime(0)

    expect(systemClock.now()).toBe(0)
    expect(systemClock.monotonic()).toBeGreaterThanOrEqual(before)
  })

  it('calls back once, after the time is over and not before', () => {
    const callback = vi.fn<() => void>()

    systemClock.setTimeout(callback, 10)
    vi.advanceTimersByTime(9)
    expect(callback).not.toHaveBeenCalled()
    vi.advanceTimersByTime(100)

    expect(callback).toHaveBeenCalledTimes(1)
  })

  it.each([TIMEOUT_MAX_MS + 1, 2 ** 32, 1e12, Infinity])(
    'fires at the bound for a timer of %d ms, which the runtime would fire at once',
    (ms) => {
      const callback = vi.fn<() => void>()
      const setTimeoutSpy = vi.spyOn(globalThis, 'setTimeout')

      systemClock.setTimeout(callback, ms)

      expect(setTimeoutSpy).toHaveBeenCalledWith(callback, TIMEOUT_MAX_MS)
      vi.advanceTimersByTime(TIMEOUT_MAX_MS - 1)
      expect(callback).not.toHaveBeenCalled()
      vi.advanceTimersByTime(1)
      expect(callback).toHaveBeenCalledTimes(1)
    },
  )

  it('never passes a negative delay on', () => {
    const setTimeoutSpy = vi.spyOn(globalThis, 'setTimeout')

    systemClock.setTimeout(() => {}, -5)

    expect(setTimeoutSpy).toHaveBeenCalledWith(expect.any(Function), 0)
  })

  it('forgets a timer that is cleared', () => {
    const callback = vi.fn<() => void>()

    systemClock.clearTimeout(systemClock.setTimeout(callback, 10))
    vi.advanceTimersByTime(20)

    expect(callback).not.toHaveBeenCalled()
  })
})

describe('a pending timer', () => {
  it('does not keep the process alive, unless asked to', () => {
    const idle = systemClock.setTimeout(() => {}, 60_000) as NodeJS.Timeout
    const kept = systemClock.setTimeout(() => {}, 60_000, { keepAlive: true }) as NodeJS.Timeout

    expect([idle.hasRef(), kept.hasRef()]).toEqual([false, true])

    systemClock.clearTimeout(idle)
    systemClock.clearTimeout(kept)
  })

  it('lets a real process end', async () => {
    const clock = fileURLToPath(new URL('../../src/core/clock.ts', import.meta.url))
    const program = `
      import { systemClock } from ${JSON.stringify(clock)}
      systemClock.setTimeout(() => console.log('fired'), 600_000)
      console.log('over')
    `

    const { stdout } = await promisify(execFile)(
      process.execPath,
      ['--import', 'tsx', '--input-type=module', '--eval', program],
      { timeout: 15_000 },
    )

    expect(stdout).toBe('over\n')
  })
})

describe('sleep', () => {
  beforeEach(() => {
    vi.useFakeTimers()
  })
  afterEach(() => {
    vi.useRealTimers()
  })

  it('resolves after its time', async () => {
    const woken = vi.fn<() => void>()

    void sleep(systemClock, 10).then(woken)
    await vi.advanceTimersByTimeAsync(9)
    expect(woken).not.toHaveBeenCalled()
    await vi.advanceTimersByTimeAsync(1)

    expect(woken).toHaveBeenCalledTimes(1)
  })

  it('resolves when the signal aborts, and leaves no timer and no listener behind', async () => {
    const abort = new AbortController()
    const removed = vi.spyOn(abort.signal, 'removeEventListener')

    const sleeping = sleep(systemClock, 10_000, abort.signal)
    abort.abort()
    await sleeping

    expect(vi.getTimerCount()).toBe(0)
    expect(removed).toHaveBeenCalledTimes(1)
  })

  it('removes its listener when its time is over', async () => {
    const abort = new AbortController()
    const removed = vi.spyOn(abort.signal, 'removeEventListener')

    const sleeping = sleep(systemClock, 10, abort.signal)
    await vi.advanceTimersByTimeAsync(10)
    await sleeping

    expect(removed).toHaveBeenCalledTimes(1)
  })

  it('does not start when the signal has aborted', async () => {
    await sleep(systemClock, 10_000, AbortSignal.abort())

    expect(vi.getTimerCount()).toBe(0)
  })
})
