import type { Behaviour, Wire } from './description.ts'
import { either, list, members, record, shape, words } from './shape.ts'
import type { Shape } from './shape.ts'

/** One thing that a description may say. */
export interface Axis<T> {
  readonly takes: Shape
  /** What may be drawn where it is not known. The first is the plainest. */
  readonly draws: readonly T[]
}

const text = shape('a text', (value) => typeof value === 'string' && value !== '')
const place = either(text, members({ cookie: text }))
const anything = record(
  shape('anything', () => true),
  'an object',
)
const milliseconds = shape(
  'milliseconds',
  (value) => typeof value === 'number' && value >= 0 && Number.isFinite(value),
)
const status = shape(
  'a status from 200 to 599',
  (value) => Number.isInteger(value) && 200 <= Number(value) && Number(value) <= 599,
)
const errorAnswer = members(
  { status, error: text, members: anything, headers: record(text, 'an object of texts') },
  ['status'],
)

/** Each may be drawn. */
function among<W extends string>(...known: readonly W[]): Axis<W> {
  return { takes: words(...known), draws: known }
}

/** Others are played only where they are described. */
function plainly<T>(plainest: T, takes: Shape): Axis<T> {
  return { takes, draws: [plainest] }
}

/** What a server does. */
export const AXES: { readonly [K in keyof Omit<Behaviour, 'wire'>]: Axis<Behaviour[K]> } = {
  rotation: among('always', 'sometimes', 'never'),
  keptAs: among('absent', 'echoed'),
  // Nobody describes a server that forgets the successor by leaving it out.
  successor: plainly('sent', words('sent', 'omitted')),
  reuseWindow: {
    takes: either(words('none', 'until_successor_used', 'forever'), members({ ms: milliseconds })),
    draws: ['none', { ms: 10_000 }, 'until_successor_used'],
  },
  reuseAnswer: among('fork', 'idempotent'),
  reuseEffect: among('error', 'family', 'grant'),
  oldAccessToken: among('lives', 'dies'),
  validates: among('before_consuming', 'after_consuming'),
  unavailable: among('any_time', 'before_consuming'),
  accessTokenMs: { takes: milliseconds, draws: [3_600_000, 300_000] },
  pace: {
    takes: members({ headersMs: milliseconds, bodyMs: milliseconds }),
    draws: [
      { headersMs: 0, bodyMs: 0 },
      { headersMs: 4_000, bodyMs: 0 },
      { headersMs: 0, bodyMs: 4_000 },
    ],
  },
}

/** How it writes: RFC 6749 §5.1, §5.2, RFC 8707 §2, but for what clients must read either way. */
export const WIRE: { readonly [K in keyof Wire]: Axis<Wire[K]> } = {
  tokenType: { takes: words('Bearer', 'bearer', 'absent'), draws: ['Bearer', 'bearer'] },
  expiresIn: { takes: words('number', 'string', 'absent'), draws: ['number', 'string'] },
  carry: plainly(
    { form: 'refresh_token' },
    either(
      members({ form: text }),
      members({ json: text }),
      members({ query: text }),
      members({ cookie: text }),
      shape('{ bearer: true }', (value) => JSON.stringify(value) === '{"bearer":true}'),
    ),
  ),
  answer: plainly(
    {
      accessToken: 'access_token',
      refreshToken: 'refresh_token',
      expiresIn: 'expires_in',
      error: 'error',
    },
    members({ accessToken: place, refreshToken: place, expiresIn: place, error: place }, [
      'accessToken',
    ]),
  ),
  format: plainly('json', words('json', 'form')),
  accessToken: plainly('opaque', words('opaque', 'jwt')),
  members: plainly({}, anything),
  dead: plainly({ status: 400, error: 'invalid_grant' }, errorAnswer),
  client: plainly(
    { status: 401, error: 'invalid_client', headers: { 'www-authenticate': 'Basic' } },
    errorAnswer,
  ),
  target: plainly({ status: 400, error: 'invalid_target' }, errorAnswer),
  audience: plainly(['resource', 'audience', 'organization_id'], list(text, 'a list of texts')),
}

/** All that a description may say. */
export const DESCRIPTION: Shape = members(
  {
    name: text,
    ...shapesOf(AXES),
    wire: members(shapesOf(WIRE), []),
  },
  ['name'],
)

function shapesOf(axes: Readonly<Record<string, Axis<unknown>>>): Record<string, Shape> {
  return Object.fromEntries(Object.entries(axes).map(([name, { takes }]) => [name, takes]))
}
