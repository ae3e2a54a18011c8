import type { Behaviour, ServerDescription, Wire } from './description.ts'

/** A behaviour, and which of its axes were not known but drawn. */
export interface Drawn {
  readonly behaviour: Behaviour
  /** By name; what stands in the wire is not told. */
  readonly drawn: readonly (keyof Behaviour)[]
}

/** What may be drawn for an axis that is not known. The first is the plainest. */
const CHOICES: { readonly [K in keyof Omit<Behaviour, 'wire'>]: readonly Behaviour[K][] } = {
  rotation: ['always', 'sometimes', 'never'],
  keptAs: ['absent', 'echoed'],
  // Nobody describes a server that forgets the successor by leaving it out.
  successor: ['sent'],
  reuseWindow: ['none', { ms: 10_000 }, 'until_successor_used'],
  reuseAnswer: ['fork', 'idempotent'],
  reuseEffect: ['error', 'family', 'grant'],
  oldAccessToken: ['lives', 'dies'],
  validates: ['before_consuming', 'after_consuming'],
  unavailable: ['any_time', 'before_consuming'],
  accessTokenMs: [3_600_000, 300_000],
  pace: [
    { headersMs: 0, bodyMs: 0 },
    { headersMs: 4_000, bodyMs: 0 },
    { headersMs: 0, bodyMs: 4_000 },
  ],
}

const AXES = Object.keys(CHOICES) as (keyof typeof CHOICES)[]

/** RFC 6749 §5.1, §5.2, RFC 8707 §2. */
const STANDARD: Omit<Wire, 'tokenType' | 'expiresIn'> = {
  carry: { form: 'refresh_token' },
  answer: {
    accessToken: 'access_token',
    refreshToken: 'refresh_token',
    expiresIn: 'expires_in',
    error: 'error',
  },
  format: 'json',
  accessToken: 'opaque',
  members: {},
  dead: { status: 400, error: 'invalid_grant' },
  client: { status: 401, error: 'invalid_client', headers: { 'www-authenticate': 'Basic' } },
  target: { status: 400, error: 'invalid_target' },
  audience: ['resource', 'audience', 'organization_id'],
}

/** Servers write both; clients must read either. */
const TOKEN_TYPES = ['Bearer', 'bearer'] as const
const EXPIRIES = ['number', 'string'] as const

/**
 * Draws what a description leaves open.
 *
 * @param draw A whole number, 0 or more, for each axis in turn; 0 stands for the plainest.
 */
export function drawBehaviour(description: ServerDescription, draw: () => number): Drawn {
  const drawn: (keyof Behaviour)[] = []
  const axes = AXES.map((axis) => {
    const choices: readonly unknown[] = CHOICES[axis]
    // Drawn for each axis, known or not: to describe one does not change the others.
    const other = choices[draw() % choices.length]
    const known = description[axis]
    if (known !== undefined) return [axis, known]
    if (choices.length > 1) drawn.push(axis)
    return [axis, other]
  })
  const tokenType = TOKEN_TYPES[draw() % TOKEN_TYPES.length]!
  const expiresIn = EXPIRIES[draw() % EXPIRIES.length]!
  const wire = { ...STANDARD, tokenType, expiresIn, ...known(description.wire ?? {}) }
  return { behaviour: { ...Object.fromEntries(axes), wire } as Behaviour, drawn }
}

function known<T extends object>(values: T): Partial<T> {
  return Object.fromEntries(
    Object.entries(values).filter(([, value]) => value !== undefined),
  ) as Partial<T>
}
