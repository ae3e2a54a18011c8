import { RefreshError } from '../../core/errors.ts'
import { codeOf } from './trouble.ts'

/** Answers of a server that does not let its policy be read, as managed ones do not. */
const FORBIDDEN = new Set(['NOPERM', 'ERR'])

/**
 * Whether the server may drop rows before their time (`maxmemory-policy`).
 *
 * @param info The answer to `INFO memory`: readable where `CONFIG` is forbidden.
 * @throws {RefreshError} `store_evicts`, when it may.
 */
export async function refuseEviction(
  store: string,
  info: () => Promise<string>,
  warn: (message: string) => void,
): Promise<void> {
  const policy = /maxmemory_policy:([\w-]+)/.exec(await info().catch(nothingIfForbidden))?.[1]
  if (policy === undefined) {
    warn(
      `refresh-once: ${store} does not say whether it evicts rows (INFO memory). Make sure ` +
        'that its maxmemory-policy is noeviction: without its row, a refresh token may be ' +
        'presented twice.',
    )
  } else if (policy !== 'noeviction') {
    throw new RefreshError('store_evicts', {
      store,
      hint:
        `Its maxmemory-policy is ${policy}: set noeviction, or use another Redis; allowEviction ` +
        'gives the promise up.',
    })
  }
}

function nothingIfForbidden(error: unknown): string {
  if (FORBIDDEN.has(codeOf(error) ?? '')) return ''
  throw error
}
