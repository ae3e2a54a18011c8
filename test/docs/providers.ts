import * as z from 'zod'
import type { ProviderRecord } from '../../src/facts/check-facts.ts'
import { PROVIDER_RECORD } from '../../src/facts/provider-facts.ts'
import { shippedIds, shippedProvider } from '../../src/testing/presets.ts'
import { between, table } from './marks.ts'
import { inWords, link, priceOfLostAnswer, pricesOf, time } from './provider-words.ts'

/** The marks around what is written from the facts. */
const BEGIN = '<!-- Written by `npx tsx test/docs/generate.ts` from providers/. -->'
const END = '<!-- End of what is written. -->'

/** The facts of every provider in `providers/`, by id. */
export async function allFacts(): Promise<readonly ProviderRecord[]> {
  const shipped = await Promise.all(shippedIds().map(shippedProvider))
  return shipped.map((provider) => provider!.facts)
}

/** The README with its list of providers. */
export function withProviderList(text: string, all: readonly ProviderRecord[]): string {
  const links = all.map(({ id, name }) => `[${name}](docs/providers/${id}.md)`)
  const list = `${all.length} providers, each as \`refresh-once/providers/<id>\`:`
  return between(text, BEGIN, `${list}\n${links.join(' · ')}.`, END)
}

/** `docs/providers.md` with the table that compares them. */
export function withProviderTable(text: string, all: readonly ProviderRecord[]): string {
  const columns = ['provider', 'for', 'endpoints', 'rotation', 'reuse', 'refresh token lives']
  const others = ['audiences', 'revocation', 'a lost answer costs']
  const rows = all.map((facts) => [
    `[\`${facts.id}\`](providers/${facts.id}.md)`,
    facts.for,
    endpoints(facts),
    code(facts.rotation) ?? UNKNOWN,
    reuse(facts),
    refreshLifetime(facts),
    facts.audiences?.map((each) => `\`${each}\``).join(', ') ?? '–',
    revocation(facts),
    priceOfLostAnswer(facts).split(/[:.]/, 1)[0]!,
  ])
  return between(text, BEGIN, table([...columns, ...others], rows), END)
}

/** `docs/availability.md` with what faults cost at each provider. */
export function withPrices(text: string, all: readonly ProviderRecord[]): string {
  const head = ['provider', 'a lost answer', 'a crash', 'a wake from sleep', 'back without a page']
  const rows = all.map((facts) => [
    `[\`${facts.id}\`](providers/${facts.id}.md)`,
    ...pricesOf(facts),
  ])
  return between(text, BEGIN, table(head, rows), END)
}

/** All facts with their evidence, for programs. */
export function factsAsJson(all: readonly ProviderRecord[]): string {
  const data = { $schema: './providers.schema.json', providers: all }
  return `${JSON.stringify(data, undefined, 2)}\n`
}

/** The JSON schema of {@link factsAsJson}. */
export function schemaAsJson(): string {
  const record = z.toJSONSchema(PROVIDER_RECORD)
  const schema = {
    $schema: record.$schema,
    title: 'Facts about the refreshing of OAuth tokens, by provider',
    type: 'object',
    properties: {
      $schema: { type: 'string' },
      providers: { type: 'array', items: { ...record, $schema: undefined } },
    },
    required: ['providers'],
    additionalProperties: false,
  }
  return `${JSON.stringify(schema, undefined, 2)}\n`
}

/** A provider's page with its facts and answers. */
export function withFacts(text: string, facts: ProviderRecord): string {
  return between(text, BEGIN, factsPart(facts), END)
}

/** The page of a provider that has none yet. */
export function newPage(facts: ProviderRecord): string {
  const { id, name, parameters = {} } = facts
  const factory = id.replaceAll(/-(\w)/g, (_, letter: string) => letter.toUpperCase())
  const values = Object.entries(parameters).map(
    ([parameter, { example }]) => `${parameter}: ${literal(example)}`,
  )
  const call = values.length === 0 ? `${factory}()` : `${factory}({ ${values.join(', ')} })`
  const from = `'refresh-once/providers/${id}'`
  const usage = `import { ${factory} } from ${from}\n\nconst provider = ${call}`
  return withFacts(
    `# ${name}: \`${id}\`\n\n\`\`\`ts\n${usage}\n\`\`\`\n\n${BEGIN}\n${END}\n`,
    facts,
  )
}

const UNKNOWN = 'not known'

const code = (value: string | undefined): string | undefined => value && `\`${value}\``

const literal = (value: unknown): string =>
  typeof value === 'string' ? `'${value}'` : JSON.stringify(value)

