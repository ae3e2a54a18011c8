import * as z from 'zod'
import { FAILURES } from '../core/failure.ts'
import { isRecord } from '../core/text.ts'

const text = z.string().regex(/\S/).describe('a text')
const texts = z.array(text).describe('a list of texts').readonly()
const anything = z.record(z.string(), z.unknown()).describe('an object')
const milliseconds = z.int().positive().describe('whole milliseconds above 0')
/** `null`: it does not expire. */
const lifetime = milliseconds.nullable().describe('whole milliseconds above 0, or null: never')
const day = z.iso.date().describe("a day: '2026-11-30'")
const place = z.union([text, z.strictObject({ cookie: text })])
const headers = z.record(z.string(), text).describe('an object of texts')
const status = z.int().min(200).max(599).describe('a status from 200 to 599')
const source = z
  .string()
  .regex(/^(?:https:\/\/\S|measured: \S|defined: \S)/)
  .describe("'https://…', 'measured: <command>' or 'defined: <why>'")

const FAILURE = z.enum(Object.keys(FAILURES) as (keyof typeof FAILURES)[])

/** An error as a server writes it. Without `error` and `members` its body is empty. */
const ERROR_ANSWER = z.strictObject({
  status,
  /** The `error` of RFC 6749 §5.2, at the place that `answer.error` names. */
  error: text.optional(),
  /** Other members of the body. */
  members: anything.optional(),
  headers: headers.optional(),
})

/** What each member of a server's `wire` may say: how it reads a request and writes an answer. */
export const WIRE_TYPES = {
  /** The one place where the server looks for the refresh token. */
  carry: z.union([
    z.strictObject({ form: text }),
    z.strictObject({ json: text }),
    z.strictObject({ query: text }),
    z.strictObject({ cookie: text }),
    z.strictObject({ bearer: z.literal(true) }).describe('{ bearer: true }'),
  ]),
  /** The places of the members of an answer. A member without a place is not sent. */
  answer: z.strictObject({
    accessToken: place,
    refreshToken: place.exactOptional(),
    expiresIn: place.exactOptional(),
    error: place.exactOptional(),
  }),
  format: z.enum(['json', 'form']),
  tokenType: z.enum(['Bearer', 'bearer', 'absent']),
  /** `absent`: the answer does not tell how long the access token lives. */
  expiresIn: z.enum(['number', 'string', 'absent']),
  /** Whether a client can read an access token: a `jwt` tells its own `iat` and `exp`. */
  accessToken: z.enum(['opaque', 'jwt']),
  /** Other members of the body of a token response. */
  members: anything,
  /** The token is dead: spent, revoked or never issued. */
  dead: ERROR_ANSWER,
  /** The client did not authenticate. */
  client: ERROR_ANSWER,
  /** The client asked for an audience that the server does not know (RFC 8707 §2). */
  target: ERROR_ANSWER,
  /** Parameters that ask for an audience; the server knows none of their values. */
  audience: texts,
  /** What else the server means by a code, a status, or both, as in a provider's `failures`. */
  failures: z.record(text, FAILURE).readonly(),
}

/** What each axis of a server may say that is the same in facts and in a description. */
export const SERVER_TYPES = {
  /** Whether a refresh token is replaced when it is presented. */
  rotation: z.enum(['always', 'sometimes', 'never']),
  /** Whether an answer that keeps the refresh token holds it again. */
  keptAs: z.enum(['absent', 'echoed']),
  /** What a spent token that is accepted brings: one more successor, or the newest. */
  reuseAnswer: z.enum(['fork', 'idempotent']),
  /**
   * What a spent token costs that comes again outside of any window: nothing beside an `error`, the
   * refresh tokens of its `family`, or the whole `grant` with its access tokens.
   */
  reuseEffect: z.enum(['error', 'family', 'grant']),
  /** What becomes of older access tokens. */
  oldAccessToken: z.enum(['lives', 'dies']),
  /** Whether the server validates a request before or after it consumes the token. */
  validates: z.enum(['before_consuming', 'after_consuming']),
  /** Whether a 5xx, of the server or of a gateway, may come when the token is consumed. */
  unavailable: z.enum(['any_time', 'before_consuming']),
}

