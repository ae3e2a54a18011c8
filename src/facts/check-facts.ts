import { defineProvider, descriptionOf } from '../core/define-provider.ts'
import { STANDARD_ERRORS } from '../core/failure.ts'
import type { Overrides, Provider } from '../core/provider.ts'
import { checked, PROVIDER_RECORD, SOURCED } from './provider-facts.ts'
import type { ProviderRecord } from './provider-facts.ts'

export type {
  AnswerFact,
  ProviderEvidence,
  ProviderFacts,
  ProviderRecord,
} from './provider-facts.ts'

/**
 * Makes a provider of facts that come from outside, from a JSON file for example.
 *
 * @param parameters The values of the facts' `parameters`, by name.
 * @throws {TypeError} Names the field that is wrong, and says what to write.
 */
export function defineProviderFromFacts(
  facts: unknown,
  parameters: Readonly<Record<string, string>> = {},
  overrides: Overrides = {},
): Provider {
  return defineProvider(descriptionOf(checkFacts(facts), parameters), overrides)
}

/** @throws {TypeError} Names the field that is wrong, and says what to write. */
export function checkFacts(value: unknown, where = 'facts'): ProviderRecord {
  const facts = checked(PROVIDER_RECORD, value, where)
  for (const [path, instead] of contradictionsOf(facts)) {
    throw new TypeError(`${where}.${path}: ${instead}`)
  }
  return facts
}

/** The first contradiction counts: the path of a field, and what to write there. */
function* contradictionsOf(facts: ProviderRecord): Generator<readonly [string, string]> {
  yield* endpointsOf(facts)
  yield* hostsOf(facts)
  yield* reuseOf(facts)
  yield* answersOf(facts)
  yield* sourcesOf(facts)
  const { rotation, played, unused } = facts
  if (played?.rotation !== undefined && rotation !== 'sometimes') {
    yield ['played.rotation', "leave it out, or write rotation: 'sometimes'"]
  }
  if (unused?.reuse !== undefined && facts.reuse === undefined) {
    yield ['unused.reuse', 'leave it out: reuse is not known']
  }
  const { refreshMs, refreshIdleMs } = facts.lifetimes ?? {}
  if (
    typeof refreshMs === 'number' &&
    (refreshIdleMs === null || (refreshIdleMs ?? 0) > refreshMs)
  ) {
    yield ['lifetimes.refreshIdleMs', 'leave it out: lifetimes.refreshMs ends the token before']
  }
  if (rotation === 'always' && facts.keptAs !== undefined) {
    yield ['keptAs', "leave it out, or write rotation: 'sometimes': no token is kept"]
  }
}

function* answersOf(facts: ProviderRecord): Generator<readonly [string, string]> {
  const { wire, failures = {}, answers, response } = facts
  const code = meantBy(wire?.dead, response)
  if (code !== undefined && code !== 'invalid_grant' && failures[code] !== 'rejected') {
    yield [`failures.${code}`, "write 'rejected': wire.dead says that the token is dead"]
  }
  for (const meant of Object.values(response?.codes ?? {})) {
    if (STANDARD_ERRORS.has(meant) || Object.hasOwn(failures, meant)) continue
    yield [`failures.${meant}`, 'write what it means: response.codes leads to it']
  }
  for (const ends of ['granted', 'rejected'] as const) {
    if (answers.some((answer) => answer.ends === ends)) continue
    yield ['answers', `write one that ends as '${ends}'`]
  }
}

/** The code that the provider makes of an error: its own, or the one that its words stand for. */
function meantBy(
  dead: { error?: string | undefined; members?: object | undefined } | undefined,
  response: ProviderRecord['response'],
): string | undefined {
  const said = JSON.stringify(dead?.members ?? {}).toLowerCase()
  const codes = Object.entries(response?.codes ?? {})
  return codes.find(([words]) => said.includes(words.toLowerCase()))?.[1] ?? dead?.error
}

/** The facts that are addresses. */
const ADDRESSES = [
  'issuer',
  'tokenEndpoint',
  'revocationEndpoint',
  'introspectionEndpoint',
] as const

function* endpointsOf(facts: ProviderRecord): Generator<readonly [string, string]> {
  const { parameters = {}, issuer, tokenEndpoint, retired = [] } = facts
  if (issuer === undefined && tokenEndpoint === undefined) {
    yield ['tokenEndpoint', "write 'https://…', or an issuer to discover it"]
  }
  for (const [name, parameter] of Object.entries(parameters)) {
    if (parameter.is !== 'name') continue
    const pattern = wholly(parameter.pattern)
    if (pattern === undefined) yield [`parameters.${name}.pattern`, 'write a regular expression']
    if (pattern?.test(parameter.example)) continue
    yield [`parameters.${name}.example`, `write one that matches ${parameter.pattern}`]
  }
  for (const field of ADDRESSES) {
    for (const [, name = ''] of facts[field]?.matchAll(/\{(\w+)\}/g) ?? []) {
      if (Object.hasOwn(parameters, name)) continue
      yield [field, `write '${name}' into parameters, with what it is and an example`]
    }
    if (!isPlace(facts[field], parameters)) {
      yield [field, "write 'https://…' with a whole host, and without user and fragment"]
    }
    const ended = retired.find(({ address }) => address === facts[field])
    if (ended !== undefined) yield [field, `write '${ended.use}': retired says that it ends`]
  }
}

