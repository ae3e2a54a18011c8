import { checkOptions, text } from '../core/check-options.ts'
import type { TableOf } from '../core/check-options.ts'
import { systemClock } from '../core/clock.ts'
import { variable } from '../runtime/inspect/line.ts'
import type { LineInspector } from '../runtime/inspect/line.ts'
import type { RecorderOptions } from './recorder.ts'
import { RECORDER_OPTIONS, stamping } from './recorder.ts'

export interface PageInspectorOptions extends RecorderOptions {
  /**
   * The address that `refresh-once inspect` prints. Default: that of the environment variable
   * `REFRESH_ONCE_INSPECT`.
   */
  readonly url?: string | undefined
}

const OPTIONS: TableOf<PageInspectorOptions> = { ...RECORDER_OPTIONS, url: text() }

/** How long one request to the page's server may take, milliseconds. */
const REQUEST_MS = 5_000

/**
 * An inspector that sends what happens to the page of `refresh-once inspect`, on this machine.
 * While nobody listens there, the newest lines wait.
 *
 * @throws {TypeError} For an address that is none of a page, or a name of the process that is none.
 */
export function pageInspector(options: PageInspectorOptions = {}): LineInspector {
  checkOptions('pageInspector', options, OPTIONS)
  const { url = variable(ADDRESS_VARIABLE), process, allowInProduction } = options
  if (url === undefined) {
    throw new TypeError(
      'url is missing: run `refresh-once inspect`, and pass what it prints, ' +
        `or set ${ADDRESS_VARIABLE}`,
    )
  }
  const to = `${readAddress(url).url}lines`
  const stamped = stamping(process)
  const box = outbox((texts) => post(to, texts.join('')))
  return {
    allowInProduction,
    lines: (batch) => box.add(batch.map((line) => `${JSON.stringify(stamped(line))}\n`)),
  }
}

/** @returns Whether they have arrived. */
async function post(to: string, body: string): Promise<boolean> {
  const stop = new AbortController()
  const timer = systemClock.setTimeout(() => stop.abort(), REQUEST_MS)
  try {
    const response = await fetch(to, {
      method: 'POST',
      headers: { 'content-type': 'application/x-ndjson' },
      body,
      redirect: 'error',
      signal: stop.signal,
    })
    await response.body?.cancel()
    return response.ok
  } catch {
    return false
  } finally {
    systemClock.clearTimeout(timer)
  }
}

/** Lines that wait at most: the oldest are let go first. The page sees the gap in their count. */
const WAITING_MAX = 20_000

/** What is sent at once, at most. */
const LINES_AT_ONCE = 500

/** How long lines are gathered: a request costs more than they do. Milliseconds. */
const GATHER_MS = 50

/** How long until it is tried again: doubled each time, milliseconds. */
const AGAIN_MS = 100
const AGAIN_MAX_MS = 2_000

export interface Outbox {
  add(lines: readonly string[]): void
}

/**
 * Sends lines in order, one request at a time, and keeps those that did not arrive.
 *
 * @param send Says whether they have arrived; never rejects.
 */
function outbox(send: (lines: readonly string[]) => Promise<boolean>): Outbox {
  /** Changed in place: a copy of them all for a few lines costs more than the lines. */
  const waiting: string[] = []
  let isComing = false
  let againMs = AGAIN_MS

  /** @param keepAlive Whether the process waits for it: not for a page that is not there. */
  function come(inMs: number, keepAlive: boolean): void {
    isComing = true
    systemClock.setTimeout(() => void sendNext(), inMs, { keepAlive })
  }

  async function sendNext(): Promise<void> {
    const batch = waiting.splice(0, LINES_AT_ONCE)
    if (await send(batch)) {
      againMs = AGAIN_MS
      isComing = false
      if (waiting.length > 0) come(GATHER_MS, true)
      return
    }
    waiting.unshift(...batch)
    come(againMs, false)
    againMs = Math.min(againMs * 2, AGAIN_MAX_MS)
  }

  return {
    add(lines) {
      waiting.push(...lines)
      if (waiting.length > WAITING_MAX) waiting.splice(0, waiting.length - WAITING_MAX)
      if (!isComing) come(GATHER_MS, true)
    },
  }
}

/** Where a page is served, and lines are taken. */
export interface PageAddress {
  /** Its last part is the secret. Ends with a slash. */
  readonly url: string
  readonly port: number
  readonly secret: string
}

/** 128 bits, as base64url. */
const SECRET = /^[\w-]{22,86}$/

const LOOPBACK: ReadonlySet<string> = new Set(['127.0.0.1', 'localhost', '[::1]'])

/** The environment variable that names a page to those who are not told of one. */
export const ADDRESS_VARIABLE = 'REFRESH_ONCE_INSPECT'

/**
 * Reads the address of a page.
 *
 * @throws {TypeError} For what is none, or lies outside this machine.
 */
export function readAddress(text: string): PageAddress {
  const url = URL.canParse(text) ? new URL(text) : undefined
  const secret = url?.pathname.replaceAll('/', '') ?? ''
  if (url?.protocol !== 'http:' || url.port === '' || !SECRET.test(secret)) {
    throw new TypeError(
      'the address of a page is what `refresh-once inspect` prints: ' +
        'http://127.0.0.1:<port>/<secret>/',
    )
  }
  if (!LOOPBACK.has(url.hostname)) {
    throw new TypeError('a page is on this machine: its address begins with http://127.0.0.1')
  }
  return addressOf(Number(url.port), secret)
}

export function addressOf(port: number, secret: string): PageAddress {
  return { url: `http://127.0.0.1:${port}/${secret}/`, port, secret }
}
