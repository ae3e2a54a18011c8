import * as z from 'zod'
import { isRecord } from '../../core/text.ts'
import { checked, SERVER_TYPES, WIRE_TYPES } from '../../facts/provider-facts.ts'

/** An error as a server writes it. Without `error` and `members` its body is empty. */
export type ErrorAnswer = z.infer<typeof WIRE_TYPES.dead>

/** The way a server reads and writes. RFC 6749 says what is left out here. */
export type Wire = Types<typeof WIRE_TYPES>

/** How long a spent token is taken again; `forever` for a server that replaces without revoking. */
export type ReuseWindow = 'none' | 'forever' | 'until_successor_used' | { readonly ms: number }

/** The behaviour of an authorization server that a client can notice. */
export interface Behaviour extends Types<typeof SERVER_TYPES> {
  /** Whether an answer that spends the refresh token holds another one. */
  readonly successor: 'sent' | 'omitted'
  readonly reuseWindow: ReuseWindow
  /** Lifetime of access tokens in milliseconds; whole seconds. */
  readonly accessTokenMs: number
  /** How long the server takes for the headers, and then for the body, milliseconds. */
  readonly pace: { readonly headersMs: number; readonly bodyMs: number }
  readonly wire: Wire
}

type Types<T extends Readonly<Record<string, z.ZodType>>> = {
  readonly [K in keyof T]: z.infer<T[K]>
}

/**
 * An authorization server as it is described. What is not known is left out, or `undefined`, and
 * drawn at random: a client must cope with every draw.
 */
export interface ServerDescription extends Unknown<Omit<Behaviour, 'wire'>> {
  /** Short name, `[a-z0-9-]+`. */
  readonly name: string
  readonly wire?: Unknown<Wire> | undefined
}

type Unknown<T> = { readonly [K in keyof T]?: T[K] | undefined }

/** One thing that a description may say. */
export interface DescriptionAxis<T> {
  readonly takes: z.ZodType
  /** The values to draw from if a description leaves the axis out. The first is the plainest. */
  readonly draws: readonly T[]
}

const milliseconds = z.number().nonnegative().describe('milliseconds')

/** Whether an answer, or the access token itself, tells how long the access token lives. */
export function isExpiryTold({ accessToken, expiresIn, answer }: Wire): boolean {
  return accessToken === 'jwt' || (expiresIn !== 'absent' && answer.expiresIn !== undefined)
}

/** An axis of which every value may be drawn. */
function among<W extends string>(
  takes: z.ZodType & { readonly options: readonly W[] },
): DescriptionAxis<W> {
  return { takes, draws: takes.options }
}

/** An axis of which only the plainest value is drawn. The others must be described. */
function plainly<T>(plainest: T, takes: z.ZodType): DescriptionAxis<T> {
  return { takes, draws: [plainest] }
}

/** The axes of a server's behaviour. */
const AXES: {
  readonly [K in keyof Omit<Behaviour, 'wire'>]: DescriptionAxis<Behaviour[K]>
} = {
  rotation: among(SERVER_TYPES.rotation),
  keptAs: among(SERVER_TYPES.keptAs),
  // `omitted` is a fault: a description that leaves the axis out does not mean it.
  successor: plainly('sent', z.enum(['sent', 'omitted'])),
  reuseWindow: {
    takes: z.union([
      z.enum(['none', 'until_successor_used', 'forever']),
      z.strictObject({ ms: milliseconds }),
    ]),
    draws: ['none', { ms: 10_000 }, 'until_successor_used'],
  },
  reuseAnswer: among(SERVER_TYPES.reuseAnswer),
  reuseEffect: among(SERVER_TYPES.reuseEffect),
  oldAccessToken: among(SERVER_TYPES.oldAccessToken),
  validates: among(SERVER_TYPES.validates),
  unavailable: among(SERVER_TYPES.unavailable),
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

/** The axes of the wire: RFC 6749 §5.1, §5.2, RFC 8707 §2, and what every client must read. */
const WIRE: { readonly [K in keyof Wire]: DescriptionAxis<Wire[K]> } = {
  tokenType: { takes: WIRE_TYPES.tokenType, draws: ['Bearer', 'bearer'] },
  expiresIn: { takes: WIRE_TYPES.expiresIn, draws: ['number', 'string'] },
  carry: plainly({ form: 'refresh_token' }, WIRE_TYPES.carry),
  answer: plainly(
    {
      accessToken: 'access_token',
      refreshToken: 'refresh_token',
      expiresIn: 'expires_in',
      error: 'error',
    },
    WIRE_TYPES.answer,
  ),
  format: plainly('json', WIRE_TYPES.format),
  accessToken: plainly('opaque', WIRE_TYPES.accessToken),
  members: plainly({}, WIRE_TYPES.members),
  dead: plainly({ status: 400, error: 'invalid_grant' }, WIRE_TYPES.dead),
  client: plainly(
    { status: 401, error: 'invalid_client', headers: { 'www-authenticate': 'Basic' } },
    WIRE_TYPES.client,
  ),
  target: plainly({ status: 400, error: 'invalid_target' }, WIRE_TYPES.target),
  audience: plainly(['resource', 'audience', 'organization_id'], WIRE_TYPES.audience),
  failures: plainly({}, WIRE_TYPES.failures),
}

/** All that a description may say. */
const DESCRIPTION: z.ZodType = z.strictObject({
  name: z.string().min(1).describe('a text'),
  ...shapeOf(AXES),
  wire: z.strictObject(shapeOf(WIRE)).optional(),
})

function shapeOf(
  axes: Readonly<Record<string, DescriptionAxis<unknown>>>,
): Record<string, z.ZodType> {
  return Object.fromEntries(
    Object.entries(axes).map(([name, { takes }]) => [name, takes.optional()]),
  )
}

/** A behaviour, and which of its axes were not known but drawn. */
export interface DrawnBehaviour {
  readonly behaviour: Behaviour
  /** Their names. Axes of the wire are left out. */
  readonly drawn: readonly (keyof Behaviour)[]
}

/**
 * Draws what a description leaves open.
 *
 * @param draw A whole number, 0 or more, for each axis in turn; 0 draws the plainest.
 */
export function drawBehaviour(description: ServerDescription, draw: () => number): DrawnBehaviour {
  const behaviour = filled(AXES, description, draw)
  const wire = filled(WIRE, description.wire ?? {}, draw)
  const drawn = Object.entries<DescriptionAxis<unknown>>(AXES)
    .filter(([name, { draws }]) => draws.length > 1 && known(description, name) === undefined)
    .map(([name]) => name as keyof Behaviour)
  return { behaviour: { ...behaviour, wire } as Behaviour, drawn }
}

/**
 * The axes in the order in which {@link drawBehaviour} draws them, and how many values each has; 1
 * for what is described.
 */
export function drawnAxes(
  description: ServerDescription,
): readonly { readonly name: string; readonly values: number }[] {
  const wire = description.wire ?? {}
  return [...Object.entries<DescriptionAxis<unknown>>(AXES), ...Object.entries(WIRE)].map(
    ([name, { draws }]) => {
      const isKnown = known(Object.hasOwn(AXES, name) ? description : wire, name) !== undefined
      return { name, values: isKnown ? 1 : draws.length }
    },
  )
}

/** Drawn for each axis, known or not: to describe one does not change the others. */
function filled(
  axes: Readonly<Record<string, DescriptionAxis<unknown>>>,
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
  return checked(DESCRIPTION, value, where) as ServerDescription
}
