import { describe, expect, it } from 'vitest'
import { systemClock } from '../../src/core/clock.ts'
import { failedPresentation } from '../../src/core/failure.ts'
import type { Client, Provider } from '../../src/core/provider.ts'
import { Secret } from '../../src/core/secret.ts'
import { isRecord } from '../../src/core/text.ts'
import type { AnswerFact, ProviderRecord } from '../../src/facts/provider-facts.ts'
import type { ShippedProvider } from '../../src/testing/presets.ts'
import type { PresentedTokens } from '../../src/transport/token-response.ts'
import { createTransport } from '../../src/transport/transport.ts'
import { loopback } from '../transport/loopback.ts'
import type { Seen } from '../transport/loopback.ts'
import { shown } from '../transport/setup.ts'

/** What each provider must keep: what it sends, and the answers in its facts. */
export function providerContract(shipped: ShippedProvider): void {
  const { facts } = shipped

  it('is constant, named and dated', () => {
    const made = exampleOf(shipped)

    expect(Object.isFrozen(made) && Object.isFrozen(made.request.names)).toBe(true)
    expect(made.id).toBe(facts.id)
  })

  it('presents a refresh token once, where and how its facts say', async () => {
    const { seen, provider } = await played(facts.answers[0]!, (origin) => at(origin, shipped))

    const { method, format, audience } = provider.request
    const { pathname } = new URL(provider.tokenEndpoint ?? `${provider.issuer}/token`)
    expect(seen).toHaveLength(1)
    const [{ url, form: _, headers, ...request }] = seen as [Seen]
    expect({ ...request, url: url.split('?')[0] }).toMatchObject({ method, url: pathname })
    expect(`${url} ${request.body} ${JSON.stringify(headers)}`).toContain('rt-1')
    const sent = sentIn(seen[0]!, format)
    const { authorization } = headers
    expect({ authorization, ...sent }).toMatchObject(asDescribed(provider, sent !== undefined))
    const others = [audience.resource, audience.organization]
    expect(others.filter((name) => sent !== undefined && name in sent)).toEqual([])
  })

  const asking = facts.answers.filter(
    ({ presented: { resource, organization } = {} }) => (resource ?? organization) !== undefined,
  )
  it.each(asking)('asks for an audience as its facts say: $title', async (answer) => {
    const { seen, provider } = await played(answer, (origin) => at(origin, shipped))

    const { resource = null, organization = null } = answer.presented ?? {}
    const { audience } = provider.request
    const asked = new URLSearchParams(seen[0]!.body)
    expect(asked.get(audience.resource)).toBe(resource)
    expect(asked.get(audience.organization)).toBe(organization)
  })

  it('sends the name of a public client only where there is one', async () => {
    const client = { id: 'app' }
    const needsSecret = exampleOf(shipped).clientAuthentication
    if (needsSecret !== undefined && needsSecret !== 'none') return

    const { seen, provider } = await played(
      facts.answers[0]!,
      (origin) => at(origin, shipped),
      client,
    )

    const { names, format } = provider.request
    const name = 'client_id' in names ? names['client_id'] : 'client_id'
    const sent = sentIn(seen[0]!, format) ?? {}
    expect(sent[name ?? 'client_id']).toBe(name === null ? undefined : 'app')
    expect(seen[0]!.headers.authorization).toBeUndefined()
  })

  answersContract(facts.answers, (origin) => at(origin, shipped))
}

/** Each answer, sent by a real server and read by the shipped transport. */
export function answersContract(
  answers: readonly AnswerFact[],
  provider: (origin: string) => Provider,
  client?: Client,
): void {
  describe.each(answers)('$ends: $title', (answer) => {
    it('is read as that', async () => {
      const { ended, seen } = await played(answer, provider, client)

      expect(ended).toEqual(expected(answer))
      expect(seen).toHaveLength(1)
    })
  })
}

/** What a request holds of RFC 6749 §6 and §2.3, under the names of the provider. */
function asDescribed(
  { request: { names, parameters }, clientAuthentication: method }: Provider,
  isRead: boolean,
): Record<string, unknown> {
  const bodily = method === 'client_secret_post'
  const values = {
    refresh_token: 'rt-1',
    grant_type: parameters['grant_type'] ?? 'refresh_token',
    ...(bodily && { client_id: 'app', client_secret: 'client-secret' }),
  }
  const sent = Object.entries(values).flatMap(([name, value]) => {
    const called = name in names ? names[name] : name
    return called === null || called === undefined || !isRead ? [] : [[called, value] as const]
  })
  const basic = typeof method === 'function' ? 'client-secret:' : 'app:client-secret'
  const isBasic = !bodily && method !== 'none'
  return {
    ...Object.fromEntries(sent),
    ...(isRead && { authorization: isBasic ? `Basic ${btoa(basic)}` : undefined }),
  }
}

