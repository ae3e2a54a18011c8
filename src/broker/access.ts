import { createHash, timingSafeEqual } from 'node:crypto'

/** A program that may ask the broker for tokens. */
export interface BrokerClient {
  /** Its bearer token: at least 32 random characters (`openssl rand -hex 32`). */
  readonly token: string
  /** The ids of its grants. A `*` stands for any characters: `crm-*`. */
  readonly grants: readonly string[]
}

/** What one request may reach. */
export interface Access {
  /** The name of the client. `undefined`: anybody who can open the socket. */
  readonly client: string | undefined
  may(id: string): boolean
}

/**
 * Decides who asks.
 *
 * @param clients By name. `undefined`: the socket's file mode decides, and all grants are open.
 * @returns `undefined` for a request of nobody who is known.
 */
export function accessBy(
  clients: Readonly<Record<string, BrokerClient>> | undefined,
): (authorization: string | undefined) => Access | undefined {
  if (clients === undefined) return () => ({ client: undefined, may: () => true })
  const known = Object.entries(clients).map(([client, { token, grants }]) => {
    const patterns = grants.map(patternOf)
    const may = (id: string): boolean => patterns.some((pattern) => pattern.test(id))
    return { digest: digestOf(token), access: { client, may } }
  })
  return (authorization) => {
    const given = /^bearer +(\S+) *$/i.exec(authorization ?? '')?.[1]
    if (given === undefined) return undefined
    // All are compared, so that the time does not tell which one is nearly right.
    const digest = digestOf(given)
    const found = known.filter((each) => timingSafeEqual(each.digest, digest))
    return found[0]?.access
  }
}

function digestOf(token: string): Buffer {
  return createHash('sha256').update(token).digest()
}

function patternOf(pattern: string): RegExp {
  const parts = pattern.split('*').map((part) => part.replaceAll(/[^\w]/g, String.raw`\$&`))
  return new RegExp(`^${parts.join('.*')}$`, 's')
}