/** One answer of the server, as its source shows it, and how the presentation ends. */
const ANSWER = z.strictObject({
  /** What it shows, as the end of a sentence. */
  title: text,
  source,
  /** What the presentation had beside the refresh token `rt-1`. */
  presented: z
    .strictObject({ resource: text, organization: text, idToken: text, accessToken: text })
    .partial()
    .optional(),
  status,
  headers: z
    .record(z.string(), z.union([text, texts]))
    .describe('an object of texts')
    .optional(),
  /** JSON, or text as it stands. */
  body: z.unknown(),
  ends: z.enum(['granted', ...FAILURE.options]),
  /** Members of the presentation that RFC 6749 does not lead one to expect; `null`: absent. */
  reads: anything.optional(),
})

/** What the factory takes: the CLI fills a `url` with `--issuer`, tests write the example. */
const PARAMETER = z.discriminatedUnion('is', [
  z.strictObject({ is: z.literal('url'), example: z.url({ protocol: /^https$/ }) }),
  /** A part of a host name. Its pattern describes the whole value, so that no other host fits. */
  z.strictObject({ is: z.literal('name'), pattern: text, example: text }),
  /** Something that only code can hand over. */
  z.strictObject({ is: z.literal('description'), example: z.unknown() }),
])

const PLAYED = z.strictObject({ rotation: z.enum(['always', 'never']) }).partial()

/** An https URL; `{name}` stands for a parameter. */
const endpoint = z.string().regex(/^(?:https:\/\/|\{\w+\})\S*$/)
const https = endpoint.describe("'https://…', or '{name}' for one of the parameters")

/** Facts that decide how the provider is driven, played or documented: each needs its source. */
export const SOURCED = z
  .strictObject({
    ...SERVER_TYPES,
    issuer: https,
    discovery: z.enum(['oidc', 'oauth2']),
    tokenEndpoint: https,
    /** RFC 7009. `null`: the server has none. Left out: discovered. */
    revocationEndpoint: https.nullable(),
    /** RFC 7662. `null`: the server has none. It is asked if it knows spent refresh tokens. */
    introspectionEndpoint: https.nullable(),
    introspectsRefreshTokens: z.boolean(),
    /** Addresses that end on a day: one of them is warned about before, and then refused. */
    retired: z.array(z.strictObject({ address: https, from: day, use: https })).readonly(),
    clientAuthentication: z.enum([
      'none',
      'client_secret_basic',
      'client_secret_post',
      'private_key_jwt',
    ]),
    tokens: z.enum(['unguessable', 'guessable']),
    /** What the server does with a spent refresh token. */
    reuse: z.union([
      z.enum(['accepted', 'until_successor_used', 'refused', 'revokes']),
      z.strictObject({ acceptedForMs: milliseconds }),
    ]),
    silentSignIn: z.boolean(),
    lifetimes: z
      .strictObject({
        accessMs: lifetime,
        /** From the day of authorization, however often the token is used. */
        refreshMs: lifetime,
        /** Since the last use, which begins it anew. */
        refreshIdleMs: lifetime,
      })
      .partial(),
    /** Where an answer differs from RFC 6749 §5: see `Provider.response`. */
    response: z
      .strictObject({
        members: z.record(z.string(), z.union([text, texts])),
        codes: z.record(z.string(), text),
      })
      .partial(),
    request: z
      .strictObject({
        method: z.enum(['POST', 'GET']),
        format: z.enum(['form', 'json', 'query', 'cookie', 'bearer']),
        names: z.record(z.string(), text.nullable()),
        parameters: z.record(z.string(), z.string()),
        headers,
        audience: z.strictObject({ resource: text, organization: text }),
      })
      .partial(),
    /** What a refresh may ask for beside the default audience. */
    audiences: z.array(z.enum(['resource', 'organization'])).readonly(),
    /** Without `carry` the refresh token lies where `request` puts it. */
    wire: z.strictObject(WIRE_TYPES).partial(),
    failures: z.record(z.string(), FAILURE),
    /** What an authorization request needs so that a refresh token comes. */
    authorizationRequest: z
      .strictObject({ scope: text, prompt: text, parameters: z.record(z.string(), text) })
      .partial(),
  })
  .partial()

/**
 * The facts about one authorization server: what is known, each with its source. What is not known
 * is left out: it is driven as the strict case and drawn in tests.
 */
const PROVIDER_FACTS = z.strictObject({
  id: z
    .string()
    .regex(/^[a-z0-9-]+$/)
    .describe("lower-case letters, digits and '-'"),
  name: text,
  /** Whom it is for, as the docs' tables say it. */
  for: text,
  parameters: z.record(z.string(), PARAMETER).optional(),
  ...SOURCED.shape,
  /** What to check where a sign-in brought no refresh token: whole sentences. */
  missingRefreshToken: text.optional(),
  /** The default of the product where its facts say `sometimes`: the fake server plays this. */
  played: PLAYED.optional(),
  /** Facts that the provider is not driven by, and why: it is driven as if they were unknown. */
  unused: z.strictObject({ reuse: text }).partial().optional(),
  /** The day on which the facts were last held against their sources. */
  verifiedAt: day,
})

