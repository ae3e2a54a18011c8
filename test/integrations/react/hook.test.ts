import { Window } from 'happy-dom'
import { act, createElement, StrictMode, type ReactNode } from 'react'
import { renderToString } from 'react-dom/server'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import {
  useSessionGuard,
  type SessionGuardOptions,
  type SessionSource,
} from '../../../src/integrations/react.ts'
import { handClock, type HandClock } from '../../runtime/clock.ts'
import { ALICE, over, settled } from './tabs.ts'

let clock: HandClock
let window: Window
let source: SessionSource
let signOuts: string[]
let channels = 0

/** A notice as an application has it. */
function Notice({ name = 'first' }: { name?: string }): ReactNode {
  const options: SessionGuardOptions = {
    signOut: () => void signOuts.push(name),
    channel: `test of the hook ${process.pid} ${channels}`,
    clock,
  }
  const { phase, code, confirm } = useSessionGuard(source, options)
  return createElement('button', { onClick: confirm }, [phase, code].join(' '))
}

beforeEach(() => {
  window = new Window()
  vi.stubGlobal('IS_REACT_ACT_ENVIRONMENT', true)
  vi.stubGlobal('window', window)
  vi.stubGlobal('document', window.document)
  vi.stubGlobal('navigator', window.navigator)
  clock = handClock()
  signOuts = []
  channels += 1
  source = { status: 'loading', update: async () => source.data }
})

afterEach(() => window.happyDOM.close())

/** Renders it, and gives what the user sees. */
async function page() {
  const { createRoot } = await import('react-dom/client')
  const root = createRoot(window.document.body as never)
  const render = (name?: string): Promise<void> =>
    act(async () => {
      root.render(createElement(StrictMode, null, createElement(Notice, name ? { name } : {})))
    })
  await render()
  return {
    render,
    text: () => window.document.body.textContent.trim(),
    pass: (ms: number) =>
      act(async () => {
        clock.advance(ms)
        await settled()
      }),
    click: () => act(async () => window.document.querySelector('button')!.click()),
    leave: () => act(async () => root.unmount()),
  }
}

describe('useSessionGuard', () => {
  it('shows the notice of a session that has ended, and signs out when told to', async () => {
    const { render, text, pass, click, leave } = await page()
    const seen = [text()]
    source = { ...source, status: 'authenticated', data: over(ALICE) }
    await render()
    seen.push(text())

    await pass(1_000)
    seen.push(text())
    await click()
    seen.push(text())
    await pass(100)
    await pass(100)
    seen.push(text())
    await leave()

    expect(seen).toEqual([
      'quiet',
      'quiet',
      'notice RefreshTokenError',
      'signing_out RefreshTokenError',
      'quiet',
    ])
    expect(signOuts).toEqual(['first'])
  })

  it('calls the newest signOut', async () => {
    source = { ...source, status: 'authenticated', data: over(ALICE) }
    const { render, pass, click, leave } = await page()
    await pass(1_000)

    await render('second')
    await click()
    await pass(100)
    await pass(100)
    await leave()

    expect(signOuts).toEqual(['second'])
  })

  it('leaves no timer behind', async () => {
    source = { ...source, status: 'authenticated', data: over(ALICE) }
    const { pass, leave } = await page()
    await pass(1_000)
    const during = clock.pending.length

    await leave()

    expect(during).toBe(1)
    expect(clock.pending).toEqual([])
  })

  it('is quiet on the server, where it touches nothing', () => {
    vi.unstubAllGlobals()
    source = { ...source, status: 'authenticated', data: over(ALICE) }

    expect(renderToString(createElement(Notice))).toContain('quiet')
    expect(clock.pending).toEqual([])
  })
})
