import { beforeEach, describe, expect, it, vi } from 'vitest'
import { MARKER, markerIn, markerLine } from '../../../src/integrations/react/marker.ts'
import type { SessionLike } from '../../../src/integrations/react/session-guard.ts'
import { handClock, type HandClock } from '../../runtime/clock.ts'
import { ALICE, browser, over, pass, type Browser } from './tabs.ts'

let clock: HandClock
let web: Browser
let jar: Map<string, string>
let tries: number

const LOST: SessionLike = { ...over(ALICE), canSignInSilently: true }

beforeEach(() => {
  clock = handClock()
  web = browser(clock)
  jar = new Map()
  tries = 0
  vi.stubGlobal('location', { pathname: '/orders', search: '?of=June', protocol: 'https:' })
  vi.stubGlobal('document', {
    get cookie() {
      return Array.from(jar, ([name, value]) => `${name}=${value}`).join('; ')
    },
    set cookie(line: string) {
      const [, name, value, attributes] = /^([^=]+)=([^;]*);(.*)$/.exec(line)!
      if (attributes!.includes('Max-Age=0')) jar.delete(name!)
      else jar.set(name!, value!)
    },
  })
  return () => vi.unstubAllGlobals()
})

const signInSilently = (): void => void (tries += 1)

describe('signInSilently', () => {
  it('is tried once, in one tab, before the notice', async () => {
    web.session = LOST
    const first = web.tab({ signInSilently })
    await pass(clock, 5_000)
    expect(first.phases).toEqual([])
    expect(markerIn(document.cookie)).toEqual({ stage: 'sent', path: '/orders?of=June' })

    const second = web.tab({ signInSilently })
    await pass(clock, 2_000)

    expect(second.phases).toEqual(['notice'])
    expect(tries).toBe(1)
  })

  it('is followed by the notice when it fails, or does not leave the page', async () => {
    web.session = LOST
    const { phases } = web.tab({ signInSilently: () => Promise.reject(new Error('offline')) })
    await pass(clock, 2_000)
    expect(phases).toEqual(['notice'])

    jar.clear()
    const other = web.tab({ signInSilently })
    await pass(clock, 12_000)
    expect(other.phases).toEqual(['notice'])
  })

  it('may be tried again after a session that was well', async () => {
    web.session = LOST
    web.tab({ signInSilently }).close()
    web.session = ALICE
    web.tab({ signInSilently }).close()
    expect(jar.has(MARKER)).toBe(false)

    web.session = LOST
    web.tab({ signInSilently }).close()

    expect(tries).toBe(2)
  })

  it('is not tried in the middle of a page, nor for another end, nor without cookies', async () => {
    const open = web.tab({ signInSilently })
    web.session = LOST
    await open.read()
    open.close()
    web.session = over(ALICE)
    web.tab({ signInSilently }).close()
    vi.stubGlobal('document', { cookie: '' })
    Object.freeze(document)
    web.session = LOST
    web.tab({ signInSilently }).close()
    vi.stubGlobal('document', undefined)
    web.tab({ signInSilently }).close()

    expect(tries).toBe(0)
  })
})

describe('the marker', () => {
  it.each(['//evil.example/', '/\\evil.example', 'https://evil.example/', '/%0d%0aa:b', '%'])(
    'leads to / in place of %s',
    (path) => {
      expect(markerIn(`a=b; ${MARKER}=sent:${path}`)).toEqual({ stage: 'sent', path: '/' })
      expect(markerIn(`${MARKER}=sent:${encodeURIComponent(path)}`)?.path).toMatch(/^\/(?![/\\])/)
    },
  )

  it('is one line without what ends it', () => {
    const line = markerLine({ stage: 'begun', path: '/a;b, c?d=é' }, true)

    expect(line).toMatch(/^refresh-once\.silent=begun:[\w%.-]+; Path=\/; Max-Age=600; SameSite=Lax/)
    expect(markerIn(line.split(';')[0]!)).toEqual({ stage: 'begun', path: '/a;b, c?d=é' })
    expect(markerIn(`${MARKER}=other:/`)).toBeUndefined()
  })
})
