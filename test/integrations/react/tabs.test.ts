import { describe, expect, it, vi } from 'vitest'
import { openTabs, type TabMessage } from '../../../src/integrations/react/tabs.ts'

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
