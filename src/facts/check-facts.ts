import { defineProvider, descriptionOf } from '../core/define-provider.ts'
import type { Overrides, Provider } from '../core/provider.ts'
import { contradictionsOf } from './contradictions.ts'
import { checked, PROVIDER_RECORD } from './provider-facts.ts'
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
  for (const found of [endpointsOf(facts), hostsOf(facts), contradictionsOf(facts)]) {
    for (const [path, instead] of found) throw new TypeError(`${where}.${path}: ${instead}`)
  }
  checkDriven(facts, where)
  return facts
}

/** What the description that drives a provider refuses, the facts refuse too. */
function checkDriven(facts: ProviderRecord, where: string): void {
  const values = Object.entries(facts.parameters ?? {}).map(([name, { example }]) => [
    name,
    example,
  ])
  // An address that ends one day is refused by `retired` already, and on every day.
  const { retired: _, ...others } = facts
  try {
    defineProvider(descriptionOf(others, Object.fromEntries(values)))
  } catch (error) {
    if (!(error instanceof TypeError)) throw error
    const said = error.message.replace(`${facts.id}: `, '')
    throw new TypeError(`${where}: ${said}`, { cause: error })
  }
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
  if (facts.discovery !== undefined && issuer === undefined) {
    yield ['discovery', 'leave it out: without an issuer nothing is discovered']
  }
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
  for (const [name, { is }] of Object.entries(parameters)) {
    const isUsed = ADDRESSES.some((field) => facts[field]?.includes(`{${name}}`))
    if (isUsed || is === 'description') continue
    yield [`parameters.${name}`, `leave it out, or write '{${name}}' into an address`]
  }
  for (const field of ADDRESSES) {
    for (const [, name = ''] of facts[field]?.matchAll(/\{(\w+)\}/g) ?? []) {
      if (Object.hasOwn(parameters, name)) continue
      yield [field, `write '${name}' into parameters, with what it is and an example`]
    }
    if (!isPlace(facts[field], parameters)) {
      yield [field, "write 'https://…' with a whole host, and without user and fragment"]
    }
    const isOther = field === 'revocationEndpoint' || field === 'introspectionEndpoint'
    if (isOther && facts[field] != null && facts[field] === tokenEndpoint) {
      yield [field, 'write its own address, not that of the token endpoint']
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
