import { describe, expect, it, onTestFinished, vi } from 'vitest'
import * as logtoModule from '../../providers/logto.ts'
import * as spotifyModule from '../../providers/spotify.ts'
import { descriptionOf } from '../../src/core/define-provider.ts'
import { checkFacts, defineProviderFromFacts } from '../../src/facts/check-facts.ts'
import { createRefresher } from '../../src/index.ts'
import { memoryStore } from '../../src/stores/memory.ts'

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
      'a lifetime that is over before',
      {
        ...GOOD,
        lifetimes: { refreshMs: 5, refreshIdleMs: 9 },
        sources: sourced('lifetimes'),
      },
      'facts.lifetimes.refreshIdleMs: leave it out',
    ],
    [
      'a token that is kept and always replaced',
      { ...GOOD, rotation: 'always', keptAs: 'echoed', sources: sourced('keptAs') },
      'facts.keptAs: leave it out',
    ],
    [
      'an effect of what is accepted',
      { ...GOOD, reuse: 'accepted', reuseEffect: 'family', sources: sourced('reuse') },
      'facts.reuseEffect: leave it out',
    ],
    [
      'words that lead to a code without a meaning',
      { ...GOOD, response: { codes: { gone: 'dead_token' } }, sources: sourced('response') },
      'facts.failures.dead_token: write what it means',
    ],
    [
      'an endpoint that ends',
      {
        ...GOOD,
        retired: [{ address: GOOD.tokenEndpoint, from: '2027-01-01', use: 'https://b.example' }],
        sources: sourced('retired'),
      },
      "facts.tokenEndpoint: write 'https://b.example'",
    ],
    [
      'a plain-http introspection endpoint',
      { ...GOOD, introspectionEndpoint: 'http://a.example' },
      'introspectionEndpoint is "http://a.example", and must be: \'https://…\'',
    ],
    [
      'a limit without a number',
      { ...GOOD, limits: [{ what: 'live tokens', per: 'user', source }] },
      'limits.0.max is missing, and must be: a whole number above 0',
    ],
    [
      'a limit without a source',
      { ...GOOD, limits: [{ what: 'live tokens', per: 'user', max: 5 }] },
      'limits.0.source is missing',
    ],
    [
      'a change on no day',
      { ...GOOD, changes: [{ on: 'soon', what: 'It ends.', source }] },
      'changes.0.on is "soon", and must be: a day: \'2026-11-30\'',
    ],
    [
      'an alias of no library',
      { ...GOOD, aliases: { passport: ['acme'] } },
      'there is no "aliases.passport", but { authJs, betterAuth, nango }',
    ],
    [
      'a pattern that is none',
      { ...GOOD, parameters: { shop: { is: 'name', pattern: '(', example: 'a' } } },
      'facts.parameters.shop.pattern: write a regular expression',
    ],
    ...['.*', '[^/]+', '[a-z.@]+', '\\S+'].map((pattern): [string, unknown, string] => [
      `a pattern ${pattern} that leads to other hosts`,
      {
        ...GOOD,
        tokenEndpoint: 'https://{host}/token',
        parameters: { host: { is: 'name', pattern, example: 'id.acme.example' } },
      },
      'facts.parameters.host.pattern: write a stricter one: it takes "',
    ]),
    ...[
      String.raw`id.acme\.example`,
      String.raw`id\.acme.example`,
      String.raw`[a-z.]*acme\.example`,
      String.raw`[a-z.-]+acme\.example`,
    ].map((pattern): [string, unknown, string] => [
      `a pattern ${pattern} that takes hosts that look alike`,
      {
        ...GOOD,
        tokenEndpoint: 'https://{host}/token',
        parameters: { host: { is: 'name', pattern, example: 'id.acme.example' } },
      },
      'facts.parameters.host.pattern: write a stricter one: it takes "',
    ]),
    ...[
      'https://{shop}acme.example/token',
      'https://{shop}.example',
      'https://{shop}-a.example',
    ].map((tokenEndpoint): [string, unknown, string] => [
      `an address ${tokenEndpoint} that others may own`,
      {
        ...GOOD,
        tokenEndpoint,
        parameters: { shop: { is: 'name', pattern: '[a-z]+', example: 'blue' } },
      },
      "facts.tokenEndpoint: write '.' and a domain of the vendor behind '{shop}'",
    ]),
    ...[
      'https://',
      'https:///token',
      'https://user@id.acme.example/token',
      'https://u:p@id.acme.example/token',
      'https://id.acme.example/token#a',
      'https://id',
      'https://id.acme.example:port/',
    ].map((tokenEndpoint): [string, unknown, string] => [
      `an address ${tokenEndpoint}`,
      { ...GOOD, tokenEndpoint },
      "facts.tokenEndpoint: write 'https://…' with a whole host, and without user and fragment",
    ]),
    [
      'an unknown field of a part',
      { ...GOOD, lifetimes: { accesMs: 1 }, sources: sourced('lifetimes') },
      'there is no "lifetimes.accesMs", but { accessMs, refreshMs, refreshIdleMs }',
    ],
    [
      'an unknown field of a parameter',
      { ...GOOD, parameters: { shop: { is: 'name', patern: 'a', pattern: 'a', example: 'a' } } },
      'there is no "parameters.shop.patern", but { is, pattern, example }',
    ],
    [
      'a parameter of no kind',
      { ...GOOD, parameters: { shop: { is: 'host', example: 'a' } } },
      'parameters.shop.is is "host", and must be: url, name, description',
    ],
    [
      'an example on plain http',
      { ...GOOD, parameters: { base: { is: 'url', example: 'http://a.example' } } },
      'parameters.base.example is "http://a.example", and must be: ',
    ],
    [
      'an address on plain http that is used instead',
      {
        ...GOOD,
        retired: [{ address: 'https://a.example', from: '2027-01-01', use: 'http://b.example' }],
        sources: sourced('retired'),
      },
      'retired.0.use is "http://b.example", and must be: \'https://…\'',
    ],
    [
      'an unknown failure',
      { ...GOOD, failures: { gone: 'dead' }, sources: sourced('failures') },
      'failures.gone is "dead", and must be: ',
    ],
    [
      'a source on plain http',
      { ...GOOD, sources: { ...GOOD.sources, rotation: 'http://docs.acme.example' } },
      'sources.rotation is "http://docs.acme.example", and must be: ',
    ],
    [
      'a pattern that ends the host of an address early',
      {
        ...GOOD,
        tokenEndpoint: 'https://{shop}.acme.example/token',
        parameters: { shop: { is: 'name', pattern: '[a-z./]+', example: 'a' } },
      },
      'facts.parameters.shop.pattern: write a stricter one: it takes "evil.example/',
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

const DAY = '2027-01-01'
const WINDOW = { acceptedForMs: 100 }
const CREATED_AT = 'wire.members.created_at'
const RENEWED = { body: { access_token: 'at-2', refresh_token: 'rt-2' }, ends: 'granted' }
const KEPT = { body: { access_token: 'at-2', refresh_token: 'rt-1' }, ends: 'granted' }
const SOMETIMES = { when: 'x', rotation: 'sometimes', source }

/** Facts that say something against themselves: what is said, and the path that the error names. */
const CONTRADICTIONS: readonly (readonly [
  what: string,
  facts: object,
  path: string,
  answer?: object,
])[] = [
  ['a window longer than any token', { reuse: WINDOW, lifetimes: { refreshMs: 50 } }, 'reuse'],
  ['a window longer than idle ones', { reuse: WINDOW, lifetimes: { refreshIdleMs: 50 } }, 'reuse'],
  [
    'a token renewed for ever',
    { lifetimes: { accessMs: null, refreshMs: 5 } },
    'lifetimes.accessMs',
  ],
  ['an effect of what is never spent', { rotation: 'never', reuseEffect: 'family' }, 'reuseEffect'],
  ['an answer to what is never spent', { rotation: 'never', reuseAnswer: 'fork' }, 'reuseAnswer'],
  [
    'a dead grant that waits',
    { failures: { invalid_grant: 'deferred' } },
    'failures.invalid_grant',
  ],
  ['a success that is a failure', { failures: { 200: 'rejected' } }, 'failures.200'],
  ['a failure of no name', { failures: { '': 'rejected' } }, 'failures'],
  [
    'two meanings of one error',
    { failures: { bad: 'rejected' }, wire: { failures: { bad: 'deferred' } } },
    'wire.failures.bad',
  ],
  ['a dead token without a word', { wire: { dead: { status: 403 } } }, 'wire.dead'],
  [
    'a dead token that leads elsewhere',
    { wire: { dead: { status: 302, error: 'invalid_grant' } } },
    'wire.dead.status',
  ],
  [
    'a wrong client that ends grants',
    { wire: { client: { status: 400, error: 'invalid_grant' } } },
    'wire.client',
  ],
  ['a moment as a constant', { wire: { members: { created_at: 1_628_711_391 } } }, CREATED_AT],
  ['a moment as a text', { wire: { members: { created_at: '2026-11-30T10:00:00Z' } } }, CREATED_AT],
  [
    'a token as a constant',
    { wire: { members: { access_token: 'a' } } },
    'wire.members.access_token',
  ],
  [
    'two places of one token',
    { request: { format: 'json' }, wire: { carry: { query: 'refresh_token' } } },
    'wire.carry',
  ],
  ['lifetimes of nothing', { lifetimes: {} }, 'lifetimes'],
  ['audiences of nothing', { audiences: [] }, 'audiences'],
  ['an audience twice', { audiences: ['resource', 'resource'] }, 'audiences.1'],
  ['a sign-in that asks for nothing', { authorizationRequest: {} }, 'authorizationRequest'],
  [
    'a scope that is asked for twice',
    { authorizationRequest: { scope: 'a', parameters: { scope: 'b' } } },
    'authorizationRequest.parameters.scope',
  ],
  ['discovery of nothing', { discovery: 'oidc' }, 'discovery'],
  ['two endpoints in one', { revocationEndpoint: GOOD.tokenEndpoint }, 'revocationEndpoint'],
  [
    'an address that takes its own place',
    { retired: [{ address: 'https://a.example', from: DAY, use: 'https://a.example' }] },
    'retired.0.use',
  ],
  [
    'an address that ends on two days',
    {
      retired: [DAY, '2028-01-01'].map((from) => ({
        address: 'https://a.example',
        from,
        use: 'https://b.example',
      })),
    },
    'retired.1.address',
  ],
  [
    'an address that leads to one that ends',
    {
      retired: ['a', 'b'].map((name) => ({
        address: `https://${name}.example`,
        from: DAY,
        use: name === 'a' ? 'https://b.example' : 'https://c.example',
      })),
    },
    'retired.0.use',
  ],
  ['a GET with a body', { request: { method: 'GET', format: 'json' } }, ': a GET has no body'],
  [
    'a token in every request',
    { request: { parameters: { refresh_token: 'r' } } },
    ': request.param',
  ],
  ['an issuer with a query', { issuer: 'https://id.acme.example?a=b' }, ': issuer is a string'],
  ['a new token of what never rotates', { rotation: 'never' }, 'answers.2.body', RENEWED],
  ['the same token of what rotates', { rotation: 'always' }, 'answers.2.body', KEPT],
  ['an echo of what is absent', { keptAs: 'absent' }, 'answers.2.body', KEPT],
  ['a grant without a token', {}, 'answers.2.body', { body: {}, ends: 'granted' }],
  ['a grant of an error', {}, 'answers.2.status', { status: 400, ends: 'granted' }],
  [
    'an error that means another thing',
    {},
    'answers.2.ends',
    { status: 401, body: { error: 'invalid_client' }, ends: 'rejected' },
  ],
  ['a status that proves nothing', {}, 'answers.2.ends', { status: 500, ends: 'rejected' }],
  ['an answer twice', {}, 'answers.2', { ...GOOD.answers[0] }],
]

const ROWS = CONTRADICTIONS.map(([what, facts, path, answer]) => ({ what, facts, path, answer }))

describe('a contradiction', () => {
  it.each(ROWS)('is refused: $what', ({ facts, path, answer }) => {
    const sources = Object.fromEntries(Object.keys(facts).map((field) => [field, source]))
    const shown = { title: 'a third', source, status: 200, body: {}, ...answer }
    const check = (): unknown =>
      checkFacts({
        ...GOOD,
        ...facts,
        answers: answer === undefined ? GOOD.answers : [...GOOD.answers, shown],
        sources: { ...GOOD.sources, ...sources },
      })

    expect(check).toThrow(TypeError)
    expect(check).toThrow(path.startsWith(':') ? `facts${path}` : `facts.${path}: `)
  })

  it.each<[what: string, beside: object, path: string]>([
    ['a variant that says nothing', { variants: [{ when: 'x', source }] }, 'variants.0'],
    ['a variant that is none', { variants: [SOMETIMES] }, 'variants.0.rotation'],
    [
      'a variant against itself',
      { variants: [{ when: 'x', rotation: 'never', reuse: 'revokes', source }] },
      'variants.0.reuse',
    ],
    ['a name twice', { aliases: { nango: ['a', 'a'] } }, 'aliases.nango.1'],
    ['a default of nothing', { played: {} }, 'played'],
    [
      'a parameter of no address',
      { parameters: { shop: { is: 'name', pattern: 'a', example: 'a' } } },
      'parameters.shop',
    ],
  ])('is refused: %s', (_what, beside, path) => {
    const check = (): unknown => checkFacts({ ...GOOD, ...beside })

    expect(check).toThrow(TypeError)
    expect(check).toThrow(`facts.${path}: `)
  })
})

describe('an address that a vendor gives up', () => {
  const retired = [
    { address: 'https://id.acme.example/v1/token', from: '2027-02-16', use: GOOD.tokenEndpoint },
  ]
  const facts = { ...GOOD, retired, sources: { ...GOOD.sources, retired: source } }
  const on = (day: string): void => {
    vi.useFakeTimers({ toFake: ['Date'], now: Date.parse(day) })
    onTestFinished(() => void vi.useRealTimers())
  }
  const at = (tokenEndpoint: string) => defineProviderFromFacts(facts, {}, { tokenEndpoint })
  const refresherAt = (tokenEndpoint: string) =>
    createRefresher({
      provider: at(tokenEndpoint),
      client: { id: 'app' },
      ledger: { store: memoryStore() },
    })

  it.each([
    'https://id.acme.example/v1/token',
    'https://id.acme.example/v1/token/',
    'https://ID.acme.example/v1/token?a=b',
  ])('is refused from its day, as %s', (address) => {
    on('2027-02-16T00:00:00Z')

    expect(() => at(address)).toThrow(TypeError)
    expect(() => at(address)).toThrow(`ended on 2027-02-16: write '${GOOD.tokenEndpoint}'`)
  })

  it('is warned about before, once', () => {
    on('2027-02-15T23:59:59Z')
    const warn = vi.spyOn(console, 'warn').mockReturnValue()

    refresherAt('https://id.acme.example/v1/token')
    refresherAt('https://id.acme.example/v1/token')

    expect(warn.mock.calls).toEqual([
      [
        'refresh-once: provider=acme https://id.acme.example/v1/token ends on 2027-02-16: ' +
          `write ${GOOD.tokenEndpoint}`,
      ],
    ])
    warn.mockRestore()
  })

  it('leaves other addresses alone', () => {
    on('2030-01-01')
    const warn = vi.spyOn(console, 'warn').mockReturnValue()

    refresherAt(GOOD.tokenEndpoint)

    expect(warn).not.toHaveBeenCalled()
    warn.mockRestore()
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
    const MISMATCH = /^acme: 'shop' must match .*: write 'acme'$/
    const facts = {
      ...GOOD,
      parameters: { shop: { is: 'name', pattern: '[a-z0-9-]+', example: 'acme' } },
      tokenEndpoint: 'https://{shop}.acme.example/token',
    }

    it('fills the name in', () => {
      const { tokenEndpoint } = defineProviderFromFacts(facts, { shop: 'blue-1' })

      expect(tokenEndpoint).toBe('https://blue-1.acme.example/token')
    })

    it.each([
      ['evil.example/', MISMATCH],
      ['a.b', MISMATCH],
      ['a@evil.example#', MISMATCH],
      ['$&', MISMATCH],
      ['', /^acme: shop is empty: write 'acme'$/],
      ['a\n', /^acme: shop has a line break, .*: write it without$/],
    ])('refuses %j', (shop, says) => {
      const make = (): unknown => defineProviderFromFacts(facts, { shop })

      expect(make).toThrow(TypeError)
      expect(make).toThrow(says)
    })
  })
})