function endpoints({ tokenEndpoint, parameters = {} }: ProviderRecord): string {
  if (tokenEndpoint === undefined) return 'discovered'
  const names = Object.keys(parameters).filter((name) => tokenEndpoint.includes(`{${name}}`))
  return names.length === 0 ? 'fixed' : `by ${names.map((name) => `\`${name}\``).join(', ')}`
}

function reuse({ reuse: known, unused }: ProviderRecord): string {
  const is = typeof known === 'object' ? `accepted for ${time(known.acceptedForMs)}` : code(known)
  return `${is ?? UNKNOWN}${unused?.reuse === undefined ? '' : ', not used'}`
}

function refreshLifetime({ lifetimes: { refreshMs, refreshIdleMs } = {} }: ProviderRecord): string {
  const said = [
    refreshMs == null ? [] : `${time(refreshMs)} from the sign-in`,
    refreshIdleMs == null ? [] : `${time(refreshIdleMs)} without use`,
  ].flat()
  if (said.length > 0) return said.join(', ')
  return refreshMs === null || refreshIdleMs === null ? 'until it is revoked' : 'not fixed'
}

function revocation({ revocationEndpoint }: ProviderRecord): string {
  if (revocationEndpoint === null) return 'none'
  return revocationEndpoint === undefined ? 'discovered' : 'RFC 7009'
}

function factsPart(facts: ProviderRecord): string {
  const { verifiedAt, unused, notes = [], answers } = facts
  const known = factRows(facts)
  const open = OPEN.filter((field) => facts[field] === undefined).map((field) => `\`${field}\``)
  const parts = [
    '## In words',
    'What an app has to know that renews access tokens of this server, with or without this ' +
      'library.',
    inWords(facts),
    '## Facts',
    table(['fact', 'value', 'source'], known),
    ...(unused?.reuse === undefined
      ? []
      : [`The reuse of a spent token is known and not used. ${unused.reuse}`]),
    ...(open.length === 0
      ? []
      : [
          `Not known: ${open.join(', ')}. The strict case is assumed, and tests try every ` +
            'other one.',
        ]),
    ...notes,
    `Last held against the sources on ${verifiedAt}.`,
    '## Answers',
    OUTCOMES,
    table(
      ['the server answers', 'status', 'outcome', 'source'],
      answers.map(({ title, status, ends, source }) => [
        title,
        String(status),
        `\`${ends}\``,
        link(source),
      ]),
    ),
  ]
  return parts.join('\n\n')
}

const OUTCOMES =
  'What the server answers to a refresh, and what it means: `granted` brings new tokens. ' +
  '`rejected`: the user must sign in again. `refused_before` and `refused_after`: the client or ' +
  'the request is wrong, and the refresh token is unspent, or may be spent. `deferred`: try ' +
  'later. `unknown`: nothing proves whether the refresh token is spent ' +
  '([more](../design.md#5-how-a-presentation-can-end)).'

/** Axes that a reader wants to know of, even if nobody knows them. */
const OPEN = ['rotation', 'reuse', 'oldAccessToken', 'validates'] as const

function factRows(facts: ProviderRecord): readonly string[][] {
  const { lifetimes = {}, failures = {}, request, wire, authorizationRequest } = facts
  const plain = [
    ['issuer', code(facts.issuer)],
    ['tokenEndpoint', code(facts.tokenEndpoint)],
    [
      'revocationEndpoint',
      facts.revocationEndpoint === null ? 'none' : code(facts.revocationEndpoint),
    ],
    [
      'introspectionEndpoint',
      facts.introspectionEndpoint === null ? 'none' : code(facts.introspectionEndpoint),
    ],
    [
      'introspectsRefreshTokens',
      facts.introspectsRefreshTokens === undefined ? undefined : 'is asked after a lost answer',
    ],
    ...(facts.retired ?? []).map(
      ({ address, from, use }) =>
        ['retired', `\`${address}\` ends on ${from}: \`${use}\``] as const,
    ),
    ['clientAuthentication', code(facts.clientAuthentication)],
    ['tokens', code(facts.tokens)],
    ['rotation', code(facts.rotation)],
    ['keptAs', code(facts.keptAs)],
    ['reuse', facts.reuse && reuse({ ...facts, unused: undefined })],
    ['reuseAnswer', code(facts.reuseAnswer)],
    ['reuseEffect', code(facts.reuseEffect)],
    ['oldAccessToken', code(facts.oldAccessToken)],
    ['validates', code(facts.validates)],
    ['unavailable', code(facts.unavailable)],
    ...Object.entries(lifetimes).map(
      ([name, ms]) => [`lifetimes.${name}`, ms === null ? 'never' : time(ms ?? 0)] as const,
    ),
    ['silentSignIn', facts.silentSignIn === undefined ? undefined : `\`${facts.silentSignIn}\``],
    ['audiences', facts.audiences?.map((each) => `\`${each}\``).join(', ')],
    ['request', request && `\`${JSON.stringify(request)}\``],
    ['response', facts.response && `\`${JSON.stringify(facts.response)}\``],
    ...Object.entries(failures).map(([name, means]) => [`failures.${name}`, code(means)] as const),
    ...Object.entries(authorizationRequest ?? {}).map(
      ([name, value]) => [`authorizationRequest.${name}`, `\`${literal(value)}\``] as const,
    ),
    ...(['dead', 'client', 'target'] as const).map(
      (name) => [`wire.${name}`, wire?.[name] && errorOf(wire[name])] as const,
    ),
  ] as const
  return plain.flatMap(([name, value]) =>
    value === undefined ? [] : [[`\`${name}\``, value, sourcesOf(name, facts)]],
  )
}

const errorOf = ({ status, error }: { status: number; error?: string | undefined }): string =>
  `${status}${error === undefined ? '' : ` \`${error}\``}`

/** The sources of a fact: its own, else those of the fact that it is a part of. */
function sourcesOf(name: string, { sources }: ProviderRecord): string {
  const found = sources[name] ?? sources[name.split('.')[0]!] ?? []
  return [found].flat().map(link).join(', ')
}
