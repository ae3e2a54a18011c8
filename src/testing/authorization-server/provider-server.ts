import type { CredentialsAnswer } from '../../../providers/credentials/response.ts'
import type { Provider } from '../../core/provider.ts'
import type { ProviderFacts } from '../../facts/provider-facts.ts'
import type { ReuseWindow, ServerDescription, Wire } from './description.ts'

/** The server that a provider's facts describe. What the facts leave out is drawn. */
export function serverOf(facts: ProviderFacts): ServerDescription {
  const { id, rotation, keptAs, reuse, reuseAnswer, reuseEffect, oldAccessToken } = facts
  const { validates, unavailable, wire, request, failures, played } = facts
  const known = {
    rotation: played?.rotation ?? rotation,
    keptAs,
    reuseWindow: windowOf(reuse),
    reuseAnswer,
    reuseEffect: reuse === 'refused' ? ('error' as const) : reuseEffect,
    oldAccessToken,
    validates,
    unavailable,
    accessTokenMs: playedMs(facts),
  }
  const carry = wire?.carry ?? carryOf(request)
  const answer = wire?.answer ?? answerOf(facts.response)
  const told = { ...(carry !== undefined && { carry }), ...(answer !== undefined && { answer }) }
  return { name: id, ...known, wire: { ...(failures && { failures }), ...wire, ...told } }
}

/** A day: a world lets access tokens expire, and no ledger remembers a spent token for months. */
const PLAYED_MAX_MS = 24 * 60 * 60 * 1000

/** The lifetime of the access tokens that are played: shorter than in the facts, if it is told. */
function playedMs({ lifetimes, wire }: ProviderFacts): number | undefined {
  const accessMs = lifetimes?.accessMs ?? undefined
  if (accessMs === undefined || wire?.expiresIn === 'absent') return accessMs
  return Math.min(accessMs, PLAYED_MAX_MS)
}

/** Where the server writes the members of an answer, if its facts say where they are read. */
function answerOf(
  response: ProviderFacts['response'] | Provider['response'],
): Wire['answer'] | undefined {
  const { members } = response ?? {}
  if (members === undefined) return undefined
  const place = (name: string): string => [members[name] ?? name].flat()[0] ?? name
  return {
    accessToken: place('access_token'),
    refreshToken: place('refresh_token'),
    expiresIn: place('expires_in'),
    error: place('error'),
  }
}

function windowOf(reuse: ProviderFacts['reuse']): ReuseWindow | undefined {
  switch (reuse) {
    case undefined:
      return undefined
    case 'accepted':
      return 'forever'
    case 'until_successor_used':
      return reuse
    case 'refused':
    case 'revokes':
      return 'none'
    default:
      return { ms: reuse.acceptedForMs }
  }
}

/**
 * A description that says nothing of the wire, played as the provider says: where a request holds
 * the refresh token, and where an answer holds its members.
 */
export function wiredAs(
  provider: Pick<Provider, 'request' | 'response' | 'failures'> & {
    readonly answer?: CredentialsAnswer
  },
  description: ServerDescription,
): ServerDescription {
  const { wire = {} } = description
  const { answer, failures } = provider
  const { accessToken, refreshToken, expiresIn, error } = answer ?? {}
  const places =
    accessToken === undefined
      ? answerOf(provider.response)
      : {
          accessToken,
          ...(refreshToken && { refreshToken }),
          ...(expiresIn && { expiresIn }),
          error: error ?? 'error',
        }
  // A backend that knows no clients: a 401 without a word speaks of the token.
  const isBackend = answer !== undefined && failures['401'] === 'rejected'
  const said = {
    carry: carryOf(provider.request),
    ...(places && { answer: places }),
    ...(places?.expiresIn === undefined && places && { accessToken: 'jwt' as const }),
    ...(isBackend && { dead: { status: 401 }, client: { status: 403 } }),
  }
  return { ...description, wire: { ...said, ...wire } }
}

/** Where a request of this shape holds the refresh token, if it is not in a form. */
export function carryOf(
  request: ProviderFacts['request'] | Provider['request'],
): Wire['carry'] | undefined {
  const name = request?.names?.['refresh_token'] ?? 'refresh_token'
  switch (request?.format) {
    case undefined:
      return undefined
    case 'form':
      return { form: name }
    case 'json':
      return { json: name }
    case 'query':
      return { query: name }
    case 'cookie':
      return { cookie: name }
    case 'bearer':
      return { bearer: true }
  }
}
