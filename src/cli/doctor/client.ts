import type { Clock } from '../../core/clock.ts'
import type { Presentation } from '../../core/failure.ts'
import { systemRandom } from '../../core/random.ts'
import { Secret } from '../../core/secret.ts'
import { toBase64url } from '../../core/text.ts'
import { createTransport } from '../../transport/transport.ts'
import type { Unprepared } from '../../transport/metadata.ts'
import type { Transport } from '../../transport/transport.ts'
import type { Revoked } from '../../transport/revocation.ts'
import { findings, type DoctorFinding } from './finding.ts'
import type { Target } from '../target.ts'
import type { Provider } from '../../core/provider.ts'
import { textsIn } from './server.ts'

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
  subject: Target,
  clock: Clock,
  requestTimeoutMs: number,
): Promise<readonly DoctorFinding[]> {
  const as = (id: string): Transport =>
    createTransport({
      ...subject,
      client: { ...subject.client, id },
      clock,
      requestTimeoutMs,
    })
  const transport = as(subject.client.id)
  // First as a client that cannot exist: some servers look at the token before they look at it.
  const unknown = await presented(as(`refresh-once-doctor-${toBase64url(systemRandom.bytes(12))}`))
  const authentication = await checkAuthentication(transport, unknown)
  if (authentication.verdict !== 'fine' && authentication.says !== ALIKE) return [authentication]
  if (subject.provider.revocationEndpoint === null) {
    return [authentication, ofRevocation('warning', NO_REVOCATION)]
  }
  return [authentication, aboutRevocation(await transport.revoke({ token: madeUp(), hint: HINT }))]
}

const HINT = 'refresh_token'
const ALIKE = 'the server refuses a made-up token for any client: it tells nothing of this one'
const NO_REVOCATION = 'this server has none: a sign-out ends the chain in the ledger only'

async function checkAuthentication(
  transport: Transport,
  unknown: Presentation | Unprepared,
): Promise<DoctorFinding> {
  const answer = await presented(transport)
  if ('ready' in answer) {
    return ofAuthentication('problem', 'nothing can be presented', answer.hint)
  }
  const isAlike =
    answer.outcome === 'rejected' &&
    'outcome' in unknown &&
    unknown.outcome === 'rejected' &&
    unknown.oauthError === answer.oauthError
  return isAlike ? ofAuthentication('open', ALIKE, CLIENT_FIX) : aboutAnswer(answer)
}

async function presented(transport: Transport): Promise<Presentation | Unprepared> {
  const prepared = await transport.prepare({ refreshToken: madeUp(), audience: {} })
  return prepared.ready ? prepared.present() : prepared
}

/** Says what it is to whoever finds it in a log. */
function madeUp(): Secret {
  return new Secret(`refresh-once-doctor-made-this-up-${toBase64url(systemRandom.bytes(24))}`)
}

function aboutAnswer(answer: Presentation): DoctorFinding {
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

function aboutRevocation(answer: Revoked): DoctorFinding {
  if (answer.revoked) return ofRevocation('fine', 'it takes tokens to revoke')
  const { code, oauthError, status } = answer
  if (code === 'no_revocation_endpoint') return ofRevocation('warning', NO_REVOCATION)
  const said = [code, oauthError, status].filter((each) => each !== undefined).join(', ')
  return ofRevocation(
    'warning',
    `it does not revoke (${said}): a sign-out does not reach the server`,
  )
}

const ofScope = findings('offline_access')
const ofPrompt = findings('prompt')
const ofSwitch = findings('provider_switch')

interface SignIn {
  readonly scope: string | undefined
  readonly prompt: string | undefined
}

const SCOPE = 'offline_access'

/**
 * Whether a sign-in brings a refresh token, as far as the authorization request tells.
 *
 * @see https://openid.net/specs/openid-connect-core-1_0.html#OfflineAccess
 */
export function checkSignIn(
  { missingRefreshToken }: Provider,
  { scope, prompt }: SignIn,
  metadata: Readonly<Record<string, unknown>> | undefined,
): readonly DoctorFinding[] {
  const listed = metadata && textsIn(metadata, 'scopes_supported')?.includes(SCOPE)
  const isAsked = scope?.split(' ').includes(SCOPE)
  // OpenID Connect is what the scope belongs to; others have ways of their own.
  if (metadata === undefined && missingRefreshToken === undefined) return []
  return [
    aboutScope(isAsked, listed),
    ...(isAsked === false ? [] : [aboutPrompt(prompt, isAsked)]),
    ...(missingRefreshToken === undefined
      ? []
      : [
          ofSwitch(
            'open',
            'settings of its own, which cannot be seen from here',
            missingRefreshToken,
          ),
        ]),
  ]
}

function aboutScope(isAsked: boolean | undefined, isListed: boolean | undefined): DoctorFinding {
  if (isAsked === undefined) {
    return isListed === false
      ? ofScope('open', 'the metadata does not list it', 'How else does it give refresh tokens?')
      : ofScope('open', 'give --scope to have it looked at', `It belongs into the scope: ${SCOPE}.`)
  }
  if (isAsked) {
    return isListed === false
      ? ofScope('open', 'the scope has it, the metadata does not list it')
      : ofScope('fine', 'the scope has it')
  }
  if (isListed === false) {
    const says = 'neither the scope nor the metadata has it: this server may have another way'
    return ofScope('open', says, 'The page of the provider in docs/providers.md may say which.')
  }
  return ofScope(
    'problem',
    'the scope lacks it: a sign-in brings no refresh token',
    `Add ${SCOPE} to the scope of the authorization request.`,
  )
}

function aboutPrompt(prompt: string | undefined, isAsked: boolean | undefined): DoctorFinding {
  if (prompt?.split(' ').includes('consent')) return ofPrompt('fine', 'it asks for consent')
  const fix = 'Add prompt=consent to the authorization request.'
  return prompt === undefined && isAsked === undefined
    ? ofPrompt('open', 'give --prompt to have it looked at', fix)
    : ofPrompt(
        'warning',
        'it does not ask for consent: many servers then ignore offline_access',
        fix,
      )
}
