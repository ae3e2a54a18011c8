import { createServer } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { bundle } from '../../bench/bundle.ts'
import { startChromium } from '../../servers/chromium.ts'

/** What a frame does: a guard whose session has ended, which tells the page what happened. */
const FRAME = `
  import { createSessionGuard } from './src/integrations/react/session-guard.ts'

  const tell = (message) => parent.postMessage(message, '*')
  const can = (step) => {
    try {
      return step() !== undefined
    } catch {
      return false
    }
  }
  addEventListener('error', ({ message }) => tell({ threw: message }))
  const session = { user: { name: 'Ada' }, error: 'RefreshTokenError' }
  const update = () => Promise.resolve(session)
  const signOut = () => tell({ signedOut: true, hasStorage: can(() => localStorage) })
  const guard = createSessionGuard({ signOut, graceMs: 0, debounceMs: 0 })
  guard.subscribe(() => {})
  guard.update({ status: 'authenticated', data: session, update })
`

const server = createServer((_, response) => void response.end('<!doctype html>'))
let browser: Browser

beforeAll(async () => {
  await once(server.listen(0, '127.0.0.1'), 'listening')
  browser = await startChromium()
})
afterAll(async () => {
  await browser?.close()
  server?.close()
})

describe('createSessionGuard in Chromium', () => {
  it.each([
    ['a frame of the page', 'allow-scripts allow-same-origin', true],
    ['a sandboxed frame, which has no origin', 'allow-scripts', false],
  ])('signs out in %s', async (_, sandbox, hasStorage) => {
    const { code } = await bundle(FRAME)
    const page = await browser.newPage()
    await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`)

    const told = await page.evaluate(
      ([source, allowed]) =>
        new Promise((resolve) => {
          addEventListener('message', ({ data }) => resolve(data))
          const frame = document.createElement('iframe')
          frame.setAttribute('sandbox', allowed!)
          frame.srcdoc = `<script type="module">${source}</script>`
          document.body.append(frame)
        }),
      [code, sandbox],
    )

    expect(told).toEqual({ signedOut: true, hasStorage })
    await page.close()
  })
})
