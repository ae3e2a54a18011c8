import type { Clock } from '../../src/core/clock.ts'
import type { Reuse } from '../../src/core/provider.ts'

/** A row as oidc-provider writes it: the payload of a grant, a token, a session, … */
export interface Row {
  readonly uid?: string
  readonly grantId?: string
  /** Epoch seconds. */
  readonly consumed?: number
}

/** The storage contract of oidc-provider, for one of its models. */
export interface Adapter {
  upsert(id: string, row: Row): Promise<void>
  find(id: string): Promise<Row | undefined>
  findByUid(uid: string): Promise<Row | undefined>
  findByUserCode(): Promise<undefined>
  consume(id: string): Promise<void>
  destroy(id: string): Promise<void>
  revokeByGrantId(grantId: string): Promise<void>
}

/** Everything the authorization server remembers. */
export interface Rows {
  adapter(model: string): Adapter
  /** Whether the grant stands and holds a refresh token that can still be presented. */
  isLive(grantId: string): boolean
  /** Forgets the grant and every token of it, as a user does who withdraws their consent. */
  endGrant(grantId: string): void
}

export interface RowsOptions {
  /** What a spent refresh token does. oidc-provider itself: `revokes`. */
  readonly reuse: Reuse
  readonly clock: Clock
  /** Called once for each grant that is made. */
  onGrant(grantId: string): void
  /** Called once for each refresh token that is issued. */
  onRefreshToken(refreshToken: string, grantId: string): void
}

/**
 * oidc-provider's storage in maps.
 *
 * - They forget nothing. The adapter that it comes with keeps the last 1,000 to 2,000 rows, which a
 *   test with a few hundred sign-ins overflows.
 * - They answer at once: oidc-provider reads a refresh token first and consumes it later, and this
 *   way nothing comes in between. Servers with a database consume in one statement, or grant
 *   twice.
 */
export function rows({ reuse, clock, onGrant, onRefreshToken }: RowsOptions): Rows {
  const tables = new Map<string, Map<string, Row>>()
  const membersOf = new Map<string, { table: Map<string, Row>; id: string }[]>()

  function tableOf(model: string): Map<string, Row> {
    const table = tables.get(model) ?? new Map<string, Row>()
    tables.set(model, table)
    return table
  }

  function forgetTokens(grantId: string, only: (table: Map<string, Row>) => boolean): void {
    for (const { table, id } of membersOf.get(grantId) ?? []) if (only(table)) table.delete(id)
  }

  /** When refresh tokens were issued, and consumed first: in which order, and at what time. */
  const issued = new Map<string, number>()
  const consumed = new Map<string, { readonly order: number; readonly atMs: number }>()
  let order = 0

  /** A refresh token as oidc-provider is to see it: it calls a consumed one reuse. */
  function refreshToken(id: string): Row | undefined {
    const row = tableOf('RefreshToken').get(id)
    if (row?.consumed === undefined) return row
    const { consumed: _, ...unspent } = row
    const first = consumed.get(id)!
    if (typeof reuse === 'object') {
      return clock.monotonic() - first.atMs <= reuse.acceptedForMs ? unspent : row
    }
    switch (reuse) {
      case 'accepted':
        return unspent
      case 'until_successor_used': {
        const isUsed = (membersOf.get(row.grantId!) ?? []).some(
          (each) => (issued.get(each.id) ?? -1) > first.order && consumed.has(each.id),
        )
        return isUsed ? row : unspent
      }
      case 'refused':
        return undefined
      case 'revokes':
        return row
    }
  }

  return {
    adapter(model) {
      const table = tableOf(model)
      const idByUid = new Map<string, string>()
      return {
        async upsert(id, row) {
          const isNew = !table.has(id)
          table.set(id, row)
          if (row.uid !== undefined) idByUid.set(row.uid, id)
          if (!isNew) return
          if (model === 'Grant') onGrant(id)
          if (row.grantId === undefined) return
          const members = membersOf.get(row.grantId) ?? []
          members.push({ table, id })
          membersOf.set(row.grantId, members)
          if (model !== 'RefreshToken') return
          issued.set(id, (order += 1))
          onRefreshToken(id, row.grantId)
        },
        find: async (id) => (model === 'RefreshToken' ? refreshToken(id) : table.get(id)),
        findByUid: async (uid) => table.get(idByUid.get(uid) ?? ''),
        findByUserCode: async () => undefined,
        async consume(id) {
          const row = table.get(id)
          if (row === undefined) return
          table.set(id, { ...row, consumed: 1 })
          if (!consumed.has(id)) consumed.set(id, { order: (order += 1), atMs: clock.monotonic() })
        },
        async destroy(id) {
          table.delete(id)
        },
        async revokeByGrantId(grantId) {
          forgetTokens(grantId, (each) => each === table)
        },
      }
    },
    isLive(grantId) {
      const refreshTokens = tableOf('RefreshToken')
      const isPresentable = (row: Row | undefined): boolean =>
        row !== undefined && row.consumed === undefined
      return (
        tableOf('Grant').has(grantId) &&
        (membersOf.get(grantId) ?? []).some(
          ({ table, id }) => table === refreshTokens && isPresentable(table.get(id)),
        )
      )
    },
    endGrant(grantId) {
      tableOf('Grant').delete(grantId)
      forgetTokens(grantId, () => true)
    },
  }
}
