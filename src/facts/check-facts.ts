import { defineProvider, descriptionOf } from '../core/define-provider.ts'
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
  yield* reuseOf(facts)
  yield* sourcesOf(facts)
  const { rotation, played, unused, wire, failures = {}, answers } = facts
  if (played?.rotation !== undefined && rotation !== 'sometimes') {
    yield ['played.rotation', "leave it out, or write rotation: 'sometimes'"]
  }
  if (unused?.reuse !== undefined && facts.reuse === undefined) {
    yield ['unused.reuse', 'leave it out: reuse is not known']
  }
  const code = wire?.dead?.error
  if (code !== undefined && code !== 'invalid_grant' && failures[code] !== 'rejected') {
    yield [`failures.${code}`, "write 'rejected': wire.dead says that the token is dead"]
  }
  for (const ends of ['granted', 'rejected'] as const) {
    if (answers.some((answer) => answer.ends === ends)) continue
    yield ['answers', `write one that ends as '${ends}'`]
  }
}

function* endpointsOf(facts: ProviderRecord): Generator<readonly [string, string]> {
  const { parameters = {}, issuer, tokenEndpoint } = facts
  if (issuer === undefined && tokenEndpoint === undefined) {
    yield ['tokenEndpoint', "write 'https://…', or an issuer to discover it"]
  }
  for (const [name, parameter] of Object.entries(parameters)) {
    if (parameter.is !== 'name' || new RegExp(`^(?:${parameter.pattern})$`).test(parameter.example))
      continue
    yield [`parameters.${name}.example`, `write one that matches ${parameter.pattern}`]
  }
  for (const field of ['issuer', 'tokenEndpoint', 'revocationEndpoint'] as const) {
    for (const [, name = ''] of facts[field]?.matchAll(/\{(\w+)\}/g) ?? []) {
      if (Object.hasOwn(parameters, name)) continue
      yield [field, `write '${name}' into parameters, with what it is and an example`]
    }
  }
}

function* reuseOf(facts: ProviderRecord): Generator<readonly [string, string]> {
  const { rotation, reuse, reuseEffect, reuseAnswer } = facts
  const isStrict = reuse === 'refused' || reuse === 'revokes'
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
