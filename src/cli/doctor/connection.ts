import { once } from 'node:events'
import { connect as connectTcp } from 'node:net'
import { connect as connectTls, type TLSSocket } from 'node:tls'
import type { Clock } from '../../core/clock.ts'
import { isLoopback } from '../../core/endpoint.ts'
import { findings, type Finding } from './finding.ts'

const finding = findings('connection')

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
): Promise<readonly Finding[]> {
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
    return [finding('problem', `${url.origin} cannot be reached (${code || 'unknown'})`, cause)]
  } finally {
    clock.clearTimeout(timer)
    socket.destroy()
  }
}

const UNVERIFIED = { rejectUnauthorized: false } as const

function coded(code: string): Error {
  return Object.assign(new Error(code), { code })
}

function aboutPlain(url: URL): Finding {
  return isLoopback(url)
    ? finding('fine', `${url.origin} is reached, by plain http on this machine`)
    : finding(
        'warning',
        `${url.origin} is reached by plain http: everyone on the way may read the tokens`,
        'Use https.',
      )
}

function aboutCertificate(socket: TLSSocket, url: URL, clock: Clock): readonly Finding[] {
  if (!socket.authorized) {
    // Typed as an error, it is the code itself.
    const { code = String(socket.authorizationError) } = (socket.authorizationError ?? {}) as {
      code?: string
    }
    const cause = Object.hasOwn(CERTIFICATES, code) ? CERTIFICATES[code] : `code ${code}`
    return [
      finding(
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
  return [finding(level, says)]
}
