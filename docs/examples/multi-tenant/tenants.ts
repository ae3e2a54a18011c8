/**
 * Several tenants, each with an authorization server and a client of its own: a refresher each,
 * made when its first user comes.
 *
 *     const refreshers = tenantRefreshers({ find: (id) => findTenant(pool, id), store })
 *     const refresher = await refreshers.of(tenantOf(request.hostname))
 *     const outcome = await refresher.refresh(session.tokens)
 */
import { createRefresher } from 'refresh-once'
import type { Refresher, RefresherOptions, Store } from 'refresh-once'
import { oidc } from 'refresh-once/providers/oidc'

/**
 * What is configured for a tenant. It comes from your database, never from a request, a session or
 * a token: it decides where refresh tokens are sent.
 */
export interface Tenant {
  /** `[a-z0-9-]+` */
  readonly id: string
  readonly issuer: string
  readonly clientId: string
  readonly clientSecret?: string
}

export interface TenantRefreshers {
  /** @throws {Error} For a tenant that is not there. */
  of(tenantId: string): Promise<Refresher>
  /** After a tenant's configuration was changed. Exchanges under way end as they began. */
  forget(tenantId: string): void
  /** For SIGTERM. */
  drain(): Promise<void>
}

export interface TenantOptions extends Pick<RefresherOptions, 'clock' | 'onEvent'> {
  readonly store: Store
  readonly find: (tenantId: string) => Promise<Tenant | undefined>
}

export function tenantRefreshers({ find, store, ...shared }: TenantOptions): TenantRefreshers {
  // A refresher is a few closures: one is kept for each tenant that came. Looked up by names from
  // outside, hence a Map: it has no inherited ones.
  const refreshers = new Map<string, Promise<Refresher>>()
  const made: Refresher[] = []

  async function make(tenantId: string): Promise<Refresher> {
    const tenant = await find(tenantId)
    if (tenant === undefined) throw new Error('no such tenant')
    const { id, issuer, clientId, clientSecret } = tenant
    const refresher = createRefresher({
      ...shared,
      // Rows of its own, and an id that goes into each set: none is renewed for another tenant.
      ledger: { store, name: `tenant-${id}` },
      provider: oidc({ issuer, id: `tenant-${id}` }),
      client: { id: clientId, ...(clientSecret !== undefined && { secret: clientSecret }) },
    })
    made.push(refresher)
    return refresher
  }

  return {
    of(tenantId) {
      const known = refreshers.get(tenantId)
      if (known !== undefined) return known
      const making = make(tenantId)
      refreshers.set(tenantId, making)
      // Tenants that are not there, or not yet, are not remembered.
      making.catch(() => refreshers.delete(tenantId))
      return making
    },
    forget: (tenantId) => void refreshers.delete(tenantId),
    async drain() {
      await Promise.all(made.map((refresher) => refresher.drain()))
    },
  }
}