/** Whether tokens may be sent to an address, once the names in it are filled in. */
function isPlace(
  template: string | null | undefined,
  parameters: NonNullable<ProviderRecord['parameters']>,
): boolean {
  if (typeof template !== 'string') return true
  const filled = template.replaceAll(/\{(\w+)\}/g, (_, name: string) => {
    const { example } = Object.hasOwn(parameters, name) ? parameters[name]! : { example: 'open' }
    return String(example)
  })
  const { hostname = '', username, password, hash } = URL.canParse(filled) ? new URL(filled) : {}
  return /[^.]\.[^.]/.test(hostname) && `${username}${password}${hash}` === ''
}

/** A name in an address must not lead to another host: none that the vendor does not own. */
function* hostsOf(facts: ProviderRecord): Generator<readonly [string, string]> {
  for (const [name, parameter] of Object.entries(facts.parameters ?? {})) {
    if (parameter.is !== 'name') continue
    const { example } = parameter
    const pattern = wholly(parameter.pattern)
    const hostile = [`${example}.evil.example`, 'evil.example', ...FOREIGN(example)]
    for (const field of ADDRESSES) {
      const template = facts[field]
      if (typeof template !== 'string' || !template.includes(`{${name}}`)) continue
      const at = (value: string): string => hostIn(template.replaceAll(`{${name}}`, value))
      const own = at(example).replace(example.toLowerCase(), '')
      const isInHost = new RegExp(`^https://[^/]*\\{${name}\\}`).test(template)
      // Anyone may own `evilacme.com`, or a name below `com`.
      if (isInHost && own !== '' && !/\.[^.]+\.[^.]/.test(own)) {
        yield [field, `write '.' and a domain of the vendor behind '{${name}}'`]
      }
      const alike = own === '' ? alikeOf(example) : []
      const bad = [...hostile, ...alike].find(
        (value) => pattern?.test(value) && (own === '' || !at(value).endsWith(own)),
      )
      if (bad === undefined) continue
      yield [`parameters.${name}.pattern`, `write a stricter one: it takes ${JSON.stringify(bad)}`]
    }
  }
}

function wholly(pattern: string): RegExp | undefined {
  try {
    return new RegExp(`^(?:${pattern})$`)
  } catch {
    return undefined
  }
}

/** Values that end the host of a URL early, or begin another one. */
const FOREIGN = (example: string): readonly string[] =>
  ['/', '\\', '?', '#', '@', ':'].flatMap((sign) => [
    `evil.example${sign}`,
    `evil.example${sign}${example}`,
    `${example}${sign}evil.example`,
  ])

/** Hosts of others that look like one, and that a pattern with an open `.` or beginning takes. */
function alikeOf(host: string): readonly string[] {
  const labels = host.split('.')
  const [before, domain] = [labels.slice(0, -2).join('.'), labels.slice(-2).join('.')]
  return [
    `evil${domain}`,
    `evil-${domain}`,
    ...(before === '' ? [] : [`${before}x${domain}`, `${before}.evil${domain}`]),
    host.replace(/\.([^.]+)$/, 'x$1'),
  ]
}

/** The host that a URL leads to, with the names that are still open in it. */
function hostIn(url: string): string {
  const closed = url.replaceAll(/\{\w+\}/g, 'open')
  return URL.canParse(closed) ? new URL(closed).hostname : ''
}

function* reuseOf(facts: ProviderRecord): Generator<readonly [string, string]> {
  const { rotation, reuse, reuseEffect, reuseAnswer } = facts
  const isStrict = reuse === 'refused' || reuse === 'revokes'
  if (reuse === 'accepted' && reuseEffect !== undefined) {
    yield ['reuseEffect', 'leave it out: a spent token is accepted for as long as it lives']
  }
  if (rotation === 'never' && reuse !== undefined && reuse !== 'accepted') {
    yield ['reuse', "write 'accepted', or leave it out: a token that never rotates is never spent"]
  }
  if (reuse === 'refused' && reuseEffect !== undefined && reuseEffect !== 'error') {
    yield ['reuseEffect', "write 'error', or reuse: 'revokes'"]
  }
  if (reuse === 'revokes' && reuseEffect === 'error') {
    yield ['reuseEffect', "write 'family' or 'grant', or reuse: 'refused'"]
  }
  if (isStrict && reuseAnswer !== undefined) {
    yield ['reuseAnswer', 'leave it out: a spent token brings an error']
  }
}

function* sourcesOf(facts: ProviderRecord): Generator<readonly [string, string]> {
  const { sources } = facts
  for (const field of Object.keys(SOURCED.shape) as (keyof typeof SOURCED.shape)[]) {
    const value = facts[field]
    if (value === undefined || field in sources) continue
    const parts = typeof value === 'object' && value !== null ? Object.keys(value) : []
    const bare = parts.find((part) => !(`${field}.${part}` in sources))
    if (parts.length > 0 && bare === undefined) continue
    const path = bare === undefined ? field : `${field}.${bare}`
    yield [`sources.${path}`, "write where it is said: 'https://…', or 'measured: <command>'"]
  }
  for (const path of Object.keys(sources)) {
    const value = path.split('.').reduce<unknown>(memberOf, facts)
    if (value === undefined) yield [`sources.${path}`, 'leave it out: there is no such fact']
  }
}

function memberOf(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined
  return (value as Readonly<Record<string, unknown>>)[name]
}
