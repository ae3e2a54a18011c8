import { FAILURES, STANDARD_ERRORS, type Failure, type Presentation } from '../../core/failure.ts'
import { reuseWindowMs } from '../../core/provider.ts'
import type { Provider } from '../../core/provider.ts'
import type { CredentialsAnswer } from '../../../providers/credentials/response.ts'
import { meaningOf } from '../authorization-server/fault.ts'
import type { Reply } from '../authorization-server/wire.ts'
import { isExpiryTold } from '../authorization-server/description.ts'
import type { Behaviour, ServerDescription } from '../authorization-server/description.ts'
import type { Decision } from '../authorization-server/present.ts'
import { Violation, inUnits } from '../invariants.ts'

/** An answer, what the server knows of it, and what the provider makes of it. */
export interface Reading {
  readonly provider: Provider
  readonly description: ServerDescription
  readonly behaviour: Behaviour
  readonly token: string
  readonly reply: Reply
  /** The server's decision, if the answer is its own. */
  readonly decision: Decision | undefined
  /** Which of the errors of its wire the answer is. */
  readonly error: 'dead' | 'client' | 'target' | undefined
  /** The `error` of an answer that is none of them. */
  readonly code: string | undefined
  /** Whether the exchange left the token as it was. */
  readonly isUnspent: boolean
  /** Whether a spent token came again inside the window that the provider claims. */
  readonly isInClaimedWindow: boolean
  readonly presentation: Presentation
  readonly nowMs: number
  readonly nameOf: (token: string) => string
}

/** Holds what a provider makes of an answer against what the server did. @throws {Violation} */
export function checkReading(reading: Reading): void {
  const { presentation, decision, isUnspent, isInClaimedWindow, token, nameOf } = reading
  const said = `the answer ${describe(reading)}`
  const name = nameOf(token)
  if (isInClaimedWindow && decision?.kind === 'dead') {
    throw new Violation(
      'reuse',
      `${name} came again inside the window that the provider claims ` +
        `(${inUnits(reuseWindowMs(reading.provider))}), and the server refused it`,
    )
  }
  if (decision?.kind === 'granted') return checkGranted(reading, decision)
  switch (presentation.outcome) {
    case 'granted':
      throw new Violation('failures', `${said} is taken for a token set, and is none`)
    case 'rejected':
      if (decision?.kind === 'dead' || mayMeanDead(reading)) return
      throw new Violation(
        'failures',
        `${said} is called 'rejected', which signs the user out: the grant lives`,
      )
    case 'deferred':
      if (isUnspent) return
      throw unspent(reading, said, 'deferred')
    case 'refused':
      if (!isUnspent && FAILURES[presentation.failure].settles === 'unspent')
        throw unspent(reading, said, 'refused_before')
      if (reading.error === 'dead') checkErrorIsKnown(reading)
      return
    case 'unknown':
      checkErrorIsKnown(reading)
  }
}

/** Whether the server may say by this answer that the grant is dead, as far as it is described. */
function mayMeanDead({ reply: { status }, code, error, decision, behaviour }: Reading): boolean {
  if (error !== undefined || decision !== undefined) return false
  const meant = meaningOf({ status, error: code }, behaviour.wire)
  const isOwn = code !== undefined && !STANDARD_ERRORS.has(code)
  return meant === undefined ? isOwn : meant === 'rejected'
}

function unspent({ token, nameOf }: Reading, said: string, failure: string): Violation {
  return new Violation(
    'failures',
    `${said} is called '${failure}', so that ${nameOf(token)} is presented again: it is spent`,
  )
}

function describe({ reply, error, code: other, behaviour }: Reading): string {
  const code = error === undefined ? other : behaviour.wire[error].error
  return code === undefined ? `${reply.status}` : `${reply.status} ${code}`
}

/** Says where the server writes a member, and where the provider looks for it, if they differ. */
function placesOf(
  { behaviour: { wire }, provider }: Reading,
  member: 'accessToken' | 'refreshToken',
): string {
  const { answer }: Provider & { readonly answer?: CredentialsAnswer } = provider
  const [writes, reads] = [wire.answer, answer].map((places) => JSON.stringify(places?.[member]))
  if (writes === undefined || writes === reads) return ''
  const looks = reads === undefined ? '' : `, and the provider looks for it in ${reads}`
  return `: the server writes it into ${writes}${looks}`
}

type Granted = Decision & { readonly kind: 'granted' }

function checkGranted(reading: Reading, decision: Granted): void {
  const { presentation, nameOf } = reading
  const { accessToken } = decision
  if (presentation.outcome !== 'granted') {
    throw new Violation(
      'success',
      `the server granted ${nameOf(accessToken)}, and the provider makes ` +
        `'${presentation.outcome}' of it${placesOf(reading, 'accessToken')}`,
    )
  }
  const { access } = presentation.response
  if (access.token.expose() !== accessToken) {
    throw new Violation('success', `${nameOf(accessToken)} came, and another text is read as it`)
  }
  checkSuccessor(reading, decision)
  checkRotation(reading, decision)
  checkExpiry(reading, access.expiresAtMs)
  checkOlder(reading, decision)
}

