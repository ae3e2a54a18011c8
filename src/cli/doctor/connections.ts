import { once } from 'node:events'
import { connect as connectTcp } from 'node:net'
import { connect as connectTls, type TLSSocket } from 'node:tls'
import type { Clock } from '../../core/clock.ts'
import { isLoopback } from '../../core/endpoint.ts'
import { findings, type DoctorFinding } from './finding.ts'
import { isRefreshError } from '../../core/errors.ts'
import { refuseEviction } from '../../stores/redis/rows.ts'
import type { RedisClient } from '../../stores/redis.ts'

const ofConnection = findings('connection')

const DAY_MS = 24 * 60 * 60 * 1000

/** A certificate that ends sooner is worth a warning. */
const CERTIFICATE_MIN_DAYS = 14

const CAUSES: Readonly<Record<string, string>> = {
  ENOTFOUND: 'there is no such host: look at its spelling, and at the DNS of this machine',
  EAI_AGAIN: 'the DNS of this machine does not answer',
  ECONNREFUSED: 'nobody listens there: is it running, and on that port?',
  ETIMEDOUT: 'no answer: a firewall, or a proxy that this process would have to go through?',
  ECONNRESET: 'the connection was cut: is that port for TLS?',
  EPROTO: 'no TLS there: is it plain http on that port?',
}

const CERTIFICATES: Readonly<Record<string, string>> = {
  CERT_HAS_EXPIRED: 'its certificate has expired',
  CERT_NOT_YET_VALID: 'its certificate is not valid yet: is the clock of this machine right?',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'its certificate is signed by itself',
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is for another host',
  SELF_SIGNED_CERT_IN_CHAIN: 'its certificate comes from an authority that Node does not know',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'it does not send the whole chain of its certificate',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'it does not send the whole chain of its certificate',
}

/** Whether the host of an endpoint is there, and proves by TLS that it is itself. */
export async function checkConnection(
  url: URL,
  clock: Clock,
  timeoutMs: number,
): Promise<readonly DoctorFinding[]> {
  const isTls = url.protocol === 'https:'
  const port = Number(url.port || (isTls ? 443 : 80))
  const host = url.hostname.replace(/^\[|\]$/g, '')
  // Nothing is sent: a certificate that does not hold is to be told of, not to be believed.
  const socket = isTls
    ? connectTls({ host, port, servername: /[a-z]/i.test(host) ? host : '', ...UNVERIFIED })
    : connectTcp({ host, port })
  const timer = clock.setTimeout(() => socket.destroy(coded('ETIMEDOUT')), timeoutMs)
  try {
    await once(socket, isTls ? 'secureConnect' : 'connect')
    return isTls ? aboutCertificate(socket as TLSSocket, url, clock) : [aboutPlain(url)]
  } catch (error) {
    const { code = '' } = error as { code?: string }
    const cause = Object.hasOwn(CAUSES, code) ? CAUSES[code] : undefined
    return [
      ofConnection('problem', `${url.origin} cannot be reached (${code || 'unknown'})`, cause),
    ]
  } finally {
    clock.clearTimeout(timer)
    socket.destroy()
  }
}

const UNVERIFIED = { rejectUnauthorized: false } as const

function coded(code: string): Error {
  return Object.assign(new Error(code), { code })
}

function aboutPlain(url: URL): DoctorFinding {
  return isLoopback(url)
    ? ofConnection('fine', `${url.origin} is reached, by plain http on this machine`)
    : ofConnection(
        'warning',
        `${url.origin} is reached by plain http: everyone on the way may read the tokens`,
        'Use https.',
      )
}

function aboutCertificate(socket: TLSSocket, url: URL, clock: Clock): readonly DoctorFinding[] {
  if (!socket.authorized) {
    // Typed as an error, it is the code itself.
    const { code = String(socket.authorizationError) } = (socket.authorizationError ?? {}) as {
      code?: string
    }
    const cause = Object.hasOwn(CERTIFICATES, code) ? CERTIFICATES[code] : `code ${code}`
    return [
      ofConnection(
        'problem',
        `${url.origin} is reached, but ${cause}`,
        'Mend the certificate; for an authority of your own, set NODE_EXTRA_CA_CERTS.',
      ),
    ]
  }
  const endsAtMs = Date.parse(socket.getPeerCertificate().valid_to)
  const days = Math.floor((endsAtMs - clock.now()) / DAY_MS)
  const by = socket.getProtocol() ?? 'TLS'
  const says = `${url.origin} is reached by ${by}, its certificate is good for ${days} days`
  const level = days < CERTIFICATE_MIN_DAYS ? 'warning' : 'fine'
  return [ofConnection(level, says)]
}

const ofRedis = findings('redis')

/** A Redis that can be asked, and used as a store. */
export interface OpenRedis {
  readonly client: RedisClient
  info(): Promise<string>
  close(): void
}

/** Whether a Redis keeps what it acknowledged. */
export async function checkRedis(
  url: string,
  open: typeof openRedis = openRedis,
): Promise<readonly DoctorFinding[]> {
  let redis: OpenRedis | undefined
  try {
    redis = await open(url)
    return await aboutEviction(redis)
  } catch (error) {
    if (error instanceof NoClient) return [ofRedis('open', error.message, error.fix)]
    if (error instanceof URIError) return [ofRedis('problem', MALFORMED, MALFORMED_FIX)]
    // Its message may quote the address, and with it the password.
    const { code = 'unknown' } = error as { code?: string }
    return [ofRedis('problem', `it cannot be used (${code})`, 'Look at its address and password.')]
  } finally {
    redis?.close()
  }
}

const MALFORMED = 'its address cannot be read: it holds a % that escapes nothing'
const MALFORMED_FIX = 'Write each % of user and password as %25.'

async function aboutEviction({ info }: OpenRedis): Promise<readonly DoctorFinding[]> {
  const warnings: string[] = []
  try {
    await refuseEviction('redis', info, (message) => warnings.push(message))
  } catch (error) {
    if (!isRefreshError(error)) throw error
    return [
      ofRedis('problem', 'it may drop rows: a refresh token could be presented twice', error.hint),
    ]
  }
  return warnings.length === 0
    ? [ofRedis('fine', 'it drops no rows (maxmemory-policy noeviction)')]
    : [ofRedis('open', 'it does not say whether it drops rows', 'Make sure that it does not.')]
}

class NoClient extends Error {
  readonly fix = 'Install redis or ioredis in this folder, to ask it with.'
}

/** Connects by whichever client is installed: both are optional peers. */
export async function openRedis(url: string): Promise<OpenRedis> {
  const redis = await import('redis').catch(() => undefined)
  if (redis !== undefined) {
    const socket = { connectTimeout: CONNECT_MS, reconnectStrategy: false } as const
    const client = redis.createClient({ url, socket })
    // Told again by every command.
    client.on('error', () => {})
    await client.connect()
    return { client, info: () => client.info('memory'), close: () => client.destroy() }
  }
  const io = await import('ioredis').catch(() => undefined)
  if (io === undefined) throw new NoClient('there is no client to ask it with')
  const client = new io.Redis(url, {
    lazyConnect: true,
    connectTimeout: CONNECT_MS,
    retryStrategy: () => null,
  })
  client.on('error', () => {})
  await client.connect()
  return { client, info: () => client.info('memory'), close: () => client.disconnect() }
}

const CONNECT_MS = 5_000
