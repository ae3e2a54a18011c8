import { describe, expect, it } from 'vitest'
import * as logtoModule from '../../providers/logto.ts'
import * as spotifyModule from '../../providers/spotify.ts'
import { descriptionOf } from '../../src/core/define-provider.ts'
import { checkFacts, defineProviderFromFacts } from '../../src/facts/check-facts.ts'

const logto = { ...logtoModule.facts, ...logtoModule.evidence }
const spotify = { ...spotifyModule.facts, ...spotifyModule.evidence }

const source = 'https://docs.acme.example'

const GOOD = {
  id: 'acme',
  name: 'Acme',
  for: 'Acme',
  tokenEndpoint: 'https://id.acme.example/token',
  rotation: 'sometimes',
  answers: [
    { title: 'a grant', source, status: 200, body: { access_token: 'a' }, ends: 'granted' },
    { title: 'a dead token', source, status: 400, body: {}, ends: 'rejected' },
  ],
  sources: { tokenEndpoint: source, rotation: source },
  verifiedAt: '2026-11-30',
}

describe('checkFacts', () => {
  it('takes facts as they should be', () => {
    expect(checkFacts(GOOD)).toBe(GOOD)
    expect(checkFacts(JSON.parse(JSON.stringify(logto)))).toEqual(logto)
  })

  const { tokenEndpoint: _, ...discoveredNowhere } = GOOD
  const sourced = (field: string): object => ({ ...GOOD.sources, [field]: source })

  it.each<[what: string, facts: unknown, says: string]>([
    ['no facts at all', undefined, 'facts: it is missing, and must be: { id, name'],
    ['an unknown field', { ...GOOD, rotations: 'always' }, 'there is no "rotations", but { id,'],
    [
      'an unknown value',
      { ...GOOD, rotation: 'often' },
      'rotation is "often", and must be: always',
    ],
    [
      'the old word for reuse',
      { ...GOOD, reuse: 'never' },
      'reuse is "never", and must be: accepted',
    ],
    ['a window of nothing', { ...GOOD, reuse: { acceptedForMs: 0 } }, 'milliseconds above 0'],
    [
      'a misspelled window',
      { ...GOOD, reuse: { withinMs: 9 } },
      'reuse is {"withinMs":9}, and must',
    ],
    [
      'a plain-http endpoint',
      { ...GOOD, tokenEndpoint: 'http://a.example' },
      "must be: 'https://…'",
    ],
    [
      'a parameter that is not there',
      { ...GOOD, tokenEndpoint: '{host}/t' },
      "write 'host' into para",
    ],
    ['no endpoint', discoveredNowhere, "tokenEndpoint: write 'https://…', or an issuer"],
    ['an id in capitals', { ...GOOD, id: 'Acme' }, 'id is "Acme", and must be: lower-case letters'],
    ['no such day', { ...GOOD, verifiedAt: '2026-02-30' }, "must be: a day: '2026-11-30'"],
    ['no source', { ...GOOD, sources: {} }, 'facts.sources.rotation: write where it is said'],
    [
      'no source of a part',
      { ...GOOD, lifetimes: { accessMs: 1 } },
      'facts.sources.lifetimes.accessMs',
    ],
    [
      'a source that is none',
      { ...GOOD, sources: { rotation: 'a forum' } },
      "'measured: <command>'",
    ],
    ['a source of nothing', { ...GOOD, sources: sourced('reuse') }, 'sources.reuse: leave it out'],
    [
      'an answer without source',
      { ...GOOD, answers: GOOD.answers.map(({ source: __, ...answer }) => answer) },
      'answers.0.source is missing',
    ],
    [
      'no answer of a dead token',
      { ...GOOD, answers: GOOD.answers.slice(0, 1) },
      "ends as 'rejected'",
    ],
    [
      'a token that is spent and never rotates',
      { ...GOOD, rotation: 'never', reuse: 'refused', sources: sourced('reuse') },
      "facts.reuse: write 'accepted'",
    ],
    [
      'a refusal that ends the family',
      { ...GOOD, reuse: 'refused', reuseEffect: 'family', sources: sourced('reuse') },
      "facts.reuseEffect: write 'error'",
    ],
    [
      'a revocation that ends nothing',
      { ...GOOD, reuse: 'revokes', reuseEffect: 'error', sources: sourced('reuse') },
      "facts.reuseEffect: write 'family' or 'grant'",
    ],
    [
      'a successor for a token that is refused',
      { ...GOOD, reuse: 'refused', reuseAnswer: 'fork', sources: sourced('reuse') },
      'facts.reuseAnswer: leave it out',
    ],
    [
      'a fact that is unused and unknown',
      { ...GOOD, unused: { reuse: 'x' } },
      'facts.unused.reuse',
    ],
    [
      'a default of what has none',
      { ...GOOD, rotation: 'always', played: { rotation: 'never' } },
      'facts.played.rotation',
    ],
    [
      'a dead token that nobody rejects',
      { ...GOOD, wire: { dead: { status: 200, error: 'bad' } }, sources: sourced('wire') },
      "facts.failures.bad: write 'rejected'",
    ],
    [
      'an example that its pattern refuses',
      { ...GOOD, parameters: { shop: { is: 'name', pattern: '[a-z]+', example: 'a.b' } } },
      'facts.parameters.shop.example',
    ],
  ])('refuses %s', (_what, facts, says) => {
    const check = (): unknown => checkFacts(facts)

    expect(check).toThrow(TypeError)
    expect(check).toThrow(says)
  })
})

describe('defineProviderFromFacts', () => {
  it('makes of a JSON record what its factory makes', () => {
    const record: unknown = JSON.parse(JSON.stringify(spotify))

    expect(defineProviderFromFacts(record)).toMatchObject({ ...descriptionOf(spotify) })
  })

  it('drives by a known reuse, unless the facts say why not', () => {
    const facts = { ...GOOD, reuse: 'refused', sources: { ...GOOD.sources, reuse: source } }

    expect(defineProviderFromFacts(facts).reuse).toBe('refused')
    expect(
      defineProviderFromFacts({ ...facts, unused: { reuse: 'It is broken.' } }).reuse,
    ).toBeUndefined()
  })

  it('says how long access tokens live only where the answers do not', () => {
    const facts = { ...GOOD, lifetimes: { accessMs: 5_000 }, wire: { expiresIn: 'number' } }
    const sources = { ...GOOD.sources, lifetimes: source, wire: source }
    const made = (expiresIn: string) =>
      defineProviderFromFacts({ ...facts, sources, wire: { expiresIn } }).response.accessLifetimeMs

    expect(made('number')).toBeUndefined()
    expect(made('absent')).toBe(5_000)
  })

  describe('with a host that has a name in it', () => {
    const facts = {
      ...GOOD,
      parameters: { shop: { is: 'name', pattern: '[a-z0-9-]+', example: 'acme' } },
      tokenEndpoint: 'https://{shop}.acme.example/token',
    }

    it('fills the name in', () => {
      const { tokenEndpoint } = defineProviderFromFacts(facts, { shop: 'blue-1' })

      expect(tokenEndpoint).toBe('https://blue-1.acme.example/token')
    })

    it.each(['evil.example/', 'a.b', 'a@evil.example#', '', 'a\n', '$&'])('refuses %j', (shop) => {
      const make = (): unknown => defineProviderFromFacts(facts, { shop })

      expect(make).toThrow(TypeError)
      expect(make).toThrow(/'shop' (?:is missing|must match .*): write 'acme'/)
    })
  })
})