/** A number that a server does not let pass, such as the live refresh tokens of a user. */
const LIMIT = z.strictObject({
  /** What is counted, in the plural: 'live refresh tokens'. */
  what: text,
  per: text,
  max: z.int().positive().describe('a whole number above 0'),
  withinMs: milliseconds.optional(),
  /** What the server does past it, as a sentence. */
  then: text.optional(),
  source,
})

/** Other facts under some condition, of which the provider cannot know. */
const VARIANT = z.strictObject({
  /** As a condition: 'the app is in testing'. */
  when: text,
  lifetimes: SOURCED.shape.lifetimes,
  rotation: SERVER_TYPES.rotation.optional(),
  reuse: SOURCED.shape.reuse,
  /** What no field says, as sentences. */
  says: text.optional(),
  source,
})

/** What proves the facts. A module exports it apart from them, so that no bundle holds it. */
const PROVIDER_EVIDENCE = z.strictObject({
  answers: z.array(ANSWER).readonly(),
  /** By the name of a fact, `lifetimes`, or of a part of it, `lifetimes.refreshMs`. */
  sources: z.record(z.string(), z.union([source, z.array(source).min(1).readonly()])),
  limits: z.array(LIMIT).readonly().optional(),
  variants: z.array(VARIANT).readonly().optional(),
  /** Days on which something changes, or changed. */
  changes: z
    .array(z.strictObject({ on: day, what: text, source }))
    .readonly()
    .optional(),
  /** The names that other libraries have for the provider. */
  aliases: z.strictObject({ authJs: texts, betterAuth: texts, nango: texts }).partial().optional(),
  /** What a reader should know beside the facts: whole sentences. */
  notes: texts.optional(),
})

/** Facts with their evidence: what a JSON file holds. */
export const PROVIDER_RECORD = PROVIDER_FACTS.extend(PROVIDER_EVIDENCE.shape)

export type ProviderFacts = z.infer<typeof PROVIDER_FACTS>
export type ProviderEvidence = z.infer<typeof PROVIDER_EVIDENCE>
export type ProviderRecord = ProviderFacts & ProviderEvidence

export type AnswerFact = z.infer<typeof ANSWER>

/** A value as a schema takes it, unchanged. @throws {TypeError} Says what to write where. */
export function checked<T extends z.ZodType>(schema: T, value: unknown, where: string): z.infer<T> {
  const { error } = schema.safeParse(value, { error: complaint })
  if (error === undefined) return value as z.infer<T>
  // Before all else: what is misspelled may be what is missing.
  const misspelled = error.issues.find(({ code }) => code === 'unrecognized_keys')
  throw new TypeError(`${where}: ${(misspelled ?? error.issues[0]!).message}`)
}

function complaint({ path = [], input, ...issue }: z.core.$ZodRawIssue): string {
  const instead = toWrite(issue.schema)
  if (issue.code === 'unrecognized_keys') {
    return `there is no ${JSON.stringify([...path, issue.keys[0]].join('.'))}, but ${instead}`
  }
  const kinds: unknown = issue.code === 'invalid_union' ? issue['options'] : undefined
  const isKind = Array.isArray(kinds) && isRecord(input)
  const value = isKind ? input[String(path.at(-1))] : input
  const what =
    value === undefined ? 'missing' : JSON.stringify(value).replace(/^(.{80}).+$/s, '$1…')
  return `${path.join('.') || 'it'} is ${what}, and must be: ${isKind ? kinds.join(', ') : instead}`
}

/** What a schema takes. */
function toWrite(schema: unknown): string {
  const { description, type } = schema as z.ZodType
  if (description !== undefined) return description
  if (schema instanceof z.ZodUnion) return schema.options.map(toWrite).join(', ')
  if (schema instanceof z.ZodEnum) return schema.options.join(', ')
  if (schema instanceof z.ZodReadonly) return toWrite(schema.unwrap())
  if (schema instanceof z.ZodArray) return `a list of ${toWrite(schema.element)}`
  if (schema instanceof z.ZodObject) return `{ ${Object.keys(schema.shape).join(', ')} }`
  return type
}
