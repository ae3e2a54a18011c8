import { STANDARD_ERRORS, type Failure } from '../core/failure.ts'
import { isRecord } from '../core/text.ts'
import { SOURCED, type AnswerFact, type ProviderRecord } from './provider-facts.ts'

/** The path of a field, and what to write there. */
type Contradiction = readonly [path: string, instead: string]

/** What facts say against themselves. The first contradiction counts. */
export function* contradictionsOf(facts: ProviderRecord): Generator<Contradiction> {
  yield* emptyIn(facts)
  yield* reuseOf(facts)
  yield* lifetimesOf(facts)
  yield* errorsOf(facts)
  yield* wireOf(facts)
  yield* answersOf(facts)
  yield* retiredOf(facts)
  yield* variantsOf(facts)
  yield* repeatedIn(facts)
  yield* askedOf(facts)
  yield* sourcesOf(facts)
}

/** Facts that are written, and say nothing. */
function* emptyIn(facts: ProviderRecord): Generator<Contradiction> {
  const written = [...Object.keys(SOURCED.shape), 'played', 'unused', 'aliases'] as const
  for (const field of written as readonly (keyof ProviderRecord)[]) {
    const value = facts[field]
    const isEmpty = typeof value === 'object' && value !== null && Object.keys(value).length === 0
    if (isEmpty) yield [field, 'leave it out: it says nothing']
  }
}

