import type { Answer } from '../../../providers/credentials/response.ts'
import * as z from 'zod'
import { isRecord } from '../../core/text.ts'

/** An error as a server writes it. Without `error` and `members` its body is empty. */
export interface ErrorAnswer {
  readonly status: number
  /** The `error` of RFC 6749 §5.2, at the place that `answer.error` names. */
  readonly error?: string
  /** What else stands in the body. */
  readonly members?: Readonly<Record<string, unknown>>
  readonly headers?: Readonly<Record<string, string>>
}

/** How a server writes; what is left out is as RFC 6749 has it. */
export interface Wire {
  /** The one place where the refresh token is looked for. Default `{ form: 'refresh_token' }`. */
  readonly carry:
    | { readonly form: string }
    | { readonly json: string }
    | { readonly query: string }
    | { readonly cookie: string }
    | { readonly bearer: true }
  /**
   * Where the members of an answer stand; one that is not named is not sent. Default: under the
   * names of RFC 6749 §5.1.
   */
  readonly answer: Pick<Answer, 'accessToken' | 'refreshToken' | 'expiresIn' | 'error'>
  readonly format: 'json' | 'form'
  readonly tokenType: 'Bearer' | 'bearer' | 'absent'
  /** `absent`: the answer does not tell how long the access token lives. */
  readonly expiresIn: 'number' | 'string' | 'absent'
  /** Whether an access token can be read: a `jwt` tells its own `iat` and `exp`. */
  readonly accessToken: 'opaque' | 'jwt'
  /** What else stands in the body of a token response. */
  readonly members: Readonly<Record<string, unknown>>
  /** The token is dead: spent, revoked or never issued. */
  readonly dead: ErrorAnswer
  /** The client did not authenticate. */
  readonly client: ErrorAnswer
  /** An audience was asked for that the server does not know (RFC 8707 §2). */
  readonly target: ErrorAnswer
  /** Parameters that ask for an audience; each value is unknown to the server. */
  readonly audience: readonly string[]
}

/** How long a spent token is taken again; `forever` for a server that replaces without revoking. */
export type ReuseWindow = 'none' | 'forever' | 'until_successor_used' | { readonly ms: number }

/** What an authorization server does, as far as a client can notice. */
export interface Behaviour {
  /** Whether a refresh token is replaced when it is presented. */
  readonly rotation: 'always' | 'sometimes' | 'never'
  /** Whether an answer that keeps the refresh token holds it again. */
  readonly keptAs: 'absent' | 'echoed'
  /** Whether an answer that spends the refresh token holds another one. */
  readonly successor: 'sent' | 'omitted'
  readonly reuseWindow: ReuseWindow
  /** What a token brings that comes again inside the window: one more successor, or the newest. */
  readonly reuseAnswer: 'fork' | 'idempotent'
  /**
   * What a spent token costs that comes again outside the window: nothing beside an `error`, the
   * refresh tokens of its `family`, or the whole `grant` with its access tokens.
   */
  readonly reuseEffect: 'error' | 'family' | 'grant'
  /** What becomes of older access tokens. */
  readonly oldAccessToken: 'lives' | 'dies'
  /** Whether a request is validated before or after the token is consumed. */
  readonly validates: 'before_consuming' | 'after_consuming'
  /** Whether a 5xx, of the server or of a gateway, may come when the token is consumed. */
  readonly unavailable: 'before_consuming' | 'any_time'
  /** Lifetime of access tokens in milliseconds; whole seconds. */
  readonly accessTokenMs: number
  /** How long the server takes for the headers, and then for the body, milliseconds. */
  readonly pace: { readonly headersMs: number; readonly bodyMs: number }
  readonly wire: Wire
}

/**
 * An authorization server as it is described. What is not known is left out, or `undefined`, and
 * drawn at random: a client must cope with whatever it turns out to be.
 */
