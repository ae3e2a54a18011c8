import { isRefreshError, RefreshError } from '../../core/errors.ts'

/** What Redis says in capitals, and what to do. Our own words: its texts may name keys. */
const HINTS: Readonly<Record<string, string>> = {
  READONLY: 'This Redis is a replica: connect to the primary.',
  LOADING: 'Redis is still loading its data.',
  MISCONF: 'Redis cannot save to disk and takes no writes: look into its log.',
  NOREPLICAS: 'Redis has fewer good replicas than min-replicas-to-write.',
  MASTERDOWN: 'The primary of this replica is down: connect to the primary.',
  CLUSTERDOWN: 'The cluster does not serve all slots.',
  NOAUTH: 'Redis asks for a password.',
  WRONGPASS: 'Redis refuses the password.',
  NOPERM: 'The ACL of this user forbids it: docs/stores.md has the line that is needed.',
  WRONGTYPE: 'Something else stands under this key: give the store a prefix of its own.',
  CROSSSLOT: 'The prefix of the store must not hold a part in braces.',
  BUSY: 'Redis is busy with a script of somebody else.',
  MOVED: 'This is one node of a cluster: pass the client of a cluster.',
}

const CODE = new RegExp(`\\b(OOM|NOSCRIPT|ERR|${Object.keys(HINTS).join('|')})\\b`)

/** What a script says that runs into the ACL: it has no code of its own. */
const FORBIDDEN = /ACL failure in script|can't run this command/

/** The code that an answer of Redis begins with, or has in it (before 7, errors of scripts). */
export function codeOf(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined
  return FORBIDDEN.test(error.message) ? 'NOPERM' : CODE.exec(error.message)?.[1]
}

/** What went wrong, and what to do about it. */
export function troubleOf(store: string, error: unknown): RefreshError {
  if (isRefreshError(error)) return error
  const code = codeOf(error)
  if (code === 'OOM') {
    const hint = 'Redis has reached maxmemory: raise it, or take other data away.'
    return new RefreshError('store_full', { store, hint })
  }
  const known = code === undefined ? 'It cannot be reached: is it running?' : HINTS[code]
  return new RefreshError('store_unavailable', { store, hint: known ?? 'It refused the command.' })
}