/** The provider must read the refresh token that came. */
function checkSuccessor(reading: Reading, decision: Granted): void {
  const { presentation, token, provider, nameOf } = reading
  if (presentation.outcome !== 'granted') return
  const { refreshToken, isWithout } = presentation.response
  const read = refreshToken?.expose()
  const { refreshToken: came, consumed } = decision
  if (read !== undefined && read !== (came ?? token)) {
    throw new Violation(
      'success',
      `the refresh token that is read is none that the server sent: ${nameOf(token)} and what ` +
        'came for it are lost',
    )
  }
  if (read !== undefined) return
  const isThrownAway = isWithout === true || provider.rotation === 'always'
  if (came !== undefined && came !== token) {
    const where = placesOf(reading, 'refreshToken')
    throw new Violation('success', `${nameOf(came)} came as successor, and is dropped${where}`)
  }
  if (isThrownAway && !consumed && isWithout === true) {
    throw new Violation('success', `${nameOf(token)} was kept, and is thrown away`)
  }
}

function checkRotation(reading: Reading, decision: Granted): void {
  const { presentation, provider, description, token, nameOf } = reading
  if (presentation.outcome !== 'granted') return
  const { refreshToken, isWithout } = presentation.response
  const { rotation } = provider
  const { consumed } = decision
  const name = nameOf(token)
  if (rotation === 'never' && consumed) {
    throw new Violation('rotation', `the provider says 'never', and the server spent ${name}`)
  }
  if (refreshToken !== undefined) return
  if (rotation === 'always' && !consumed && description.rotation !== undefined) {
    throw new Violation(
      'rotation',
      `the provider says 'always', the answer brings no refresh token, and ${name} lives: ` +
        'it is thrown away',
    )
  }
  if (rotation !== 'always' && isWithout !== true && consumed) {
    throw new Violation(
      'rotation',
      `${name} is spent and no successor came: the provider takes it for kept`,
    )
  }
}

/** Clocks and transport may take so long, milliseconds. */
const EXPIRY_TOLERANCE_MS = 2_000

function checkExpiry({ behaviour, nowMs }: Reading, expiresAtMs: number | undefined): void {
  const { wire, accessTokenMs } = behaviour
  if (!isExpiryTold(wire)) return
  if (expiresAtMs === undefined) {
    throw new Violation(
      'expiry',
      `the access token lives for ${inUnits(accessTokenMs)}, as the answer says (expires_in: ` +
        `${wire.expiresIn}), and is read as one of which nobody knows how long`,
    )
  }
  if (Math.abs(expiresAtMs - (nowMs + accessTokenMs)) > EXPIRY_TOLERANCE_MS) {
    throw new Violation(
      'expiry',
      `the access token lives for ${inUnits(accessTokenMs)}, as the answer says (expires_in: ` +
        `${wire.expiresIn}), and is read as one for ${inUnits(expiresAtMs - nowMs)}`,
    )
  }
}

/** Only a described axis counts: a draw proves nothing against a provider. */
function checkOlder({ provider, description, nameOf }: Reading, { killed }: Granted): void {
  const [older] = killed
  if (older === undefined || provider.oldAccessToken === 'dies') return
  if (description.oldAccessToken !== 'dies') return
  throw new Violation(
    'old_access_token',
    `the refresh ended ${nameOf(older)}, which had time left; the provider says 'lives', so that ` +
      'it is still handed out',
  )
}

/** The meaning of a server's own error code, and what the provider should call it. */
const MEANT = {
  dead: { says: (name: string) => `that ${name} is dead`, means: 'rejected' },
  client: { says: () => 'that the client is not known', means: 'refused_before' },
} as const satisfies Readonly<Record<string, { says: unknown; means: Failure }>>

/**
 * Holds that a provider knows the codes of its server: what it does not know asks people to sign in
 * who need not, or lets them wait for a grant that is over.
 *
 * A code with a second meaning proves nothing, and neither does a status alone.
 *
 * @throws {Violation}
 */
function checkErrorIsKnown(reading: Reading): void {
  const { error: which, behaviour, provider, presentation, token, nameOf } = reading
  if (which !== 'dead' && which !== 'client') return
  const { wire } = behaviour
  const { status, error } = wire[which]
  const others = (['dead', 'client', 'target'] as const).filter((each) => each !== which)
  const isAmbiguous = others.some((each) => wire[each].error === error)
  if (error === undefined || isAmbiguous) return
  const { says, means } = MEANT[which]
  const names = [`${status} ${error}`, error, `${status}`]
  const described = names.map((name) => provider.failures[name]).find((each) => each !== undefined)
  if (described !== undefined && described !== means) return
  const place = JSON.stringify(wire.answer.error ?? 'error')
  const instead = [
    ...(described === undefined ? [`failures: { ${error}: '${means}' }`] : []),
    ...(described === undefined && place === '"error"'
      ? []
      : [`a response.read that hands on ${place} as error`]),
  ]
  throw new Violation(
    'failures',
    `the answer ${status} ${error} says ${says(nameOf(token))}, and the provider makes ` +
      `'${presentation.outcome}' of it: write ${instead.join(', and ')}`,
  )
}