function* reuseOf(facts: ProviderRecord): Generator<Contradiction> {
  const { rotation, reuse, reuseEffect, reuseAnswer, keptAs, played, unused, lifetimes } = facts
  const isStrict = reuse === 'refused' || reuse === 'revokes'
  if (reuse === 'accepted' && reuseEffect !== undefined) {
    yield ['reuseEffect', 'leave it out: a spent token is accepted for as long as it lives']
  }
  if (rotation === 'never' && reuse !== undefined && reuse !== 'accepted') {
    yield ['reuse', "write 'accepted', or leave it out: a token that never rotates is never spent"]
  }
  if (rotation === 'never') {
    for (const field of ['reuseEffect', 'reuseAnswer'] as const) {
      if (facts[field] === undefined) continue
      yield [field, 'leave it out: a token that never rotates is never spent']
    }
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
  const livesMs = Math.min(lifetimes?.refreshMs ?? Infinity, lifetimes?.refreshIdleMs ?? Infinity)
  if (typeof reuse === 'object' && reuse.acceptedForMs >= livesMs) {
    yield ['reuse', "write 'accepted': no token lives longer than its window"]
  }
  if (rotation === 'always' && keptAs !== undefined) {
    yield ['keptAs', "leave it out, or write rotation: 'sometimes': no token is kept"]
  }
  if (played?.rotation !== undefined && rotation !== 'sometimes') {
    yield ['played.rotation', "leave it out, or write rotation: 'sometimes'"]
  }
  if (unused?.reuse !== undefined && reuse === undefined) {
    yield ['unused.reuse', 'leave it out: reuse is not known']
  }
}

function* lifetimesOf({ lifetimes = {} }: ProviderRecord): Generator<Contradiction> {
  const { accessMs, refreshMs, refreshIdleMs } = lifetimes
  const isOver = (ms: number | null | undefined): boolean =>
    ms !== undefined && (ms ?? Infinity) > (refreshMs ?? Infinity)
  if (typeof refreshMs !== 'number') return
  if (isOver(refreshIdleMs)) {
    yield ['lifetimes.refreshIdleMs', 'leave it out: lifetimes.refreshMs ends the token before']
  }
  if (accessMs === null) {
    yield ['lifetimes.accessMs', 'leave it out: no server renews what never expires']
  }
}

/** What a code and a status mean, as the provider reads them; `undefined`: neither is a word. */
function meaningOf(
  { failures = {} }: Pick<ProviderRecord, 'failures'>,
  code: string | undefined,
  status: number,
): Failure | undefined {
  const own = [`${status} ${code ?? ''}`, ...(code === undefined ? [] : [code])]
  const said = own.find((name) => Object.hasOwn(failures, name))
  if (said !== undefined) return failures[said]
  return code === undefined ? failures[String(status)] : STANDARD_ERRORS.get(code)
}

function* errorsOf(facts: ProviderRecord): Generator<Contradiction> {
  const { wire, failures = {}, response } = facts
  const code = meantBy(wire?.dead, response)
  if (code !== undefined && code !== 'invalid_grant' && failures[code] !== 'rejected') {
    yield [`failures.${code}`, "write 'rejected': wire.dead says that the token is dead"]
  }
  for (const meant of Object.values(response?.codes ?? {})) {
    if (STANDARD_ERRORS.has(meant) || Object.hasOwn(failures, meant)) continue
    yield [`failures.${meant}`, 'write what it means: response.codes leads to it']
  }
  for (const [name, means] of Object.entries(failures)) {
    if (name.trim() === '') {
      yield ['failures', "write an error code, a status such as '400', or both: '400 code'"]
    }
    if (/^2\d\d$/.test(name)) {
      yield [`failures.${name}`, 'write the error code too: a success has this status']
    }
    if (name === 'invalid_grant' && means !== 'rejected') {
      yield [`failures.${name}`, "write 'rejected', or a status before it: '400 invalid_grant'"]
    }
    const played = wire?.failures?.[name]
    if (played !== undefined && played !== means) {
      yield [`wire.failures.${name}`, `leave it out, or write '${means}' as in failures`]
    }
  }
}

type ProviderError = NonNullable<NonNullable<ProviderRecord['wire']>['dead']>

/** The code that the provider makes of an error: its own, or the one that its words stand for. */
function meantBy(
  dead: ProviderError | undefined,
  response: ProviderRecord['response'],
): string | undefined {
  const said = JSON.stringify(dead?.members ?? {}).toLowerCase()
  const codes = Object.entries(response?.codes ?? {})
  return codes.find(([words]) => said.includes(words.toLowerCase()))?.[1] ?? dead?.error
}

function meantIn(error: ProviderError, facts: ProviderRecord): Failure | undefined {
  const { status, members } = error
  const code = meantBy(error, facts.response) ?? at(members, facts, 'error')
  return meaningOf(facts, JSON.stringify(code)?.replaceAll('"', ''), status)
}

/** Members that a server writes by itself, at the places of `wire.answer`. */
const WRITTEN = ['access_token', 'refresh_token', 'expires_in', 'error']

/** Epoch seconds or milliseconds, from 2001 to 2128. */
const EPOCH = /^[1-4]\d{9}(?:\d{3})?$/

function* wireOf(facts: ProviderRecord): Generator<Contradiction> {
  const { wire = {}, request } = facts
  for (const [name, value] of Object.entries(wire.members ?? {})) {
    if (WRITTEN.includes(name)) {
      yield [`wire.members.${name}`, 'leave it out: the server writes its own']
    }
    const isText = typeof value === 'string' || typeof value === 'number'
    if (isText && (EPOCH.test(`${value}`) || /^\d{4}-\d\d-\d\dT\d/.test(`${value}`))) {
      yield [`wire.members.${name}`, 'leave it out: a moment in an answer is no constant']
    }
  }
  const { dead, client } = wire
  if (dead !== undefined && meantIn(dead, facts) !== 'rejected') {
    yield ['wire.dead', `write its error, or failures: { '${dead.status}': 'rejected' }`]
  }
  if (dead !== undefined && dead.status >= 300 && dead.status < 400) {
    yield ['wire.dead.status', 'write a status of an error: a redirect says nothing of a token']
  }
  if (client !== undefined && meantIn(client, facts) === 'rejected') {
    yield ['wire.client', 'write an error that does not call the token dead']
  }
  const asked = request?.format
  if (wire.carry !== undefined && asked !== undefined && !(asked in wire.carry)) {
    yield ['wire.carry', `leave it out, or write { ${asked}: … } as in request.format`]
  }
}

function* answersOf(facts: ProviderRecord): Generator<Contradiction> {
  const { answers, rotation, keptAs } = facts
  for (const ends of ['granted', 'rejected'] as const) {
    if (answers.some((answer) => answer.ends === ends)) continue
    yield ['answers', `write one that ends as '${ends}'`]
  }
  for (const [index, answer] of answers.entries()) {
    const path = `answers.${index}`
    const { ends, status, body } = answer
    if (ends === 'granted' && status >= 300) yield [`${path}.status`, 'write 200, or what it ends']
    if (ends === 'granted' && isRecord(body)) {
      const access = at(body, facts, 'access_token')
      if (access === undefined && answer.reads === undefined) {
        yield [`${path}.body`, 'write the access token, or response.members: where it is']
      }
      const came = at(body, facts, 'refresh_token')
      const presented = 'rt-1'
      if (rotation === 'never' && came !== undefined && came !== presented) {
        yield [`${path}.body`, "write 'rt-1', or another rotation than 'never'"]
      }
      if (rotation === 'always' && came === presented) {
        yield [`${path}.body`, "write 'rt-2', or another rotation than 'always'"]
      }
      if (keptAs === 'absent' && came === presented) {
        yield [`${path}.body`, "leave the refresh token out, or write keptAs: 'echoed'"]
      }
    }
    const means = ends === 'granted' ? undefined : meaningOf(facts, codeIn(answer, facts), status)
    const isBare = means === undefined && (status < 400 || status >= 500) && isRecord(body)
    if (isBare && ends === 'rejected' && answer.reads === undefined) {
      yield [`${path}.ends`, "write 'unknown', or its error into failures: a status proves nothing"]
    }
    if (means !== undefined && means !== ends && answer.headers === undefined) {
      yield [`${path}.ends`, `write '${means}', or what else its error means into failures`]
    }
  }
}

/** The member of a body at the place that RFC 6749 or the provider names. */
function at(body: unknown, { response }: ProviderRecord, name: string): unknown {
  const places = [response?.members?.[name] ?? name].flat()
  const found = places.map((place) => place.split('.').reduce<unknown>(memberOf, body))
  return found.find((value) => value !== undefined)
}

function codeIn({ body, reads }: AnswerFact, facts: ProviderRecord): string | undefined {
  const code = reads?.['oauthError'] ?? at(body, facts, 'error')
  const isCode = typeof code === 'string' || typeof code === 'number'
  return isCode ? String(code) : undefined
}

function* retiredOf({ retired = [] }: ProviderRecord): Generator<Contradiction> {
  for (const [index, { address, use }] of retired.entries()) {
    const path = `retired.${index}`
    const next = retired.find((each) => each.address === use)
    if (use === address) yield [`${path}.use`, 'write the address that takes its place']
    if (next !== undefined) yield [`${path}.use`, `write '${next.use}': this one ends too`]
    if (retired.findIndex((each) => each.address === address) === index) continue
    yield [`${path}.address`, 'leave it out: it ends on one day']
  }
}

function* variantsOf(facts: ProviderRecord): Generator<Contradiction> {
  for (const [index, variant] of (facts.variants ?? []).entries()) {
    const path = `variants.${index}`
    const { lifetimes, rotation, reuse, says } = variant
    const others = { ...lifetimes, rotation, reuse, says }
    if (Object.values(others).every((value) => value === undefined)) {
      yield [path, 'write what is other then: lifetimes, rotation, reuse or says']
    }
    for (const field of ['rotation', 'reuse'] as const) {
      if (variant[field] === undefined || !isSame(variant[field], facts[field])) continue
      yield [`${path}.${field}`, 'leave it out: the facts say the same']
    }
    if (rotation === 'never' && reuse !== undefined && reuse !== 'accepted') {
      yield [`${path}.reuse`, "write 'accepted': a token that never rotates is never spent"]
    }
  }
}

function* repeatedIn(facts: ProviderRecord): Generator<Contradiction> {
  const lists: readonly (readonly [string, readonly string[]])[] = [
    ['answers', facts.answers.map(({ title, ends }) => `${ends}: ${title}`)],
    ['audiences', facts.audiences ?? []],
    ...Object.entries(facts.aliases ?? {}).map(
      ([library, ids = []]) => [`aliases.${library}`, ids] as const,
    ),
  ]
  for (const [path, texts] of lists) {
    const again = texts.findIndex((each, index) => texts.indexOf(each) !== index)
    if (again >= 0) yield [`${path}.${again}`, 'leave it out: it is there already']
  }
}

function* askedOf({ authorizationRequest }: ProviderRecord): Generator<Contradiction> {
  for (const name of ['scope', 'prompt'] as const) {
    if (authorizationRequest?.parameters?.[name] === undefined) continue
    const path = `authorizationRequest.parameters.${name}`
    yield [path, `write it as authorizationRequest.${name}`]
  }
}

const isSame = (one: unknown, other: unknown): boolean =>
  JSON.stringify(one) === JSON.stringify(other)

function* sourcesOf(facts: ProviderRecord): Generator<Contradiction> {
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
