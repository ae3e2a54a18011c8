import { systemClock } from '../core/clock.ts'
import { variable } from '../runtime/inspection/environment.ts'
import type { LineInspector } from '../runtime/inspection/inspector.ts'
import { ADDRESS_VARIABLE, readAddress } from './address.ts'
import { outbox } from './outbox.ts'
import type { RecorderOptions } from './recorder.ts'
import { stamping } from './stamp.ts'

export interface PageInspectorOptions extends RecorderOptions {
  /**
   * The address that `refresh-once inspect` prints. Default: that of the environment variable
   * `REFRESH_ONCE_INSPECT`.
   */
  readonly url?: string | undefined
}

/** How long one request to the page's server may take, milliseconds. */
const REQUEST_MS = 5_000

/**
 * An inspector that sends what happens to the page of `refresh-once inspect`, on this machine.
 * While nobody listens there, the newest lines wait.
 *
 * @throws {TypeError} For an address that is none of a page, or a name of the process that is none.
 */
export function pageInspector(options: PageInspectorOptions = {}): LineInspector {
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
