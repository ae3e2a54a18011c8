import { describe, expect, it } from 'vitest'
import { providerOf } from '../../src/cli/probe/described.ts'
import type { ServerDescription, Wire } from '../../src/testing/authorization-server.ts'
import { presets } from '../../src/testing/presets.ts'
import { scene, valuesOf } from './probe/stage.ts'

/** A plain server that rotates, with whatever is another. */
const like = (other: Partial<ServerDescription>): ServerDescription => ({
  name: 'described',
  rotation: 'always',
  reuseWindow: 'none',
  ...other,
})

const AXES: readonly Partial<ServerDescription>[] = [
  { rotation: 'always' },
  { rotation: 'sometimes', keptAs: 'absent' },
  { rotation: 'sometimes', keptAs: 'echoed' },
  { rotation: 'sometimes', validates: 'before_consuming' },
  { rotation: 'sometimes', validates: 'after_consuming' },
  { rotation: 'never', keptAs: 'absent' },
  { rotation: 'never', keptAs: 'echoed' },
  { successor: 'sent' },
  { reuseWindow: 'none', reuseEffect: 'error' },
  { reuseWindow: 'none', reuseEffect: 'family' },
  { reuseWindow: 'none', reuseEffect: 'grant' },
  { reuseWindow: { ms: 3_000 }, reuseAnswer: 'fork', reuseEffect: 'grant' },
  { reuseWindow: { ms: 10_000 }, reuseAnswer: 'idempotent', reuseEffect: 'family' },
  { reuseWindow: { ms: 30_000 }, reuseAnswer: 'fork', reuseEffect: 'error' },
  { reuseWindow: { ms: 60_000 }, reuseAnswer: 'idempotent', reuseEffect: 'error' },
  { reuseWindow: 'until_successor_used', reuseAnswer: 'fork', reuseEffect: 'grant' },
  { reuseWindow: 'until_successor_used', reuseAnswer: 'idempotent', reuseEffect: 'error' },
  { reuseWindow: 'forever', reuseAnswer: 'fork' },
  { oldAccessToken: 'lives' },
  { oldAccessToken: 'dies' },
  { validates: 'before_consuming' },
  { validates: 'after_consuming' },
  { validates: 'before_consuming', reuseWindow: { ms: 3_000 } },
  { validates: 'after_consuming', reuseWindow: { ms: 3_000 } },
  { accessTokenMs: 300_000 },
]

describe('what probe measures', () => {
  it.each(AXES)('is what the server was described as: %j', async (other) => {
    const { measure } = await scene(like(other))

    const report = await measure(3)

    expect(report.halted).toBeUndefined()
    expect(valuesOf(report)).toMatchObject(other)
  })

  it('sees that a token was spent without a successor', async () => {
    const { measure } = await scene(like({ successor: 'omitted', rotation: 'always' }))

    const { successor, rotation } = valuesOf(await measure(3))

    expect({ successor, rotation }).toEqual({ successor: 'omitted', rotation: 'always' })
  })

  it.each(Object.entries(presets).filter(([name]) => name !== 'supabase'))(
    'is nothing else of %s, whatever was drawn',
    async (_, preset) => {
      for (const seed of [1, 2, 3]) {
        const { server, measure } = await scene(preset, seed)
        const report = await measure(3)
        const values = valuesOf(report)

        const { unavailable: _, pace: __, wire: ___, ...axes } = server.behaviour
        expect(report.halted).toBeUndefined()
        expect(values).toEqual(Object.fromEntries(expectedOf(axes, values)))
        expect(Object.keys(values)).toContain('rotation')
      }
    },
  )
})

/** The members of the server's behaviour that were measured. */
function expectedOf(axes: object, values: object): [string, unknown][] {
  return Object.entries(axes).filter(([axis]) => Object.hasOwn(values, axis))
}

const WIRES: readonly Partial<Wire>[] = [
  { tokenType: 'Bearer', expiresIn: 'number' },
  { tokenType: 'bearer', expiresIn: 'string' },
  { tokenType: 'absent', expiresIn: 'absent', accessToken: 'opaque' },
  { accessToken: 'jwt', expiresIn: 'absent' },
  { format: 'form' },
  { members: { ok: true } },
  { dead: { status: 403, error: 'invalid_grant' } },
  { dead: { status: 200, error: 'bad_refresh_token', members: { ok: false } } },
  { dead: { status: 400 } },
  { dead: { status: 401, headers: { 'www-authenticate': 'Bearer' } } },
  { target: { status: 422, error: 'unknown_resource' } },
]

describe('how the server writes', () => {
  it.each(WIRES)('is seen: %j', async (wire) => {
    const { measure } = await scene(like({ wire, accessTokenMs: 3_600_000 }))

    const { server } = await measure(2)

    expect(server.wire).toMatchObject(wire)
  })
})

describe('the provider of a server that was measured', () => {
  const dead = { status: 200, error: 'bad_refresh_token' }
  const named = { bad_refresh_token: 'rejected' }

  it.each<readonly [Partial<Wire>, object]>([
    [{ dead }, named],
    [
      { dead, client: { status: 200, error: 'bad_client' } },
      { ...named, bad_client: 'refused_before' },
    ],
    [{ dead, client: { status: 401, error: 'invalid_client' } }, named],
    [{ dead, client: { status: 400, error: 'invalid_request' } }, named],
    [{ dead, client: { status: 400, error: 'bad_refresh_token' } }, named],
    [{ dead, client: { status: 500, error: 'bad_client' } }, named],
  ])('of %j knows the errors %j', (wire, failures) => {
    const provider = providerOf({ id: 'mine' }, like({ wire }), '2026-11-21')

    expect(provider.failures).toEqual(failures)
  })
})
