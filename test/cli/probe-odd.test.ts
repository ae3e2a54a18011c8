import { onTestFinished, describe, expect, it } from 'vitest'
import type { Report } from '../../src/cli/probe/probe.ts'
import type { ServerDescription } from '../../src/testing/authorization-server.ts'
import { startOidcServer } from '../oidc/oidc-server.ts'
import { probedOdd } from './probe/odd-server.ts'
import { call, scene, valuesOf } from './probe/stage.ts'

const described = (other: Partial<ServerDescription>): ServerDescription => ({
  name: 'described',
  rotation: 'always',
  reuseWindow: 'none',
  ...other,
})

function saysOf({ found }: Report, axis: string): string | undefined {
  return found.find((each) => each.axis === axis)?.says
}

describe('a reuse window', () => {
  it.each([2_000, 10_000, 30_000])('of %d ms that slides is not longer', async (slidesMs) => {
    const report = await probedOdd({ slidesMs }, ['ann', 'ben'])

    expect(valuesOf(report)).toMatchObject({
      reuseWindow: { ms: slidesMs },
      reuseAnswer: 'fork',
      reuseEffect: 'grant',
    })
  })

  it.each([
    ['slidesMs', 90_000],
    ['repeatsMs', 90_000],
    ['slidesMs', 300_000],
  ] as const)('%s, of %d ms, is measured if the wait is long enough', async (kind, ms) => {
    const odd = { [kind]: ms }

    const long = await probedOdd(odd, ['ann', 'ben'], { args: ['--window-max', '600'] })
    const short = await probedOdd(odd, ['ann', 'ben'])

    expect(valuesOf(long)).toMatchObject({ reuseWindow: { ms } })
    expect(valuesOf(short)).toMatchObject({ reuseWindow: 'forever' })
  })

  it.each([1, 3])('is none where the server counts to %d', async (counts) => {
    const report = await probedOdd({ counts }, ['ann', 'ben'])

    expect(valuesOf(report)['reuseWindow']).toBeUndefined()
    expect(saysOf(report, 'reuseWindow')).toContain(`taken ${counts} time`)
    expect(valuesOf(report)).toMatchObject({ reuseAnswer: 'fork', reuseEffect: 'grant' })
  })

  it('is tried with a token that was newly spent, each time', async () => {
    const { server, measure } = await scene(described({ reuseWindow: { ms: 10_000 } }))

    await measure(1)

    const times = new Map<string, number>()
    for (const { kind, token } of server.journal) {
      if (kind === 'presented') times.set(token!, (times.get(token!) ?? 0) + 1)
    }
    times.delete('a token of nobody')
    expect(Math.max(...times.values())).toBe(2)
  })
})

describe('an answer that leads back', () => {
  it('to tokens that the chain has left does not hide the newest', async () => {
    const report = await probedOdd({ repeatsMs: 10_000 }, ['ann'])

    expect(valuesOf(report)).toMatchObject({
      reuseWindow: { ms: 10_000 },
      reuseAnswer: 'idempotent',
      reuseEffect: 'grant',
    })
    expect(saysOf(report, 'reuseAnswer')).toContain('also when that was spent')
  })
})

describe('the first use of the new access token', () => {
  it('ends the old tokens', async () => {
    const report = await probedOdd({ endsOnUse: true }, ['ann'])

    expect(valuesOf(report)).toMatchObject({
      reuseWindow: 'until_successor_used',
      reuseAnswer: 'fork',
      oldAccessToken: 'dies',
    })
    expect(saysOf(report, 'reuseWindow')).toContain('until its successor was used at an API')
    expect(saysOf(report, 'oldAccessToken')).toContain('first use of the next access token')
  })
})

