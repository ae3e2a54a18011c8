import type { Listen, Wake } from '../shared.ts'
import type { PostgresClient, PostgresPool } from './pool.ts'

/** A connection that listens. */
interface Ear {
  readonly wakes: Map<string, Set<Wake>>
  /** Resolves when it hears all that is told from now on; never, if it does not. */
  readonly open: Promise<void>
  close(): void
}

/**
 * Takes one connection of the pool to `LISTEN`, while any call waits. When the connection ends,
 * waiting calls go on reading the row, and the next call takes another connection.
 */
export function listening(pool: PostgresPool, channel: string): Listen {
  let ear: Ear | undefined
  return (key, wake) => {
    ear ??= listen(pool, channel, () => (ear = undefined))
    const { wakes, open, close } = ear
    const waiting = wakes.get(key) ?? new Set()
    wakes.set(key, waiting.add(wake))
    open.then(
      () => wake(),
      () => {},
    )
    return () => {
      waiting.delete(wake)
      if (waiting.size === 0) wakes.delete(key)
      if (wakes.size === 0) close()
    }
  }
}

function listen(pool: PostgresPool, channel: string, forget: () => void): Ear {
  const wakes: Ear['wakes'] = new Map()
  let client: PostgresClient | undefined
  let isClosed = false
  const hear = ({ payload = '' }: { payload?: string | undefined }): void => {
    const [key = '', version] = payload.split(' ')
    for (const wake of wakes.get(key) ?? []) wake(Number(version))
  }
  const give = (isBroken: boolean): void => {
    if (client === undefined) return
    client.removeListener('notification', hear)
    client.removeListener('error', lose)
    client.removeListener('end', lose)
    client.release(isBroken)
    client = undefined
  }
  const lose = (): void => {
    close()
    give(true)
  }
  const close = (): void => {
    if (isClosed) return
    isClosed = true
    forget()
    client?.query(`UNLISTEN ${channel}`).then(
      () => give(false),
      () => give(true),
    )
  }

  async function open(): Promise<void> {
    const connected = await pool.connect()
    if (isClosed) return connected.release()
    client = connected
    client.on('notification', hear)
    client.on('error', lose)
    client.on('end', lose)
    await client.query(`LISTEN ${channel}`)
  }
  const opening = open()
  opening.catch(lose)
  return { wakes, open: opening, close }
}