export interface ServerDescription extends Unknown<Omit<Behaviour, 'wire'>> {
  /** Short name, `[a-z0-9-]+`. */
  readonly name: string
  readonly wire?: Unknown<Wire> | undefined
}

type Unknown<T> = { readonly [K in keyof T]?: T[K] | undefined }

/** One thing that a description may say. */
export interface Axis<T> {
  readonly takes: z.ZodType
  /** What may be drawn where it is not known. The first is the plainest. */
  readonly draws: readonly T[]
}

const text = z.string().min(1).describe('a text')
const place = z.union([text, z.strictObject({ cookie: text })])
const anything = z.record(z.string(), z.unknown()).describe('an object')
const milliseconds = z.number().nonnegative().describe('milliseconds')
const errorAnswer = z.strictObject({
  status: z.int().min(200).max(599).describe('a status from 200 to 599'),
  error: text.optional(),
  members: anything.optional(),
  headers: z.record(z.string(), text).describe('an object of texts').optional(),
})

/** Each may be drawn. */
function among<W extends string>(...known: readonly W[]): Axis<W> {
  return { takes: z.enum(known), draws: known }
}

/** Others are played only where they are described. */
function plainly<T>(plainest: T, takes: z.ZodType): Axis<T> {
  return { takes, draws: [plainest] }
}

/** What a server does. */
export const AXES: { readonly [K in keyof Omit<Behaviour, 'wire'>]: Axis<Behaviour[K]> } = {
  rotation: among('always', 'sometimes', 'never'),
  keptAs: among('absent', 'echoed'),
  // Nobody describes a server that forgets the successor by leaving it out.
  successor: plainly('sent', z.enum(['sent', 'omitted'])),
  reuseWindow: {
    takes: z.union([
      z.enum(['none', 'until_successor_used', 'forever']),
      z.strictObject({ ms: milliseconds }),
    ]),
    draws: ['none', { ms: 10_000 }, 'until_successor_used'],
  },
  reuseAnswer: among('fork', 'idempotent'),
  reuseEffect: among('error', 'family', 'grant'),
  oldAccessToken: among('lives', 'dies'),
  validates: among('before_consuming', 'after_consuming'),
  unavailable: among('any_time', 'before_consuming'),
  accessTokenMs: { takes: milliseconds, draws: [3_600_000, 300_000] },
  pace: {
    takes: z.strictObject({ headersMs: milliseconds, bodyMs: milliseconds }),
    draws: [
      { headersMs: 0, bodyMs: 0 },
      { headersMs: 4_000, bodyMs: 0 },
      { headersMs: 0, bodyMs: 4_000 },
    ],
  },
}

/** How it writes: RFC 6749 §5.1, §5.2, RFC 8707 §2, but for what clients must read either way. */
export const WIRE: { readonly [K in keyof Wire]: Axis<Wire[K]> } = {
  tokenType: { takes: z.enum(['Bearer', 'bearer', 'absent']), draws: ['Bearer', 'bearer'] },
  expiresIn: { takes: z.enum(['number', 'string', 'absent']), draws: ['number', 'string'] },
  carry: plainly(
    { form: 'refresh_token' },
    z.union([
      z.strictObject({ form: text }),
      z.strictObject({ json: text }),
      z.strictObject({ query: text }),
      z.strictObject({ cookie: text }),
      z.strictObject({ bearer: z.literal(true) }).describe('{ bearer: true }'),
    ]),
  ),
  answer: plainly(
    {
      accessToken: 'access_token',
      refreshToken: 'refresh_token',
      expiresIn: 'expires_in',
      error: 'error',
    },
    z
      .strictObject({ accessToken: place, refreshToken: place, expiresIn: place, error: place })
      .partial({ refreshToken: true, expiresIn: true, error: true }),
  ),
  format: plainly('json', z.enum(['json', 'form'])),
  accessToken: plainly('opaque', z.enum(['opaque', 'jwt'])),
  members: plainly({}, anything),
  dead: plainly({ status: 400, error: 'invalid_grant' }, errorAnswer),
  client: plainly(
    { status: 401, error: 'invalid_client', headers: { 'www-authenticate': 'Basic' } },
    errorAnswer,
  ),
  target: plainly({ status: 400, error: 'invalid_target' }, errorAnswer),
  audience: plainly(
    ['resource', 'audience', 'organization_id'],
    z.array(text).describe('a list of texts'),
  ),
}

