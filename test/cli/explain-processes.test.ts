import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { TokenSet } from '../../src/index.ts'
import { backendOf, NEXT, scene, SHORT } from '../processes/scene.ts'
import { ask, brokenOf, call, ownFile } from './explain/told.ts'

const backend = backendOf('redis')

describe('refresh-once explain, of real processes over Redis', () => {
  it('tells storm, lost answer, crash, replay and sign-out, and finds all kept', async () => {
    await using stage = await scene(backend(), SHORT)
    const { server, signIn } = stage
    const journal = ownFile('journal.jsonl')
    const [one, two, victim] = await Promise.all([
      stage.member({ journal }),
      stage.member({ journal }),
      stage.member({ journal }),
    ])
    const late = await stage.member({ journal, options: { staleMs: 1 } })

    const stormed = await signIn()
    let tokens: TokenSet = stormed
    for (let generation = 0; generation < 3; generation += 1) {
      const callers = [one, one, one, two, two, two].map((each) => each.refresh(tokens, NEXT))
      tokens = (await Promise.all(callers)).at(-1)!.tokens
    }

    server.faults.next({ kind: 'cut_after' })
    const unanswered = await one.refresh(await signIn(), NEXT)

    const { tokens: held } = await one.refresh(await signIn(), NEXT)
    await victim.arm({ at: 'send', signal: 'SIGKILL' })
    void victim.refresh(held, NEXT)
    await victim.ended
    const orphaned = await one.refresh(held, NEXT)

    const { tokens: first } = await one.refresh(await signIn(), NEXT)
    const { tokens: second } = await one.refresh(first, NEXT)
    await one.refresh(second, NEXT)
    const replayed = await late.refresh(first, NEXT)

    const { tokens: leaving } = await one.refresh(await signIn(), NEXT)
    await one.revoke(leaving)
    const gone = await two.refresh(leaving, NEXT)

    expect(unanswered.code).toBe('unknown')
    expect(orphaned.code).toBe('lost')
    expect(replayed.code).toBe('reuse_detected')
    expect(gone.code).toBe('revoked')

    const told = await ask(journal)
    const text = readFileSync(journal, 'utf8')
    expect(brokenOf(told)).toEqual([])
    expect(told).toMatchObject({ exitCode: 0, grants: 5, processes: 4, isKept: true })
    expect(told.outcomes).toMatchObject({ unknown: 1, rejected: 0 })
    expect(told.outcomes.granted).toBe(server.counts().granted - 1)
    for (const secret of [stormed.refreshToken!, tokens.refreshToken!, tokens.grant!]) {
      expect(text).not.toContain(secret)
    }

    const storyOf = (word: RegExp): Promise<string> => {
      const line = text.split('\n').find((each) => word.test(each))!
      const { token, grant } = JSON.parse(line) as { token: string; grant?: string }
      return call(journal, `--grant=${grant ?? token}`).then(({ out }) => out)
    }
    const lost = await storyOf(/"outcome":"unknown"/)
    expect(lost).toContain('no answer that proves anything: it is spent, or may be')
    expect(lost).toContain('R0 may be spent, and nothing came for it')
    const crashed = await storyOf(/"code":"lost"/)
    expect(crashed).toContain('R1 was claimed, and no presentation of it is told')
    const replay = await storyOf(/"type":"reuse_detected"/)
    expect(replay).toMatch(/comes with R1 \(\S{8}\) long after a later token was seen/)
    expect(replay).toContain('has what was left revoked at the server')
    expect(replay).toContain('rotations: 3; the latest generation that anybody had: 3')
    const signedOut = await storyOf(/"type":"revoked"/)
    expect(signedOut).toContain('is asked to revoke: the chain is ended')
    expect(signedOut).toContain('the chain is over, revoked')
    const storm = await storyOf(/"generation":2/)
    expect(storm.match(/: granted, and it is spent/g)).toHaveLength(3)
  }, 120_000)
})
