import { beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { openTabs, type TabMessage } from '../../../src/integrations/react/tabs.ts'
import { handClock } from '../../runtime/clock.ts'
import { ALICE, browser, over, pass } from './tabs.ts'

type OnStorage = (event: { key: string | null; newValue: string | null }) => void

/** Windows of one origin: each hears of what the others store, when the value changes. */
function windows() {
  const stored = new Map<string, string>()
  const opened: Set<OnStorage>[] = []
  return {
    open() {
      const own = new Set<OnStorage>()
      opened.push(own)
      const change = (key: string, newValue: string | null): void => {
        if ((stored.get(key) ?? null) === newValue) return
        if (newValue === null) stored.delete(key)
        else stored.set(key, newValue)
        for (const others of opened.filter((each) => each !== own)) {
          for (const listener of others) listener({ key, newValue })
        }
      }
      /** Makes this window the one that code runs in. */
      return () => {
        vi.stubGlobal('BroadcastChannel', undefined)
        vi.stubGlobal('addEventListener', (_: string, listener: OnStorage) => own.add(listener))
        vi.stubGlobal('removeEventListener', (_: string, listener: OnStorage) =>
          own.delete(listener),
        )
        vi.stubGlobal('localStorage', {
          setItem: change,
          removeItem: (key: string) => change(key, null),
        })
      }
    },
    stored,
  }
}

const MESSAGE: TabMessage = { code: 'ended', tab: 0.5 }

describe('openTabs without BroadcastChannel', () => {
  it('reaches the other windows by the storage event, each time, and leaves nothing', () => {
    const { open, stored } = windows()
    const [inOne, inOther] = [open(), open()]
    const heard: unknown[] = []
    inOne()
    const one = openTabs('a', (message) => heard.push(['one', message]))
    inOther()
    const other = openTabs('a', (message) => heard.push(['other', message]))

    inOne()
    one.post(MESSAGE)
    one.post(MESSAGE)
    inOther()
    other.close()
    inOne()
    one.post(MESSAGE)

    expect(heard).toEqual([
      ['other', MESSAGE],
      ['other', MESSAGE],
    ])
    expect(stored.size).toBe(0)
  })

  it('takes nothing from other keys, and nothing that is no message', () => {
    const { open } = windows()
    const [inOne, inOther] = [open(), open()]
    const heard: unknown[] = []
    inOne()
    openTabs('a', (message) => heard.push(message))

    inOther()
    openTabs('b', () => {}).post(MESSAGE)
    for (const text of ['{', '"ended"', '{"code":"ended"}', '{"code":"x","tab":1}']) {
      localStorage.setItem('a', text)
    }

    expect(heard).toEqual([])
  })

  it('is on its own where nothing may be stored', () => {
    windows().open()()
    vi.stubGlobal('localStorage', undefined)
    const tabs = openTabs('a', () => {})

    expect(() => tabs.post(MESSAGE)).not.toThrow()
  })
})

/** Browsers throw this where cookies are blocked (Firefox), and in sandboxed frames. */
const refuse = (): never => {
  throw new DOMException('The operation is insecure.', 'SecurityError')
}

/** A channel in which one call throws. */
const channelThatRefuses = (call: string) =>
  class {
    constructor() {
      if (call === 'constructor') refuse()
      Object.assign(this, { [call]: refuse })
    }
    addEventListener(): void {}
    postMessage(): void {}
    close(): void {}
  }

const BROADCASTS = ['constructor', 'addEventListener', 'postMessage', 'close', 'none at all']
const STORAGES = ['none', 'refuses', 'a getter that refuses'] as const

describe.each(BROADCASTS)('a browser whose BroadcastChannel refuses: %s', (call) => {
  const broadcast = call === 'none at all' ? undefined : channelThatRefuses(call)

  describe.each(STORAGES)('with local storage: %s', (storage) => {
    beforeEach(() => {
      vi.stubGlobal('BroadcastChannel', broadcast)
      vi.stubGlobal('addEventListener', storage === 'none' ? undefined : refuse)
      vi.stubGlobal('localStorage', storage === 'refuses' ? { setItem: refuse } : undefined)
      if (storage !== 'a getter that refuses') return
      const before = Object.getOwnPropertyDescriptor(globalThis, 'localStorage')!
      Object.defineProperty(globalThis, 'localStorage', { get: refuse, configurable: true })
      onTestFinished(() => void Object.defineProperty(globalThis, 'localStorage', before))
    })

    it('lets the tab act alone', async () => {
      const clock = handClock()
      const web = browser(clock)
      web.session = over(ALICE)

      const { phases, close } = web.tab({ graceMs: 0 })
      await pass(clock, 2_000)

      expect(web.signOuts).toBe(1)
      expect(phases).toEqual(['notice', 'signing_out', 'quiet'])
      expect(close).not.toThrow()
    })
  })
})

describe('a browser whose BroadcastChannel cannot even be looked at', () => {
  it('connects the tabs by the storage event', () => {
    const { open } = windows()
    const [inOne, inOther] = [open(), open()]
    const heard: TabMessage[] = []
    const at = (inWindow: () => void): void => {
      inWindow()
      Object.defineProperty(globalThis, 'BroadcastChannel', { get: refuse, configurable: true })
    }
    const before = Object.getOwnPropertyDescriptor(globalThis, 'BroadcastChannel')!
    onTestFinished(() => void Object.defineProperty(globalThis, 'BroadcastChannel', before))

    at(inOne)
    openTabs('a', (message) => heard.push(message))
    at(inOther)
    openTabs('a', () => {}).post(MESSAGE)

    expect(heard).toEqual([MESSAGE])
  })
})
