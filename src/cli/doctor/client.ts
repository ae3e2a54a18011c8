import type { Clock } from '../../core/clock.ts'
import type { Presentation } from '../../core/failure.ts'
import { systemRandom } from '../../core/random.ts'
import { Secret } from '../../core/secret.ts'
import { toBase64url } from '../../core/text.ts'
import { createTransport } from '../../transport/transport.ts'
import type { Transport } from '../../transport/transport.ts'
import type { Revoked } from '../../transport/revocation.ts'
import { findings, type Finding } from './finding.ts'
import type { Subject } from '../subject.ts'

const ofAuthentication = findings('client_authentication')
const ofRevocation = findings('revocation_endpoint')

/** What an AS calls a client that it does not know, or that did not prove itself. */
const OF_THE_CLIENT: ReadonlySet<string | undefined> = new Set([
  undefined,
  'invalid_client',
  'unauthorized_client',
])

/**
 * Presents a refresh token that was made up, as refresh-once would present a real one: an AS that
 * knows the client says that the token is dead, any other that the client is wrong.
 */
export async function checkClientAt(
  subject: Subject,
  clock: Clock,
  requestTimeoutMs: number,
): Promise<readonly Finding[]> {
  const transport = createTransport({ ...subject, clock, requestTimeoutMs })
  const authentication = await checkAuthentication(transport)
  if (authentication.verdict !== 'fine') return [authentication]
  if (subject.provider.revocationEndpoint === null) {
    return [authentication, ofRevocation('warning', NO_REVOCATION)]
  }
  return [authentication, aboutRevocation(await transport.revoke({ token: madeUp(), hint: HINT }))]
}

const HINT = 'refresh_token'
const NO_REVOCATION = 'this server has none: a sign-out ends the chain in the ledger only'

async function checkAuthentication(transport: Transport): Promise<Finding> {
  const prepared = await transport.prepare()
  if (!prepared.ready) {
    return ofAuthentication('problem', 'nothing can be presented', prepared.hint)
  }
  return aboutAnswer(await prepared.present({ refreshToken: madeUp(), audience: {} }))
}

/** Says what it is to whoever finds it in a log. */
function madeUp(): Secret {
  return new Secret(`refresh-once-doctor-made-this-up-${toBase64url(systemRandom.bytes(24))}`)
}

function aboutAnswer(answer: Presentation): Finding {
  if (answer.outcome === 'granted') {
    const says = 'the server gave tokens for a refresh token that was made up'
    return ofAuthentication('problem', says, 'It is no authorization server, or a broken one.')
  }
  const { oauthError, status } = answer
  const said = [oauthError, status === undefined ? undefined : `status ${status}`]
    .filter((each) => each !== undefined)
    .join(', ')
  switch (answer.outcome) {
    case 'rejected':
      return ofAuthentication('fine', 'the server knows the client, and refused a made-up token')
    case 'refused':
      return OF_THE_CLIENT.has(oauthError)
        ? ofAuthentication('problem', `the server refuses the client (${said})`, CLIENT_FIX)
        : ofAuthentication('warning', `the server refuses the request (${said})`)
    case 'deferred':
      return ofAuthentication('open', `the server could not be asked (${said || 'unreachable'})`)
    case 'unknown':
      return ofAuthentication(
        'warning',
        `an answer that tells nothing (${said || 'none came'})`,
        'A real refresh token may be spent by such an answer: see docs/availability.md.',
      )
  }
}

const CLIENT_FIX =
  'Compare client ID and secret (whole, not expired, of this application), and how it ' +
  'authenticates: a public client has no secret.'

function aboutRevocation(answer: Revoked): Finding {
  if (answer.revoked) return ofRevocation('fine', 'it takes tokens to revoke')
  const { code, oauthError, status } = answer
  if (code === 'misconfigured') return ofRevocation('warning', NO_REVOCATION)
  const said = [code, oauthError, status].filter((each) => each !== undefined).join(', ')
  return ofRevocation(
    'warning',
    `it does not revoke (${said}): a sign-out does not reach the server`,
  )
}
