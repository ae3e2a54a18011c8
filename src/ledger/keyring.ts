import { RefreshError } from '../core/errors.ts'
import { Secret } from '../core/secret.ts'
import type { StoredTokenSet } from './stored-token-set.ts'
import type { ChainName, Operation } from './protocol/index.ts'
import type { RowKeys, Sealer } from './sealer.ts'

/** Whose rows a procedure is about. */
export interface ChainTokens {
  /** Its claim row is what operations on `claim` mean. */
  readonly refreshToken: Secret
  /** The token that came for it: its claim row is what operations on `successor` mean. */
  readonly successor?: Secret | undefined
  /** What the caller's set says of its place. */
  readonly name?: ChainName | undefined
  /** Of a set without refresh token: what it can show instead. */
  readonly accessToken?: Secret | undefined
  /** Whether the caller's set has a `grant`. Default `false`: claims then live longer. */
  readonly hasGrantField?: boolean | undefined
}

/** The row that an operation means. */
export type RowTarget = Pick<Operation<StoredTokenSet>, 'on'> & { readonly grant?: string }

/** Finds the keys of rows. */
export type Keyring = (target: RowTarget) => Promise<RowKeys>

/**
 * Makes keyrings that derive the keys of a row once for all that is done with one refresh token:
 * claiming and settling ask for the same ones, and a derivation is two calls of WebCrypto.
 *
 * By the `Secret` itself, so that no key outlives the run that holds the token.
 */
export function createKeyrings(sealer: Sealer): (chain: ChainTokens) => Keyring {
  const known = new WeakMap<Secret, Map<string, Promise<RowKeys>>>()
  return ({ refreshToken, successor }) =>
    ({ on, grant = '' }) => {
      const token = on === 'successor' ? successor : refreshToken
      if (token === undefined) throw new RefreshError('internal', { hint: 'No successor.' })
      const keys = known.get(token) ?? new Map<string, Promise<RowKeys>>()
      known.set(token, keys)
      const found =
        keys.get(grant) ??
        (on === 'grant' ? sealer.derive('grant', new Secret(grant)) : sealer.derive('claim', token))
      keys.set(grant, found)
      return found
    }
}
