/** What is asked of a pool of `pg`. */
export interface PostgresPool {
  query(text: string, values?: unknown[]): Promise<PostgresResult>
  connect(): Promise<PostgresClient>
  readonly options?: { readonly max?: number }
}

export interface PostgresResult {
  readonly rows: readonly Readonly<Record<string, unknown>>[]
}

/** A connection that was taken out of the pool, until it is released. */
export interface PostgresClient {
  query(text: string, values?: unknown[]): Promise<PostgresResult>
  /** @param destroy Whether it is closed instead of given back. */
  release(destroy?: boolean): void
  on(event: 'notification', listener: (message: { payload?: string | undefined }) => void): unknown
  on(event: 'error' | 'end', listener: () => void): unknown
  removeListener(event: string, listener: (message: { payload?: string }) => void): unknown
}
