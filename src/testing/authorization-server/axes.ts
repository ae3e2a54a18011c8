import * as z from 'zod'
import type { Behaviour, Wire } from './description.ts'

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
