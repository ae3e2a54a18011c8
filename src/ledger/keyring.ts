import { RefreshError } from '../core/errors.ts'
import { Secret } from '../core/secret.ts'
import type { Kept } from './kept.ts'
import type { Operation } from './protocol.ts'
import type { RowKeys, Sealer } from './sealer.ts'

/** Whose rows a procedure is about. */
export interface Chain {
  /** Its claim row is what operations on `claim` mean. */
  readonly refreshToken: Secret
  /** The token that came for it: its claim row is what operations on `successor` mean. */
  readonly successor?: Secret | undefined
  /** Whether the caller's set carried `grant`. Default `false`: claims then live longer. */
  readonly carried?: boolean | undefined
}

/** The row that an operation means. */
export type Target = Pick<Operation<Kept>, 'on'> & { readonly grant?: string }

/** Finds the keys of rows, and derives those of each row once. */
export type Keyring = (target: Target) => Promise<RowKeys>

export function createKeyring(sealer: Sealer, { refreshToken, successor }: Chain): Keyring {
  const known = new Map<string, Promise<RowKeys>>()
  return ({ on, grant }) => {
    const name = grant ?? on
    const secret =
      grant !== undefined ? new Secret(grant) : on === 'claim' ? refreshToken : successor
    if (secret === undefined) throw new RefreshError('internal', { hint: 'There is no successor.' })
    const keys = known.get(name) ?? sealer.derive(on === 'grant' ? 'grant' : 'claim', secret)
    known.set(name, keys)
    return keys
  }
}
