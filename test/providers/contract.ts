import { FAILURES, type Presentation } from '../../src/core/failure.ts'
import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { systemClock } from '../../src/core/clock.ts'
import type { Client, Provider } from '../../src/core/provider.ts'
import { Secret } from '../../src/core/secret.ts'
import { createTransport } from '../../src/transport/transport.ts'
import type { Presented } from '../../src/transport/token-response.ts'
import { loopback } from '../transport/loopback.ts'
import type { Seen } from '../transport/loopback.ts'
import { shown } from '../transport/setup.ts'

/** One answer of the AS, as it was documented or recorded, and what it must come to. */
export interface Fixture {
  /** What it shows, as a sentence's end. */
  readonly title: string
  /** Where the answer was taken from. */
  readonly source?: string
  /** What is presented, beside the refresh token `rt-1`. */
  readonly presented?: {
    readonly resource?: string
    readonly organization?: string
    readonly idToken?: string
    readonly accessToken?: string
  }
  /** What the server must have seen: matched as a part. */
  readonly request?: Partial<Omit<Seen, 'headers'>> & { headers?: Record<string, string> }
  readonly status: number
  readonly headers?: Record<string, string | string[]>
  /** JSON, or text as it stands. */
  readonly body: unknown
  /**
   * The presentation, whole: `status` is added, `origin` left out; of a grant its tokens in plain
   * text and `expiresInMs`.
   */
  readonly expected: { readonly outcome: string } & Record<string, unknown>
}

export interface ContractOptions {
  /** Reads `test/providers/fixtures/<name>/*.json`. */
  readonly name: string
  /** The provider with everything that speaks to its AS at this origin. */
  readonly provider: (origin: string) => Provider
  /** Default: `app` with a secret. */
  readonly client?: Client
  /** Members of the metadata beside `issuer` and `token_endpoint`, for who discovers. */
  readonly metadata?: Record<string, unknown>
}

/** What each provider must keep: its fixtures, through the real transport and a real server. */
export function providerContract({ name, provider, ...options }: ContractOptions): void {
  describe(`provider ${name}`, () => {
    const fixtures = readFixtures(name)

    it('has fixtures of a grant and of a dead grant', () => {
      const outcomes = fixtures.map(({ expected }) => expected.outcome)

      expect(outcomes).toContain('granted')
      expect(outcomes).toContain('rejected')
    })

    it('is constant, named and dated', () => {
      const made = provider('https://id.example.com')

      expect(Object.isFrozen(made) && Object.isFrozen(made.request.names)).toBe(true)
      expect(made.id).toMatch(/^[a-z0-9-]+$/)
      expect(made.verifiedAt).toMatch(/^\d{4}-\d\d-\d\d$/)
    })

    it.each(fixtures)('$expected.outcome: $title', async (fixture) => {
      const { ended, seen } = await play(fixture, provider, options)

      const { status, expected } = fixture
      expect(ended).toEqual(expected.outcome === 'granted' ? expected : { status, ...expected })
      expect(seen).toHaveLength(1)
      expect(seen[0]).toMatchObject(fixture.request ?? {})
    })
  })
}

function readFixtures(name: string): Fixture[] {
  const folder = new URL(`fixtures/${name}/`, import.meta.url)
  return readdirSync(folder)
    .filter((file) => file.endsWith('.json'))
    .toSorted()
    .map((file) => JSON.parse(readFileSync(new URL(file, folder), 'utf8')) as Fixture)
}

async function play(
  fixture: Fixture,
  provider: ContractOptions['provider'],
  { client = { id: 'app', secret: 'client-secret' }, metadata }: Partial<ContractOptions>,
): Promise<{ ended: unknown; seen: Seen[] }> {
  const { status, headers, body } = fixture
  const server = await loopback(({ url }, response) => {
    const isMetadata = url.includes('/.well-known/')
    const { origin } = server
    const answer = isMetadata
      ? { issuer: origin, token_endpoint: `${origin}/token`, ...metadata }
      : body
    response.writeHead(isMetadata ? 200 : status, {
      'content-type': 'application/json',
      ...(!isMetadata && headers),
    })
    response.end(typeof answer === 'string' ? answer : JSON.stringify(answer))
  })
  const transport = createTransport({
    provider: provider(server.origin),
    client,
    clock: systemClock,
    requestTimeoutMs: 5_000,
  })
  const prepared = await transport.prepare()
  if (!prepared.ready) throw new Error(`not prepared: ${prepared.code}. ${prepared.hint ?? ''}`)
  const presentation = await prepared.present(presentedOf(fixture))
  return {
    ended: endedAs(presentation),
    seen: server.seen.filter(({ url }) => !url.includes('/.well-known/')),
  }
}

/** How a presentation ended, in the words of the fixtures. */
function endedAs(presentation: Presentation): unknown {
  if (presentation.outcome === 'granted') return shown(presentation)
  const { origin: _, failure, ...ended } = presentation
  if (ended.outcome !== 'refused') return ended
  return { ...ended, consumed: FAILURES[failure].settles === 'spent' }
}

function presentedOf({ presented = {} }: Fixture): Presented {
  const { resource, organization, idToken, accessToken } = presented
  return {
    refreshToken: new Secret('rt-1'),
    audience: { resource, organization },
    ...(idToken !== undefined && { idToken: new Secret(idToken) }),
    ...(accessToken !== undefined && { accessToken: new Secret(accessToken) }),
  }
}