/** The parameters of a request, wherever they travel. */
function sentIn({ url, form, body }: Seen, format: string): Record<string, unknown> | undefined {
  switch (format) {
    case 'form':
      return { ...form }
    case 'json':
      return JSON.parse(body) as Record<string, unknown>
    case 'query':
      return Object.fromEntries(new URL(url, 'http://localhost').searchParams)
    default:
      return undefined
  }
}

/** The provider of its facts' examples. */
export function exampleOf({ facts, make }: ShippedProvider): Provider {
  return make(Object.fromEntries(examplesOf(facts)))
}

function examplesOf({ parameters = {} }: ProviderRecord): readonly (readonly [string, unknown])[] {
  return Object.entries(parameters).map(([name, { example }]) => [name, example])
}

/** The same, with its addresses on this machine. */
function at(origin: string, { facts, make }: ShippedProvider): Provider {
  const here = (url: string, isWhole = false): string =>
    `${origin}${isWhole ? new URL(url).pathname : new URL(url).pathname.replace(/\/$/, '')}`
  const values = Object.entries(facts.parameters ?? {}).map(([name, parameter]) => [
    name,
    parameter.is === 'url' ? here(parameter.example) : parameter.example,
  ])
  const { tokenEndpoint } = make(Object.fromEntries(examplesOf(facts)))
  const isFixed = facts.tokenEndpoint?.startsWith('https:') === true
  return make(Object.fromEntries(values), {
    ...(isFixed && tokenEndpoint !== undefined && { tokenEndpoint: here(tokenEndpoint, true) }),
  })
}

/** The whole presentation that a fact promises: as RFC 6749 has it, but for `reads`. */
function expected({ ends, status, body, reads = {} }: AnswerFact): unknown {
  const members = isRecord(body) ? body : {}
  const { error } = members
  const standard =
    ends === 'granted'
      ? { outcome: ends, ...grantedIn(members) }
      : failedPresentation(ends, {
          status,
          ...(typeof error === 'string' && { oauthError: error }),
        })
  const all = { ...standard, ...reads }
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== null))
}

/** The members of RFC 6749 §5.1. */
function grantedIn(body: Record<string, unknown>): object {
  const { expires_in: seconds, scope, ...members } = body
  const named = {
    accessToken: members['access_token'],
    refreshToken: members['refresh_token'],
    idToken: members['id_token'],
    tokenType: members['token_type'],
    scope: scope === '' ? undefined : scope,
    expiresInMs: typeof seconds === 'number' ? seconds * 1000 : undefined,
  }
  return Object.fromEntries(Object.entries(named).filter(([, value]) => value !== undefined))
}

interface Played {
  readonly provider: Provider
  readonly ended: unknown
  readonly seen: readonly Seen[]
}

async function played(
  { presented, status, headers, body }: AnswerFact,
  make: (origin: string) => Provider,
  client: Client = { id: 'app', secret: 'client-secret' },
): Promise<Played> {
  const server = await loopback(({ url }, response) => {
    const isMetadata = url.includes('/.well-known/')
    const { origin } = server
    const answer = isMetadata ? { issuer: origin, token_endpoint: `${origin}/token` } : body
    response.writeHead(isMetadata ? 200 : status, {
      'content-type': 'application/json',
      ...(!isMetadata && (headers as Record<string, string | string[]> | undefined)),
    })
    response.end(typeof answer === 'string' ? answer : JSON.stringify(answer))
  })
  const provider = make(server.origin)
  const transport = createTransport({
    provider,
    client,
    clock: systemClock,
    requestTimeoutMs: 5_000,
  })
  const prepared = await transport.prepare(presentedOf(presented))
  if (!prepared.ready) throw new Error(`not prepared: ${prepared.code}. ${prepared.hint ?? ''}`)
  const { origin: _, ...ended } = shown(await prepared.present()) as {
    origin?: string
  }
  return { provider, ended, seen: server.seen.filter(({ url }) => !url.includes('/.well-known/')) }
}

function presentedOf({
  resource,
  organization,
  idToken,
  accessToken,
}: AsPresented = {}): PresentedTokens {
  return {
    refreshToken: new Secret('rt-1'),
    audience: { resource, organization },
    ...(idToken !== undefined && { idToken: new Secret(idToken) }),
    ...(accessToken !== undefined && { accessToken: new Secret(accessToken) }),
  }
}

type AsPresented = AnswerFact['presented']