/** All that a description may say. */
export const DESCRIPTION: z.ZodType = z.strictObject({
  name: text,
  ...shapeOf(AXES),
  wire: z.strictObject(shapeOf(WIRE)).optional(),
})

function shapeOf(axes: Readonly<Record<string, Axis<unknown>>>): Record<string, z.ZodType> {
  return Object.fromEntries(
    Object.entries(axes).map(([name, { takes }]) => [name, takes.optional()]),
  )
}

/** A behaviour, and which of its axes were not known but drawn. */
export interface Drawn {
  readonly behaviour: Behaviour
  /** By name; what stands in the wire is not told. */
  readonly drawn: readonly (keyof Behaviour)[]
}

/**
 * Draws what a description leaves open.
 *
 * @param draw A whole number, 0 or more, for each axis in turn; 0 stands for the plainest.
 */
export function drawBehaviour(description: ServerDescription, draw: () => number): Drawn {
  const behaviour = filled(AXES, description, draw)
  const wire = filled(WIRE, description.wire ?? {}, draw)
  const drawn = Object.entries<Axis<unknown>>(AXES)
    .filter(([name, { draws }]) => draws.length > 1 && known(description, name) === undefined)
    .map(([name]) => name as keyof Behaviour)
  return { behaviour: { ...behaviour, wire } as Behaviour, drawn }
}

/** Drawn for each axis, known or not: to describe one does not change the others. */
function filled(
  axes: Readonly<Record<string, Axis<unknown>>>,
  description: object,
  draw: () => number,
): object {
  return Object.fromEntries(
    Object.entries(axes).map(([name, { draws }]) => {
      const other = draws[draw() % draws.length]
      return [name, known(description, name) ?? other]
    }),
  )
}

function known(description: object, name: string): unknown {
  return (description as Readonly<Record<string, unknown>>)[name]
}

/**
 * A description as it should be: a server that was described wrongly is played wrongly.
 *
 * @param where What is to be named in a complaint.
 * @throws {TypeError} Says what to write instead.
 */
export function checkDescription(value: unknown, where = 'server'): ServerDescription {
  if (!isRecord(value) || typeof value['name'] !== 'string') {
    throw new TypeError(`${where} describes no server: it has a name, see docs/fuzzing.md`)
  }
  const { error } = DESCRIPTION.safeParse(value, { error: complaint })
  if (error === undefined) return value as unknown as ServerDescription
  // Before all else: what is misspelled may be what is missing.
  const misspelled = error.issues.find(({ code }) => code === 'unrecognized_keys')
  throw new TypeError(`${where}: ${(misspelled ?? error.issues[0]!).message}`)
}

function complaint({ path = [], ...issue }: z.core.$ZodRawIssue): string {
  const at = path.join('.')
  const instead = toWrite(issue.schema)
  if (issue.code === 'unrecognized_keys') {
    return `there is no ${JSON.stringify([...path, issue.keys[0]].join('.'))}, but ${instead}`
  }
  const what = issue.input === undefined ? 'missing' : JSON.stringify(issue.input)
  return `${at} is ${what}, and must be: ${instead}`
}

/** What a schema takes. */
function toWrite(schema: unknown): string {
  const { description, type } = schema as z.ZodType
  if (description !== undefined) return description
  if (schema instanceof z.ZodUnion) return schema.options.map(toWrite).join(', ')
  if (schema instanceof z.ZodEnum) return schema.options.join(', ')
  if (schema instanceof z.ZodObject) return `{ ${Object.keys(schema.shape).join(', ')} }`
  return type
}