describe('an old access token', () => {
  it.each([401, 403])('is dead where the API answers %d', async (deadStatus) => {
    const { measure } = await scene(described({ oldAccessToken: 'dies' }), 0, { deadStatus })

    expect(valuesOf(await measure(1))).toMatchObject({ oldAccessToken: 'dies' })
  })

  it.each([401, 403])('and the newest are dead after a replay: %d', async (deadStatus) => {
    const { measure } = await scene(described({ reuseEffect: 'grant' }), 0, { deadStatus })

    expect(valuesOf(await measure(1))).toMatchObject({ reuseEffect: 'grant' })
  })
})

describe('a status 500', () => {
  const nothing = { kind: 'late', byMs: 0 } as const
  const broken = { kind: 'status', status: 500, isProcessed: false } as const
  const halted = 'the server answers with status 500, which proves nothing'

  it('while rotation is measured keeps what was seen of it', async () => {
    const { server, measure } = await scene(described({ accessTokenMs: 300_000 }))
    server.failNext(...Array.from({ length: 4 }, () => nothing), broken)

    const report = await measure(1)

    expect(report.halted).toBe(halted)
    expect(valuesOf(report)).toEqual({
      rotation: 'always',
      successor: 'sent',
      accessTokenMs: 300_000,
    })
  })

  it('after one presentation does not tell how tokens rotate', async () => {
    const { server, measure } = await scene(described({}))
    server.failNext(...Array.from({ length: 3 }, () => nothing), broken)

    expect(valuesOf(await measure(1))).toEqual({ successor: 'sent', accessTokenMs: 3_600_000 })
  })

  it('while a window is measured keeps what was seen of that', async () => {
    const { server, measure } = await scene(
      described({ reuseWindow: 'forever', reuseAnswer: 'fork' }),
    )
    server.failNext(...Array.from({ length: 11 }, () => nothing), broken)

    const report = await measure(1)

    expect(report.halted).toBe(halted)
    expect(valuesOf(report)).toMatchObject({ rotation: 'always', reuseAnswer: 'fork' })
    expect(saysOf(report, 'reuseWindow')).toMatch(
      /^not measured: taken for \d\.\d s; then the measuring stopped$/,
    )
  })

  it('keeps what was measured of a real oidc-provider', async () => {
    const server = await startOidcServer()
    onTestFinished(() => server.stop())
    const { refresh_token: token } = await server.signIn('public')
    const pass = { kind: 'delay' } as const
    server.faults.next(...Array.from({ length: 4 }, () => pass), { kind: 'status', status: 500 })
    const args = ['--issuer', server.issuer, '--client', server.clients.public.id, '--json']

    const { out } = await call([...args, '--tokens-env', 'T', '--yes'], { env: { T: token } })

    const report = JSON.parse(out) as Report
    expect(report.halted).toBe(halted)
    expect(valuesOf(report)).toMatchObject({ rotation: 'always', successor: 'sent' })
  })
})

describe("the user's other grants", () => {
  it('are named where a replay ends them', async () => {
    const report = await probedOdd({ endsUser: true }, ['ann', 'ann', 'ben'])

    expect(valuesOf(report)).toMatchObject({ reuseWindow: 'none', reuseEffect: 'grant' })
    expect(saysOf(report, 'reuseEffect')).toContain('another grant died with it')
  })

  it.each([
    [{ endsUser: true } as const, ['ann', 'ben']],
    [{}, ['ann', 'ann']],
  ])('are not named where they live: %j of %j', async (oddity, users) => {
    const report = await probedOdd(oddity, users)

    expect(saysOf(report, 'reuseEffect')).not.toContain('another grant')
  })
})

describe('a moment in an answer', () => {
  it('is no constant of the server', async () => {
    const members = {
      created_at: 1_796_060_000,
      issued_at: '1796060000123',
      expires_at: 1_796_063_600,
      updated: '2026-11-30T17:00:00Z',
      inner: { at: 'Mon, 30 Nov 2026 17:00:00 GMT', ok: true },
      refresh_token_expires_in: 15_724_800,
    }
    const { measure } = await scene(described({ wire: { members } }))

    const { server } = await measure(1)

    expect(server.wire?.members).toEqual({
      inner: { ok: true },
      refresh_token_expires_in: 15_724_800,
    })
  })
})
